# SPDX-License-Identifier: EUPL-1.2
"""CRC-32 over the parts of a plan; a run of zeros costs the logarithm of its length.

A CRC register is a polynomial over GF(2); a zero byte multiplies it by x^8 modulo the generator, so a run of n
zero bytes multiplies it by x^8n, found by squaring. Source: ISO 3309; PNG specification, annex D.
"""

import zlib
from collections.abc import Iterable

from police2peer.warningfiles.plan import FilePlan, Part, Zeros
from police2peer.warningfiles.store import BaseStore

__all__ = ["crc32_after_zeros", "crc32_of"]

_GENERATOR = 0xEDB88320  # bits reversed: the highest bit is x^0
_ONE = 1 << 31
_ALL = 0xFFFFFFFF
_READ_BYTES = 1 << 20


def crc32_of(parts: Iterable[Part], store: BaseStore, crc: int = 0) -> int:
    """Go on from `crc` (0 at the beginning) over these parts; only zeros are not read."""
    for part in parts:
        if isinstance(part, Zeros):
            crc = crc32_after_zeros(crc, part.length)
            continue
        alone = FilePlan([part], store)
        for offset in range(0, part.length, _READ_BYTES):
            crc = zlib.crc32(alone.read(offset, _READ_BYTES), crc)
    return crc


def crc32_after_zeros(crc: int, count: int) -> int:
    """Go on from `crc` over `count` zero bytes."""
    factor, square = _ONE, _ONE >> 8  # x^0, x^8
    while count:
        if count & 1:
            factor = _times(factor, square)
        square = _times(square, square)
        count >>= 1
    return _times(crc ^ _ALL, factor) ^ _ALL


def _times(left: int, right: int) -> int:
    """Multiply two polynomials modulo the generator."""
    product = 0
    while left:
        if left & _ONE:
            product ^= right
        left = left << 1 & _ALL
        right = right >> 1 ^ (_GENERATOR if right & 1 else 0)
    return product
