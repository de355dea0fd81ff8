# SPDX-License-Identifier: EUPL-1.2
"""Counts without persons, in one SQLite file that stays small.

`tally` counts how many visits reached each rung, once each, in the hour it was reached: rung 3 is the number of
contacts, and a chart of rungs is a funnel without further arithmetic. Rungs 1 and 2 are counted too, and are no
contacts. `crawler` counts exchanges that ended below rung 3, with what they were left at. `gap` says where events
were lost, `period` and `sketch` how many were different (`uniques`), `run` when this file was counted into. No column
can hold an address, and every value but the texts of gaps is from a closed set.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple, Self

from police2peer.contacts.crawlers import CrawlerReason
from police2peer.contacts.folding import (
    FOLDED,
    Bounds,
    TallyRow,
    as_day,
    as_month,
    due_slots,
    without_client,
    without_offer,
)
from police2peer.contacts.ladder import FIRST_CONTACT, Rung
from police2peer.contacts.period_store import CountedPeriod, PeriodStore
from police2peer.contacts.runs import Runs, as_text
from police2peer.contacts.tally_file import RUNGS, open_file
from police2peer.contacts.uniques import ClosedPeriod
from police2peer.contacts.visits import EVERY_NETWORK
from police2peer.errors import Unavailable
from police2peer.networks import EvidenceGap

RungCounts = Sequence[int]
"""How many reached each rung, 0 to 6."""

_SUMS: Final = ", ".join(f"rung{rung} = rung{rung} + excluded.rung{rung}" for rung in range(RUNGS))
_ADD_TALLY: Final = (
    f"INSERT INTO tally VALUES ({', '.join('?' * (6 + RUNGS))}) "  # noqa: S608 - all of it is ours
    f"ON CONFLICT (hour, network, country, arm, offer, client) DO UPDATE SET {_SUMS}"
)
_GROW_TALLY: Final = (
    f"UPDATE tally SET {', '.join(f'rung{rung} = rung{rung} + ?' for rung in range(RUNGS))} WHERE "  # noqa: S608 - ours
    "hour = ? AND network = ? AND country = ? AND arm = ? AND offer = ? AND client = ?"
)
_ADD_CRAWLER: Final = (
    "INSERT INTO crawler VALUES (?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (hour, network, country, arm, reason, client) DO UPDATE SET count = count + excluded.count"
)
_FOLD_EVERY: Final = timedelta(hours=1)


class TallyKey(NamedTuple):
    """What a count is about. `hour` is UTC, `2026-03-01T14`; `*` stands for what was folded away."""

    hour: str
    network: str
    country: str
    arm: str
    offer: str
    rung: Rung
    client: str


class CrawlerKey(NamedTuple):
    """What a count of non-contacts is about."""

    hour: str
    network: str
    country: str
    arm: str
    reason: CrawlerReason
    client: str


@dataclass(frozen=True, slots=True)
class Gap:
    """Where events were or may have been lost: at a moment, or from `at` to `until`."""

    at: datetime
    network: str
    what: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Totals:
    """What the whole file holds: how many reached each rung, how many were no contacts, how many gaps."""

    rungs: tuple[int, ...]
    crawlers: int
    gaps: int


def hour_of(at: datetime) -> str:
    """Give the UTC hour of a moment as the tallies write it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H")


