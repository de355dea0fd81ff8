# SPDX-License-Identifier: EUPL-1.2
"""The agency's private register: its records and codes in clear, and which index entries are theirs.

SQLite in WAL mode; every change is one transaction. The register never leaves the agency; only blinded entries
and sealed records do (`publication.py`). Codes are unique at issue: a code is reserved before it is printed in
a file.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Self

from police2peer.catalogue.home import Home
from police2peer.catalogue.lookup import Alias, CodeStretch, parse_network_id
from police2peer.catalogue.record import Record, RecordDraft, Status
from police2peer.catalogue.tree import Change
from police2peer.errors import BadInput, Unavailable

__all__ = ["Progress", "Registry", "create_registry"]

Progress = Callable[[int, int], None]  # done, of how many

_SCHEMA = """
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE code (code TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE record (
  id TEXT PRIMARY KEY, agency TEXT NOT NULL, sha256 TEXT NOT NULL, code TEXT UNIQUE, draft TEXT NOT NULL,
  rev INTEGER NOT NULL, status TEXT NOT NULL, since TEXT NOT NULL,
  published INTEGER NOT NULL DEFAULT 0, sending INTEGER, UNIQUE (agency, sha256)
) STRICT, WITHOUT ROWID;
CREATE INDEX waiting ON record (id) WHERE published != rev;
CREATE TABLE alias (
  record TEXT NOT NULL REFERENCES record, type TEXT NOT NULL, value TEXT NOT NULL,
  entry BLOB, sending BLOB, PRIMARY KEY (record, type, value)
) STRICT, WITHOUT ROWID;
CREATE INDEX sent ON alias (sending) WHERE sending IS NOT NULL;
CREATE TABLE superseded (name TEXT PRIMARY KEY, at TEXT NOT NULL) STRICT, WITHOUT ROWID;
"""
_BATCH = 512  # records entered in one transaction
_TRIES = 100  # a code is taken with probability 1e-8 at ten million files


def _no_progress(_done: int, _total: int) -> None:
    """Say nothing."""


def _draft_json(draft: RecordDraft) -> str:
    value = {field.name: getattr(draft, field.name) for field in fields(draft)}
    return json.dumps(
        value | {"hashes": dict(draft.hashes), "issued_on": draft.issued_on.isoformat()}, sort_keys=True
    )


def _read_draft(text: str) -> RecordDraft:
    value = json.loads(text)
    value["issued_on"] = date.fromisoformat(value["issued_on"])
    value["network_ids"] = tuple((first, second) for first, second in value["network_ids"])
    return RecordDraft(**value)


def _unusable(error: sqlite3.Error) -> Unavailable:
    return Unavailable(
        f"the register of the catalogue cannot be used now: {error}",
        remedy="see that the disk has room and that no other command uses it, then run the command again",
    )


def _connect(path: Path) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(path, timeout=30)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
    except sqlite3.Error as error:
        raise _unusable(error) from error
    return connection


def create_registry(path: Path, stretch: CodeStretch) -> None:
    """Make an empty register that stretches codes so."""
    connection = _connect(path)
    path.chmod(0o600)
    with connection:
        connection.executescript(_SCHEMA)
        settings = {"code_iterations": str(stretch.iterations), "code_salt": stretch.salt.hex()}
        connection.executemany("INSERT INTO setting VALUES (?, ?)", settings.items())
    connection.close()


def _what_it_is(draft: RecordDraft) -> RecordDraft:
    """Leave out what may differ when the same file is entered again."""
    return replace(draft, network_ids=(), issued_on=date.min)


class Registry:
    """An open register; use it in a `with` block."""

    def __init__(self, folder: Path) -> None:
        home = Home(folder)
        home.check()
        self._db = _connect(home.registry)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()
        if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.IntegrityError):
            raise _unusable(error) from error

    # Settings

    def get(self, name: str) -> str | None:
        """Give a setting."""
        row = self._db.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def set(self, name: str, value: str) -> None:
        """Set a setting, inside the caller's transaction if there is one."""
        self._db.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (name, value))

    @property
    def stretch(self) -> CodeStretch:
        """How this catalogue stretches codes."""
        return CodeStretch(int(self.get("code_iterations") or 0), bytes.fromhex(self.get("code_salt") or ""))

    # Entering

    def issue_code(self, draw: Callable[[], str]) -> str:
        """Draw a code that was never issued, and reserve it. Raises `BadInput` when the source repeats itself."""
        for _ in range(_TRIES):
            code = draw()
            with self._db:
                if self._db.execute("INSERT OR IGNORE INTO code VALUES (?)", (code,)).rowcount:
                    return code
        raise BadInput("no new code could be drawn", remedy="the source of randomness repeats itself: check it")

    def add(self, drafts: Iterable[RecordDraft], *, now: date, progress: Progress = _no_progress) -> int:
        """Enter drafts; the same draft again changes nothing. Give how many were new.

        Raises `BadInput` when an id, code or file is taken by another record; what came before it in the batch
        is kept out too.
        """
        everything = list(drafts)
        added = 0
        for start in range(0, len(everything), _BATCH):
            fresh = [draft for draft in everything[start : start + _BATCH] if not self._has(draft)]
            values = self._stretch_codes([draft.code for draft in fresh if draft.code])
            with self._db:
                for draft in fresh:
                    self._enter(draft, values, now)
            added += len(fresh)
            progress(min(start + _BATCH, len(everything)), len(everything))
        return added

    def _stretch_codes(self, codes: Sequence[str]) -> dict[str, str]:
        """Stretch codes on all cores; OpenSSL lets go of the interpreter meanwhile."""
        if not codes:
            return {}
        with ThreadPoolExecutor() as pool:
            return dict(zip(codes, pool.map(self.stretch.value, codes), strict=True))

    def _has(self, draft: RecordDraft) -> bool:
        row = self._db.execute("SELECT draft FROM record WHERE id = ?", (draft.id,)).fetchone()
        if row is None:
            return False
        known = _read_draft(row[0])
        if _what_it_is(known) != _what_it_is(draft):
            raise BadInput(
                f"the id {draft.id} stands for another file already", remedy="make the files again with new ids"
            )
        return set(draft.network_ids) <= set(known.network_ids)

    def _enter(self, draft: RecordDraft, values: dict[str, str], now: date) -> None:
        if self._db.execute("SELECT 1 FROM record WHERE id = ?", (draft.id,)).fetchone():
            self._add_ids(draft.id, draft.network_ids)
            return
        row = (draft.id, draft.agency, draft.sha256, draft.code, _draft_json(draft), now.isoformat())
        try:
            self._db.execute("INSERT INTO record VALUES (?, ?, ?, ?, ?, 1, 'genuine', ?, 0, NULL)", row)
        except sqlite3.IntegrityError as error:
            raise BadInput(
                f"the code or the file of {draft.id} is in the catalogue under another id",
                remedy="make the file again, so that it gets a code of its own",
            ) from error
        aliases = [Alias("sha256", draft.sha256)]
        if draft.code:
            self._db.execute("INSERT OR IGNORE INTO code VALUES (?)", (draft.code,))
            aliases.append(Alias("code", values[draft.code]))
        aliases += [parse_network_id(*pair) for pair in draft.network_ids]
        self._add_aliases(draft.id, aliases)

    def _add_aliases(self, record_id: str, aliases: Iterable[Alias]) -> None:
        self._db.executemany(
            "INSERT OR IGNORE INTO alias (record, type, value) VALUES (?, ?, ?)",
            [(record_id, alias.type, alias.value) for alias in aliases],
        )

    def _add_ids(self, record_id: str, network_ids: Sequence[tuple[str, str]]) -> None:
        aliases = [parse_network_id(*pair) for pair in network_ids]
        draft = self._draft(record_id)
        merged = tuple(dict.fromkeys((*draft.network_ids, *network_ids)))
        if merged == draft.network_ids:
            return
        text = _draft_json(replace(draft, network_ids=merged))
        self._db.execute("UPDATE record SET draft = ?, rev = rev + 1 WHERE id = ?", (text, record_id))
        self._add_aliases(record_id, aliases)

    def _draft(self, record_id: str) -> RecordDraft:
        row = self._db.execute("SELECT draft FROM record WHERE id = ?", (record_id,)).fetchone()
        if row is None:
            raise BadInput(
                f"no record has the id {record_id}", remedy="add the file first: police2peer catalogue add"
            )
        return _read_draft(row[0])

    def add_network_ids(self, ids: Iterable[tuple[str, str, str]]) -> None:
        """List more network ids (record id, type, value) of files already entered. Raises `BadInput`."""
        by_record: dict[str, list[tuple[str, str]]] = {}
        for record_id, id_type, value in ids:
            by_record.setdefault(record_id, []).append((id_type, value))
        with self._db:
            for record_id, pairs in by_record.items():
                self._add_ids(record_id, pairs)

    def withdraw(self, what: str, *, now: date) -> str:
        """Withdraw the record with this id, code or SHA-256, and give its id. Raises `BadInput`."""
        row = self._db.execute("SELECT id, status FROM record WHERE ? IN (id, code, sha256)", (what,)).fetchone()
        if row is None:
            raise BadInput(
                "no record has this id, code or SHA-256",
                remedy="look it up with police2peer verify FILE, then give its id",
            )
        with self._db:
            self._db.execute(
                "UPDATE record SET status = 'withdrawn', rev = rev + 1, since = ?"
                " WHERE id = ? AND status = 'genuine'",
                (now.isoformat(), row[0]),
            )
        return str(row[0])

    def sign_again(self, agencies: Iterable[str]) -> None:
        """Have all records of these agencies signed anew at the next publication, as after a change of key."""
        with self._db:
            self._db.executemany("UPDATE record SET rev = rev + 1 WHERE agency = ?", [(each,) for each in agencies])

    def count(self) -> dict[str, int]:
        """Count records by status, and those that wait for publication."""
        rows = self._db.execute("SELECT status, count(*) FROM record GROUP BY status").fetchall()
        waiting = self._db.execute("SELECT count(*) FROM record WHERE published != rev").fetchone()[0]
        return {status.value: 0 for status in Status} | dict(rows) | {"waiting": waiting}

    # Publication: what is sent is marked first, and counts as published once it is seen in the public index.

    def waiting(self, after_id: str, most: int) -> list[tuple[Record, list[Alias]]]:
        """Give some records that are not published as they stand, in the order of their ids."""
        rows = self._db.execute(
            "SELECT id, draft, rev, status, since FROM record WHERE published != rev AND id > ? ORDER BY id LIMIT ?",
            (after_id, most),
        ).fetchall()
        found = []
        for record_id, text, rev, status, since in rows:
            aliases = self._db.execute("SELECT type, value FROM alias WHERE record = ?", (record_id,))
            record = Record(_read_draft(text), rev, Status(status), date.fromisoformat(since))
            found.append((record, [Alias(*pair) for pair in aliases]))
        return found

    def mark_sending(self, sent: Iterable[tuple[Record, dict[Alias, bytes]]]) -> None:
        """Note the entries that are about to be published."""
        with self._db:
            for record, entries in sent:
                record_id = record.draft.id
                self._db.execute("UPDATE record SET sending = ? WHERE id = ?", (record.rev, record_id))
                self._db.executemany(
                    "UPDATE alias SET sending = ? WHERE record = ? AND type = ? AND value = ?",
                    [(entry, record_id, alias.type, alias.value) for alias, entry in entries.items()],
                )

    def changes(self) -> Iterator[Change]:
        """Give the changes of the index in the order of their lookup keys."""
        rows = self._db.execute("SELECT entry, sending FROM alias WHERE sending IS NOT NULL ORDER BY sending")
        for old, new in rows:
            yield Change(new[:16], old, new)

    def count_new_entries(self) -> int:
        """Count the changes that add an entry and replace none."""
        row = self._db.execute("SELECT count(*) FROM alias WHERE sending IS NOT NULL AND entry IS NULL").fetchone()
        return int(row[0])

    def set_published(self, timestamp: int, superseded: Iterable[str], at: str) -> None:
        """Count what was sent as published, and keep the version and the files no longer needed."""
        self.settle(arrived=True)
        with self._db:
            self.set("timestamp", str(timestamp))
            self._db.executemany(
                "INSERT OR REPLACE INTO superseded VALUES (?, ?)", [(name, at) for name in superseded]
            )

    def first_change(self) -> Change | None:
        """Give one change of those being sent, if any."""
        return next(self.changes(), None)

    def settle(self, *, arrived: bool) -> None:
        """Count what was sent as published, or forget that it was sent."""
        with self._db:
            if arrived:
                self._db.execute("UPDATE record SET published = sending WHERE sending IS NOT NULL")
                self._db.execute("UPDATE alias SET entry = sending WHERE sending IS NOT NULL")
            self._db.execute("UPDATE record SET sending = NULL WHERE sending IS NOT NULL")
            self._db.execute("UPDATE alias SET sending = NULL WHERE sending IS NOT NULL")

    def forget_publication(self) -> None:
        """Have everything published again, as into an empty folder."""
        with self._db:
            self._db.execute("UPDATE record SET published = 0, sending = NULL")
            self._db.execute("UPDATE alias SET entry = NULL, sending = NULL")
            self._db.execute("DELETE FROM superseded")

    def superseded_before(self, at: str) -> list[str]:
        """Give files that were not needed since before a moment."""
        return [row[0] for row in self._db.execute("SELECT name FROM superseded WHERE at < ?", (at,))]

    def forget_superseded(self, names: Iterable[str]) -> None:
        """Forget files that were removed."""
        with self._db:
            self._db.executemany("DELETE FROM superseded WHERE name = ?", [(name,) for name in names])
