# SPDX-License-Identifier: EUPL-1.2
"""Erases records by destroying their keys, and leaves a notice in the ledger that says which, why, by whom and when.

1. The notice is committed: from then on the erasure is told and cannot be taken back. 2. The key file is written
over and removed; of a segment of which only some records go, the keys of the others take its place, wrapped anew by
who holds the agency's key. What is sealed stays where it is: every proof still holds, and nobody can open it.

Promise: an erasure that was interrupted after its notice is finished by running it again.
Source: docs/ledger.md, "Erasure"; Directive (EU) 2016/680, articles 5 and 16.
"""

import json
import os
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from police2peer.campaign import EvidenceKey, EvidencePublicKey
from police2peer.contacts.ledger.folder import flush_folder
from police2peer.contacts.ledger.frames import LEAF_MARK, EntryKind, read_frames
from police2peer.contacts.ledger.ledger import Ledger
from police2peer.contacts.ledger.reader import LedgerReader, SealedEntry
from police2peer.contacts.ledger.segment import SegmentHeader, canonical, time_text
from police2peer.contacts.ledger.wraps import KeysOf, WrappedKeys, wrap_record_keys
from police2peer.errors import BadInput, NotAuthentic
from police2peer.storage import write_whole

__all__ = [
    "DUE",
    "ErasureNotice",
    "ErasureProof",
    "due_segments",
    "erase_records",
    "erase_segments",
    "keys_of_the_rest",
    "prove_erasures",
    "read_notice",
]

_FORMAT: Final = "p2p-erasure-1"
_HEAD_BYTES: Final = 64 * 1024  # a header is about 2 kB
DUE: Final = "the erase-by date has come"


@dataclass(frozen=True, slots=True)
class ErasureNotice:
    """Whole segments whose keys were destroyed, or single records by their places in the tree; why, by whom, when."""

    segments: tuple[int, ...]
    records: tuple[int, ...]
    why: str
    by: str
    at: datetime

    def content(self) -> bytes:
        """Give the content of its frame."""
        plain = {
            "format": _FORMAT,
            "segments": self.segments,
            "records": self.records,
            "why": self.why,
            "by": self.by,
            "at": time_text(self.at),
        }
        return LEAF_MARK + bytes([EntryKind.ERASURE]) + canonical(plain)


def read_notice(entry: SealedEntry) -> ErasureNotice:
    """Read an entry that is a notice. Raises `NotAuthentic` for anything else."""
    try:
        value: dict[str, Any] = json.loads(entry.body)
        places = (*value["segments"], *value["records"])
        if any(type(each) is not int or each < 0 for each in places) or type(value["why"]) is not str:
            raise ValueError("no places")  # noqa: TRY301 - one way out
        at = datetime.fromisoformat(value["at"]).astimezone(UTC)
        notice = ErasureNotice(tuple(value["segments"]), tuple(value["records"]), value["why"], value["by"], at)
        if notice.content() != entry.content:
            raise ValueError("another spelling")  # noqa: TRY301
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        raise NotAuthentic(
            "a notice of erasure in the ledger cannot be read", remedy="use an undamaged copy of the ledger"
        ) from error
    return notice


@dataclass(frozen=True, slots=True)
class ErasureProof:
    """A notice, its place and its proof in the tree of a signed state (the note); and whether no key is left here."""

    notice: ErasureNotice
    index: int
    proof: tuple[bytes, ...]
    state: bytes
    keys_gone: bool


def prove_erasures(reader: LedgerReader) -> tuple[ErasureProof, ...]:
    """Give every erasure of a ledger with its proof, oldest first."""
    head = reader.head() if reader.segments() else None
    found = []
    for entry in reader.entries():
        if head is not None and entry.kind is EntryKind.ERASURE:
            notice = read_notice(entry)
            proof = tuple(reader.inclusion_proof(entry.index, head.size))
            found.append(ErasureProof(notice, entry.index, proof, head.to_bytes(), _are_gone(reader, notice)))
    return tuple(found)