class TallyStore:
    """The tallies of one node. One writer; readers may open the same file at any time (WAL)."""

    def __init__(self, path: Path, *, bounds: Bounds | None = None) -> None:
        self._bounds = bounds or Bounds()
        self._db = open_file(path)
        self._rows_in: dict[str, int] = {}
        self._fold_at: datetime | None = None
        self._totals: tuple[int, Totals] | None = None
        self._runs = Runs(self._db, self._bounds.most_gaps)
        self._periods = PeriodStore(self._db, self._bounds.sketch_periods)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; its write-ahead log is folded in."""
        self._db.close()

    @contextmanager
    def _whole(self) -> Iterator[None]:
        """Do all of a block or none; a disk without room is `Unavailable`."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                self._rows_in.clear()
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
        except sqlite3.OperationalError as error:
            raise Unavailable(
                f"the counts could not be written ({error})",
                remedy="free some space on the disk of the node's data; what is not written waits in memory",
            ) from None

    # Runs: what an unclean stop may have cost.

    def begin_run(self, now: datetime) -> list[EvidenceGap]:
        """Note that counting begins; give the gaps that an earlier run left which never said that it ended."""
        with self._whole():
            left = self._runs.begin(now)
            for since, what in left:
                self._add_gap(since, max(since, now), EVERY_NETWORK, what)
        self._totals = None
        return [EvidenceGap(since, EVERY_NETWORK, what) for since, what in left]

    def note_alive(self, written_until: datetime) -> None:
        """Note up to when everything is written; kept to the disk every few seconds."""
        if self._runs.is_due(written_until):
            with self._whole():
                self._runs.note(written_until)

    def end_run(self, now: datetime) -> None:
        """Note that counting ended as it should."""
        with self._whole():
            self._runs.end(now)

    # Writing.

    def add_period(self, closed: ClosedPeriod) -> None:
        """Add a closed counting period and the time at which its key was destroyed."""
        with self._whole():
            self._periods.write(closed)

    def add(
        self,
        tallies: Mapping[TallyRow, RungCounts],
        crawlers: Mapping[CrawlerKey, int] | None = None,
        gaps: Iterable[EvidenceGap] = (),
    ) -> None:
        """Add counts, all in one transaction or none; raises `Unavailable` when the disk has no room."""
        crawlers, gaps = crawlers or {}, list(gaps)
        with self._whole():
            self._add_tallies(tallies)
            self._add_crawlers(crawlers)
            for gap in gaps:
                self._add_gap(gap.at, None, gap.network, gap.what)
        if self._totals is not None:
            version, before = self._totals
            rungs = tuple(map(sum, zip(before.rungs, *tallies.values(), strict=True)))
            after = Totals(rungs, before.crawlers + sum(crawlers.values()), before.gaps + len(gaps))
            self._totals = None if gaps else (version, after)

    def _add_tallies(self, tallies: Mapping[TallyRow, RungCounts]) -> None:
        slots: dict[str, list[tuple[TallyRow, RungCounts]]] = {}
        for row, counts in tallies.items():
            slots.setdefault(row.hour, []).append((row, counts))
        for slot, rows in slots.items():
            there = self._rows_in.get(slot)
            if there is None:
                (there,) = self._db.execute("SELECT COUNT(*) FROM tally WHERE hour = ?", (slot,)).fetchone()
            if there + len(rows) <= self._bounds.most_rows:
                self._db.executemany(_ADD_TALLY, [(*row, *counts) for row, counts in rows])
                self._rows_in[slot] = there + len(rows)  # at the most; counted anew when it matters
            else:
                self._add_folded(slot, rows)

    def _add_crawlers(self, crawlers: Mapping[CrawlerKey, int]) -> None:
        """Add to the counts of non-contacts; an hour that is full takes no more countries and clients."""
        for slot in {key.hour for key in crawlers}:
            (there,) = self._db.execute("SELECT COUNT(*) FROM crawler WHERE hour = ?", (slot,)).fetchone()
            full = there >= self._bounds.most_rows
            rows = [
                (*(key._replace(country=FOLDED, client=FOLDED) if full else key), count)
                for key, count in crawlers.items()
                if key.hour == slot
            ]
            self._db.executemany(_ADD_CRAWLER, rows)

    def _add_folded(self, slot: str, rows: list[tuple[TallyRow, RungCounts]]) -> None:
        """Add rows to a slot that is nearly full: what is there grows, what is new gives up as much as it must."""
        (there,) = self._db.execute("SELECT COUNT(*) FROM tally WHERE hour = ?", (slot,)).fetchone()
        for row, counts in rows:
            place, is_there = row, self._grow(row, counts)
            for fold, most in ((without_client, self._bounds.most_rows), (without_offer, 2 * self._bounds.most_rows)):
                if not is_there and there >= most:
                    place = fold(row)
                    is_there = self._grow(place, counts)
            if not is_there:
                self._db.execute(_ADD_TALLY, (*place, *counts))
                there += 1
        self._rows_in[slot] = there

    def _grow(self, row: TallyRow, counts: RungCounts) -> bool:
        """Add to the counts of a row; tell whether there is such a row."""
        return self._db.execute(_GROW_TALLY, (*counts, *row)).rowcount > 0

    def _add_gap(self, at: datetime, until: datetime | None, network: str, what: str) -> None:
        """Add a gap; when there are too many the older half becomes one, which says so."""
        (there,) = self._db.execute("SELECT COUNT(*) FROM gap").fetchone()
        if there >= self._bounds.most_gaps:
            half = there // 2
            first, last = self._db.execute(
                "SELECT MIN(at), MAX(COALESCE(until, at)) FROM (SELECT at, until FROM gap ORDER BY at LIMIT ?)",
                (half,),
            ).fetchone()
            self._db.execute("DELETE FROM gap WHERE rowid IN (SELECT rowid FROM gap ORDER BY at LIMIT ?)", (half,))
            told = f"{half} gaps of this time, told one by one until there were too many"
            self._db.execute("INSERT INTO gap VALUES (?, ?, ?, ?)", (first, last, EVERY_NETWORK, told))
        self._db.execute(
            "INSERT INTO gap VALUES (?, ?, ?, ?)", (as_text(at), as_text(until) if until else None, network, what)
        )

    def fold(self, now: datetime) -> None:
        """Fold what is old together; looks no more than once an hour."""
        if self._fold_at is not None and now < self._fold_at:
            return
        self._fold_at = now + _FOLD_EVERY
        for become in (as_day, as_month):
            for slot in self._due("tally", now, become):
                with self._whole():
                    self._fold_slot(slot, become)
            for slot in self._due("crawler", now, become):
                with self._whole():
                    self._fold_crawlers(slot, become)

    def _due(self, table: str, now: datetime, become: Callable[[TallyRow], TallyRow]) -> list[str]:
        found = self._db.execute(f"SELECT DISTINCT hour FROM {table}")  # noqa: S608 - one of two
        hours, days = due_slots([slot for (slot,) in found], now, self._bounds)
        return hours if become is as_day else days

    def _fold_slot(self, slot: str, become: Callable[[TallyRow], TallyRow]) -> None:
        folded: dict[TallyRow, list[int]] = {}
        for values in self._db.execute("SELECT * FROM tally WHERE hour = ?", (slot,)):
            counts = folded.setdefault(become(TallyRow(*values[:6])), [0] * RUNGS)
            for rung, count in enumerate(values[6:]):
                counts[rung] += count
        self._db.execute("DELETE FROM tally WHERE hour = ?", (slot,))
        self._rows_in.pop(slot, None)
        self._add_tallies(folded)

    def _fold_crawlers(self, slot: str, become: Callable[[TallyRow], TallyRow]) -> None:
        into = become(TallyRow(slot, "", "", "", "", "")).hour
        self._db.execute(
            "INSERT INTO crawler SELECT ?, network, country, arm, reason, ?, SUM(count) "
            "FROM crawler WHERE hour = ? GROUP BY network, country, arm, reason "
            "ON CONFLICT (hour, network, country, arm, reason, client) DO UPDATE SET count = count + excluded.count",
            (into, FOLDED, slot),
        )
        self._db.execute("DELETE FROM crawler WHERE hour = ?", (slot,))

    # Reading.

    def periods(self) -> list[CountedPeriod]:
        """Give every closed counting period, oldest first."""
        return self._periods.all()

    def totals(self) -> Totals:
        """Give the sums over the whole file; cheap to ask again and again, also while another process writes."""
        (version,) = self._db.execute("PRAGMA data_version").fetchone()
        if self._totals is None or self._totals[0] != version:
            reached = self.reached().get("", {})
            (crawlers,) = self._db.execute("SELECT COALESCE(SUM(count), 0) FROM crawler").fetchone()
            (gaps,) = self._db.execute("SELECT COUNT(*) FROM gap").fetchone()
            self._totals = (version, Totals(tuple(reached.get(rung, 0) for rung in Rung), crawlers, gaps))
        return self._totals[1]

    def rows(self) -> dict[TallyRow, tuple[int, ...]]:
        """Give every row with its counts, in the order of its key."""
        found = self._db.execute("SELECT * FROM tally ORDER BY hour, network, country, arm, offer, client")
        return {TallyRow(*values[:6]): tuple(values[6:]) for values in found}

    def tallies(self) -> dict[TallyKey, int]:
        """Give every count that is not zero, in the order of its key."""
        return {
            TallyKey(row.hour, row.network, row.country, row.arm, row.offer, Rung(rung), row.client): count
            for row, counts in self.rows().items()
            for rung, count in enumerate(counts)
            if count
        }

    def crawlers(self) -> dict[CrawlerKey, int]:
        """Give every count of exchanges that were no contacts."""
        rows = self._db.execute("SELECT * FROM crawler ORDER BY hour, network, country, arm, reason, client")
        return {CrawlerKey(h, n, c, a, CrawlerReason(why), client): count for h, n, c, a, why, client, count in rows}

    def gaps(self) -> list[Gap]:
        """Give every recorded gap, oldest first."""
        rows = self._db.execute("SELECT at, network, what, until FROM gap ORDER BY at, rowid")
        return [
            Gap(datetime.fromisoformat(at), network, what, datetime.fromisoformat(until) if until else None)
            for at, network, what, until in rows
        ]

    def reached(self, *, by: str | None = None) -> dict[str, dict[Rung, int]]:
        """Give how many reached each rung: for all, under the key `""`, or by one column of the rows."""
        if by not in (None, *TallyRow._fields):
            raise ValueError(by)
        column = by or "''"
        sums = ", ".join(f"SUM(rung{rung})" for rung in range(RUNGS))
        found = self._db.execute(f"SELECT {column}, {sums} FROM tally GROUP BY 1 ORDER BY 1")  # noqa: S608 - a name of ours
        return {
            group: {Rung(rung): count for rung, count in enumerate(counts) if count}
            for group, *counts in found
            if any(counts)
        }

    def contacts(self) -> int:
        """Give the number of contacts: how many asked for data."""
        return self.reached().get("", {}).get(FIRST_CONTACT, 0)
