# SPDX-License-Identifier: EUPL-1.2
"""Contacts a second through ladder and tallies on one core, beside the naive way: one SQLite row for each.

A contact is five events: connected, named, asked, sent, left. Every contact is from an address of its own, the
countries are the registries', and the counts are written every second of the time that the events bear. `burst` is a
rate at which visits have to be closed early, `steady` one at which they close by themselves an hour after.
CPU time of the process, garbage collection on; the events are made before. `python -m benchmarks contacts` runs it.
"""

import gc
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from police2peer.campaign import Arm, Language, Title, TitleId
from police2peer.contacts import Contacts, RegistryCountries, TallyStore, client_family
from police2peer.networks import (
    Address,
    ClientNamed,
    DataRequested,
    DataSent,
    Departure,
    Offer,
    OfferId,
    PeerConnected,
    PeerLeft,
    WireEvent,
)
from police2peer.presence import wiping_environment
from police2peer.warningfiles import FileHashes, WarningFileId

TITLE = "Contacts: through ladder and tallies on one core"

_NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
_SIZE, _PIECE = 1_000_000, 262_144
_OFFERS = 100
_CLIENTS = (b"-TR4050-", b"-qB4520-", b"A2-1-36-", b"-UT355W-", b"-BI3300-")
_CHUNK = 20_000


def run() -> str:
    """Measure, and give a table in markdown."""
    rows = []
    for name, rate, count in (("burst", 20_000, 400_000), ("steady", 25, 150_000)):
        rows.append((f"police2peer, {name} (a transaction for each {rate:,})", _ours(rate, count)))
        rows.append((f"the same with freed memory wiped, as `police2peer up` runs, {name}", _ours_wiped(rate, count)))
    rows.append(("one SQLite row for each contact, committed each second", _naive(20_000, 200_000)))
    rows.append(("one SQLite row for each contact, committed one by one", _naive(20_000, 20_000, each=True)))
    lines = ["| way | contacts a second of CPU |", "|---|---|"]
    lines += [f"| {name} | {rate:,.0f} |" for name, rate in rows]
    return "\n".join(lines) + "\n"


def _events(first: int, count: int, rate: int, offers: list[Offer]) -> list[WireEvent]:
    """Make the events of contacts from `count` addresses that follow each other."""
    found: list[WireEvent] = []
    at = _NOON
    for number in range(first, first + count):
        if number % 20 == 0:  # a batch of the engine bears one time
            at = _NOON + timedelta(seconds=number / rate)
        host = f"{1 + number * 7 % 223}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        offer = offers[number % _OFFERS]
        about = (at, "bittorrent", offer.id, Address(host, 1024 + number % 60_000))
        found += (
            PeerConnected(*about),
            ClientNamed(*about, _CLIENTS[number % len(_CLIENTS)], ""),
            DataRequested(*about, 0, _SIZE),
            DataSent(*about, 0, _SIZE),
            PeerLeft(*about, Departure.COMPLETE),
        )
    return found


def _chunks(rate: int, count: int, offers: list[Offer]) -> Iterator[list[WireEvent]]:
    for first in range(0, count, _CHUNK):
        yield _events(first, min(_CHUNK, count - first), rate, offers)


def _ours(rate: int, count: int) -> float:
    with tempfile.TemporaryDirectory() as folder, TallyStore(Path(folder) / "t.sqlite") as store:
        offers = _offers(Path(folder))
        contacts = Contacts(
            store,
            offers={offer.id: offer for offer in offers}.get,
            countries=RegistryCountries(),
            random_bytes=os.urandom,
        )
        contacts.begin(_NOON)
        spent, due = 0.0, _NOON + timedelta(seconds=1)
        for events in _chunks(rate, count, offers):
            gc.collect()
            gc.freeze()  # the events that wait here are no part of a node
            begun = time.process_time()
            for event in events:
                if event.at >= due:
                    contacts.flush(event.at)
                    due = event.at + timedelta(seconds=1)
                contacts.feed(event)
            spent += time.process_time() - begun
            gc.unfreeze()
        begun = time.process_time()
        contacts.close(_NOON + timedelta(days=1))
        spent += time.process_time() - begun
        assert store.contacts() == count
        return count / spent


