# SPDX-License-Identifier: EUPL-1.2
"""Lays a drawn layer over a picture of a film, in whole numbers, so that every machine gives the same picture.

What depends on the layer alone is worked out once; a picture then costs one multiplication and one addition a value.
"""

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from police2peer.warningfiles.colour import Planes, yuv_of
from police2peer.warningfiles.painting import Pixels

__all__ = ["Overlay"]

_Products = NDArray[np.uint16]
_FULL = 255


@dataclass(frozen=True)
class _Layer:
    """One plane of an overlay: its values times their share, and the share left to what is below."""

    left: int
    top: int
    laid: _Products
    kept: _Products

    def over(self, plane: Pixels) -> Pixels:
        painted = plane.copy()
        height, width = self.kept.shape
        place = (slice(self.top, self.top + height), slice(self.left, self.left + width))
        mixed = painted[place] * self.kept
        mixed += self.laid
        # Division by 255, rounded, exact for every product of two bytes; `laid` holds the 128 that it begins with.
        mixed += mixed >> 8
        painted[place] = mixed >> 8
        return painted


@dataclass(frozen=True)
class Overlay:
    """A layer with its place on the picture."""

    y: _Layer
    u: _Layer
    v: _Layer

    @classmethod
    def drawn(cls, png: bytes, left: int, top: int) -> "Overlay":
        """Read a PNG with a share of cover for each pixel; sizes and place are even."""
        with Image.open(io.BytesIO(png)) as image:
            pixels = np.array(image.convert("RGBA"), dtype=np.int32)
        colours, share = pixels[..., :3], pixels[..., 3]
        small_share = _sums(share)
        # The colour of four pixels is their mean by cover, so that clear ones add no tint.
        weighed = _sums(colours * share[..., None])
        small = (weighed + (small_share // 2)[..., None]) // np.maximum(small_share, 1)[..., None]
        small_share = (small_share + 2) >> 2
        y, u, v = yuv_of(_channels(colours), 0), yuv_of(_channels(small), 1), yuv_of(_channels(small), 2)
        return cls(
            _layer(y, share, left, top),
            _layer(u, small_share, left // 2, top // 2),
            _layer(v, small_share, left // 2, top // 2),
        )

    def over(self, picture: Planes) -> Planes:
        """Give a copy of the picture with this laid over it."""
        return Planes(self.y.over(picture.y), self.u.over(picture.u), self.v.over(picture.v))


def _channels(colours: NDArray[np.int32]) -> list[NDArray[np.int32]]:
    return [colours[..., number] for number in range(3)]


def _sums(values: NDArray[np.int32]) -> NDArray[np.int32]:
    return values[::2, ::2] + values[1::2, ::2] + values[::2, 1::2] + values[1::2, 1::2]


def _layer(values: Pixels, share: NDArray[np.int32], left: int, top: int) -> _Layer:
    laid = (values * share + 128).astype(np.uint16)
    return _Layer(left, top, laid, (_FULL - share).astype(np.uint16))
