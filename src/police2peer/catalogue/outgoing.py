# SPDX-License-Identifier: EUPL-1.2
"""What of a register is on its way: what waits, what is being sent, and what has arrived.

What is sent is marked first, and counts as published once it is seen where it was sent to; it arrives as a whole
or not at all.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from police2peer.catalogue.lookup import Alias
from police2peer.catalogue.record import Record, Status
from police2peer.catalogue.register_file import read_draft

__all__ = ["Outgoing", "Waiting"]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A record that waits, and what it is found under, each with the seed of its entry so far, if it has one."""

    record: Record
    aliases: tuple[tuple[Alias, bytes | None], ...]


class Outgoing:
    """The part of a register that a publication or a contribution uses."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._db = database

    def count(self) -> int:
        """Count the records that wait."""
        return int(self._db.execute("SELECT count(*) FROM record WHERE published != rev").fetchone()[0])

    def waiting(self, after_id: str, most: int) -> list[Waiting]:
        """Give some records that are not published as they stand, in the order of their ids."""
        rows = self._db.execute(
            "SELECT id, draft, rev, status, since, published, seed FROM record"
            " WHERE published != rev AND id > ? ORDER BY id LIMIT ?",
            (after_id, most),
        ).fetchall()
        found = []
        for record_id, text, rev, status, since, published, seed in rows:
            aliases = self._db.execute("SELECT type, value, rev FROM alias WHERE record = ?", (record_id,))
            before = tuple((Alias(kind, value), seed if of <= published else None) for kind, value, of in aliases)
            record = Record(read_draft(text), rev, Status(status), date.fromisoformat(since))
            found.append(Waiting(record, before))
        return found

    def sealed(self) -> Iterator[tuple[Alias, bytes]]:
        """Give each alias that stands in the index, and the seed of its entry."""
        rows = self._db.execute(
            "SELECT type, value, seed FROM record JOIN alias ON record = id"
            " WHERE seed IS NOT NULL AND alias.rev <= published"
        )
        return ((Alias(kind, value), seed) for kind, value, seed in rows)

    def mark_sending(self, sent: Iterable[tuple[str, int, bytes]]) -> None:
        """Note records (id, rev, seed) that are about to be published."""
        with self._db:
            self._db.executemany(
                "UPDATE record SET sending = ?, sending_seed = ? WHERE id = ?",
                [(rev, seed, record_id) for record_id, rev, seed in sent],
            )

    def settle(self, *, arrived: bool, settings: Mapping[str, str]) -> None:
        """Count what was sent as published, or forget that it was sent; and set settings, all in one transaction."""
        with self._db:
            if arrived:
                self._db.execute(
                    "UPDATE record SET published = sending, seed = sending_seed WHERE sending IS NOT NULL"
                )
            self._db.execute("UPDATE record SET sending = NULL, sending_seed = NULL WHERE sending IS NOT NULL")
            self._db.executemany("INSERT OR REPLACE INTO setting VALUES (?, ?)", settings.items())

    def set_aside(self, agencies: Iterable[str]) -> None:
        """Let nothing wait any more of agencies whose records can no longer be signed."""
        with self._db:
            self._db.executemany(
                "UPDATE record SET published = rev WHERE agency = ? AND published != rev",
                [(each,) for each in agencies],
            )

    def forget_everything(self, settings: Mapping[str, str]) -> None:
        """Have everything sent again, as into an empty folder; and set settings, all in one transaction."""
        with self._db:
            self._db.executemany("INSERT OR REPLACE INTO setting VALUES (?, ?)", settings.items())
            self._db.execute("UPDATE record SET published = 0, seed = NULL, sending = NULL, sending_seed = NULL")
            self._db.execute("DELETE FROM superseded")

    # Files that the newest state does not need

    def supersede(self, names: Iterable[str], at: str) -> None:
        """Keep the names of files that are not needed from this moment."""
        with self._db:
            self._db.executemany("INSERT OR REPLACE INTO superseded VALUES (?, ?)", [(name, at) for name in names])

    def superseded_before(self, at: str) -> list[str]:
        """Give files that were not needed since before a moment."""
        return [row[0] for row in self._db.execute("SELECT name FROM superseded WHERE at < ?", (at,))]

    def forget_superseded(self, names: Iterable[str]) -> None:
        """Forget files that were removed, or are needed again."""
        with self._db:
            self._db.executemany("DELETE FROM superseded WHERE name = ?", [(name,) for name in names])
