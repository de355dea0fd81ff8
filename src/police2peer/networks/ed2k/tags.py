# SPDX-License-Identifier: EUPL-1.2
"""eD2k's tags: named values in hellos, offers and searches, in the old style and the new.

The old style writes a length and a name (mostly one byte long), the new one sets the highest bit of the type and
writes one byte. Source: Kulbak and Bickson (2005), section 2.6; aMule, `Tag.cpp`.
"""

import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from police2peer.errors import BadInput
from police2peer.networks.ed2k.wire import Fields, decode_text

MOST_TAGS: Final = 64
"""Real hellos and offers have below 20."""

_NEW_STYLE: Final = 0x80
_HASH, _TEXT, _U32, _FLOAT, _BOOL, _BOOLS, _BLOB, _U16, _U8, _SHORT_BLOB, _U64 = range(1, 12)
_NUMBERS: Final = {_U32: 4, _U16: 2, _U8: 1, _U64: 8}
_FIRST_SHORT_TEXT: Final = 0x10  # type 0x11 is a text of one byte, and so on to 16
_LAST_SHORT_TEXT: Final = 0x20

Value = int | str | bytes | float


@dataclass(frozen=True, slots=True)
class Tag:
    """One named value; a name of one byte is a number, any other the bytes as sent."""

    name: int | bytes
    value: Value


def read_tag(fields: Fields) -> Tag:
    """Read one tag of either style."""
    kind = fields.number(1)
    if kind & _NEW_STYLE:
        kind &= ~_NEW_STYLE
        name: int | bytes = fields.number(1)
    else:
        raw = fields.take(fields.number(2))
        name = raw[0] if len(raw) == 1 else raw
    return Tag(name, _read_value(fields, kind))


def read_tags(fields: Fields) -> list[Tag]:
    """Read a count and as many tags; raises `BadInput` when there are more than anybody needs."""
    count = fields.number(4)
    if count > MOST_TAGS:
        raise BadInput("a packet holds more tags than any needs", remedy="the connection is ended")
    return [read_tag(fields) for _ in range(count)]


def _read_value(fields: Fields, kind: int) -> Value:
    if kind in _NUMBERS:
        return fields.number(_NUMBERS[kind])
    if _FIRST_SHORT_TEXT < kind <= _LAST_SHORT_TEXT:
        return decode_text(fields.take(kind - _FIRST_SHORT_TEXT))
    if kind not in _READERS:
        raise BadInput("a tag has an unknown type", remedy="the connection is ended")
    return _READERS[kind](fields)


_READERS: Final[dict[int, Callable[[Fields], Value]]] = {
    _HASH: Fields.hash,
    _TEXT: Fields.text,
    _FLOAT: lambda fields: float(struct.unpack("<f", fields.take(4))[0]),
    _BOOL: lambda fields: fields.number(1),
    _BOOLS: lambda fields: fields.take(fields.number(2) // 8 + 1),
    _BLOB: lambda fields: fields.take(fields.number(4)),
    _SHORT_BLOB: lambda fields: fields.take(fields.number(1)),
}


def write_tags(tags: Iterable[Tag], *, new_style: bool = False) -> bytes:
    """Give the count and the tags; numbers with 32 or 64 bits, texts in UTF-8."""
    written = [_write_tag(tag, new_style=new_style) for tag in tags]
    return struct.pack("<I", len(written)) + b"".join(written)


def _write_tag(tag: Tag, *, new_style: bool) -> bytes:
    kind, raw = _write_value(tag.value)
    if isinstance(tag.name, int):
        if new_style:
            return struct.pack("<BB", kind | _NEW_STYLE, tag.name) + raw
        return struct.pack("<BHB", kind, 1, tag.name) + raw
    return struct.pack("<BH", kind, len(tag.name)) + tag.name + raw


def _write_value(value: Value) -> tuple[int, bytes]:
    if isinstance(value, int):
        return (_U32, struct.pack("<I", value)) if value < 1 << 32 else (_U64, struct.pack("<Q", value))
    if isinstance(value, str):
        raw = value.encode()[:0xFFFF]
        return _TEXT, struct.pack("<H", len(raw)) + raw
    if isinstance(value, float):
        return _FLOAT, struct.pack("<f", value)
    return _BLOB, struct.pack("<I", len(value)) + value


def numbers_of(tags: Iterable[Tag]) -> dict[int, int]:
    """Give the tags that hold numbers, by name; the last of a name counts."""
    return {tag.name: tag.value for tag in tags if isinstance(tag.name, int) and isinstance(tag.value, int)}


def texts_of(tags: Iterable[Tag]) -> dict[int, str]:
    """Give the tags that hold texts, by name; the last of a name counts."""
    return {tag.name: tag.value for tag in tags if isinstance(tag.name, int) and isinstance(tag.value, str)}
