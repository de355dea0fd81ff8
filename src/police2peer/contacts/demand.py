# SPDX-License-Identifier: EUPL-1.2
"""What is searched for: how many searches held an approved term, by hour, network, term and registry country.

It is demand and no contact. The text of a search never comes here (a network gives the id of the term it held), and
who asked is looked up for a country in memory and forgotten at once. Searches are relayed and can be invented, so the
counts serve to choose where to be, and no person is ever told from them.

The file (SQLite) stays small whatever is sent: an hour takes `most_rows` rows with countries, beyond that a search is
counted under the country `*`; old hours become days and old days months, as with the tallies (`folding`).
"""

import contextlib
import sqlite3
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple, Self

from police2peer.contacts.countries import UNKNOWN_COUNTRY, Countries
from police2peer.contacts.folding import FOLDED, Bounds, due_slots
from police2peer.contacts.tallies import hour_of
from police2peer.errors import Unavailable
from police2peer.networks import SearchMatched

_TABLE: Final = """CREATE TABLE IF NOT EXISTS demand (
  hour TEXT NOT NULL, network TEXT NOT NULL, term TEXT NOT NULL, country TEXT NOT NULL,
  searches INTEGER NOT NULL, answered INTEGER NOT NULL,
  PRIMARY KEY (hour, network, term, country)
) STRICT, WITHOUT ROWID"""
_ADDING: Final = (
    "ON CONFLICT (hour, network, term, country) "
    "DO UPDATE SET searches = searches + excluded.searches, answered = answered + excluded.answered"
)
_COLUMNS: Final = ("hour", "network", "term", "country")
_MOST_WAITING: Final = 50_000  # counts that wait for the disk; a few megabytes


class DemandRow(NamedTuple):
    """What a count is about; `hour` is a UTC hour (`2026-03-01T14`), or the day or month it was folded into."""

    hour: str
    network: str
    term: str
    country: str


class Asked(NamedTuple):
    """How many searches there were, and how many of them we answered with at least one title."""

    searches: int
    answered: int


class DemandStore:
    """The demand that one node saw. One writer; readers may open the same file at any time (WAL)."""

    def __init__(self, path: Path, *, bounds: Bounds = Bounds()) -> None:  # noqa: B008 - frozen
        self._bounds = bounds
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
        try:
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.execute(_TABLE)
        except sqlite3.DatabaseError as error:
            self._db.close()
            raise Unavailable(
                f"{path.name} cannot be used to count searches ({error})",
                remedy="move the file aside and start again; contacts are counted elsewhere and go on",
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def add(self, counts: dict[DemandRow, Asked]) -> None:
        """Add counts, all or none; raises `Unavailable` when the disk takes none."""
        with self._whole():
            room: Counter[str] = Counter()
            for hour in {row.hour for row in counts}:
                (there,) = self._db.execute("SELECT COUNT(*) FROM demand WHERE hour = ?", (hour,)).fetchone()
                room[hour] = self._bounds.most_rows - there
            for row, asked in counts.items():
                kept = self._kept(row, room)
                self._db.execute(
                    f"INSERT INTO demand VALUES (?, ?, ?, ?, ?, ?) {_ADDING}",  # noqa: S608 - all of it is ours
                    (*kept, *asked),
                )

    def _kept(self, row: DemandRow, room: Counter[str]) -> DemandRow:
        """Give up the country where the hour has no room for another row."""
        if self._db.execute(
            "SELECT 1 FROM demand WHERE (hour, network, term, country) = (?, ?, ?, ?)", row
        ).fetchone():
            return row
        if room[row.hour] <= 0:
            return row._replace(country=FOLDED)
        room[row.hour] -= 1
        return row

    def fold(self, now: datetime) -> None:
        """Fold old hours into days and old days into months."""
        slots = [slot for (slot,) in self._db.execute("SELECT DISTINCT hour FROM demand")]
        hours, days = due_slots(slots, now, self._bounds)
        for due, letters in ((hours, 10), (days, 7)):
            for slot in due:
                with self._whole():
                    self._db.execute(
                        "INSERT INTO demand SELECT substr(hour, 1, ?), network, term, country, searches, answered "  # noqa: S608 - as above
                        f"FROM demand WHERE hour = ? {_ADDING}",
                        (letters, slot),
                    )
                    self._db.execute("DELETE FROM demand WHERE hour = ?", (slot,))

    @contextlib.contextmanager
    def _whole(self) -> Iterator[None]:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
        except sqlite3.OperationalError as error:
            raise Unavailable(f"demand cannot be written ({error})", remedy="free some space on the disk") from error

    def by(self, *columns: str, since: datetime | None = None) -> dict[tuple[str, ...], Asked]:
        """Give the counts by some of `hour`, `network`, `term`, `country`, from an hour on."""
        if not set(columns) <= set(_COLUMNS):
            raise ValueError(columns)
        names = ", ".join(columns) or "''"
        places = ", ".join(str(place + 1) for place in range(max(len(columns), 1)))
        rows = self._db.execute(
            f"SELECT {names}, SUM(searches), SUM(answered) FROM demand WHERE hour >= ? "  # noqa: S608 - names of ours
            f"GROUP BY {places} ORDER BY {places}",
            (hour_of(since) if since else "",),
        )
        return {tuple(row[:-2]): Asked(row[-2], row[-1]) for row in rows if row[-1] is not None}


class Demand:
    """Counts the searches that matched, for a node; bounded in memory, and nothing of anybody in it."""

    def __init__(self, store: DemandStore, *, countries: Countries) -> None:
        self._store = store
        self._countries = countries
        self._waiting: dict[DemandRow, Asked] = {}
        self._fold_at: datetime | None = None

    def feed(self, event: SearchMatched) -> None:
        """Count one search; the asker is forgotten when this returns."""
        country = self._countries.country_of(event.asker.reveal()[0]) if event.asker else UNKNOWN_COUNTRY
        row = DemandRow(hour_of(event.at), event.network, str(event.term), str(country))
        if row not in self._waiting and len(self._waiting) >= _MOST_WAITING:
            row = row._replace(country=FOLDED)
        before = self._waiting.get(row, Asked(0, 0))
        self._waiting[row] = Asked(before.searches + 1, before.answered + (event.answered > 0))

    def flush(self, now: datetime) -> None:
        """Write what was counted; what the disk does not take now waits in memory."""
        with contextlib.suppress(Unavailable):
            if self._waiting:
                self._store.add(self._waiting)
                self._waiting = {}
            if self._fold_at is None or now >= self._fold_at:
                self._store.fold(now)
                self._fold_at = now + timedelta(hours=1)


def searches_in_hour_of_day(store: DemandStore, now: datetime, *, days: int) -> dict[tuple[str, str], int]:
    """Give the searches by network and term in this hour of the day (UTC), over the days before `now`."""
    hour = hour_of(now)[-3:]
    found: Counter[tuple[str, str]] = Counter()
    for (slot, network, term), asked in store.by("hour", "network", "term", since=now - timedelta(days=days)).items():
        if slot.endswith(hour):
            found[network, term] += asked.searches
    return dict(found)
