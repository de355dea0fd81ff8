# SPDX-License-Identifier: EUPL-1.2
"""Cosignatures: a witness says when this was the largest state of the log it saw, and that the log only grew.

Promise: only keys of the cosignature kind that the reader brought count, each once; a wrong one refuses the note.
Source: C2SP tlog-cosignature v1.0.0, "Ed25519 signed message".
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from police2peer.catalogue.log.note import KeyType, Note, NoteKey, NoteSignature
from police2peer.errors import NotAuthentic

__all__ = ["Cosignature", "cosign", "read_cosignatures", "witness_key"]

_TIME_BYTES = 8
_SIGNATURE_BYTES = 64
_LATEST = 253_402_300_799  # the last second of the year 9999, what a calendar can say


@dataclass(frozen=True, slots=True)
class Cosignature:
    """Who saw the state, and when."""

    witness: NoteKey
    at: datetime


def witness_key(name: str, public: bytes) -> NoteKey:
    """Give the key of a witness as it is handed over."""
    return NoteKey(name, KeyType.COSIGNATURE, public)


def _message(text: str, time_s: int) -> bytes:
    return f"cosignature/v1\ntime {time_s}\n{text}".encode()


def cosign(text: str, name: str, private: Ed25519PrivateKey, at: datetime) -> NoteSignature:
    """Sign the text of a checkpoint as a witness."""
    time_s = int(at.timestamp())
    signature = private.sign(_message(text, time_s))
    key = witness_key(name, private.public_key().public_bytes_raw())
    return NoteSignature(name, key.id, time_s.to_bytes(_TIME_BYTES, "big") + signature)


def read_cosignatures(note: Note, witnesses: Iterable[NoteKey]) -> list[Cosignature]:
    """Give the latest cosignature of each of these witnesses that the note carries. Raises `NotAuthentic`."""
    found: dict[bytes, Cosignature] = {}
    for witness in witnesses:
        for raw in note.signatures_of(witness):
            at = _check(note.text, witness, raw)
            known = found.get(witness.public)
            if known is None or known.at < at:
                found[witness.public] = Cosignature(witness, at)
    return list(found.values())


def _check(text: str, witness: NoteKey, raw: bytes) -> datetime:
    time_s = int.from_bytes(raw[:_TIME_BYTES], "big")
    what = "a cosignature on the checkpoint of the log"
    if witness.kind is not KeyType.COSIGNATURE or len(raw) != _TIME_BYTES + _SIGNATURE_BYTES or time_s > _LATEST:
        raise NotAuthentic(f"{what} cannot be read", remedy="ask the witness for it again")
    witness.check(_message(text, time_s), raw[_TIME_BYTES:], what)
    return datetime.fromtimestamp(time_s, UTC)
