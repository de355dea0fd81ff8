# SPDX-License-Identifier: EUPL-1.2
"""What agencies handed over: accepted in their order, merged at the next publication.

Kept are the contributions as they came, and which index entry is whose. An agency's contribution replaces entries
of that agency and no others, whatever it says; an entry that is another's stays another's.

What is merged counts once the publication is in place; after an interruption the same contributions are merged
again, which changes nothing that has arrived.
"""

import hashlib
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from police2peer.catalogue.changes import SortedChanges
from police2peer.catalogue.contribution import Contribution, ContributionReader
from police2peer.catalogue.home import Home
from police2peer.catalogue.lookup import CodeStretch
from police2peer.catalogue.metadata import Agency
from police2peer.catalogue.register_file import open_database, unusable
from police2peer.errors import BadInput, NotAuthentic
from police2peer.storage import whole_file

__all__ = ["Intake", "PackSink"]

PackSink = Callable[[bytes, list[int]], None]  # takes a pack's bytes, and the length of each sealed record in it

_SCHEMA = """
CREATE TABLE IF NOT EXISTS contribution (
  number INTEGER PRIMARY KEY, agency TEXT NOT NULL, sequence INTEGER NOT NULL, manifest BLOB NOT NULL,
  complete INTEGER NOT NULL, records INTEGER NOT NULL, state TEXT NOT NULL, UNIQUE (agency, sequence)
) STRICT;
CREATE TABLE IF NOT EXISTS entry (
  start BLOB PRIMARY KEY, rest BLOB, agency TEXT NOT NULL
) STRICT, WITHOUT ROWID;
"""
_START_BYTES = 28  # lookup key and nonce: no two entries have both
_OWN = ""  # owner of the entries that come from the register of this folder; the rest of them is not kept


@dataclass(frozen=True, slots=True)
class _Kept:
    number: int
    agency: str
    sequence: int
    complete: bool
    records: int


