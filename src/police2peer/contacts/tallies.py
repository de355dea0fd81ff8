# SPDX-License-Identifier: EUPL-1.2
"""Counts without persons, in one SQLite file.

`tally` counts how many contacts reached a rung, once each, in the hour it was reached: rung 3 is the number of
contacts, and a chart of rungs is a funnel without further arithmetic. Rungs 1 and 2 are counted too, and are no
contacts. `crawler` counts exchanges that ended below rung 3, with what they were left at. `gap` says where events
were lost. No column can hold an address, and every value but the texts of gaps is from a closed set.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple, Self

from police2peer.contacts.ladder import FIRST_CONTACT, CrawlerReason, Rung
from police2peer.errors import Unavailable
from police2peer.networks import EvidenceGap

_VERSION: Final = 1
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS tally (
  hour TEXT NOT NULL, network TEXT NOT NULL, country TEXT NOT NULL, arm TEXT NOT NULL,
  rung INTEGER NOT NULL CHECK (rung BETWEEN 0 AND 6), client TEXT NOT NULL, count INTEGER NOT NULL,
  PRIMARY KEY (hour, network, country, arm, rung, client)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS crawler (
  hour TEXT NOT NULL, network TEXT NOT NULL, country TEXT NOT NULL, arm TEXT NOT NULL,
  reason TEXT NOT NULL, client TEXT NOT NULL, count INTEGER NOT NULL,
  PRIMARY KEY (hour, network, country, arm, reason, client)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS gap (at TEXT NOT NULL, network TEXT NOT NULL, what TEXT NOT NULL) STRICT;
"""


class TallyKey(NamedTuple):
    """What a count is about. `hour` is UTC, `2026-03-01T14`."""

    hour: str
    network: str
    country: str
    arm: str
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
    """Where events were or may have been lost."""

    at: datetime
    network: str
    what: str


def hour_of(at: datetime) -> str:
    """Give the UTC hour of a moment as the tallies write it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H")


class TallyStore:
    """The tallies of one node. One writer; readers may open the same file at any time (WAL)."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
        try:
            self._prepare()
        except sqlite3.DatabaseError as error:
            self._db.close()
            raise Unavailable(
                f"{path.name} cannot be used to count ({error})",
                remedy="move the file aside and start again; counts of other hours are in the batches sent",
            ) from error

    def _prepare(self) -> None:
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version not in (0, _VERSION):
            raise sqlite3.DatabaseError(f"its layout is {version}, this program writes {_VERSION}")
        self._db.executescript(_SCHEMA)
        self._db.execute(f"PRAGMA user_version = {_VERSION}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; its write-ahead log is folded in."""
        self._db.close()

    def add(
        self,
        tallies: Mapping[TallyKey, int],
        crawlers: Mapping[CrawlerKey, int] | None = None,
        gaps: Iterable[EvidenceGap] = (),
    ) -> None:
        """Add counts, all in one transaction or none."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._add_counts("tally", "rung", [(*key, n) for key, n in tallies.items()])
            self._add_counts("crawler", "reason", [(*key, n) for key, n in (crawlers or {}).items()])
            rows = [(gap.at.astimezone(UTC).isoformat(), gap.network, gap.what) for gap in gaps]
            self._db.executemany("INSERT INTO gap VALUES (?, ?, ?)", rows)
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def _add_counts(self, table: str, kind: str, rows: list[tuple[object, ...]]) -> None:
        statement = (
            f"INSERT INTO {table} VALUES (?, ?, ?, ?, ?, ?, ?) "  # noqa: S608 - both names are ours
            f"ON CONFLICT (hour, network, country, arm, {kind}, client) DO UPDATE SET count = count + excluded.count"
        )
        self._db.executemany(statement, rows)

    def tallies(self) -> dict[TallyKey, int]:
        """Give every count, in the order of its key."""
        rows = self._db.execute("SELECT * FROM tally ORDER BY hour, network, country, arm, rung, client")
        return {TallyKey(h, n, c, a, Rung(rung), client): count for h, n, c, a, rung, client, count in rows}

    def crawlers(self) -> dict[CrawlerKey, int]:
        """Give every count of exchanges that were no contacts."""
        rows = self._db.execute("SELECT * FROM crawler ORDER BY hour, network, country, arm, reason, client")
        return {CrawlerKey(h, n, c, a, CrawlerReason(why), client): count for h, n, c, a, why, client, count in rows}

    def gaps(self) -> list[Gap]:
        """Give every recorded gap, oldest first."""
        rows = self._db.execute("SELECT at, network, what FROM gap ORDER BY at")
        return [Gap(datetime.fromisoformat(at), network, what) for at, network, what in rows]

    def reached(self, *, by: str | None = None) -> dict[str, dict[Rung, int]]:
        """Give how many reached each rung: for all, under the key `""`, or by arm, country, network or client."""
        if by not in (None, "arm", "country", "network", "client"):
            raise ValueError(by)
        column = by or "''"
        rows = self._db.execute(
            f"SELECT {column}, rung, SUM(count) FROM tally GROUP BY 1, 2 ORDER BY 1, 2"  # noqa: S608 - one of five
        )
        result: dict[str, dict[Rung, int]] = {}
        for group, rung, count in rows:
            result.setdefault(group, {})[Rung(rung)] = count
        return result

    def contacts(self) -> int:
        """Give the number of contacts: how many asked for data."""
        return self.reached().get("", {}).get(FIRST_CONTACT, 0)
