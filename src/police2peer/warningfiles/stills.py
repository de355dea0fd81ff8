# SPDX-License-Identifier: EUPL-1.2
"""The small picture of what a file looks like, kept beside each for reports and pages.

A sheet is made small once; for each code only its tile is, and the colours are those of the sheet. That is a
fifteenth of the work of making the whole picture small.
"""

import io
from dataclasses import dataclass
from math import ceil, floor

import numpy as np
from PIL import Image

from police2peer.warningfiles.layout import Layout
from police2peer.warningfiles.painting import INK, Pixels, blend

__all__ = ["SheetStill", "dark_still", "small_png"]

_STILL_WIDTH = 480
_DARK = (12, 12, 12)
_COLOURS = 256  # the most that a PNG with a list of colours has
_PNG_LEVEL = 3


@dataclass(frozen=True)
class SheetStill:
    """A sheet made small, still without a code; `place` is where its panel lies, left, top, right and bottom."""

    picture: Pixels
    colours: Image.Image
    source: tuple[float, float, float, float]
    place: tuple[int, int, int, int]

    @classmethod
    def of(cls, sheet: Pixels, layout: Layout, *, rtl: bool) -> "SheetStill":
        """Make a sheet small."""
        image = Image.fromarray(sheet, "RGB")
        image.thumbnail((_STILL_WIDTH, _STILL_WIDTH))
        panel, left = layout.panel, layout.panel_left(rtl=rtl)
        across, down = layout.width / image.width, layout.height / image.height
        # Whole small pixels inside the panel, and the part of the panel that they show.
        place = (
            ceil(left / across),
            ceil(panel.y / down),
            floor((left + panel.width) / across),
            floor((panel.y + panel.height) / down),
        )
        source = (
            place[0] * across - left,
            place[1] * down - panel.y,
            place[2] * across - left,
            place[3] * down - panel.y,
        )
        colours = image.quantize(_COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        return cls(np.asarray(image), colours, source, place)

    def png(self, tile: Pixels) -> bytes:
        """Give the small picture of the sheet with this tile on its panel."""
        left, top, right, bottom = self.place
        size = (right - left, bottom - top)
        small = np.asarray(Image.fromarray(tile, "L").resize(size, Image.Resampling.BICUBIC, box=self.source))
        painted = self.picture.copy()
        for channel, ink in enumerate(INK):
            plane = painted[top:bottom, left:right, channel]
            painted[top:bottom, left:right, channel] = blend(plane, small, ink)
        image = Image.fromarray(painted, "RGB")
        return _png(image.quantize(palette=self.colours, dither=Image.Dither.NONE))


def small_png(picture: Pixels) -> bytes:
    """Give a picture as a PNG of at most 480 x 480 pixels."""
    image = Image.fromarray(picture, "RGB")
    image.thumbnail((_STILL_WIDTH, _STILL_WIDTH))
    return _png(image)


def dark_still() -> bytes:
    """Give the still of what shows nothing."""
    return _png(Image.new("RGB", (_STILL_WIDTH, _STILL_WIDTH * 9 // 16), _DARK))


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=_PNG_LEVEL)
    return buffer.getvalue()
