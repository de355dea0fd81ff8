# SPDX-License-Identifier: EUPL-1.2
"""The sealed ledger: records appended and verified a second, beside SQLite, which seals and proves nothing."""

import hashlib
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from police2peer.campaign import EvidenceKey, new_evidence_key
from police2peer.contacts.ledger import (
    ClockReading,
    ContactRecord,
    Ledger,
    LedgerReader,
    LedgerTerms,
    RecordedConnection,
    inspect_ledger,
)
from police2peer.contacts.ledger.frames import EntryKind

TITLE = "Sealed ledger: records a second on one core"

_RECORDS, _COMMIT = 100_000, 100
_SMALL_BYTES = 328  # the record of the first sketch of this design, for comparison
_AT = datetime(2026, 3, 1, 14, tzinfo=UTC)


def _record(number: int) -> ContactRecord:
    began = _AT + timedelta(milliseconds=number)
    connection = RecordedConnection(
        f"127.1.{number // 250 % 250}.{number % 250 + 1}", 50_000, "127.0.0.1", 6881, began
    )
    return ContactRecord(
        *("no-2027-01", "Section 1 of an invented act", "no-2027-01", "node-1", "bittorrent", "BitTorrent (BEP 3)"),
        *(f"bittorrent-{number % 100:06d}", "sample-clip-07", "sample-clip-07.mp4", "warning", "nb", "7f" * 16),
        *("ab" * 32, 1_048_576, 65_536, (("btih", "cd" * 20),), "0.1.0", "ef" * 32, "01" * 32),
        *("ended", f"{number:032x}", (connection,), (("peer id", "2d" * 20),), "aria2/1.36.0", "aria2", "NO"),
        *(began, began + timedelta(seconds=4), ClockReading(1.25, 8.0, "kernel (adjtimex)", _AT), 4),
        *(False, 131_072, 131_072, 65_536, 2, ("shared_address",), date(2026, 9, 1)),
    )


def _timed(work: Callable[[], None]) -> tuple[float, float]:
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - cpu, time.perf_counter() - wall


def _row(what: str, count: int, cpu_s: float, wall_s: float) -> str:
    return f"| {what} | {count / cpu_s:,.0f} | {count / wall_s:,.0f} |"


def _ledger(folder: Path, key: EvidenceKey) -> Ledger:
    terms = LedgerTerms("no-2027-01", "5c" * 32, (key.public,), timedelta(days=180), "0.1.0", "ef" * 32)
    return Ledger(folder, "police.example/bench", Ed25519PrivateKey.generate(), terms, random_bytes=os.urandom)


def _append(folder: Path, key: EvidenceKey, batch: Callable[[int], list[bytes]]) -> tuple[float, float]:
    def write() -> None:
        for start in range(0, _RECORDS, _COMMIT):
            ledger.commit(batch(start), _AT + timedelta(milliseconds=start))

    with _ledger(folder, key) as ledger:
        return _timed(write)


def _insert(path: Path, payload: bytes) -> tuple[float, float]:
    """SQLite with its own guarantee: each commit on the disk."""
    db = sqlite3.connect(path, isolation_level=None)
    db.executescript(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
        "CREATE TABLE record (id INTEGER PRIMARY KEY, at TEXT, content BLOB) STRICT"
    )

    def write() -> None:
        for _ in range(0, _RECORDS, _COMMIT):
            db.execute("BEGIN IMMEDIATE")
            rows = [("2026-03-01T14:00:00Z", payload)] * _COMMIT
            db.executemany("INSERT INTO record (at, content) VALUES (?, ?)", rows)
            db.execute("COMMIT")

    taken = _timed(write)
    db.close()
    return taken


def _hash_rows(path: Path) -> tuple[float, float]:
    """Check a hash chain over the rows, one hash a row: the least that a table would need to show changes."""

    def read() -> None:
        chain = b""
        for (content,) in db.execute("SELECT content FROM record ORDER BY id"):
            chain = hashlib.sha256(chain + content).digest()

    db = sqlite3.connect(path)
    taken = _timed(read)
    db.close()
    return taken


def _unseal(folder: Path, key: EvidenceKey, most: int) -> tuple[float, float]:
    def read() -> None:
        for entry in reader.entries(0, most):
            if entry.kind is EntryKind.RECORD:
                reader.unseal(entry, key)

    reader = LedgerReader(folder)
    len(reader)
    return _timed(read)


def run() -> str:
    """Give the table."""
    rows = [
        f"{_RECORDS:,} records, {_COMMIT} a commit, each commit flushed to the disk; one thread.\n",
        "| What | records / s of CPU | records / s of time |",
        "|---|---:|---:|",
    ]
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        key = new_evidence_key(folder / "evidence.key")
        whole = [_record(number).to_bytes() for number in range(_COMMIT)]
        small = [os.urandom(_SMALL_BYTES) for _ in range(_COMMIT)]
        records = [_record(number) for number in range(_COMMIT)]
        kinds: list[tuple[str, str, Callable[[int], list[bytes]]]] = [
            ("small", f"ledger: seal and append, {_SMALL_BYTES} bytes each", lambda _: small),
            ("whole", f"ledger: seal and append, whole contacts of {len(whole[0])} bytes", lambda _: whole),
            ("made", "ledger: write out, seal and append", lambda _: [each.to_bytes() for each in records]),
        ]
        for name, what, batch in kinds:
            rows.append(_row(what, _RECORDS, *_append(folder / name, key, batch)))
        rows.append(_row("SQLite: insert the same, in clear", _RECORDS, *_insert(folder / "db", whole[0])))
        for name, what in (("small", f"{_SMALL_BYTES} bytes each"), ("whole", "whole contacts")):
            rows.append(_row(f"ledger: verify every byte, {what}", _RECORDS, *_examine(folder / name)))
        every = LedgerReader(folder / "whole")
        taken = _timed(lambda: _inspect(every))
        rows.append(_row("ledger: the same, and the signature of each commit", _RECORDS, *taken))
        rows.append(_row("SQLite: read and hash each row", _RECORDS, *_hash_rows(folder / "db")))
        rows.append(
            _row("ledger: open with the agency's key", _RECORDS // 2, *_unseal(folder / "whole", key, _RECORDS // 2))
        )
    return "\n".join(rows)


def _examine(folder: Path) -> tuple[float, float]:
    def read() -> None:
        assert len(reader) > _RECORDS

    reader = LedgerReader(folder)
    return _timed(read)


def _inspect(reader: LedgerReader) -> None:
    assert inspect_ledger(reader).size > _RECORDS
