# SPDX-License-Identifier: EUPL-1.2
"""Signed notes: a text, an empty line, and a line for each signature.

A key has a name and an id of four bytes; the id is a label, not a fingerprint, so whoever checks a note brings the
whole public key. Lines of keys that the reader does not know are kept and not looked at.

Promise: a note that cannot be read is `NotAuthentic`, whatever its bytes; a wrong signature of a known key refuses
the whole note.
Source: C2SP signed-note v1.0.0.
"""

import base64
import binascii
import functools
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from police2peer.errors import BadInput, NotAuthentic

__all__ = ["NOTE_LIMIT_BYTES", "KeyType", "Note", "NoteKey", "NoteSignature", "sign_note"]

NOTE_LIMIT_BYTES = 64 * 1024  # far above any checkpoint, with sixteen signatures of the largest kind
_MOST_SIGNATURES = 64  # the specification asks for at least 16
_KEY_BYTES, _ID_BYTES = 32, 4
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_DASH = "\N{EM DASH} "
_REMEDY = "fetch the file again; if this stays, ask who keeps the log"


class KeyType(IntEnum):
    """The kinds of signature that are made and checked here."""

    ED25519 = 0x01
    COSIGNATURE = 0x04  # C2SP tlog-cosignature v1


@functools.lru_cache(maxsize=64)
def _loaded(public: bytes) -> Ed25519PublicKey:
    """Load a key once: a long log has thousands of notes by one key."""
    return Ed25519PublicKey.from_public_bytes(public)


def _unbase64(text: str) -> bytes:
    """Read standard base64 in its one canonical spelling."""
    raw = base64.b64decode(text, validate=True)
    if base64.b64encode(raw).decode() != text:
        raise ValueError("another spelling of base64")
    return raw


def _is_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(char.isspace() for char in name) and not _CONTROL.search(name)


@dataclass(frozen=True, slots=True)
class NoteKey:
    """A public key as readers of notes are given it: name, kind, 32 bytes of Ed25519."""

    name: str
    kind: KeyType
    public: bytes

    def __post_init__(self) -> None:
        if not _is_name(self.name) or len(self.public) != _KEY_BYTES:
            raise BadInput(
                "the name of a key of the log holds a blank or a plus, or is empty",
                remedy="name it as an address without a scheme: example.org/log",
            )

    @property
    def id(self) -> bytes:
        """The four bytes that stand before each of its signatures."""
        named = self.name.encode() + b"\n" + bytes([self.kind]) + self.public
        return hashlib.sha256(named).digest()[:_ID_BYTES]

    def text(self) -> str:
        """Write `NAME+ID+KEY`, the form in which keys are handed over."""
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(bytes([self.kind]) + self.public).decode()}"

    @classmethod
    def parse(cls, text: str) -> "NoteKey":
        """Read `NAME+ID+KEY`. Raises `BadInput`."""
        try:
            name, key_id, encoded = text.strip().split("+", 2)
            raw = _unbase64(encoded)
            key = cls(name, KeyType(raw[0]), raw[1:])
            Ed25519PublicKey.from_public_bytes(key.public)
            if key.id.hex() != key_id:
                raise ValueError("the id is another key's")  # noqa: TRY301 - one way out for every slip
        except (ValueError, IndexError, binascii.Error) as error:
            raise BadInput(
                "this is not the public key of a log or a witness", remedy="give its one line: NAME+ID+KEY"
            ) from error
        return key

    def check(self, message: bytes, signature: bytes, what: str) -> None:
        """Raise `NotAuthentic` unless this key made the Ed25519 signature over the message."""
        try:
            _loaded(self.public).verify(signature, message)
        except (InvalidSignature, ValueError) as error:
            raise NotAuthentic(f"{what} is not signed by the key that it names", remedy=_REMEDY) from error


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One line: whose, and the bytes."""

    name: str
    key_id: bytes
    signature: bytes

    def is_by(self, key: NoteKey) -> bool:
        """Whether name and id are those of a key; nothing is checked."""
        return self.name == key.name and self.key_id == key.id

    def text(self) -> str:
        """Write the line."""
        return f"{_DASH}{self.name} {base64.b64encode(self.key_id + self.signature).decode()}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A text that ends in a newline, and its signatures, none of them checked."""

    text: str
    signatures: tuple[NoteSignature, ...]

    def to_bytes(self) -> bytes:
        """Write the note."""
        return (self.text + "\n" + "".join(each.text() for each in self.signatures)).encode()

    @classmethod
    def parse(cls, raw: bytes) -> "Note":
        """Read a note. Raises `NotAuthentic`."""
        try:
            return cls._parse(raw)
        except (ValueError, binascii.Error) as error:
            raise NotAuthentic("a signed note cannot be read", remedy=_REMEDY) from error

    @classmethod
    def _parse(cls, raw: bytes) -> "Note":
        if len(raw) > NOTE_LIMIT_BYTES:
            raise ValueError("too long")
        whole = raw.decode("utf-8")
        body, blank, below = whole.rpartition("\n\n")
        lines = below.split("\n")
        if not blank or _CONTROL.search(whole) or lines.pop() or not 1 <= len(lines) <= _MOST_SIGNATURES:
            raise ValueError("no text with signatures")
        return cls(body + "\n", tuple(map(_read_line, lines)))

    def with_signatures(self, more: Iterable[NoteSignature]) -> "Note":
        """Give the note with further lines; a line that is there is not written twice."""
        return Note(self.text, tuple(dict.fromkeys((*self.signatures, *more))))

    def signatures_of(self, key: NoteKey) -> list[bytes]:
        """Give the signature bytes under the name and id of a key, none of them checked."""
        return [each.signature for each in self.signatures if each.is_by(key)]

    def check_signed(self, key: NoteKey, what: str) -> None:
        """Raise `NotAuthentic` unless an Ed25519 key signed this text."""
        found = self.signatures_of(key)
        if not found or key.kind is not KeyType.ED25519:
            raise NotAuthentic(f"{what} is not signed by the key of its log", remedy=_REMEDY)
        for signature in found:
            key.check(self.text.encode(), signature, what)


def _read_line(line: str) -> NoteSignature:
    dash, name, encoded = line[: len(_DASH)], *line[len(_DASH) :].split(" ")
    raw = _unbase64(encoded)
    if dash != _DASH or not _is_name(name) or len(raw) <= _ID_BYTES:
        raise ValueError("no signature")
    return NoteSignature(name, raw[:_ID_BYTES], raw[_ID_BYTES:])


def sign_note(text: str, name: str, private: Ed25519PrivateKey) -> NoteSignature:
    """Sign a text that ends in a newline."""
    key = NoteKey(name, KeyType.ED25519, private.public_key().public_bytes_raw())
    return NoteSignature(name, key.id, private.sign(text.encode()))
