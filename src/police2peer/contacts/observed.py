# SPDX-License-Identifier: EUPL-1.2
"""What observation counted, by day and country: sums over the whole list, never anything of one hash or one host.

One row a run and source; a source that could not be asked is a row that says so, and no zero. It is an outcome series
beside the contacts and never makes one.
"""

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Self

from police2peer.errors import Unavailable

DHT: Final = "dht"
_KEEP: Final = timedelta(days=3 * 366)
_TABLE: Final = """CREATE TABLE IF NOT EXISTS observation (
  at TEXT NOT NULL, source TEXT NOT NULL, known INTEGER NOT NULL, hashes INTEGER NOT NULL, alive INTEGER NOT NULL,
  peers INTEGER NOT NULL, by_country TEXT NOT NULL, note TEXT NOT NULL
) STRICT"""


@dataclass(frozen=True, slots=True)
class Observation:
    """One source asked once: `known` is false where it gave no answer, and the numbers are then no zeros.

    `peers` counts who announces, over `hashes` hashes of which `alive` have anybody; `by_country` is empty for a
    tracker, which names nobody. `note` says why nothing is known.
    """

    at: datetime
    source: str
    known: bool
    hashes: int
    alive: int
    peers: int
    by_country: dict[str, int]
    note: str = ""


@dataclass(frozen=True, slots=True)
class ObservedDay:
    """A day of one source: means over the runs that gave an answer, None where none did."""

    day: str
    source: str
    runs: int
    unknown: int
    peers: float | None
    alive: float | None
    by_country: dict[str, float]


class ObservationStore:
    """The series of one machine (SQLite)."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None, timeout=10)
        try:
            self._db.execute(_TABLE)
        except sqlite3.DatabaseError as error:
            self._db.close()
            raise Unavailable(
                f"{path.name} cannot be used to keep observations ({error})", remedy="move the file aside"
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def add(self, found: Iterable[Observation]) -> None:
        """Keep the observations of one run, all or none; what is older than three years goes."""
        rows = [
            (_text(o.at), o.source, int(o.known), o.hashes, o.alive, o.peers, json.dumps(o.by_country), o.note)
            for o in found
        ]
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self._db.executemany("INSERT INTO observation VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
                if rows:
                    before = _text(datetime.fromisoformat(rows[0][0]) - _KEEP)
                    self._db.execute("DELETE FROM observation WHERE at < ?", (before,))
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
        except sqlite3.OperationalError as error:
            raise Unavailable(f"observations cannot be written ({error})", remedy="free some space") from error

    def all(self) -> list[Observation]:
        """Give every observation, oldest first."""
        rows = self._db.execute("SELECT * FROM observation ORDER BY at, source")
        return [
            Observation(
                datetime.fromisoformat(at), source, bool(known), hashes, alive, peers, json.loads(countries), note
            )
            for at, source, known, hashes, alive, peers, countries, note in rows
        ]

    def days(self) -> list[ObservedDay]:
        """Give the series by day and source."""
        together: dict[tuple[str, str], list[Observation]] = defaultdict(list)
        for one in self.all():
            together[f"{one.at:%Y-%m-%d}", one.source].append(one)
        return [_as_day(day, source, runs) for (day, source), runs in sorted(together.items())]


def _as_day(day: str, source: str, runs: list[Observation]) -> ObservedDay:
    known = [run for run in runs if run.known]
    countries: Counter[str] = Counter()
    for run in known:
        countries.update(run.by_country)
    count = len(known)
    return ObservedDay(
        day=day,
        source=source,
        runs=len(runs),
        unknown=len(runs) - count,
        peers=sum(run.peers for run in known) / count if count else None,
        alive=sum(run.alive for run in known) / count if count else None,
        by_country={country: total / count for country, total in sorted(countries.items())},
    )


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()
