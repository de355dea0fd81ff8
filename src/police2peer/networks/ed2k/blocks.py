# SPDX-License-Identifier: EUPL-1.2
"""Bytes of a file as packets: plain, or deflated where that pays. Source: aMule, `UploadClient.cpp`.

Packets are given as a list of their heads and bodies by turns, to be joined as they are sent.
"""

import struct
import zlib
from typing import Final

from police2peer.networks.ed2k.wire import Op

PIECE_BYTES: Final = 10_240
"""How much one packet carries; what every client expects."""
Pieces = list[bytes | memoryview]

_SAMPLE_BYTES: Final = 16_384
_WORTH: Final = 0.85  # what a sample must shrink to, before the receiver's work pays


def is_worth_packing(data: bytes) -> bool:
    """Whether these bytes shrink when deflated, judged by their beginning."""
    sample = data[:_SAMPLE_BYTES]
    return len(zlib.compress(sample, 1)) < _WORTH * len(sample)


def plain(hash_: bytes, first: int, data: bytes) -> Pieces:
    """Give the packets that carry these bytes, from `first` of the file."""
    wide = first + len(data) > 0xFFFFFFFF  # noqa: PLR2004 - what 32 bits tell
    form = "<BIB16sQQ" if wide else "<BIB16sII"
    op = Op.SENDING_PART_64 if wide else Op.SENDING_PART
    head_bytes = struct.calcsize(form) - 5
    view = memoryview(data)
    out: Pieces = []
    for at in range(0, len(data), PIECE_BYTES):
        piece = view[at : at + PIECE_BYTES]
        begin = first + at
        end = begin + len(piece)
        out += (struct.pack(form, op >> 8, head_bytes + len(piece), op & 0xFF, hash_, begin, end), piece)
    return out


def packed(hash_: bytes, first: int, data: bytes) -> Pieces:
    """Give the packets that carry these bytes deflated: one stream, cut; each tells its beginning and its length."""
    wide = first + len(data) > 0xFFFFFFFF  # noqa: PLR2004 - what 32 bits tell
    form = "<BIB16sQI" if wide else "<BIB16sII"
    op = Op.COMPRESSED_PART_64 if wide else Op.COMPRESSED_PART
    head_bytes = struct.calcsize(form) - 5
    stream = zlib.compress(data, 1)
    out: Pieces = []
    for at in range(0, len(stream), PIECE_BYTES):
        piece = stream[at : at + PIECE_BYTES]
        out += (struct.pack(form, op >> 8, head_bytes + len(piece), op & 0xFF, hash_, first, len(stream)), piece)
    return out
