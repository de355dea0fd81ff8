# SPDX-License-Identifier: EUPL-1.2
"""When a file was counted into: what an end without a word may have cost is a gap at the next beginning."""

import sqlite3
from datetime import UTC, datetime, timedelta
from typing import Final

_NOTED_EVERY: Final = timedelta(seconds=5)


class Runs:
    """The table `run` of a file of tallies. The caller wraps what writes into a transaction."""

    def __init__(self, db: sqlite3.Connection, most_runs: int) -> None:
        self._db = db
        self._most = most_runs
        self._run: int | None = None
        self._noted: datetime | None = None

    def begin(self, now: datetime) -> list[tuple[datetime, str]]:
        """Note that counting begins; give since when, and what, each run may have lost that never said it ended."""
        left = self._db.execute("SELECT written_until FROM run WHERE ended_at IS NULL").fetchall()
        found = []
        for (written_until,) in left:
            since = datetime.fromisoformat(written_until)
            what = f"the node stopped without a word: contacts from {as_text(since)} to {as_text(now)} may be missing"
            found.append((since, what))
        self._db.execute("UPDATE run SET ended_at = written_until WHERE ended_at IS NULL")
        self._run = self._db.execute("INSERT INTO run VALUES (?, ?, NULL)", (as_text(now),) * 2).lastrowid
        self._db.execute("DELETE FROM run WHERE rowid <= ?", ((self._run or 0) - self._most,))
        self._noted = now
        return found

    def is_due(self, written_until: datetime) -> bool:
        """Whether it is time to note up to when everything is written."""
        return self._run is not None and (self._noted is None or written_until - self._noted >= _NOTED_EVERY)

    def note(self, written_until: datetime) -> None:
        """Note up to when everything is written."""
        self._noted = written_until
        self._db.execute("UPDATE run SET written_until = ? WHERE rowid = ?", (as_text(written_until), self._run))

    def end(self, now: datetime) -> None:
        """Note that counting ended as it should."""
        self._db.execute(
            "UPDATE run SET written_until = ?1, ended_at = ?1 WHERE rowid = ?2", (as_text(now), self._run)
        )
        self._run = None


def as_text(at: datetime) -> str:
    """Write a moment as the tallies do."""
    return at.astimezone(UTC).isoformat()
