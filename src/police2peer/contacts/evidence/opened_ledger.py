# SPDX-License-Identifier: EUPL-1.2
"""A ledger as the evidence officer opens it: records one after another, each with the key that opens it alone.

Records whose keys were destroyed stay sealed for ever; they are counted and passed over.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from police2peer.campaign import EvidenceKey
from police2peer.catalogue.log import NOTE_LIMIT_BYTES, NoteKey
from police2peer.contacts.evidence.pack import ConfirmedState, PackedLedger
from police2peer.contacts.ledger import (
    LedgerReader,
    RecordKey,
    SealedEntry,
    SegmentHeader,
    confirmations,
    open_state,
    open_with_record_key,
)
from police2peer.errors import BadInput, NotAuthentic

__all__ = ["OpenedEntry", "OpenedLedger"]

_RECORD_KIND: Final = 2
_MARGIN: Final = timedelta(hours=1)  # a segment is as old as its header says, give or take a clock that was set


@dataclass(frozen=True, slots=True)
class OpenedEntry:
    """A record with the key that opens it and nothing else; `header` is the entry that begins its segment."""

    index: int
    leaf: bytes
    key: RecordKey
    header: int
    record: bytes


class OpenedLedger:
    """A ledger that was read and holds, with the agency's private key and the witnesses that it relies upon."""

    def __init__(self, reader: LedgerReader, private: EvidenceKey, witnesses: Sequence[NoteKey] = ()) -> None:
        self.reader = reader
        self._private = private
        self.witnesses = tuple(witnesses)
        self.erased = 0

    def state(self, after: int) -> PackedLedger:
        """Give the newest signed state, to which proofs lead, and those that others vouch for and that cover `after`.

        Raises `NotAuthentic` when a witness confirmed, or a service stamped, what this ledger never was.
        """
        head = self.reader.head()
        vouched = tuple(each for size, each in (*self._confirmed(), *self._stamped()) if size > after)
        return PackedLedger(
            self.reader.origin, self.reader.key.text(), head.to_bytes(), head.size, head.root, confirmed=vouched
        )

    def _confirmed(self) -> Iterator[tuple[int, ConfirmedState]]:
        """Give the newest state that each named witness confirmed."""
        for each in confirmations(self.reader, self.witnesses):
            note = (self.reader.folder.cosigned / each.witness.id.hex()).read_bytes()[: NOTE_LIMIT_BYTES + 1]
            yield each.size, ConfirmedState(note, self._growth(each.size), each.witness.text())

    def _stamped(self) -> Iterator[tuple[int, ConfirmedState]]:
        """Give every state that was stamped. Whether a stamp holds is for who trusts its service."""
        for path in sorted(self.reader.folder.stamps.glob("*.tsr")):
            note = path.with_suffix(".note").read_bytes()[: NOTE_LIMIT_BYTES + 1]
            state = open_state(note, self.reader.key)
            if state.size > len(self.reader) or self.reader.root(state.size) != state.root:
                raise NotAuthentic(
                    "a state was stamped that this ledger does not have",
                    remedy="keep both as they are: this copy is older, or the ledger was changed",
                )
            stamp = path.read_bytes()[: NOTE_LIMIT_BYTES + 1]
            yield state.size, ConfirmedState(note, self._growth(state.size), stamp=stamp)

    def _growth(self, size: int) -> bytes:
        return b"".join(self.reader.consistency_proof(size, self.reader.head().size))

    def records(self, start: datetime) -> Iterator[OpenedEntry]:
        """Open the records of all segments that may hold a contact which began at `start` or later."""
        headers = self.reader.segments()
        ends = [*(header.first for header in headers[1:]), len(self.reader)]
        late = (place for place, header in enumerate(headers) if header.opened_at >= start - _MARGIN)
        first = max(next(late, len(headers)) - 1, 0)
        for header, end in zip(headers[first:], ends[first:], strict=True):
            yield from self._of_segment(header, end)

    def _of_segment(self, header: SegmentHeader, end: int) -> Iterator[OpenedEntry]:
        if not self.reader.folder.keys_file(header.segment).exists():
            self.erased += end - header.first - 1
            return
        for entry in self.reader.entries(header.first, end):
            if entry.content[1] == _RECORD_KIND:
                opened = self._open(entry, header.first)
                if opened is not None:
                    yield opened

    def _open(self, entry: SealedEntry, header: int) -> OpenedEntry | None:
        keys = self.reader.open_keys(entry.segment, self._private)
        try:
            key = keys.of(entry.index)
        except BadInput:
            self.erased += 1
            return None
        return OpenedEntry(entry.index, entry.leaf, key, header, open_with_record_key(entry, key))

    def one(self, index: int) -> OpenedEntry:
        """Open a single record. Raises `BadInput` when it is none, or its key was destroyed."""
        entry = self.reader.entry(index)
        if entry.content[1] != _RECORD_KIND:
            raise BadInput(f"entry {index} is no sealed record", remedy="give the number of a record")
        header = self.reader.segments()[entry.segment - 1].first
        opened = self._open(entry, header)
        if opened is None:
            raise BadInput(f"the key of entry {index} was destroyed", remedy="nobody can open it any more")
        return opened
