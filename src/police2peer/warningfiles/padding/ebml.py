# SPDX-License-Identifier: EUPL-1.2
"""Padding of mkv and webm: Void elements as the last ones of the Segment, whose size is set anew.

Places inside a Segment are counted from its first byte of data, so none of them moves. Sources: RFC 8794, 4 and
11.3.2 (sizes, Void); RFC 9559, 5.1 (Segment).
"""

from collections.abc import Iterator

from police2peer.warningfiles.padding.filling import Filling
from police2peer.warningfiles.plan import FilePlan, Literal, Part

__all__ = ["pad_ebml"]

_HEADER_ID = b"\x1a\x45\xdf\xa3"
_SEGMENT_ID = b"\x18\x53\x80\x67"
_VOID_ID = b"\xec"
_LONGEST_SIZE_BYTES = 8
_SHORT_FRAME_BYTES, _LONG_FRAME_BYTES = 2, 1 + _LONGEST_SIZE_BYTES
_LONGEST_VOID_BYTES = 1 << 30  # ffmpeg loses its way in elements of 2 GiB and searches them byte by byte
_MOST_IN_ONE_BYTE = 0x7E  # 0x7f would say: unknown
_BEGINNING_BYTES = 4096  # our headers have less than 100


def pad_ebml(plan: FilePlan, filling: Filling) -> list[Part]:
    """Add Void elements, of any length from 2 bytes, at the end of the Segment."""
    size_at, data_at, length = _segment(plan, filling)
    end = plan.size if length is None else data_at + length
    grown = _LONGEST_SIZE_BYTES - (data_at - size_at)
    padding = filling.room(plan, grown + _SHORT_FRAME_BYTES) + _SHORT_FRAME_BYTES
    return [
        *plan.parts_of(0, size_at),
        Literal(_size(end - data_at + padding)),
        *plan.parts_of(data_at, end - data_at),
        *_voids(plan, filling, grown, padding),
        *plan.parts_of(end, plan.size - end),
    ]


def _voids(plan: FilePlan, filling: Filling, grown: int, length: int) -> Iterator[Part]:
    """Give `length` bytes of Void elements, as few as hold the filling."""
    if length - _SHORT_FRAME_BYTES <= _MOST_IN_ONE_BYTE:
        yield Literal(_VOID_ID + bytes([0x80 | length - _SHORT_FRAME_BYTES]))
        yield from filling.run(length - _SHORT_FRAME_BYTES)
        return
    count = -(-length // (_LONG_FRAME_BYTES + _LONGEST_VOID_BYTES))
    whole = FilePlan(filling.run(filling.room(plan, grown + count * _LONG_FRAME_BYTES)), plan.store)
    for number in range(count):
        # Each takes an even share, so that the last one is not left without room for its frame.
        begin, end = (whole.size * at // count for at in (number, number + 1))
        yield Literal(_VOID_ID + _size(end - begin))
        yield from whole.parts_of(begin, end - begin)


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
