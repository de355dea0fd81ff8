# SPDX-License-Identifier: EUPL-1.2
"""Padding of png: private ancillary chunks before the end, each with its right CRC.

`paDd` reads: ancillary, private, safe to copy. Source: PNG specification, third edition, 5.3 to 5.5 and 14.2.
"""

import struct
import zlib

from police2peer.warningfiles.padding.checksum import crc32_of
from police2peer.warningfiles.padding.filling import Filling
from police2peer.warningfiles.plan import FilePlan, Literal, Part

__all__ = ["pad_chunks"]

_KIND = b"paDd"
_FRAME_BYTES = 12  # length, kind, CRC
_LONGEST_CHUNK_BYTES = (1 << 31) - 1
_END = struct.pack(">I4sI", 0, b"IEND", zlib.crc32(b"IEND"))


def pad_chunks(plan: FilePlan, filling: Filling) -> list[Part]:
    """Add as few chunks as hold the filling; a keystream is read through once for its CRC, zeros are not."""
    if plan.read(max(plan.size - len(_END), 0), len(_END)) != _END:
        raise filling.unreadable()
    added = filling.size - plan.size
    count = max(1, -(-added // (_LONGEST_CHUNK_BYTES + _FRAME_BYTES)))
    room = filling.room(plan, count * _FRAME_BYTES)
    whole = FilePlan(filling.run(room), plan.store)
    chunks: list[Part] = []
    for begin in range(0, max(room, 1), _LONGEST_CHUNK_BYTES):
        length = min(_LONGEST_CHUNK_BYTES, room - begin)
        data = whole.parts_of(begin, length)
        crc = crc32_of(data, plan.store, zlib.crc32(_KIND))
        chunks += [Literal(struct.pack(">I4s", length, _KIND)), *data, Literal(struct.pack(">I", crc))]
    return [*plan.parts_of(0, plan.size - len(_END)), *chunks, Literal(_END)]
