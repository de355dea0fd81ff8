# SPDX-License-Identifier: EUPL-1.2
"""ADC's messages, both ways: bytes in, values out, no socket.

Whatever is wrong with foreign bytes becomes `BadInput`, whose text holds none of them. A line is never held beyond
`MOST_LINE_BYTES`. Source: ADC 1.0.4, "Line protocol".
"""

import re
from base64 import b32decode, b32encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NewType

from police2peer.errors import BadInput
from police2peer.networks.directconnect.wire import (
    CID_LETTERS,
    FEATURES,
    HEADERS,
    MOST_LINE_BYTES,
    POSITIONAL,
    SID,
    SID_LETTERS,
)

Sid = NewType("Sid", str)
Cid = NewType("Cid", str)

_ESCAPES: Final = {"s": " ", "n": "\n", "\\": "\\"}
_ESCAPE: Final = re.compile(r"\\(.?)", re.DOTALL)
_COMMAND: Final = re.compile(r"[A-Z][A-Z0-9]{2}")
_BASE32: Final = re.compile(r"[A-Z2-7]+")
_FEATURES: Final = re.compile(r"(?:[+-][A-Z][A-Z0-9]{3})+")
_BAD_ESCAPE: Final = "an escape that the protocol does not know"


def escape(text: str) -> str:
    """Write a parameter as it goes on the wire."""
    return text.replace("\\", "\\\\").replace(" ", "\\s").replace("\n", "\\n")


def unescape(text: str) -> str:
    """Read a parameter; raises `BadInput` for an escape that is not in the protocol."""
    if "\\" not in text:
        return text
    try:
        return _ESCAPE.sub(lambda found: _ESCAPES[found[1]], text)
    except KeyError:
        raise _bad(_BAD_ESCAPE) from None


def to_base32(raw: bytes) -> str:
    """Write bytes as ADC does, without padding."""
    return b32encode(raw).decode().rstrip("=")


def from_base32(text: str) -> bytes:
    """Read bytes that were written without padding; raises `BadInput`."""
    try:
        return b32decode(text + "=" * (-len(text) % 8))
    except ValueError:
        raise _bad("something is not base32") from None


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `source` is the sender's SID (or CID, over UDP); `parameters` are unescaped, as they stand."""

    kind: str
    command: str
    source: str = ""
    target: str = ""
    features: str = ""
    parameters: tuple[str, ...] = ()

    def named(self) -> dict[str, str]:
        """Give the parameters behind the positional ones by their two letters; the last of a name wins."""
        return {text[:2]: text[2:] for text in self.parameters[POSITIONAL.get(self.command, 0) :]}

    def line(self) -> bytes:
        """Give the message as it goes on the wire."""
        head = (self.kind + self.command, self.source, self.target, self.features)
        words = [*filter(None, head), *map(escape, self.parameters)]
        return " ".join(words).encode() + b"\n"


def fields(values: Mapping[str, str | int]) -> tuple[str, ...]:
    """Give named parameters from their two letters and their values."""
    return tuple(f"{name}{value}" for name, value in values.items())


def parse(line: bytes) -> Message:
    """Read one line without its end; raises `BadInput`."""
    try:
        first, *rest = line.decode("utf-8").split(" ")
    except UnicodeDecodeError:
        raise _bad("it is not UTF-8") from None
    kind, command = first[:1], first[1:]
    headers = HEADERS.get(kind)
    if headers is None or not _COMMAND.fullmatch(command):
        raise _bad("it begins with no word of the protocol")
    if len(rest) < len(headers) + POSITIONAL.get(command, 0):
        raise _bad("it is too short")
    source, target, features = _read_headers(headers, rest)
    parameters = tuple(rest[len(headers) :])
    if b"\\" in line:
        parameters = tuple(map(unescape, parameters))
    return Message(kind, command, source, target, features, parameters)


def _read_headers(headers: Sequence[str], words: Sequence[str]) -> tuple[str, str, str]:
    """Give sender, receiver and features, empty where the kind of message has none."""
    ids, features = ["", ""], ""
    for place, (header, word) in enumerate(zip(headers, words, strict=False)):
        if header == FEATURES:
            if not _FEATURES.fullmatch(word):
                raise _bad("features are malformed")
            features = word
        elif not _BASE32.fullmatch(word) or (header == SID and len(word) != SID_LETTERS):
            raise _bad("an id is malformed")
        else:
            ids[place] = word
    return ids[0], ids[1], features


def parse_cid(text: str) -> Cid:
    """Read a client id of Tiger's length; raises `BadInput`."""
    if len(text) != CID_LETTERS or not _BASE32.fullmatch(text):
        raise _bad("a client id is malformed")
    return Cid(text)


def parse_sid(text: str) -> Sid:
    """Read a session id; raises `BadInput`."""
    if len(text) != SID_LETTERS or not _BASE32.fullmatch(text):
        raise _bad("a session id is malformed")
    return Sid(text)


def parse_number(text: str, *, least: int = 0, most: int = 2**63 - 1) -> int:
    """Read a whole number within bounds; raises `BadInput`."""
    plain = text.removeprefix("-")
    if not plain.isascii() or not plain.isdigit() or len(plain) > len(str(2**63)):
        raise _bad("a number is malformed")
    number = int(text)
    if not least <= number <= most:
        raise _bad("a number is out of its bounds")
    return number


class LineBuffer:
    """Cuts a stream into lines; never holds more than one line's limit and what came last."""

    def __init__(self, most_bytes: int = MOST_LINE_BYTES) -> None:
        self._most = most_bytes
        self._open = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Give the lines that are whole, without empty ones (a sign of life); raises `BadInput` for one too long."""
        *lines, self._open = (self._open + data).split(b"\n")
        if len(self._open) > self._most or any(len(line) > self._most for line in lines):
            self._open = b""
            raise _bad(f"a line is longer than {self._most} bytes")
        return [line for line in lines if line]


def _bad(what: str) -> BadInput:
    return BadInput(f"not a message of ADC: {what}", remedy="nothing of it was used")
