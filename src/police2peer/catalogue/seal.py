# SPDX-License-Identifier: EUPL-1.2
"""Index entries and sealed records: made and opened.

An entry opens only for who knows the value it stands under; a record opens only with the key in the entry.
Nonces are random and never used twice, because an alias keeps its key when its record changes.
Source: docs/catalogue-format.md, "Index" and "Packs and records"; NIST SP 800-38D (AES-GCM).
"""

from collections.abc import Callable
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from police2peer.catalogue.distrust import FETCH_AGAIN
from police2peer.catalogue.lookup import Alias, entry_key, lookup_key
from police2peer.errors import NotAuthentic

__all__ = ["ENTRY_BYTES", "Place", "Signature", "open_entry", "open_record", "seal_entry", "seal_record"]

RandomBytes = Callable[[int], bytes]

ENTRY_BYTES = 116  # 16 lookup key, 12 nonce, 72 place, 16 tag
_LOOKUP_KEY_BYTES, _NONCE_BYTES = 16, 12
_KEY_ID_BYTES, _SIGNATURE_BYTES = 32, 64
_RECORD_DATA = b"p2pw/record/1"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed record lies, and the key that opens it."""

    record_key: bytes
    pack: bytes
    offset: int
    length: int

    def to_bytes(self) -> bytes:
        """Write the 72 bytes that an entry seals."""
        return self.record_key + self.pack + self.offset.to_bytes(4, "big") + self.length.to_bytes(4, "big")

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Place":
        """Read the 72 bytes; their number is fixed by the entry's."""
        return cls(raw[:32], raw[32:64], int.from_bytes(raw[64:68], "big"), int.from_bytes(raw[68:72], "big"))


@dataclass(frozen=True, slots=True)
class Signature:
    """An Ed25519 signature and the TUF key id of who made it."""

    key_id: bytes
    signature: bytes


def _open(key: bytes, sealed: bytes, data: bytes, what: str) -> bytes:
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], data)
    except (InvalidTag, ValueError) as error:
        raise NotAuthentic(f"{what} of this copy of the catalogue does not open", remedy=FETCH_AGAIN) from error


def seal_entry(alias: Alias, place: Place, random_bytes: RandomBytes) -> bytes:
    """Make the index entry of an alias."""
    under, nonce = lookup_key(alias), random_bytes(_NONCE_BYTES)
    return under + nonce + AESGCM(entry_key(alias)).encrypt(nonce, place.to_bytes(), under)


def open_entry(alias: Alias, entry: bytes) -> Place:
    """Open an index entry. Raises `NotAuthentic`."""
    under, sealed = entry[:_LOOKUP_KEY_BYTES], entry[_LOOKUP_KEY_BYTES:]
    return Place.from_bytes(_open(entry_key(alias), sealed, under, "an entry"))


def seal_record(raw: bytes, signatures: tuple[Signature, ...], key: bytes, random_bytes: RandomBytes) -> bytes:
    """Seal a record's exact bytes with its signatures."""
    nonce = random_bytes(_NONCE_BYTES)
    signed = b"".join(each.key_id + each.signature for each in signatures)
    return nonce + AESGCM(key).encrypt(nonce, bytes([len(signatures)]) + signed + raw, _RECORD_DATA)


def open_record(sealed: bytes, key: bytes) -> tuple[tuple[Signature, ...], bytes]:
    """Give the signatures and the exact bytes of a sealed record. Raises `NotAuthentic`."""
    content = _open(key, sealed, _RECORD_DATA, "a record")
    width = _KEY_ID_BYTES + _SIGNATURE_BYTES
    end = 1 + (content[0] if content else 0) * width
    if len(content) <= end:
        raise NotAuthentic("a record of this copy of the catalogue is cut short", remedy=FETCH_AGAIN)
    signatures = tuple(
        Signature(content[at : at + _KEY_ID_BYTES], content[at + _KEY_ID_BYTES : at + width])
        for at in range(1, end, width)
    )
    return signatures, content[end:]
