# SPDX-License-Identifier: EUPL-1.2
"""The picture, as JPEG, PNG, GIF or WebP: the whole message on one sheet with QR code and code.

No metadata is written.
"""

import io

from PIL import Image

from police2peer.warningfiles.code import VerifyCode
from police2peer.warningfiles.layout import SHEET
from police2peer.warningfiles.painting import Pixels
from police2peer.warningfiles.plan import FilePlan
from police2peer.warningfiles.wording import Wording
from police2peer.warningfiles.workshop import Workshop

__all__ = ["gif_bytes", "jpeg_bytes", "make_gif", "make_jpg", "make_png", "make_webp", "png_bytes", "webp_bytes"]

_PNG_LEVEL = 3  # half the time of 6 and a tenth more bytes
_JPEG_QUALITY = 90
_GIF_COLOURS = 256
_WEBP_QUALITY = 90
_WEBP_EFFORT = 4  # of 6: a tenth more bytes in half the time
_JPEG_FULL_COLOUR = 0  # 4:4:4: gold letters on navy blur in 4:2:0


def _painted(workshop: Workshop, wording: Wording, code: VerifyCode) -> Pixels:
    return workshop.painted(wording, code, workshop.sheet(wording), SHEET)


def jpeg_bytes(workshop: Workshop, wording: Wording, code: VerifyCode) -> bytes:
    """Give the sheet with this code as JPEG."""
    buffer = io.BytesIO()
    image = Image.fromarray(_painted(workshop, wording, code), "RGB")
    image.save(buffer, "JPEG", quality=_JPEG_QUALITY, subsampling=_JPEG_FULL_COLOUR, optimize=True)
    return buffer.getvalue()


def png_bytes(workshop: Workshop, wording: Wording, code: VerifyCode) -> bytes:
    """Give the sheet with this code as PNG."""
    buffer = io.BytesIO()
    Image.fromarray(_painted(workshop, wording, code), "RGB").save(buffer, "PNG", compress_level=_PNG_LEVEL)
    return buffer.getvalue()


def gif_bytes(workshop: Workshop, wording: Wording, code: VerifyCode) -> bytes:
    """Give the sheet with this code as GIF, in the 256 colours that fit it best; nothing is dithered."""
    buffer = io.BytesIO()
    image = Image.fromarray(_painted(workshop, wording, code), "RGB")
    few = image.quantize(_GIF_COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    few.save(buffer, "GIF", optimize=True)
    return buffer.getvalue()


def webp_bytes(workshop: Workshop, wording: Wording, code: VerifyCode) -> bytes:
    """Give the sheet with this code as WebP."""
    buffer = io.BytesIO()
    image = Image.fromarray(_painted(workshop, wording, code), "RGB")
    image.save(buffer, "WEBP", quality=_WEBP_QUALITY, method=_WEBP_EFFORT)
    return buffer.getvalue()


def make_jpg(workshop: Workshop, wording: Wording, code: VerifyCode) -> FilePlan:
    """Plan the JPEG with this code."""
    return workshop.plan(jpeg_bytes(workshop, wording, code))


def make_png(workshop: Workshop, wording: Wording, code: VerifyCode) -> FilePlan:
    """Plan the PNG with this code."""
    return workshop.plan(png_bytes(workshop, wording, code))


def make_gif(workshop: Workshop, wording: Wording, code: VerifyCode) -> FilePlan:
    """Plan the GIF with this code."""
    return workshop.plan(gif_bytes(workshop, wording, code))


def make_webp(workshop: Workshop, wording: Wording, code: VerifyCode) -> FilePlan:
    """Plan the WebP with this code."""
    return workshop.plan(webp_bytes(workshop, wording, code))
