# SPDX-License-Identifier: EUPL-1.2
"""Signs records with their agency's key, seals them and lays them into packs, with an index entry for each alias.

A pack is about 16 KB, so that a lookup fetches little and a million records make few files.
Source: docs/catalogue-format.md, "Packs and records".
"""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from police2peer.catalogue.lookup import Alias, lookup_key
from police2peer.catalogue.outgoing import Waiting
from police2peer.catalogue.record import RECORD_SIGNING_PREFIX, Record
from police2peer.catalogue.seal import Place, Signature, seal_entry, seal_record
from police2peer.errors import NotPermitted

__all__ = ["Pack", "RecordKey", "SealedRecord", "entry_start", "pack_records"]

RandomBytes = Callable[[int], bytes]
_PACK_BYTES = 16 * 1024
_STEP_BYTES = 128  # records are filled up to such a step with blanks, so that their length tells nothing
_KEY_BYTES, _NONCE_BYTES = 32, 12


@dataclass(frozen=True, slots=True)
class RecordKey:
    """An agency's key as the trust root names it."""

    key_id: bytes
    private: Ed25519PrivateKey


@dataclass(frozen=True, slots=True)
class SealedRecord:
    """A record as it is published: its sealed bytes, and its index entries each with the one that it replaces."""

    id: str
    rev: int
    seed: bytes
    blob: bytes
    entries: tuple[tuple[bytes | None, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class Pack:
    """Sealed records that are published in one file."""

    content: bytes
    records: tuple[SealedRecord, ...]


def entry_start(seed: bytes, alias: Alias) -> bytes:
    """Give the first bytes of the entry that was sealed with this seed: lookup key and nonce."""
    under = lookup_key(alias)
    return under + _nonce(seed, under)


def _nonce(seed: bytes, under: bytes) -> bytes:
    """Give an entry's nonce; a record sealed again has another seed, so that no entry key meets a nonce twice."""
    return hmac.digest(seed, b"p2pw/nonce/1|" + under, "sha256")[:_NONCE_BYTES]


def _sign(record: Record, keys: Mapping[str, RecordKey]) -> tuple[bytes, Signature]:
    key = keys.get(record.draft.agency)
    if key is None:
        raise NotPermitted(
            f"a record waits for the key of {record.draft.agency}, which is not here or not named by the trust root",
            remedy="publish where that agency's key is, or name the agency with: police2peer catalogue init",
        )
    raw = record.to_bytes()
    raw += b" " * (-len(raw) % _STEP_BYTES)
    return raw, Signature(key.key_id, key.private.sign(RECORD_SIGNING_PREFIX + raw))


def _seal(waiting: Waiting, keys: Mapping[str, RecordKey], random_bytes: RandomBytes) -> SealedRecord:
    raw, signature = _sign(waiting.record, keys)
    seed = random_bytes(_KEY_BYTES)
    blob = seal_record(raw, (signature,), _record_key(seed), random_bytes)
    return SealedRecord(waiting.record.draft.id, waiting.record.rev, seed, blob)


def _record_key(seed: bytes) -> bytes:
    return hmac.digest(seed, b"p2pw/record-key/1", "sha256")


def _close(sealed: list[tuple[Waiting, SealedRecord]]) -> Pack:
    content = b"".join(record.blob for _, record in sealed)
    sha256 = hashlib.sha256(content).digest()
    records, offset = [], 0
    for waiting, record in sealed:
        place = Place(_record_key(record.seed), sha256, offset, len(record.blob))
        records.append(replace(record, entries=tuple(_entries(waiting, record.seed, place))))
        offset += len(record.blob)
    return Pack(content, tuple(records))


def _entries(waiting: Waiting, seed: bytes, place: Place) -> Iterator[tuple[bytes | None, bytes]]:
    for alias, old_seed in waiting.aliases:
        start = entry_start(seed, alias)
        old = None if old_seed is None else entry_start(old_seed, alias)
        yield old, seal_entry(alias, place, _giving(start[-_NONCE_BYTES:]))


def _giving(nonce: bytes) -> RandomBytes:
    return lambda _count: nonce


def pack_records(
    waiting: Iterable[Waiting], keys: Mapping[str, RecordKey], random_bytes: RandomBytes
) -> Iterator[Pack]:
    """Sign, seal and pack records. Raises `NotPermitted` when an agency's key is missing."""
    sealed: list[tuple[Waiting, SealedRecord]] = []
    size = 0
    for each in waiting:
        record = _seal(each, keys, random_bytes)
        if sealed and size + len(record.blob) > _PACK_BYTES:
            yield _close(sealed)
            sealed, size = [], 0
        sealed.append((each, record))
        size += len(record.blob)
    if sealed:
        yield _close(sealed)
