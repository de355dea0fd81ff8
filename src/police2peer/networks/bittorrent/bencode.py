# SPDX-License-Identifier: EUPL-1.2
"""Bencoding, both ways, strict and without recursion limits that a stranger could reach.

Source: BEP 3. `decode` takes the bytes of strangers: whatever is wrong with them becomes `BadInput`, and the
message holds none of them.
"""

from typing import Final

from police2peer.errors import BadInput

__all__ = ["Value", "decode", "decode_prefix", "encode"]

Value = int | bytes | list["Value"] | dict[bytes, "Value"]

_MOST_DEPTH: Final = 32  # extension messages and torrents nest at most five deep
_MOST_DIGITS: Final = 20  # longer than any 64-bit number


def encode(value: Value) -> bytes:
    """Give the one canonical form of `value`: keys sorted as raw bytes."""
    out: list[bytes] = []
    _write(value, out)
    return b"".join(out)


def _write(value: Value, out: list[bytes]) -> None:
    match value:
        case int():
            out.append(b"i%de" % value)
        case bytes():
            out.append(b"%d:%b" % (len(value), value))
        case list():
            out.append(b"l")
            for item in value:
                _write(item, out)
            out.append(b"e")
        case dict():
            out.append(b"d")
            for key in sorted(value):
                _write(key, out)
                _write(value[key], out)
            out.append(b"e")


def decode(raw: bytes) -> Value:
    """Read one value that fills `raw`; raises `BadInput`."""
    value, end = decode_prefix(raw)
    if end != len(raw):
        raise _bad("bytes are left over")
    return value


def decode_prefix(raw: bytes) -> tuple[Value, int]:
    """Read one value from the front of `raw`, and say where it ends; raises `BadInput`."""
    return _read(raw, 0, _MOST_DEPTH)


def _read(raw: bytes, at: int, depth: int) -> tuple[Value, int]:
    if depth == 0:
        raise _bad("it nests too deep")
    lead = raw[at : at + 1]
    if lead == b"i":
        return _read_number(raw, at + 1, b"e")
    if lead == b"l":
        return _read_list(raw, at + 1, depth)
    if lead == b"d":
        return _read_dict(raw, at + 1, depth)
    return _read_bytes(raw, at)


def _read_number(raw: bytes, at: int, closing: bytes) -> tuple[int, int]:
    end = raw.find(closing, at, at + _MOST_DIGITS + 1)
    digits = raw[at:end] if end >= 0 else b""
    plain = digits.removeprefix(b"-")
    if not plain.isdigit() or digits == b"-0" or (plain != b"0" and plain.startswith(b"0")):
        raise _bad("a number is malformed")
    return int(digits), end + 1


def _read_bytes(raw: bytes, at: int) -> tuple[bytes, int]:
    length, start = _read_number(raw, at, b":")
    end = start + length
    if length < 0 or end > len(raw):
        raise _bad("a string is cut short")
    return raw[start:end], end


def _read_list(raw: bytes, at: int, depth: int) -> tuple[list[Value], int]:
    items: list[Value] = []
    while raw[at : at + 1] != b"e":
        item, at = _read(raw, at, depth - 1)
        items.append(item)
    return items, at + 1


def _read_dict(raw: bytes, at: int, depth: int) -> tuple[dict[bytes, Value], int]:
    pairs: dict[bytes, Value] = {}
    while raw[at : at + 1] != b"e":
        key, at = _read_bytes(raw, at)
        if key in pairs:
            raise _bad("a key stands twice")
        pairs[key], at = _read(raw, at, depth - 1)
    return pairs, at + 1


def _bad(what: str) -> BadInput:
    return BadInput(f"not bencoded: {what}", remedy="nothing of it was used")
