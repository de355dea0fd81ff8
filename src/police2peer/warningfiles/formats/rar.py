# SPDX-License-Identifier: EUPL-1.2
"""The rar: the same members as the zip, stored without compression. Our own writer of the RAR 5.0 layout.

It writes blocks and nothing of RAR's compression. Source: RAR 5.0 archive format (technote), as published by
its maker.
"""

import struct
import zlib
from collections.abc import Sequence

from police2peer.warningfiles.code import VerifyCode
from police2peer.warningfiles.formats.archive import MEMBERS_AT, Member, members_of
from police2peer.warningfiles.plan import FilePlan
from police2peer.warningfiles.wording import Wording
from police2peer.warningfiles.workshop import Workshop

__all__ = ["RAR_END", "RAR_START", "make_rar", "member_header", "rar_bytes"]

_MAIN, _FILE, _END = 1, 2, 5
_HAS_DATA, _SKIP_IF_UNKNOWN = 0x0002, 0x0004
_HAS_TIME, _HAS_CRC = 0x0002, 0x0004
_STORED = 0
_UNIX = 1
_PLAIN_FILE = 0o100644
_SIZE_BYTES = 6  # 42 bits; always as many, so that a header's length does not depend on the size in it


def make_rar(workshop: Workshop, wording: Wording, code: VerifyCode) -> FilePlan:
    """Plan the archive with this code."""
    return workshop.plan(rar_bytes(members_of(workshop, wording, code)))


def rar_bytes(members: Sequence[Member]) -> bytes:
    """Write an archive of stored members."""
    files = (member_header(name, len(content), zlib.crc32(content)) + content for name, content in members)
    return RAR_START + b"".join(files) + RAR_END


def member_header(name: str, length: int, crc: int) -> bytes:
    """Give the block before the `length` bytes of a stored member; as long for any length."""
    size = _number(length, _SIZE_BYTES)
    named = name.encode()
    kind = _number(_PLAIN_FILE) + struct.pack("<II", int(MEMBERS_AT.timestamp()), crc) + _number(_STORED)
    fields = _number(_HAS_TIME | _HAS_CRC) + size + kind + _number(_UNIX) + _number(len(named)) + named
    return _block(_FILE, _HAS_DATA, size + fields)


def _block(kind: int, flags: int, fields: bytes) -> bytes:
    header = _number(kind) + _number(flags) + fields
    sized = _number(len(header)) + header
    return struct.pack("<I", zlib.crc32(sized)) + sized


def _number(value: int, width: int = 1) -> bytes:
    """Write seven bits a byte, the lowest first, in at least `width` bytes."""
    written = bytearray()
    while value >> 7 or len(written) + 1 < width:
        written.append(0x80 | value & 0x7F)
        value >>= 7
    return bytes([*written, value])


RAR_START = b"Rar!\x1a\x07\x01\x00" + _block(_MAIN, 0, _number(0))
RAR_END = _block(_END, _SKIP_IF_UNKNOWN, _number(0))
