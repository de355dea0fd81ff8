# SPDX-License-Identifier: EUPL-1.2
"""The layout of the tallies' SQLite file, and how a file of an earlier layout is brought to it, whole or not at all.

Layout 2. `hour` is a UTC hour (`2026-03-01T14`), or a day or a month where older hours were folded together; `*`
stands for what was folded away (`folding`). No column can hold an address.
"""

import sqlite3
from pathlib import Path
from typing import Final

from police2peer.errors import Unavailable

VERSION: Final = 2
RUNGS: Final = 7
_RUNG_COLUMNS: Final = ", ".join(f"rung{rung} INTEGER NOT NULL" for rung in range(RUNGS))
_TABLES: Final = (
    f"""CREATE TABLE IF NOT EXISTS tally (
  hour TEXT NOT NULL, network TEXT NOT NULL, country TEXT NOT NULL, arm TEXT NOT NULL, offer TEXT NOT NULL,
  client TEXT NOT NULL, {_RUNG_COLUMNS},
  PRIMARY KEY (hour, network, country, arm, offer, client)
) STRICT, WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS crawler (
  hour TEXT NOT NULL, network TEXT NOT NULL, country TEXT NOT NULL, arm TEXT NOT NULL,
  reason TEXT NOT NULL, client TEXT NOT NULL, count INTEGER NOT NULL,
  PRIMARY KEY (hour, network, country, arm, reason, client)
) STRICT, WITHOUT ROWID""",
    "CREATE TABLE IF NOT EXISTS gap (at TEXT NOT NULL, until TEXT, network TEXT NOT NULL, what TEXT NOT NULL) STRICT",
    """CREATE TABLE IF NOT EXISTS run (
  began_at TEXT NOT NULL, written_until TEXT NOT NULL, ended_at TEXT
) STRICT""",
    """CREATE TABLE IF NOT EXISTS period (
  id TEXT NOT NULL, began_at TEXT NOT NULL, ends_at TEXT NOT NULL, shared INTEGER NOT NULL,
  key_destroyed_at TEXT NOT NULL
) STRICT""",
    """CREATE TABLE IF NOT EXISTS sketch (
  period TEXT NOT NULL, network TEXT NOT NULL, arm TEXT NOT NULL, counted TEXT NOT NULL,
  count INTEGER NOT NULL, low INTEGER NOT NULL, high INTEGER NOT NULL, sketch BLOB,
  PRIMARY KEY (period, network, arm, counted)
) STRICT, WITHOUT ROWID""",
)
_OF_LAYOUT_1: Final = tuple(f"SUM(CASE WHEN rung = {rung} THEN count ELSE 0 END)" for rung in range(RUNGS))


def open_file(path: Path) -> sqlite3.Connection:
    """Open a file of tallies, made or brought up to date where needed; raises `Unavailable` for anything else."""
    path.parent.mkdir(parents=True, exist_ok=True)
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        _prepare(db)
    except sqlite3.DatabaseError as error:
        db.close()
        raise Unavailable(
            f"{path.name} cannot be used to count ({error})",
            remedy="move the file aside and start again; counts of other hours are in the batches sent",
        ) from error
    return db


def _prepare(db: sqlite3.Connection) -> None:
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version == VERSION:
        return
    if version not in (0, 1):
        raise sqlite3.DatabaseError(f"its layout is {version}, this program writes {VERSION}")
    db.execute("BEGIN IMMEDIATE")
    try:
        if version == 1:
            for table in ("tally", "crawler", "gap"):
                db.execute(f"ALTER TABLE {table} RENAME TO {table}_1")
        for statement in _TABLES:
            db.execute(statement)
        if version == 1:
            _bring_over(db)
        db.execute(f"PRAGMA user_version = {VERSION}")
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def _bring_over(db: sqlite3.Connection) -> None:
    """Take every count and gap of layout 1 over; it knew no offers."""
    db.execute(
        "INSERT INTO tally SELECT hour, network, country, arm, '*', client, "  # noqa: S608 - all of it is ours
        f"{', '.join(_OF_LAYOUT_1)} FROM tally_1 GROUP BY hour, network, country, arm, client"
    )
    db.execute("INSERT INTO crawler SELECT hour, network, country, arm, reason, client, count FROM crawler_1")
    db.execute("INSERT INTO gap SELECT at, NULL, network, what FROM gap_1")
    for table in ("tally", "crawler", "gap"):
        db.execute(f"DROP TABLE {table}_1")
