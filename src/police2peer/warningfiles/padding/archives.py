# SPDX-License-Identifier: EUPL-1.2
"""Padding of archives: a gap before the table of contents of zip and 7z, a stored member in rar.

Both tables say where they lie, so a gap before them harms nothing. RAR5 has no such place, and its readers refuse
unknown blocks: there the padding is a member of its own, with its CRC. Sources: APPNOTE.TXT 6.3.10, 4.3.16
(zip); 7zFormat.txt of the LZMA SDK; RAR 5.0 archive format.
"""

import struct

from police2peer.warningfiles.formats.rar import RAR_END, RAR_START, member_header
from police2peer.warningfiles.formats.seven_zip import SEVEN_ZIP_START, signature_header
from police2peer.warningfiles.padding.checksum import crc32_of
from police2peer.warningfiles.padding.filling import Filling
from police2peer.warningfiles.plan import FilePlan, Literal, Part

__all__ = ["pad_rar", "pad_seven_zip", "pad_zip"]

_ZIP_END = struct.Struct("<4s4H2IH")
_ZIP_END_START = b"PK\5\6"
_LAST_OFFSET = 0xFFFFFFFE  # the next one sends readers to a 64-bit record
_SEVEN_ZIP_HEADER = struct.Struct("<12xQQI")
_MEMBER = "padding.bin"


def pad_zip(plan: FilePlan, filling: Filling) -> list[Part]:
    """Move the central directory away from the members; any length."""
    end = plan.read(max(plan.size - _ZIP_END.size, 0), _ZIP_END.size).ljust(_ZIP_END.size, b"\0")
    kind, counts, directory_bytes, directory_at = end[:4], end[4:12], *struct.unpack("<II", end[12:20])
    if kind != _ZIP_END_START or directory_at + directory_bytes + _ZIP_END.size != plan.size or any(end[20:]):
        raise filling.unreadable()
    filling.at_most(_LAST_OFFSET + directory_bytes + _ZIP_END.size, "give less, or take another format")
    room = filling.room(plan, 0)
    moved = kind + counts + struct.pack("<IIH", directory_bytes, directory_at + room, 0)
    directory = plan.parts_of(directory_at, directory_bytes)
    return [*plan.parts_of(0, directory_at), *filling.run(room), *directory, Literal(moved)]


def pad_seven_zip(plan: FilePlan, filling: Filling) -> list[Part]:
    """Move the header away from the packed members; any length."""
    beginning = plan.read(0, _SEVEN_ZIP_HEADER.size).ljust(_SEVEN_ZIP_HEADER.size, b"\0")
    offset, length, crc = _SEVEN_ZIP_HEADER.unpack(beginning)
    begin = _SEVEN_ZIP_HEADER.size
    if not beginning.startswith(SEVEN_ZIP_START) or begin + offset + length != plan.size or not length:
        raise filling.unreadable()
    room = filling.room(plan, 0)
    return [
        Literal(signature_header(offset + room, length, crc)),
        *plan.parts_of(begin, offset),
        *filling.run(room),
        *plan.parts_of(begin + offset, length),
    ]


def pad_rar(plan: FilePlan, filling: Filling) -> list[Part]:
    """Add a stored member; a keystream is read through once for its CRC, zeros are not."""
    end_at = plan.size - len(RAR_END)
    if plan.read(0, len(RAR_START)) != RAR_START or plan.read(max(end_at, 0), len(RAR_END)) != RAR_END:
        raise filling.unreadable()
    room = filling.room(plan, len(member_header(_MEMBER, 0, 0)))
    run = filling.run(room)
    header = member_header(_MEMBER, room, crc32_of(run, plan.store))
    return [*plan.parts_of(0, end_at), Literal(header), *run, Literal(RAR_END)]
