# SPDX-License-Identifier: EUPL-1.2
"""Padding of mpg: the end code, then what no reader takes for a start code, then last packets that hold nothing.

Padding packets have at most 65,541 bytes and could not lie on the disk as a hole. What follows the end code is
searched byte by byte for the next start code, so a keystream is read through once and each 00 00 01 in it
changed. Readers look at the last bytes for the last time stamp: there the film's own last ones are repeated, in
packets of pictures and of sound that hold none. Sources: ISO/IEC 11172-1, 2.4.3; ISO/IEC 13818-1, 2.5.3.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from police2peer.warningfiles.padding.filling import Filling
from police2peer.warningfiles.plan import FilePlan, Literal, Part, Zeros
from police2peer.warningfiles.store import BaseStore

__all__ = ["pad_program_stream"]

_PACK = b"\0\0\1\xba"
_END = b"\0\0\1\xb9"
_PADDING = b"\0\0\1\xbe"
_LONGEST_PACKET_BYTES = 0xFFFF
_MPEG_1_MARK, _MPEG_2_MARK = 0b0010, 0b01  # what follows the start code of a pack, four bits or two
_MPEG_1_PACK_BYTES, _MPEG_2_PACK_BYTES = 12, 14
_LAST_BYTES = 1 << 18  # at 50 Mbit/s these are one frame; a stamp stands at least every 0.7 s (11172-1, 2.7.4)
# The header of a packet of pictures or sound with its time stamp of five bytes: MPEG-1 may put stuffing and a buffer
# size before it, MPEG-2 a fixed header of three bytes.
_MPEG_1_STAMP = re.compile(rb"\x00\x00\x01([\xc0-\xef])..\xff{0,16}(?:[\x40-\x7f].)?([\x21-\x3f]....)", re.DOTALL)
_MPEG_2_STAMP = re.compile(rb"\x00\x00\x01([\xc0-\xef])..[\x80-\xbf][\x80-\xff].([\x21-\x3f]....)", re.DOTALL)
_START_CODE = re.compile(rb"\x00\x00\x01")
_BROKEN = b"\2"  # in place of the 1 of a start code
_READ_BYTES = 1 << 20
_STAMP_BYTES = 5


def pad_program_stream(plan: FilePlan, filling: Filling) -> list[Part]:
    """Add the padding after the end code; what lies inside goes before it, in padding packets."""
    beginning = plan.read(0, 5).ljust(5, b"\0")
    is_mpeg_1 = beginning[4] >> 4 == _MPEG_1_MARK
    if not beginning.startswith(_PACK) or not (is_mpeg_1 or beginning[4] >> 6 == _MPEG_2_MARK):
        raise filling.unreadable()
    last = _last_packets(plan.read(max(plan.size - _LAST_BYTES, 0), _LAST_BYTES), filling, is_mpeg_1=is_mpeg_1)
    packets = _padding_packets(filling.inside)
    added = len(packets) - len(filling.inside) + len(_END) + len(last)
    run = replace(filling, inside=b"").run(filling.room(plan, added) - len(filling.inside))
    return [*plan.parts, Literal(packets + _END), *_without_start_codes(run, plan.store), Literal(last)]


def _padding_packets(content: bytes) -> bytes:
    pieces = (content[at : at + _LONGEST_PACKET_BYTES] for at in range(0, len(content), _LONGEST_PACKET_BYTES))
    return b"".join(_PADDING + len(piece).to_bytes(2, "big") + piece for piece in pieces)


def _last_packets(content: bytes, filling: Filling, *, is_mpeg_1: bool) -> bytes:
    """Give a pack with the last pack's clock, the latest time stamp of each stream, and the end code."""
    pack_bytes = _MPEG_1_PACK_BYTES if is_mpeg_1 else _MPEG_2_PACK_BYTES
    pack_at = content.rfind(_PACK)
    pack = content[pack_at : pack_at + pack_bytes]
    latest: dict[bytes, bytes] = {}
    for found in (_MPEG_1_STAMP if is_mpeg_1 else _MPEG_2_STAMP).finditer(content):
        latest[found[1]] = max(latest.get(found[1], found[2]), found[2], key=_ticks)
    if pack_at < 0 or len(pack) < pack_bytes or not latest:
        raise filling.unreadable()
    if not is_mpeg_1:
        pack = pack[:-1] + b"\xf8"  # no stuffing follows
    return pack + b"".join(_empty_packet(*last, is_mpeg_1=is_mpeg_1) for last in sorted(latest.items())) + _END


def _empty_packet(stream: bytes, stamp: bytes, *, is_mpeg_1: bool) -> bytes:
    alone = bytes([_MPEG_1_MARK << 4 | stamp[0] & 0x0F]) + stamp[1:]  # not followed by a second one, for decoding
    body = alone if is_mpeg_1 else bytes([0x80, 0x80, _STAMP_BYTES]) + alone
    return b"\0\0\1" + stream + len(body).to_bytes(2, "big") + body


def _ticks(stamp: bytes) -> int:
    """Read a time stamp of 33 bits, a marker bit after each group."""
    high, middle, low = stamp[0] >> 1 & 0x07, stamp[1] << 7 | stamp[2] >> 1, stamp[3] << 7 | stamp[4] >> 1
    return high << 30 | middle << 15 | low


def _without_start_codes(run: Sequence[Part], store: BaseStore) -> list[Part]:
    """Give the run with every start code in it broken; zeros are not read."""
    whole = FilePlan(run, store)
    kept: list[Part] = []
    at = begin = 0
    for part in whole.parts:
        for place in () if isinstance(part, Zeros) else _start_codes(whole, begin, begin + part.length):
            kept += [*whole.parts_of(at, place - at), Literal(_BROKEN)]
            at = place + 1
        begin += part.length
    return [*kept, *whole.parts_of(at, whole.size - at)]


def _start_codes(whole: FilePlan, begin: int, end: int) -> Iterator[int]:
    """Find where the 1 of a start code stands between two places, though its zeros may lie before."""
    for offset in range(begin, end, _READ_BYTES):
        first = max(offset - 2, 0)
        read = whole.read(first, min(offset + _READ_BYTES, end) - first)
        yield from (first + found.end() - 1 for found in _START_CODE.finditer(read))
