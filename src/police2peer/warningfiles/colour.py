# SPDX-License-Identifier: EUPL-1.2
"""From RGB to video's Y, U and V in whole numbers, so that every machine gives the same picture.

Source: ITU-R BT.709, limited range, 8 bits; 4:2:0 by the mean of four pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from police2peer.warningfiles.layout import Layout
from police2peer.warningfiles.painting import INK, Pixels, blend

__all__ = ["Planes", "paint_planes", "plain_planes", "planes_of", "yuv_of"]

# What R, G and B give to Y, U and V, times 2^16 and rounded; the shares of U and of V sum to 0.
_SHIFT = 16
_SHARES = ((11966, 40254, 4064), (-6596, -22189, 28785), (28785, -26145, -2640))
_OFFSETS = (16, 128, 128)
_STRIP_LINES = 64  # what is worked on at once stays in the processor's cache
_Sums = NDArray[np.uint16]


@dataclass(frozen=True)
class Planes:
    """A picture as video knows it: full Y, half U and V."""

    y: Pixels
    u: Pixels
    v: Pixels

    def all(self) -> tuple[Pixels, Pixels, Pixels]:
        """Give the three planes in order."""
        return self.y, self.u, self.v


def yuv_of(channels: Sequence[NDArray[np.integer[Any]]], row: int) -> Pixels:
    """Give Y (row 0), U (1) or V (2) of R, G and B, each a plane."""
    height, width = channels[0].shape
    made = np.empty((height, width), dtype=np.uint8)
    added = (_OFFSETS[row] << _SHIFT) + (1 << _SHIFT - 1)
    for top in range(0, height, _STRIP_LINES):
        strip = slice(top, top + _STRIP_LINES)
        red, green, blue = (
            np.multiply(channel[strip], share, dtype=np.int32)
            for channel, share in zip(channels, _SHARES[row], strict=True)
        )
        red += green
        red += blue
        red += added
        red >>= _SHIFT
        made[strip] = red
    return made


def _quarter(plane: Pixels) -> _Sums:
    """Give the mean of each four pixels."""
    lines = np.add(plane[::2], plane[1::2], dtype=np.uint16)
    total = lines[:, ::2] + lines[:, 1::2]
    total += 2
    total >>= 2
    return total


def planes_of(picture: Pixels) -> Planes:
    """Convert a picture of height x width x RGB, both even."""
    channels = [np.ascontiguousarray(picture[..., number]) for number in range(3)]
    small = [_quarter(channel) for channel in channels]
    return Planes(yuv_of(channels, 0), yuv_of(small, 1), yuv_of(small, 2))


def plain_planes(width: int, height: int, colour: tuple[int, int, int]) -> Planes:
    """Give a picture of one colour."""
    return planes_of(np.full((height, width, 3), colour, dtype=np.uint8))


_INK_YUV = tuple(int(plane[0, 0]) for plane in plain_planes(2, 2, INK).all())


def paint_planes(planes: Planes, layout: Layout, tile: Pixels, *, rtl: bool) -> Planes:
    """Give a copy with the ink of the tile on the panel."""
    left, top = layout.panel_left(rtl=rtl), layout.panel.y
    small = _quarter(tile).astype(np.uint8)
    made = []
    for plane, ink, shares, scale in zip(planes.all(), _INK_YUV, (tile, small, small), (1, 2, 2), strict=True):
        painted = plane.copy()
        height, width = shares.shape
        place = (
            slice(top // scale, top // scale + height),
            slice(left // scale, left // scale + width),
        )
        painted[place] = blend(painted[place], shares, ink)
        made.append(painted)
    return Planes(*made)
