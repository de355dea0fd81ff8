# SPDX-License-Identifier: EUPL-1.2
"""A ledger as the evidence officer opens it: records one after another, each with the key that opens it alone.

Records whose keys were destroyed stay sealed for ever; they are counted and passed over.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from police2peer.campaign import EvidenceKey
from police2peer.catalogue.log import NOTE_LIMIT_BYTES, Note, NoteKey, read_cosignatures
from police2peer.contacts.evidence.pack import PackedLedger
from police2peer.contacts.ledger import (
    LedgerReader,
    LedgerState,
    RecordKey,
    SealedEntry,
    SegmentHeader,
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
        self._witnesses = tuple(witnesses)
        self.erased = 0

    def state(self, after: int) -> PackedLedger:
        """Give the signed state to which proofs lead: the newest that witnesses confirmed, if it covers `after`.

        Else it is the newest. Raises `NotAuthentic` when a witness confirmed what this ledger never was.
        """
        best, by = self.reader.head(), tuple[str, ...]()
        note = best.note
        for state in self._confirmed():
            lines = note.signatures if state.note.text == note.text else ()
            merged = state.note.with_signatures(lines)
            known = tuple(each.witness.text() for each in read_cosignatures(merged, self._witnesses))
            if state.size > after and (len(known), state.size) > (len(by), best.size if by else -1):
                best, note, by = state, merged, known
        stamps = tuple(
            (path.name, path.read_bytes())
            for path in sorted(self.reader.folder.stamps.glob(f"{best.size}.*"))
            if path.suffix in {".tsr", ".note"}
        )
        return PackedLedger(
            self.reader.origin, self.reader.key.text(), note.to_bytes(), best.size, best.root, by, stamps
        )

    def _confirmed(self) -> Iterator[LedgerState]:
        """Give every state that a witness confirmed, each held against the tree."""
        folder = self.reader.folder.cosigned
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            raw = path.read_bytes()[: NOTE_LIMIT_BYTES + 1]
            state = open_state(raw, self.reader.key)
            if state.size > len(self.reader) or self.reader.root(state.size) != state.root:
                raise NotAuthentic(
                    "a witness confirmed a state that this ledger does not have",
                    remedy="keep both as they are: this copy is older, or the ledger was changed",
                )
            yield LedgerState(state.size, state.root, state.at, state.closed, Note.parse(raw))

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
