# SPDX-License-Identifier: EUPL-1.2
"""The agency's private register: its records and codes in clear.

Every change is one transaction. The register never leaves the agency; only blinded entries and sealed records do
(`publication.py`, `contributing.py`). Codes are unique at issue: a code is reserved before it is printed in
a file.
"""

import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterable, Sequence, Sized
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Self

from police2peer.catalogue.home import Home
from police2peer.catalogue.lookup import Alias, CodeStretch, parse_network_id
from police2peer.catalogue.outgoing import Outgoing
from police2peer.catalogue.record import RecordDraft, Status
from police2peer.catalogue.register_file import draft_json, open_register, read_draft, unusable
from police2peer.errors import BadInput

__all__ = ["Progress", "Registry"]

Progress = Callable[[int, int], None]  # done, of how many

_BATCH = 512  # records entered in one transaction
_TRIES = 100  # a code is taken with probability 1e-8 at ten million files


def _no_progress(_done: int, _total: int) -> None:
    """Say nothing."""


def _what_it_is(draft: RecordDraft) -> RecordDraft:
    """Leave out what may differ when the same file is entered again."""
    return replace(draft, network_ids=(), issued_on=date.min)


class Registry:
    """An open register; use it in a `with` block."""

    def __init__(self, folder: Path) -> None:
        home = Home(folder)
        home.check()
        self._db = open_register(home.registry)
        self.outgoing = Outgoing(self._db)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()
        if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.IntegrityError):
            raise unusable(error) from error

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
                if self._db.execute("INSERT OR IGNORE INTO code VALUES (?, NULL)", (code,)).rowcount:
                    return code
        raise BadInput("no new code could be drawn", remedy="the source of randomness repeats itself: check it")

    def add(self, drafts: Iterable[RecordDraft], *, now: date, progress: Progress = _no_progress) -> int:
        """Enter drafts; the same draft again changes nothing. Give how many were new.

        Raises `BadInput` when an id, code or file is taken by another record; what came before it in the batch
        is kept out too.
        """
        total = len(drafts) if isinstance(drafts, Sized) else 0
        remaining, added, done = iter(drafts), 0, 0
        while batch := list(islice(remaining, _BATCH)):
            fresh = [draft for draft in batch if not self._has(draft)]
            values = self._stretch_codes([draft.code for draft in fresh if draft.code])
            with self._db:
                for draft in fresh:
                    self._enter(draft, values, now)
            added, done = added + len(fresh), done + len(batch)
            progress(done, max(total, done))
        return added

    def not_entered(self, codes: Iterable[str]) -> list[str]:
        """Give those of the codes that belong to no record and are not stretched yet."""
        known = (
            "SELECT 1 FROM record WHERE code = :code UNION SELECT 1 FROM code WHERE code = :code AND value NOTNULL"
        )
        return [code for code in codes if self._db.execute(known, {"code": code}).fetchone() is None]

    def stretch_ahead(self, codes: Sequence[str], progress: Progress = _no_progress) -> None:
        """Stretch codes when they are drawn, so that entering their files later takes no time."""
        for start in range(0, len(codes), _BATCH):
            values = self._stretch_codes(codes[start : start + _BATCH])
            with self._db:
                self._db.executemany(
                    "INSERT INTO code VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", values.items()
                )
            progress(min(start + _BATCH, len(codes)), len(codes))

    def _stretch_codes(self, codes: Sequence[str]) -> dict[str, str]:
        """Stretch codes on all cores, but for those that were; OpenSSL lets go of the interpreter meanwhile."""
        ready = {code: value for code in codes if (value := self._stretched(code)) is not None}
        left = [code for code in codes if code not in ready]
        if left:
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                ready |= zip(left, pool.map(self.stretch.value, left), strict=True)
        return ready

    def _stretched(self, code: str) -> str | None:
        """Give a code's value where it is known: stretched ahead, or of a record."""
        row = self._db.execute("SELECT value FROM code WHERE code = ?", (code,)).fetchone()
        return None if row is None else row[0]

    def _has(self, draft: RecordDraft) -> bool:
        row = self._db.execute("SELECT draft FROM record WHERE id = ?", (draft.id,)).fetchone()
        if row is None:
            return False
        known = read_draft(row[0])
        if _what_it_is(known) != _what_it_is(draft):
            raise BadInput(
                f"the id {draft.id} stands for another file already", remedy="make the files again with new ids"
            )
        return set(draft.network_ids) <= set(known.network_ids)

    def _enter(self, draft: RecordDraft, values: dict[str, str], now: date) -> None:
        if self._db.execute("SELECT 1 FROM record WHERE id = ?", (draft.id,)).fetchone():
            self._add_ids(draft.id, draft.network_ids)
            return
        row = (draft.id, draft.agency, draft.sha256, draft.code, draft_json(draft), now.isoformat())
        try:
            self._db.execute(
                "INSERT INTO record (id, agency, sha256, code, draft, rev, status, since)"
                " VALUES (?, ?, ?, ?, ?, 1, 'genuine', ?)",
                row,
            )
        except sqlite3.IntegrityError as error:
            raise BadInput(
                f"the code or the file of {draft.id} is in the catalogue under another id",
                remedy="make the file again, so that it gets a code of its own",
            ) from error
        aliases = [Alias("sha256", draft.sha256)]
        if draft.code:
            self._db.execute(
                "INSERT INTO code VALUES (?, NULL) ON CONFLICT DO UPDATE SET value = NULL", (draft.code,)
            )
            aliases.append(Alias("code", values[draft.code]))
        aliases += [parse_network_id(*pair) for pair in draft.network_ids]
        self._add_aliases(draft.id, aliases)

    def _add_aliases(self, record_id: str, aliases: Iterable[Alias]) -> None:
        self._db.executemany(
            "INSERT OR IGNORE INTO alias SELECT id, ?, ?, rev FROM record WHERE id = ?",
            [(alias.type, alias.value, record_id) for alias in aliases],
        )

    def _add_ids(self, record_id: str, network_ids: Sequence[tuple[str, str]]) -> None:
        aliases = [parse_network_id(*pair) for pair in network_ids]
        draft = self._draft(record_id)
        merged = tuple(dict.fromkeys((*draft.network_ids, *network_ids)))
        if merged == draft.network_ids:
            return
        text = draft_json(replace(draft, network_ids=merged))
        self._db.execute("UPDATE record SET draft = ?, rev = rev + 1 WHERE id = ?", (text, record_id))
        self._add_aliases(record_id, aliases)

    def _draft(self, record_id: str) -> RecordDraft:
        row = self._db.execute("SELECT draft FROM record WHERE id = ?", (record_id,)).fetchone()
        if row is None:
            raise BadInput(
                f"no record has the id {record_id}", remedy="add the file first: police2peer catalogue add"
            )
        return read_draft(row[0])

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
        row = self._db.execute(
            "SELECT id FROM record WHERE id = :what OR code = :what OR sha256 = :what", {"what": what}
        ).fetchone()
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
        return {status.value: 0 for status in Status} | dict(rows) | {"waiting": self.outgoing.count()}

    def note_sending(self, head: bytes) -> None:
        """Note which head makes what is being sent the current state."""
        with self._db:
            self.set("sending_head", hashlib.sha256(head).hexdigest())

    def begin_afresh(self) -> None:
        """Have the next contribution hold everything, and stand in the place of all before it."""
        self.outgoing.forget_everything({"complete": "yes"})

    def settle_sending(self, head_sha256: str) -> bool:
        """Count what an interrupted run had sent as published if this is its head, and say so; else forget it."""
        arrived = self.get("sending_head") == head_sha256
        self.outgoing.settle(arrived=arrived, settings={"sending_head": "-"})
        return arrived

    def set_published(self, timestamp: int, superseded: Iterable[str], at: str) -> None:
        """Count what was sent as published, and keep the version and the files no longer needed."""
        self.outgoing.settle(arrived=True, settings={"timestamp": str(timestamp), "sending_head": "-"})
        self.outgoing.supersede(superseded, at)
