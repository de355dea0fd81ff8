# SPDX-License-Identifier: EUPL-1.2
"""The SQLite file of a register: its tables, how it is opened, and how drafts stand in it.

WAL mode, flushed at every transaction, readable by its owner alone.
"""

import json
import sqlite3
from dataclasses import fields
from datetime import date
from pathlib import Path

from police2peer.catalogue.lookup import CodeStretch
from police2peer.catalogue.record import RecordDraft
from police2peer.errors import BadInput, Unavailable

__all__ = ["create_register", "draft_json", "open_database", "open_register", "read_draft", "unusable"]

_SCHEMA = """
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE code (code TEXT PRIMARY KEY, value TEXT) STRICT, WITHOUT ROWID;
CREATE TABLE record (
  id TEXT PRIMARY KEY, agency TEXT NOT NULL, sha256 TEXT NOT NULL, code TEXT UNIQUE, draft TEXT NOT NULL,
  rev INTEGER NOT NULL, status TEXT NOT NULL, since TEXT NOT NULL,
  published INTEGER NOT NULL DEFAULT 0, seed BLOB, sending INTEGER, sending_seed BLOB, UNIQUE (sha256, agency)
) STRICT, WITHOUT ROWID;
CREATE INDEX waiting ON record (id) WHERE published != rev;
CREATE INDEX sent ON record (id) WHERE sending IS NOT NULL;
CREATE TABLE alias (
  record TEXT NOT NULL REFERENCES record, type TEXT NOT NULL, value TEXT NOT NULL,
  rev INTEGER NOT NULL DEFAULT 1, PRIMARY KEY (record, type, value)
) STRICT, WITHOUT ROWID;
CREATE TABLE superseded (name TEXT PRIMARY KEY, at TEXT NOT NULL) STRICT, WITHOUT ROWID;
"""
_LAYOUT = 2
# A register of the layout before is taken over; everything in it is then published again from the beginning.
_FROM_LAYOUT_0 = """
DROP INDEX sent;
ALTER TABLE alias DROP COLUMN entry;
ALTER TABLE alias DROP COLUMN sending;
ALTER TABLE alias ADD COLUMN rev INTEGER NOT NULL DEFAULT 1;
ALTER TABLE record ADD COLUMN seed BLOB;
ALTER TABLE record ADD COLUMN sending_seed BLOB;
ALTER TABLE code ADD COLUMN value TEXT;
CREATE INDEX sent ON record (id) WHERE sending IS NOT NULL;
UPDATE record SET published = 0, sending = NULL;
"""
_CACHE_KIB = 64 * 1024


def unusable(error: sqlite3.Error) -> Unavailable:
    """Say that the register cannot be used."""
    return Unavailable(
        f"the register of the catalogue cannot be used now: {error}",
        remedy="see that the disk has room and that no other command uses it, then run the command again",
    )


def open_database(path: Path) -> sqlite3.Connection:
    """Open a database of this folder, or begin an empty one. Raises `Unavailable`."""
    try:
        connection = sqlite3.connect(path, timeout=30)
        path.chmod(0o600)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
    except (sqlite3.Error, OSError) as error:
        raise unusable(error if isinstance(error, sqlite3.Error) else sqlite3.OperationalError(str(error))) from error
    return connection


def create_register(path: Path, stretch: CodeStretch) -> None:
    """Make an empty register that stretches codes so."""
    connection = open_database(path)
    with connection:
        connection.executescript(_SCHEMA)
        connection.execute(f"PRAGMA user_version={_LAYOUT}")
        settings = {"code_iterations": str(stretch.iterations), "code_salt": stretch.salt.hex()}
        connection.executemany("INSERT INTO setting VALUES (?, ?)", settings.items())
    connection.close()


def open_register(path: Path) -> sqlite3.Connection:
    """Open a register. Raises `BadInput` for one of a later program, `Unavailable`."""
    connection = open_database(path)
    layout = connection.execute("PRAGMA user_version").fetchone()[0]
    if layout == 0:
        with connection:
            connection.executescript(f"BEGIN;{_FROM_LAYOUT_0}PRAGMA user_version={_LAYOUT};COMMIT;")
    elif layout != _LAYOUT:
        connection.close()
        raise BadInput("this register was made by a later version of this program", remedy="use that version")
    return connection


def draft_json(draft: RecordDraft) -> str:
    """Write a draft as the register keeps it."""
    value = {field.name: getattr(draft, field.name) for field in fields(draft)}
    return json.dumps(
        value | {"hashes": dict(draft.hashes), "issued_on": draft.issued_on.isoformat()}, sort_keys=True
    )


def read_draft(text: str) -> RecordDraft:
    """Read a draft as the register keeps it."""
    value = json.loads(text)
    value["issued_on"] = date.fromisoformat(value["issued_on"])
    value["network_ids"] = tuple((first, second) for first, second in value["network_ids"])
    return RecordDraft(**value)
