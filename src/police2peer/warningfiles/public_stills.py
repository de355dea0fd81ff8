# SPDX-License-Identifier: EUPL-1.2
"""A small picture of a real warning file that may be shown to everybody: its code cannot be read.

Promise: the panel with QR code and code is coarsened, so that nobody copies a genuine code from a page; the same file
gives the same bytes. Source: the stills of the manifest, and the place of the panel in `layout.SHEET`.
"""

import io

from PIL import Image

from police2peer.campaign import FormatKind, direction
from police2peer.warningfiles.layout import SHEET
from police2peer.warningfiles.warningfile import WarningFile

__all__ = ["public_picture"]

_SQUARES = 9  # across the panel: the code is seen to be there, and none of its symbols is left
_QUALITY = 80


def public_picture(file: WarningFile) -> tuple[bytes, int, int]:
    """Give the still of a file as WebP, with its width and height in pixels; the code in it is coarsened."""
    image = Image.open(io.BytesIO(file.still_png())).convert("RGB")
    if file.format.carries_text and file.format.kind is not FormatKind.FILM:
        _coarsen_panel(image, rtl=file.language is not None and direction(file.language) == "rtl")
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=_QUALITY, method=6)
    return buffer.getvalue(), image.width, image.height


def _coarsen_panel(image: Image.Image, *, rtl: bool) -> None:
    scale, panel = image.width / SHEET.width, SHEET.panel
    left, top = round(SHEET.panel_left(rtl=rtl) * scale), round(panel.y * scale)
    box = (left, top, left + round(panel.width * scale), top + round(panel.height * scale))
    width, height = box[2] - box[0], box[3] - box[1]
    small = image.crop(box).resize((_SQUARES, _SQUARES * height // width), Image.Resampling.BOX)
    image.paste(small.resize((width, height), Image.Resampling.NEAREST), box)
