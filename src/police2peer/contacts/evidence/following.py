# SPDX-License-Identifier: EUPL-1.2
"""What a ledger tells of itself, written into the custody log: what was collected, what was erased; and what is due.

Collection is the node's and erasure often too; both stand in the ledger, signed. Every command that reads a ledger
first notes what is new in it, so that the custody log is whole without a person at the node.
Source: LED Art. 5 (time limits for erasure, periodic review) and 25 (logs).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from police2peer.contacts.evidence.custody import Custody
from police2peer.contacts.evidence.custody_entry import Act, CustodyEntry
from police2peer.contacts.ledger import EntryKind, ErasureNotice, LedgerReader, read_notice

__all__ = ["Officer", "Review", "follow_ledger", "review_ledger"]

_COLLECTED: Final = "recorded by the node under the order"
_IN_ALL: Final = " entries in the ledger"
_OF_LEDGERS: Final = (Act.COLLECTION, Act.ERASURE)
_MOST_TEXT: Final = 500


@dataclass(frozen=True, slots=True)
class Officer:
    """Who acts, with the key that says so."""

    name: str
    key: Ed25519PrivateKey


def follow_ledger(custody: Custody, reader: LedgerReader, officer: Officer, at: datetime) -> list[CustodyEntry]:
    """Note what was collected and erased since the last such note; give the new lines, none when nothing is new."""
    origin, size = reader.origin, len(reader)
    noted = max((_noted(each) for each in custody.entries() if each.ledger == origin), default=0)
    kinds = {entry.index: entry.kind for entry in reader.entries(noted)}
    records = [index for index, kind in kinds.items() if kind is EntryKind.RECORD]
    notices = [reader.entry(index) for index, kind in kinds.items() if kind is EntryKind.ERASURE]
    lines = []
    if records:
        note = f"{size}{_IN_ALL}"
        collected = CustodyEntry(0, at, Act.COLLECTION, officer.name, _COLLECTED, ledger=origin, note=note)
        lines.append(custody.record(collected, officer.key, records))
    for entry in notices:
        notice = read_notice(entry)
        line = CustodyEntry(
            number=0,
            at=at,
            act=Act.ERASURE,
            who=officer.name,
            why=notice.why[:_MOST_TEXT] or "no reason is given",
            ledger=origin,
            note=f"{size}{_IN_ALL}; {_note(reader, entry.index, notice)}"[:_MOST_TEXT],
        )
        lines.append(custody.record(line, officer.key, _erased(reader, notice)))
    return lines


def _noted(entry: CustodyEntry) -> int:
    """Give how long the ledger was when a line was written that tells of it; 0 for other lines."""
    number, mark, _ = entry.note.partition(_IN_ALL)
    return int(number) if mark and entry.act in _OF_LEDGERS and number.isdecimal() else 0


def _note(reader: LedgerReader, index: int, notice: ErasureNotice) -> str:
    gone = not any(reader.folder.keys_file(segment).exists() for segment in notice.segments)
    keys = "the keys are gone" if gone else "KEYS ARE STILL HERE"
    root = reader.head().root.hex()
    return f"ordered by {notice.by} at {notice.at:%Y-%m-%d %H:%M:%S} UTC; entry {index} says so, root {root}; {keys}"


def _erased(reader: LedgerReader, notice: ErasureNotice) -> list[int]:
    """Give the numbers of the records whose keys were destroyed."""
    headers = reader.segments()
    ends = [*(header.first for header in headers[1:]), len(reader)]
    numbers = list(notice.records)
    for segment in notice.segments:
        numbers += range(headers[segment - 1].first + 1, ends[segment - 1])
    return numbers


@dataclass(frozen=True, slots=True)
class Review:
    """One segment of a ledger for the periodic review: how many entries, until when they may be kept."""

    segment: int
    opened_at: datetime
    order_id: str
    entries: int
    erase_by: date
    erased: bool
    days_left: int


def review_ledger(reader: LedgerReader, today: date) -> Iterator[Review]:
    """Give every segment, oldest first; nothing is opened for it."""
    headers = reader.segments()
    ends = [*(header.first for header in headers[1:]), len(reader)]
    for header, end in zip(headers, ends, strict=True):
        erased = not reader.folder.keys_file(header.segment).exists()
        left = (header.erase_by - today).days
        yield Review(
            header.segment, header.opened_at, header.order_id, end - header.first, header.erase_by, erased, left
        )