class Intake:
    """What the coordinating body keeps of contributions; use it in a `with` block."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._db = open_database(home.intake)
        self._db.executescript(_SCHEMA)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()
        if isinstance(error, sqlite3.DatabaseError):
            raise unusable(error) from error

    def _path(self, agency: str, sequence: int) -> Path:
        return self._home.contributions / agency / f"{sequence:06}.contribution"

    # Accepting

    def accept(self, path: Path, agencies: Mapping[str, Agency], stretch: CodeStretch) -> Contribution:
        """Check a contribution and keep it for the next publication.

        Raises `NotAuthentic` when it is not what an agency of this catalogue signed, `BadInput` when it is out of
        turn or for another catalogue. Nothing is kept then.
        """
        self._home.contributions.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryDirectory(prefix=".incoming-", dir=self._home.contributions) as folder:
            # What is checked is our own copy: the file given may lie where others write.
            copy = Path(folder) / "contribution"
            try:
                with path.open("rb") as source, whole_file(copy, mode=0o600) as target:
                    shutil.copyfileobj(source, target)
            except FileNotFoundError as error:
                raise BadInput(f"{path.name} is not there", remedy="give the file of a contribution") from error
            with ContributionReader(copy) as reader:
                found = reader.contribution
                if found.agency not in agencies:
                    raise NotAuthentic(
                        "this contribution comes from an agency that the catalogue does not name",
                        remedy="name it first: police2peer catalogue agency add",
                    )
                reader.check(agencies[found.agency])
                self._check_catalogue(found, stretch)
                self._check_turn(found)
                kept = self._path(found.agency, found.sequence)
                kept.parent.mkdir(exist_ok=True, mode=0o700)
                copy.replace(kept)
                self._keep(found, reader.manifest)
        return found

    def _check_catalogue(self, found: Contribution, stretch: CodeStretch) -> None:
        own = hashlib.sha256(self._home.pinned_root.read_bytes()).hexdigest()
        if (found.catalogue, found.stretch) != (own, stretch):
            raise BadInput(
                "this contribution is for another catalogue", remedy="the agency has to join this one, with its root"
            )

    def _check_turn(self, found: Contribution) -> None:
        """Refuse what was accepted before, what leaves a gap, and what grew from another past than ours."""
        row = self._db.execute(
            "SELECT sequence, manifest FROM contribution WHERE agency = ? ORDER BY sequence DESC", (found.agency,)
        ).fetchone()
        sequence, previous = (row[0], row[1].hex()) if row else (0, "0" * 64)
        fits = found.sequence > sequence if found.complete else found.sequence == sequence + 1
        if not fits or (not found.complete and found.previous != previous):
            raise BadInput(
                f"contribution {found.sequence} of {found.agency} does not follow the last one accepted, {sequence}",
                remedy="ask for those between (contribute --again NUMBER), or for all anew "
                f"(contribute --everything --after {sequence})",
            )

    def _keep(self, found: Contribution, manifest: bytes) -> None:
        row = (found.agency, found.sequence, hashlib.sha256(manifest).digest(), found.complete, found.records)
        with self._db:
            self._db.execute(
                "INSERT INTO contribution (agency, sequence, manifest, complete, records, state)"
                " VALUES (?, ?, ?, ?, ?, 'waiting')",
                row,
            )

    # Publishing

    def _in_state(self, state: str) -> list[_Kept]:
        rows = self._db.execute(
            "SELECT number, agency, sequence, complete, records FROM contribution WHERE state = ? ORDER BY number",
            (state,),
        )
        return [
            _Kept(number, agency, sequence, bool(complete), records)
            for number, agency, sequence, complete, records in rows
        ]

    def claim_own(self, starts: Iterable[bytes]) -> None:
        """Note entries of this folder's own register, by how they begin, so that nobody else can have them."""
        with self._db:
            self._db.executemany("INSERT OR IGNORE INTO entry VALUES (?, NULL, '')", ((start,) for start in starts))

    def forget_own(self) -> None:
        """Forget the entries of this folder's own register, which is about to be published anew."""
        with self._db:
            self._db.execute("DELETE FROM entry WHERE agency = ?", (_OWN,))

    def note_own(self, old: bytes | None, new: bytes) -> None:
        """Note one entry of this folder's own register, and the one that it replaces; counts as `send` does."""
        if old is not None:
            self._db.execute("DELETE FROM entry WHERE start = ? AND agency = ?", (old[:_START_BYTES], _OWN))
        self._db.execute("INSERT OR IGNORE INTO entry VALUES (?, NULL, ?)", (new[:_START_BYTES], _OWN))

    def send(self, named: Container[str], sink: PackSink, changes: SortedChanges) -> int:
        """Hand packs and changes of what waits to the publication, and give the number of records.

        What waits of agencies that are no longer named is left out. All this counts only after `set_published`.
        """
        records = 0
        for each in self._in_state("waiting"):
            state = "left out"
            if each.agency in named:
                state = "merged"
                self._merge(each, sink, changes)
                records += each.records
            self._db.execute("UPDATE contribution SET state = ? WHERE number = ?", (state, each.number))
        return records

    def send_packs(self, sink: PackSink) -> None:
        """Hand over the packs of all that was merged before, as into an empty folder or a new log."""
        for each in self._in_state("merged"):
            with ContributionReader(self._path(each.agency, each.sequence)) as reader:
                for content, lengths in reader.packs():
                    sink(content, lengths)

    def send_entries(self, changes: SortedChanges) -> None:
        """Hand over the entries of all that was merged before, as into an empty index."""
        for start, rest in self._db.execute("SELECT start, rest FROM entry WHERE agency != ?", (_OWN,)):
            changes.add(None, start + rest)

    def set_published(self) -> None:
        """Count what was sent as published."""
        self._db.commit()

    def _merge(self, kept: _Kept, sink: PackSink, changes: SortedChanges) -> None:
        if kept.complete:
            self._take_back(kept, changes)
        with ContributionReader(self._path(kept.agency, kept.sequence)) as reader:
            for content, lengths in reader.packs():
                sink(content, lengths)
            for start, new in reader.changes():
                old = None if start is None else self._give_up(kept.agency, start)
                fresh = self._db.execute(
                    "INSERT OR IGNORE INTO entry VALUES (?, ?, ?)",
                    (new[:_START_BYTES], new[_START_BYTES:], kept.agency),
                ).rowcount
                if old or fresh:
                    changes.add(old, new if fresh else None)

    def _give_up(self, agency: str, start: bytes) -> bytes | None:
        """Take an entry of this agency that begins so out of the table, and give it; None when it has none."""
        row = self._db.execute(
            "DELETE FROM entry WHERE start = ? AND agency = ? RETURNING rest", (start, agency)
        ).fetchone()
        return None if row is None else start + row[0]

    def _take_back(self, kept: _Kept, changes: SortedChanges) -> None:
        """Take all entries of an agency back, which hands over everything anew."""
        for start, rest in self._db.execute("SELECT start, rest FROM entry WHERE agency = ?", (kept.agency,)):
            changes.add(start + rest, None)
        self._db.execute("DELETE FROM entry WHERE agency = ?", (kept.agency,))
        self._db.execute(
            "UPDATE contribution SET state = 'replaced' WHERE agency = ? AND number < ?", (kept.agency, kept.number)
        )

    def count(self) -> dict[str, int]:
        """Count the records that wait, by agency."""
        rows = self._db.execute(
            "SELECT agency, sum(records) FROM contribution WHERE state = 'waiting' GROUP BY agency"
        )
        return dict(rows.fetchall())
