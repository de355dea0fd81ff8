# SPDX-License-Identifier: EUPL-1.2
"""Signs records with their agency's key, seals them and lays them into packs, with an index entry for each alias.

A pack is about 16 KB, so that a lookup fetches little and a million records make few files.
Source: docs/catalogue-format.md, "Packs and records".
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from police2peer.catalogue.lookup import Alias
from police2peer.catalogue.record import RECORD_SIGNING_PREFIX, Record
from police2peer.catalogue.seal import Place, Signature, seal_entry, seal_record
from police2peer.errors import NotPermitted

__all__ = ["Pack", "RecordKey", "pack_records"]

RandomBytes = Callable[[int], bytes]
_PACK_BYTES = 16 * 1024
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class RecordKey:
    """An agency's key as the trust root names it."""

    key_id: bytes
    private: Ed25519PrivateKey


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack's bytes, and the records in it with their index entries."""

    content: bytes
    records: tuple[tuple[Record, dict[Alias, bytes]], ...]


def _sign(record: Record, keys: Mapping[str, RecordKey]) -> tuple[bytes, Signature]:
    key = keys.get(record.draft.agency)
    if key is None:
        raise NotPermitted(
            f"a record waits for the key of {record.draft.agency}, which is not here or not named by the trust root",
            remedy="publish where that agency's key is, or name the agency with: police2peer catalogue init",
        )
    raw = record.to_bytes()
    return raw, Signature(key.key_id, key.private.sign(RECORD_SIGNING_PREFIX + raw))


def _close(sealed: list[tuple[Record, list[Alias], bytes, bytes]], random_bytes: RandomBytes) -> Pack:
    content = b"".join(blob for _, _, _, blob in sealed)
    sha256 = hashlib.sha256(content).digest()
    records, offset = [], 0
    for record, aliases, key, blob in sealed:
        place = Place(key, sha256, offset, len(blob))
        records.append((record, {alias: seal_entry(alias, place, random_bytes) for alias in aliases}))
        offset += len(blob)
    return Pack(content, tuple(records))


def pack_records(
    waiting: Iterable[tuple[Record, list[Alias]]], keys: Mapping[str, RecordKey], random_bytes: RandomBytes
) -> Iterable[Pack]:
    """Sign, seal and pack records. Raises `NotPermitted` when an agency's key is missing."""
    sealed: list[tuple[Record, list[Alias], bytes, bytes]] = []
    size = 0
    for record, aliases in waiting:
        raw, signature = _sign(record, keys)
        record_key = random_bytes(_KEY_BYTES)
        blob = seal_record(raw, (signature,), record_key, random_bytes)
        if sealed and size + len(blob) > _PACK_BYTES:
            yield _close(sealed, random_bytes)
            sealed, size = [], 0
        sealed.append((record, aliases, record_key, blob))
        size += len(blob)
    if sealed:
        yield _close(sealed, random_bytes)
