# SPDX-License-Identifier: EUPL-1.2
"""QR codes of addresses that differ in a few signs, at a fraction of what drawing each anew costs.

With version and mask fixed, a QR code is its data bits through additions without carry alone (interleaving,
Reed-Solomon over GF(256), masking). So two codes differ by the sum of what each differing bit changes, and a bit's
share is found once. Source: ISO/IEC 18004, 7.5 to 7.8.
"""

from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
import segno
from numpy.typing import NDArray

from police2peer.errors import BadInput

__all__ = ["QUIET_MODULES", "QrShape", "qr_matrix", "qr_shape"]

QUIET_MODULES = 4  # ISO/IEC 18004, 9.1: four light modules around a QR code
_SMALLEST_MODULE_PX = 4  # what a telephone reads from a screen at arm's length
_ERROR = "m"  # ISO/IEC 18004: level M repairs 15 %
_MOST_SHARES = 4096  # of a few addresses; 1 KiB each
_PLAIN = "0"  # stands for every sign that differs, until its bits are added
_BITS = 7  # ASCII

Modules = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class QrShape:
    """Version and mask of a QR code, chosen once for all addresses of one length."""

    version: int
    mask: int
    modules: int

    def module_px(self, room: int) -> int:
        """Give the whole pixels of one module in this room. Raises `BadInput` when a telephone cannot read it."""
        pixels = room // self.modules
        if pixels < _SMALLEST_MODULE_PX:
            raise BadInput(
                "the verify address is too long for a QR code that reads well",
                remedy="use a shorter verify address",
            )
        return pixels


@cache
def qr_shape(address: str) -> QrShape:
    """Choose version and mask for this address; others of the same length take the same."""
    code = segno.make(address, error=_ERROR, mode="byte", micro=False, boost_error=False)
    if not isinstance(code.version, int) or code.mask is None:
        raise TypeError(code.designator)
    return QrShape(version=code.version, mask=code.mask, modules=len(code.matrix))


def qr_matrix(address: str, shape: QrShape) -> Modules:
    """Give the QR code row by row, 1 for a dark module. What stands behind the last `#` may differ at little cost."""
    common, mark, own = address.rpartition("#")
    matrix = _plain(common + mark, len(own), shape).copy()
    for place, sign in enumerate(own.encode("ascii")):
        changed = sign ^ ord(_PLAIN)
        for bit in range(_BITS):
            if changed >> bit & 1:
                matrix ^= _share(common + mark, len(own), shape, place, bit)
    return matrix


def _drawn(address: str, shape: QrShape) -> Modules:
    code = segno.make(
        address,
        error=_ERROR,
        mode="byte",
        micro=False,
        boost_error=False,
        version=shape.version,
        mask=shape.mask,
    )
    return np.array([list(row) for row in code.matrix], dtype=np.uint8)


@lru_cache(_MOST_SHARES)
def _plain(common: str, length: int, shape: QrShape) -> Modules:
    return _drawn(common + _PLAIN * length, shape)


@lru_cache(_MOST_SHARES)
def _share(common: str, length: int, shape: QrShape, place: int, bit: int) -> Modules:
    """Find the modules that one bit of one sign turns round."""
    sign = chr(ord(_PLAIN) ^ 1 << bit)
    other = _PLAIN * place + sign + _PLAIN * (length - place - 1)
    return _drawn(common + other, shape) ^ _plain(common, length, shape)
