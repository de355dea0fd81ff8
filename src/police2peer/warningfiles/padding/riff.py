# SPDX-License-Identifier: EUPL-1.2
"""Padding of avi and webp: a JUNK chunk as the last one, and the size of the file set anew.

Sizes in RIFF are even and of 32 bits. A webp that holds a picture alone gets the header of the extended layout,
which is the one that allows for other chunks. Sources: Multimedia Programming Interface 1.0 (RIFF); RFC 9649.
"""

import struct

from police2peer.errors import BadInput
from police2peer.warningfiles.padding.filling import Filling
from police2peer.warningfiles.plan import FilePlan, Literal, Part

__all__ = ["pad_riff"]

_HEADER_BYTES = 12  # RIFF, size, form
_CHUNK_HEADER_BYTES = 8
_LONGEST_BYTES = 0xFFFFFFFE + 8  # what an even size of 32 bits can say; libwebp stops 20 bytes before
_LONGEST_WEBP_BYTES = 0xFFFFFFFE - 12
_FORMS = {"avi": b"AVI ", "webp": b"WEBP"}
_VP8_START = b"\x9d\x01\x2a"
_VP8L_MARK = 0x2F
_HAS_ALPHA = 0x10


def pad_riff(plan: FilePlan, filling: Filling) -> list[Part]:
    """Add a JUNK chunk; the file grows by 8 bytes or more, to an even size of at most 4 GiB and 6 bytes."""
    form = _FORMS[filling.file_format.extension]
    size, kind = struct.unpack("<4xI4s", plan.read(0, _HEADER_BYTES).ljust(_HEADER_BYTES, b"\0"))
    if plan.read(0, 4) != b"RIFF" or kind != form or size + 8 != plan.size or size % 2:
        raise filling.unreadable()
    is_webp = form == _FORMS["webp"]
    filling.at_most(_LONGEST_WEBP_BYTES if is_webp else _LONGEST_BYTES, "give less, or take another format")
    extended = _extended(plan, filling) if is_webp else b""
    frame = len(extended) + _CHUNK_HEADER_BYTES
    room = filling.room(plan, frame)
    if filling.size % 2:
        raise BadInput(
            f"a {filling.file_format} has an even number of bytes, not {filling.size}",
            remedy=f"give {filling.size + 1}",
        )
    beginning = b"RIFF" + struct.pack("<I", filling.size - 8) + form + extended
    junk = b"JUNK" + struct.pack("<I", room)
    return [
        Literal(beginning),
        *plan.parts_of(_HEADER_BYTES, plan.size - _HEADER_BYTES),
        Literal(junk),
        *filling.run(room),
    ]


def _extended(plan: FilePlan, filling: Filling) -> bytes:
    """Give the VP8X chunk that a webp lacks; nothing when it has one."""
    first = plan.read(_HEADER_BYTES, 24).ljust(24, b"\0")
    kind, data = first[:4], first[_CHUNK_HEADER_BYTES:]
    flags = 0
    if kind == b"VP8X":
        return b""
    if kind == b"VP8 " and data[3:6] == _VP8_START:
        width, height = (value & 0x3FFF for value in struct.unpack("<HH", data[6:10]))
    elif kind == b"VP8L" and data[0] == _VP8L_MARK:
        bits = int.from_bytes(data[1:5], "little")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        flags = _HAS_ALPHA if bits >> 28 & 1 else 0
    else:
        raise filling.unreadable()
    if not width or not height:
        raise filling.unreadable()
    return struct.pack("<4sIB3xHxHx", b"VP8X", 10, flags, width - 1, height - 1)