def _are_gone(reader: LedgerReader, notice: ErasureNotice) -> bool:
    """Whether no key file here opens what was erased."""
    if any(reader.folder.keys_file(segment).exists() for segment in notice.segments):
        return False
    touched = {reader.entry(index).segment for index in notice.records if index < len(reader)}
    files = [segment for segment in touched if reader.folder.keys_file(segment).exists()]
    return all(reader.wrapped_keys(segment).holds is KeysOf.RECORDS for segment in files)


def due_segments(ledger: Ledger, today: date) -> tuple[int, ...]:
    """Give the segments whose erase-by date has come and whose keys are still there."""
    found = []
    for number in ledger.folder.segment_numbers():
        with ledger.folder.segment_file(number).open("rb") as handle:
            first = next(read_frames(handle.read(_HEAD_BYTES)), None)
        due = first is not None and SegmentHeader.read(first.content).erase_by <= today
        if due and ledger.folder.keys_file(number).exists():
            found.append(number)
    return tuple(found)


def erase_segments(ledger: Ledger, segments: Sequence[int], *, why: str = DUE, by: str, now: datetime) -> None:
    """Destroy the keys of whole segments. Raises `BadInput` for segments that are not there."""
    unknown = set(segments) - set(ledger.folder.segment_numbers())
    if unknown or not segments:
        raise BadInput("there are no such segments in this ledger", remedy="`police2peer ledger status` counts them")
    ledger.end_segment()
    notice = ErasureNotice(tuple(sorted(set(segments))), (), why, by, now)
    ledger.commit((), now, notices=[notice.content()])
    for segment in notice.segments:
        _destroy(ledger.folder.keys_file(segment))
    flush_folder(ledger.folder.keys)


def keys_of_the_rest(
    reader: LedgerReader,
    segment: int,
    erased: Collection[int],
    private: EvidenceKey,
    recipients: Iterable[EvidencePublicKey],
) -> bytes:
    """Wrap the keys of a segment's records but for some of them: done where the agency's private key is."""
    header = reader.segments()[segment - 1]
    after = reader.segments()[segment].first if segment < len(reader.segments()) else len(reader)
    keys = {
        entry.index: reader.record_key(entry, private)
        for entry in reader.entries(header.first, after)
        if entry.kind is EntryKind.RECORD and entry.index not in erased
    }
    return wrap_record_keys(keys, reader.origin, segment, recipients).to_bytes()


def erase_records(
    ledger: Ledger, segment: int, erased: Collection[int], rest: bytes, *, why: str, by: str, now: datetime
) -> None:
    """Destroy the keys of some records of a segment; `rest` is what `keys_of_the_rest` made for it.

    Raises `BadInput` when it was made for another segment. The node cannot see whether the keys in it are the right
    ones; who made it opens it once more before the old file is gone.
    """
    keys = WrappedKeys.from_bytes(rest)
    is_open = ledger.folder.segment_numbers()[-1:] == [segment]
    if keys.holds is not KeysOf.RECORDS or (keys.origin, keys.segment) != (ledger.key.name, segment) or is_open:
        raise BadInput(
            "these keys were made for another segment, or for one that is being written",
            remedy="make them again from this ledger, for a closed segment",
        )
    notice = ErasureNotice((), tuple(sorted(erased)), why, by, now)
    ledger.commit((), now, notices=[notice.content()])
    path = ledger.folder.keys_file(segment)
    before = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        write_whole(path, rest)
        _write_over(before)
    finally:
        os.close(before)
    flush_folder(ledger.folder.keys)


def _destroy(path: Path) -> None:
    if not path.exists():
        return
    file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        _write_over(file)
    finally:
        os.close(file)
    path.unlink()


def _write_over(file: int) -> None:
    """Write zeros over a file; what the disk keeps of it elsewhere is beyond a program (docs/ledger.md, "Limits")."""
    os.pwrite(file, bytes(os.fstat(file).st_size), 0)
    os.fsync(file)
