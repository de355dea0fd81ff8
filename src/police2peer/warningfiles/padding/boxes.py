# SPDX-License-Identifier: EUPL-1.2
"""Padding of mp4: a `free` box at the end, which every reader skips. Source: ISO/IEC 14496-12, 4.2 and 8.1.2."""

import struct

from police2peer.warningfiles.mp4_boxes import free_box_header
from police2peer.warningfiles.padding.filling import Filling
from police2peer.warningfiles.plan import FilePlan, Literal, Part

__all__ = ["pad_boxes"]

_SHORT_HEADER_BYTES = 8
_LONG_HEADER_BYTES = 16  # with a size of 64 bits, for boxes over 4 GiB


def pad_boxes(plan: FilePlan, filling: Filling) -> list[Part]:
    """Add a `free` box of any length from 8 bytes."""
    if plan.read(4, 4) != b"ftyp":
        raise filling.unreadable()
    room = filling.room(plan, _SHORT_HEADER_BYTES)
    longer = room - (_LONG_HEADER_BYTES - _SHORT_HEADER_BYTES)
    if longer >= len(filling.inside) + len(filling.serial):
        return [*plan.parts, Literal(free_box_header(longer)), *filling.run(longer)]
    return [*plan.parts, Literal(struct.pack(">I4s", _SHORT_HEADER_BYTES + room, b"free")), *filling.run(room)]
