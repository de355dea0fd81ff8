# SPDX-License-Identifier: EUPL-1.2
"""Padding of wmv: a Padding Object after all others, and the file's size in its header set anew.

Readers of ASF skip top-level objects that they do not use; sizes have 64 bits. Source: Advanced Systems Format
Specification 01.20.06, 2.1, 3.2 and 3.12.
"""

import struct
from uuid import UUID

from police2peer.warningfiles.padding.filling import Filling
from police2peer.warningfiles.plan import FilePlan, Literal, Part

__all__ = ["pad_asf"]

_HEADER = UUID("75b22630-668e-11cf-a6d9-00aa0062ce6c").bytes_le
_FILE_PROPERTIES = UUID("8cabdca1-a947-11cf-8ee4-00c00c205365").bytes_le
_PADDING = UUID("1806d474-cadf-4509-a4ba-9aabcb96aae8").bytes_le
_OBJECT_HEADER_BYTES = 24  # its name, and its size of 64 bits
_FIRST_OBJECT_AT = 30
_FILE_SIZE_AT = 40  # behind the object's header and the file's own name
_LONGEST_HEADER_BYTES = 1 << 16  # ours have less than 2000 bytes


def pad_asf(plan: FilePlan, filling: Filling) -> list[Part]:
    """Add a Padding Object of any length from 24 bytes."""
    at = _size_place(plan, filling)
    room = filling.room(plan, _OBJECT_HEADER_BYTES)
    return [
        *plan.parts_of(0, at),
        Literal(struct.pack("<Q", filling.size)),
        *plan.parts_of(at + 8, plan.size - at - 8),
        Literal(_PADDING + struct.pack("<Q", _OBJECT_HEADER_BYTES + room)),
        *filling.run(room),
    ]


def _size_place(plan: FilePlan, filling: Filling) -> int:
    """Find where the header says how long the file is."""
    header = plan.read(0, _LONGEST_HEADER_BYTES)
    at = _FIRST_OBJECT_AT
    while header.startswith(_HEADER) and at + _FILE_SIZE_AT + 8 <= len(header):
        if header.startswith(_FILE_PROPERTIES, at):
            return at + _FILE_SIZE_AT
        at += max(int.from_bytes(header[at + 16 : at + _OBJECT_HEADER_BYTES], "little"), _OBJECT_HEADER_BYTES)
    raise filling.unreadable()
