# SPDX-License-Identifier: EUPL-1.2
"""The 7z: the same members as the zip, stored without compression. Our own writer of the layout.

Source: 7zFormat.txt of the LZMA SDK, which is in the public domain.
"""

import struct
import zlib
from collections.abc import Sequence

from police2peer.warningfiles.code import VerifyCode
from police2peer.warningfiles.formats.archive import MEMBERS_AT, Member, members_of
from police2peer.warningfiles.plan import FilePlan
from police2peer.warningfiles.wording import Wording
from police2peer.warningfiles.workshop import Workshop

__all__ = ["SEVEN_ZIP_START", "make_seven_zip", "seven_zip_bytes", "signature_header"]

SEVEN_ZIP_START = b"7z\xbc\xaf\x27\x1c\0\4"  # magic, version 0.4

_END, _HEADER, _MAIN_STREAMS, _FILES = 0, 1, 4, 5
_PACK_INFO, _UNPACK_INFO, _SUB_STREAMS, _SIZE, _CRC = 6, 7, 8, 9, 10
_FOLDER, _UNPACK_SIZE, _STREAM_COUNT = 11, 12, 13
_EMPTY_STREAM, _EMPTY_FILE, _NAMES, _TIMES, _ATTRIBUTES = 14, 15, 17, 20, 21
_COPY = b"\1\1\0"  # one coder, whose name is one byte long and 0: stored
_ALL_DEFINED, _HERE = 1, 0
_ARCHIVE_FILE = 0x20 | 0x8000 | 0o100644 << 16  # the archive bit, and a plain file's rights as Unix has them
_FILETIME_OF_1970 = 116_444_736_000_000_000  # in units of 100 ns since 1601
_FILETIME_PER_S = 10_000_000


def make_seven_zip(workshop: Workshop, wording: Wording, code: VerifyCode) -> FilePlan:
    """Plan the archive with this code."""
    return workshop.plan(seven_zip_bytes(members_of(workshop, wording, code)))


def seven_zip_bytes(members: Sequence[Member]) -> bytes:
    """Write an archive of stored members, of at least one."""
    packed = b"".join(content for _, content in members)
    streams = _streams([content for _, content in members if content])
    header = bytes([_HEADER]) + streams + _files(members) + bytes([_END])
    return signature_header(len(packed), len(header), zlib.crc32(header)) + packed + header


def signature_header(offset: int, length: int, crc: int) -> bytes:
    """Give the first 32 bytes, which say that the header lies `offset` bytes after them."""
    place = struct.pack("<QQI", offset, length, crc)
    return SEVEN_ZIP_START + struct.pack("<I", zlib.crc32(place)) + place


def _streams(contents: Sequence[bytes]) -> bytes:
    if not contents:
        return b""
    whole = _number(sum(map(len, contents)))
    crcs = b"".join(struct.pack("<I", zlib.crc32(content)) for content in contents)
    sizes = b"".join(_number(len(content)) for content in contents[:-1])
    return b"".join((
        bytes([_MAIN_STREAMS, _PACK_INFO, 0, 1, _SIZE]) + whole + bytes([_END]),
        bytes([_UNPACK_INFO, _FOLDER, 1, _HERE]) + _COPY + bytes([_UNPACK_SIZE]) + whole + bytes([_END]),
        bytes([_SUB_STREAMS, _STREAM_COUNT]) + _number(len(contents)),
        bytes([_SIZE]) + sizes if sizes else b"",
        bytes([_CRC, _ALL_DEFINED]) + crcs + bytes([_END, _END]),
    ))  # fmt: skip


def _files(members: Sequence[Member]) -> bytes:
    names = b"".join(name.encode("utf-16-le") + b"\0\0" for name, _ in members)
    moment = _FILETIME_OF_1970 + int(MEMBERS_AT.timestamp()) * _FILETIME_PER_S
    empty = [not content for _, content in members]
    properties = [
        _property(_NAMES, bytes([_HERE]) + names),
        _property(_TIMES, bytes([_ALL_DEFINED, _HERE]) + struct.pack("<Q", moment) * len(members)),
        _property(_ATTRIBUTES, bytes([_ALL_DEFINED, _HERE]) + struct.pack("<I", _ARCHIVE_FILE) * len(members)),
    ]
    if any(empty):
        properties[:0] = [
            _property(_EMPTY_STREAM, _bits(empty)),
            _property(_EMPTY_FILE, _bits([True] * sum(empty))),
        ]
    return bytes([_FILES]) + _number(len(members)) + b"".join(properties) + bytes([_END])


def _property(kind: int, content: bytes) -> bytes:
    return bytes([kind]) + _number(len(content)) + content


def _bits(flags: Sequence[bool]) -> bytes:
    """Pack flags, the highest bit first."""
    value = sum(1 << 7 - at % 8 << 8 * (at // 8) for at, flag in enumerate(flags) if flag)
    return value.to_bytes(-(-len(flags) // 8), "little")


def _number(value: int) -> bytes:
    """Write a number as 7z does: the first byte's high bits tell how many bytes follow, lowest first."""
    for more in range(8):
        if value < 1 << 7 * (more + 1):
            head = 0xFF00 >> more & 0xFF | value >> 8 * more
            return bytes([head]) + (value & (1 << 8 * more) - 1).to_bytes(more, "little")
    return b"\xff" + value.to_bytes(8, "little")
