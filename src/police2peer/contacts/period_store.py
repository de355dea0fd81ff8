# SPDX-License-Identifier: EUPL-1.2
"""Closed counting periods on the disk: when each key was destroyed, and sketches that can be asked about nobody."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from police2peer.contacts.period import Period
from police2peer.contacts.sketches import Estimate, estimate
from police2peer.contacts.uniques import ClosedPeriod, Counted, SketchKey

FLOOR: Final = 10
"""A number of hosts below this is never shown: nobody shall find themselves in it."""


@dataclass(frozen=True, slots=True)
class CountedPeriod:
    """A closed period as it is kept: what was counted, and the sketches as long as they are kept."""

    period: Period
    key_destroyed_at: datetime
    estimates: dict[SketchKey, Estimate]
    sketches: dict[SketchKey, bytes]


class PeriodStore:
    """The tables `period` and `sketch` of a file of tallies; the file's writer writes them."""

    def __init__(self, db: sqlite3.Connection, most_periods: int) -> None:
        self._db = db
        self._most = most_periods

    def write(self, closed: ClosedPeriod) -> None:
        """Add a closed period, inside the caller's transaction; of old ones only the estimates stay."""
        period = closed.period
        # A node that restarts within a shared period closes it twice: each part stands under a name of its own.
        (parts,) = self._db.execute(
            "SELECT COUNT(*) FROM period WHERE id = ? OR id LIKE ? || '/%'", (period.id,) * 2
        ).fetchone()
        name = f"{period.id}/{parts + 1}" if parts else period.id
        times = (at.astimezone(UTC).isoformat() for at in (period.begins, period.ends))
        self._db.execute(
            "INSERT INTO period VALUES (?, ?, ?, ?, ?)",
            (name, *times, period.shared, closed.key_destroyed_at.astimezone(UTC).isoformat()),
        )
        for about, sketch in closed.sketches.items():
            found = estimate([sketch])
            self._db.execute(
                "INSERT INTO sketch VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (name, *about, found.count, found.low, found.high, sketch),
            )
        self._db.execute(
            "UPDATE sketch SET sketch = NULL WHERE sketch IS NOT NULL AND period NOT IN "
            "(SELECT id FROM period ORDER BY rowid DESC LIMIT ?)",
            (self._most,),
        )

    def all(self) -> list[CountedPeriod]:
        """Give every closed period, oldest first."""
        found = []
        for id_, began_at, ends_at, shared, destroyed_at in self._db.execute("SELECT * FROM period ORDER BY rowid"):
            period = Period(
                id_, datetime.fromisoformat(began_at), datetime.fromisoformat(ends_at), shared=bool(shared)
            )
            estimates, sketches = {}, {}
            for network, arm, counted, count, low, high, sketch in self._db.execute(
                "SELECT network, arm, counted, count, low, high, sketch FROM sketch WHERE period = ?", (id_,)
            ):
                about = SketchKey(network, arm, Counted(counted))
                estimates[about] = Estimate(count, low, high)
                if sketch is not None:
                    sketches[about] = sketch
            found.append(CountedPeriod(period, datetime.fromisoformat(destroyed_at), estimates, sketches))
        return found


def merge(periods: Iterable[CountedPeriod]) -> dict[tuple[str, SketchKey], Estimate]:
    """Count over nodes: the union of what nodes counted under one key, by period and what it is about."""
    gathered: dict[tuple[str, SketchKey], list[bytes]] = {}
    for counted in periods:
        shared_id = counted.period.id.partition("/")[0]
        for about, sketch in counted.sketches.items():
            gathered.setdefault((shared_id, about), []).append(sketch)
    return {key: estimate(sketches) for key, sketches in gathered.items()}


def publishable(found: Estimate, *, floor: int = FLOOR) -> Estimate | None:
    """Give an estimate that may be shown to others; None when it is too small to be shown."""
    return found if found.count >= floor else None