def _ours_wiped(rate: int, count: int) -> float:
    """Measure in a process of its own, whose allocators wipe what is freed."""
    command = [sys.executable, "-c", f"from benchmarks.contacts import _ours; print(_ours({rate}, {count}))"]
    done = subprocess.run(
        command, env=wiping_environment(os.environ) or dict(os.environ), capture_output=True, check=True, text=True
    )
    return float(done.stdout)


def _naive(rate: int, count: int, *, each: bool = False) -> float:
    """Keep what a simple tool keeps: a row with the address for each contact, updated as it goes on."""
    look_up = RegistryCountries().country_of
    with tempfile.TemporaryDirectory() as folder:
        offers = _offers(Path(folder))
        db = sqlite3.connect(Path(folder) / "naive.sqlite", isolation_level=None)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute(
            "CREATE TABLE contact (at TEXT, host TEXT, port INTEGER, offer TEXT, country TEXT, client TEXT,"
            " asked INTEGER, sent INTEGER, ended TEXT, PRIMARY KEY (host, port, offer))"
        )
        spent = 0.0
        for events in _chunks(rate, count, offers):
            gc.collect()
            begun = time.process_time()
            if not each:
                db.execute("BEGIN")
            for event in events:
                _naive_step(db, event, look_up)
            if not each:
                db.execute("COMMIT")
            spent += time.process_time() - begun
        assert db.execute("SELECT COUNT(*) FROM contact WHERE sent = ?", (_SIZE,)).fetchone() == (count,)
        db.close()
        return count / spent


def _naive_step(db: sqlite3.Connection, event: WireEvent, look_up: object) -> None:
    assert callable(look_up)
    assert isinstance(event, PeerConnected | ClientNamed | DataRequested | DataSent | PeerLeft)
    host, port = event.peer.reveal()
    key = (host, port, event.offer)
    match event:
        case PeerConnected():
            db.execute(
                "INSERT INTO contact VALUES (?, ?, ?, ?, ?, '', 0, 0, NULL)",
                (event.at.isoformat(), *key, look_up(host)),
            )
        case ClientNamed():
            family = client_family(event.peer_id, event.name)
            db.execute("UPDATE contact SET client = ? WHERE (host, port, offer) = (?, ?, ?)", (family, *key))
        case DataRequested():
            db.execute("UPDATE contact SET asked = asked + ? WHERE (host, port, offer) = (?, ?, ?)", (_SIZE, *key))
        case DataSent():
            db.execute("UPDATE contact SET sent = sent + ? WHERE (host, port, offer) = (?, ?, ?)", (_SIZE, *key))
        case PeerLeft():
            ended = event.at.isoformat()
            db.execute("UPDATE contact SET ended = ? WHERE (host, port, offer) = (?, ?, ?)", (ended, *key))


def _offers(folder: Path) -> list[Offer]:
    hashes = FileHashes(
        _SIZE, "0" * 64, "0" * 40, "0" * 32, _PIECE, b"", b"", b"", "0" * 32, bytes(16), "A" * 32, "A" * 39, b""
    )
    arms = list(Arm)
    return [
        Offer(
            id=OfferId(f"bittorrent-{number:06d}"),
            network="bittorrent",
            title_id=TitleId(f"T-{number:04d}"),
            title=Title.parse(f"sample-clip-{number:02d}"),
            extension="mp4",
            path=folder / "clip.mp4",
            hashes=hashes,
            arm=arms[number % len(arms)],
            language=Language("en"),
            warning_file_id=WarningFileId(f"F-{number:04d}"),
        )
        for number in range(_OFFERS)
    ]
