# SPDX-License-Identifier: EUPL-1.2
"""Seals records and opens them: one key a segment, and from it one key a record.

::

    record key   HKDF-Expand(segment key, "p2p-record-key-v1" + u64 place in the tree, 32 bytes)
    sealed       SHA-256("p2p-record-key-commit-v1" + record key) + AES-256-GCM(record key, nonce 0, record)

A record's key opens this record and no other, so that one record can be disclosed and the rest stays sealed. A key
seals once, so the nonce may be constant. AES-GCM alone would let a dishonest sealer show one ciphertext under two
keys with two contents; the commitment, which the tree covers, excludes that.
Sources: RFC 5869 (HKDF), NIST SP 800-38D (GCM).
"""

import hashlib
import hmac
import struct
from collections.abc import Iterable
from typing import Final, NewType

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from police2peer.contacts.ledger.frames import LEAF_MARK, LENGTH, EntryKind
from police2peer.errors import NotAuthentic

__all__ = [
    "KEY_BYTES",
    "RecordKey",
    "SegmentKey",
    "open_sealed",
    "record_commitment",
    "record_key",
    "seal_records",
    "segment_commitment",
]

SegmentKey = NewType("SegmentKey", bytes)
RecordKey = NewType("RecordKey", bytes)

KEY_BYTES: Final = 32
_RECORD_INFO: Final = b"p2p-record-key-v1"
_RECORD_COMMIT: Final = b"p2p-record-key-commit-v1"
_SEGMENT_COMMIT: Final = b"p2p-segment-key-commit-v1"
_NONCE: Final = bytes(12)
_PLACE: Final = struct.Struct(">QB")  # with the counter 1 of HKDF's only block
_LEAD: Final = LEAF_MARK + bytes([EntryKind.RECORD])
_COMMIT_BYTES: Final = 32


def segment_commitment(key: SegmentKey) -> bytes:
    """Give what a segment's header says of its key."""
    return hashlib.sha256(_SEGMENT_COMMIT + key).digest()


def record_key(key: SegmentKey, index: int) -> RecordKey:
    """Give the key of the record at this place of the tree."""
    return RecordKey(hmac.digest(key, _RECORD_INFO + _PLACE.pack(index, 1), "sha256"))


def record_commitment(key: RecordKey) -> bytes:
    """Give what stands before a sealed record."""
    return hashlib.sha256(_RECORD_COMMIT + key).digest()


def seal_records(key: SegmentKey, first: int, payloads: Iterable[bytes]) -> tuple[list[bytes], list[bytes]]:
    """Seal records for the places from `first` on; give the pieces of their frames, and the hashes of their leaves.

    No place may ever be sealed twice with one segment key.
    """
    pieces: list[bytes] = []
    leaves: list[bytes] = []
    derive, commit, place, length = hmac.digest, hashlib.sha256, _PLACE.pack, LENGTH.pack
    for index, payload in enumerate(payloads, first):
        own = derive(key, _RECORD_INFO + place(index, 1), "sha256")
        sealed = _LEAD + commit(_RECORD_COMMIT + own).digest() + AESGCM(own).encrypt(_NONCE, payload, None)
        leaves.append(commit(sealed).digest())
        pieces += (length(len(sealed)), sealed)
    return pieces, leaves


def open_sealed(body: bytes, key: RecordKey) -> bytes:
    """Open the body of a record's entry. Raises `NotAuthentic` for another key, and for a damaged record."""
    remedy = "use the key of this very record, and an undamaged copy of the ledger"
    if not hmac.compare_digest(body[:_COMMIT_BYTES], record_commitment(key)):
        raise NotAuthentic("this is not the key of this record", remedy=remedy)
    try:
        return AESGCM(key).decrypt(_NONCE, body[_COMMIT_BYTES:], None)
    except InvalidTag as error:
        raise NotAuthentic("this sealed record does not open with its own key", remedy=remedy) from error
