# SPDX-License-Identifier: EUPL-1.2
"""Padding of mkv and webm: a Void element as the last one of the Segment, whose size is set anew.

Places inside a Segment are counted from its first byte of data, so none of them moves. Sources: RFC 8794, 4 and
11.3.2 (sizes, Void); RFC 9559, 5.1 (Segment).
"""

from police2peer.warningfiles.padding.filling import Filling
from police2peer.warningfiles.plan import FilePlan, Literal, Part

__all__ = ["pad_ebml"]

_HEADER_ID = b"\x1a\x45\xdf\xa3"
_SEGMENT_ID = b"\x18\x53\x80\x67"
_VOID_ID = b"\xec"
_LONGEST_SIZE_BYTES = 8
_MOST_IN_ONE_BYTE = 0x7E  # 0x7f would say: unknown
_BEGINNING_BYTES = 4096  # our headers have less than 100


def pad_ebml(plan: FilePlan, filling: Filling) -> list[Part]:
    """Add a Void element of any length from 2 bytes at the end of the Segment."""
    size_at, data_at, length = _segment(plan, filling)
    header = plan.parts_of(0, size_at)
    body = plan.parts_of(data_at, plan.size - data_at if length is None else length)
    after = [] if length is None else plan.parts_of(data_at + length, plan.size - data_at - length)
    grown = _LONGEST_SIZE_BYTES - (data_at - size_at)
    void = filling.room(plan, grown + 2) + 2
    long_header = len(_VOID_ID) + _LONGEST_SIZE_BYTES
    fits_long = void - long_header >= len(filling.inside) + len(filling.serial)
    if not fits_long and void - 2 > _MOST_IN_ONE_BYTE:
        void = filling.room(plan, grown + long_header) + long_header  # raises, and names the size that is enough
    frame = _VOID_ID + (_size(void - long_header) if fits_long else bytes([0x80 | void - 2]))
    segment = _size(sum(part.length for part in body) + void)
    return [*header, Literal(segment), *body, Literal(frame), *filling.run(void - len(frame)), *after]


def _segment(plan: FilePlan, filling: Filling) -> tuple[int, int, int | None]:
    """Tell where the size of the Segment stands, where its data begins, and their length; None: up to the end."""
    beginning = plan.read(0, _BEGINNING_BYTES)
    if not beginning.startswith(_HEADER_ID):
        raise filling.unreadable()
    at, length = _read_size(beginning, len(_HEADER_ID), filling)
    at += length or 0
    if length is None or beginning[at : at + len(_SEGMENT_ID)] != _SEGMENT_ID:
        raise filling.unreadable()
    size_at = at + len(_SEGMENT_ID)
    data_at, length = _read_size(beginning, size_at, filling)
    if length is not None and data_at + length > plan.size:
        raise filling.unreadable()
    return size_at, data_at, length


def _read_size(content: bytes, at: int, filling: Filling) -> tuple[int, int | None]:
    """Read a size and tell where it ends; None is the size that says: unknown."""
    first = content[at] if at < len(content) else 0
    width = _LONGEST_SIZE_BYTES + 1 - first.bit_length()
    if not first or at + width > len(content):
        raise filling.unreadable()
    bits = (1 << 7 * width) - 1
    value = int.from_bytes(content[at : at + width], "big") & bits
    return at + width, None if value == bits else value


def _size(length: int) -> bytes:
    return (1 << 56 | length).to_bytes(_LONGEST_SIZE_BYTES, "big")
