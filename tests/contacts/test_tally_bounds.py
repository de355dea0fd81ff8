# SPDX-License-Identifier: EUPL-1.2
"""The tallies stay small whatever happens, lose no count by it, and bring files of the first layout along."""

import os
import signal
import sqlite3
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.contacts.conftest import NOON

from police2peer.contacts import (
    EVERY_NETWORK,
    FOLDED,
    Bounds,
    CrawlerKey,
    CrawlerReason,
    Rung,
    TallyRow,
    TallyStore,
)
from police2peer.contacts.folding import due_slots
from police2peer.errors import Unavailable
from police2peer.networks import EvidenceGap

_ROW = TallyRow("2026-03-01T12", "bittorrent", "NO", "help", "bittorrent-000001", "aria2")
_ONE = (0, 1, 1, 1, 0, 0, 0)
_SMALL = Bounds(most_rows=20, hours_days=2, days_days=10, most_gaps=30, sketch_periods=2)

_LAYOUT_1 = """
CREATE TABLE tally (
  hour TEXT NOT NULL, network TEXT NOT NULL, country TEXT NOT NULL, arm TEXT NOT NULL,
  rung INTEGER NOT NULL CHECK (rung BETWEEN 0 AND 6), client TEXT NOT NULL, count INTEGER NOT NULL,
  PRIMARY KEY (hour, network, country, arm, rung, client)
) STRICT, WITHOUT ROWID;
CREATE TABLE crawler (
  hour TEXT NOT NULL, network TEXT NOT NULL, country TEXT NOT NULL, arm TEXT NOT NULL,
  reason TEXT NOT NULL, client TEXT NOT NULL, count INTEGER NOT NULL,
  PRIMARY KEY (hour, network, country, arm, reason, client)
) STRICT, WITHOUT ROWID;
CREATE TABLE gap (at TEXT NOT NULL, network TEXT NOT NULL, what TEXT NOT NULL) STRICT;
PRAGMA user_version = 1;
"""


def _old_file(path: Path) -> None:
    db = sqlite3.connect(path)
    db.executescript(_LAYOUT_1)
    rows = [
        (f"2026-03-01T{hour:02}", "bittorrent", country, arm, rung, client, hour + rung + 1)
        for hour in range(4)
        for country in ("NO", "DE", "ZZ")
        for arm in ("help", "blank")
        for rung in range(7)
        for client in ("aria2", "unnamed")
    ]
    db.executemany("INSERT INTO tally VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    db.execute(
        "INSERT INTO crawler VALUES ('2026-03-01T01', 'bittorrent', 'NO', 'help', 'handshake only', 'other', 9)"
    )
    db.execute("INSERT INTO gap VALUES ('2026-03-01T01:30:00+00:00', 'bittorrent', 'the alert queue was full')")
    db.commit()
    db.close()


def test_a_file_of_the_first_layout_is_brought_over_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "t.sqlite"
    _old_file(path)
    old = sqlite3.connect(path)
    before = dict(old.execute("SELECT hour || network || country || arm || rung || client, count FROM tally"))
    old.close()
    for _ in range(2):
        with TallyStore(path) as store:
            after = {
                f"{key.hour}{key.network}{key.country}{key.arm}{int(key.rung)}{key.client}": count
                for key, count in store.tallies().items()
            }
            assert after == before
            assert FOLDED in {key.offer for key in store.tallies()}
            assert list(store.crawlers().values()) == [9]
            assert [gap.what for gap in store.gaps()] == ["the alert queue was full"]
            store.add({_ROW: _ONE}, gaps=[])
            before[f"{_ROW.hour}bittorrentNOhelp1aria2"] = store.reached(by="offer")[_ROW.offer][Rung.HANDSHAKE]
            before[f"{_ROW.hour}bittorrentNOhelp2aria2"] = before[f"{_ROW.hour}bittorrentNOhelp1aria2"]
            before[f"{_ROW.hour}bittorrentNOhelp3aria2"] = before[f"{_ROW.hour}bittorrentNOhelp1aria2"]


def test_bringing_over_that_fails_half_way_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "t.sqlite"
    _old_file(path)

    def fail(_db: sqlite3.Connection) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as patch:
        patch.setattr("police2peer.contacts.tally_file._bring_over", fail)
        with pytest.raises(Unavailable, match="cannot be used"):
            TallyStore(path)
    with TallyStore(path) as store:
        assert store.reached()[""][Rung.ASKED] == sum(hour + 4 for hour in range(4)) * 12


def test_an_hour_holds_so_many_rows_and_no_count_is_dropped(tmp_path: Path) -> None:
    with TallyStore(tmp_path / "t.sqlite", bounds=_SMALL) as store:
        for number in range(300):
            row = _ROW._replace(country=f"{chr(65 + number % 26)}{chr(65 + number // 26)}", offer=f"o-{number:06d}")
            store.add({row: _ONE, row._replace(arm="blank"): _ONE})
        rows = store.rows()
        assert store.contacts() == 600
        assert len(rows) <= 2 * _SMALL.most_rows + 2
        offers = {row.offer for row in rows if row.country == FOLDED and row.offer != FOLDED}
        assert offers, "the offer outlives client and country"
        assert store.reached(by="arm")["blank"][Rung.ASKED] == 300


def test_crawlers_of_one_hour_hold_so_many_rows_and_no_count_is_dropped(tmp_path: Path) -> None:
    with TallyStore(tmp_path / "t.sqlite", bounds=_SMALL) as store:
        for number in range(200):
            country = f"{chr(65 + number % 26)}{chr(65 + number // 26)}"
            store.add({}, {CrawlerKey(_ROW.hour, "bittorrent", country, "help", CrawlerReason.SCANNER, "other"): 3})
        assert sum(store.crawlers().values()) == store.totals().crawlers == 600
        assert len(store.crawlers()) == _SMALL.most_rows + 1


def test_a_full_hour_takes_no_more_room_on_the_disk_than_the_document_says(tmp_path: Path) -> None:
    path, bounds = tmp_path / "t.sqlite", Bounds()
    with TallyStore(path) as store:
        for hour in range(6):
            slot = _ROW._replace(hour=f"2026-03-01T{hour:02}", client="Free Download Manager")
            for number in range(2 * bounds.most_rows):
                folded = number >= bounds.most_rows
                row = slot._replace(offer=f"bittorrent-{number:06d}", country=FOLDED if folded else "NO")
                store.add({row: (0, 300, 300, 300, 300, 300, 300)})
    rows = 6 * 2 * bounds.most_rows
    bytes_a_row = path.stat().st_size / rows
    slots = 24 * bounds.hours_days + bounds.days_days
    assert slots * 2 * bounds.most_rows * bytes_a_row < 500_000_000


def test_old_hours_become_days_and_old_days_months_and_nothing_is_lost(tmp_path: Path) -> None:
    with TallyStore(tmp_path / "t.sqlite", bounds=_SMALL) as store:
        for day in range(40):
            for hour in (1, 2, 23):
                at = f"{NOON - timedelta(days=day):%Y-%m-%d}T{hour:02}"
                crawler = CrawlerKey(at, "bittorrent", "NO", "help", CrawlerReason.SCANNER, "other")
                store.add({_ROW._replace(hour=at): _ONE}, {crawler: 2})
        store.fold(NOON)
        store.fold(NOON)
        lengths = [len(row.hour) for row in store.rows()]
        assert (lengths.count(13), lengths.count(10), lengths.count(7)) == (9, 8, 2)
        assert store.contacts() == 120
        assert sum(store.crawlers().values()) == 240
        months = [row for row in store.rows() if len(row.hour) == 7]
        assert {row.offer for row in months} == {row.client for row in months} == {FOLDED}
        assert {row.country for row in months} == {"NO"}
        assert sum(store.reached(by="hour")[hour][Rung.ASKED] for hour in ("2026-01", "2026-02")) == 29 * 3


@given(st.lists(st.integers(0, 900), min_size=1, max_size=40))
def test_folding_names_only_what_is_old_and_never_the_present(days: list[int]) -> None:
    slots = [f"{NOON - timedelta(days=day):%Y-%m-%d}T05" for day in days]
    slots += [f"{NOON - timedelta(days=day):%Y-%m-%d}" for day in days]
    hours, old_days = due_slots(slots, NOON, Bounds())
    assert all(datetime.fromisoformat(f"{hour[:10]}T00:00+00:00") < NOON - timedelta(days=34) for hour in hours)
    assert all(datetime.fromisoformat(f"{day}T00:00+00:00") < NOON - timedelta(days=399) for day in old_days)


def test_too_many_gaps_become_one_that_says_so(tmp_path: Path) -> None:
    with TallyStore(tmp_path / "t.sqlite", bounds=_SMALL) as store:
        for minute in range(100):
            store.add({}, gaps=[EvidenceGap(NOON + timedelta(minutes=minute), "bittorrent", f"gap {minute}")])
        gaps = store.gaps()
    assert len(gaps) <= _SMALL.most_gaps + 1
    assert gaps[-1].what == "gap 99"
    assert gaps[0].at == NOON
    assert gaps[0].network == EVERY_NETWORK
    assert "gaps of this time" in gaps[0].what
    assert gaps[0].until is not None
    assert gaps[0].until > NOON


def test_totals_follow_every_write_also_of_another_process(tmp_path: Path) -> None:
    path = tmp_path / "t.sqlite"
    with TallyStore(path) as store, TallyStore(path) as other:
        assert store.totals().rungs == (0,) * 7
        store.add({_ROW: _ONE})
        assert store.totals().rungs == _ONE
        other.add({_ROW: _ONE}, gaps=[EvidenceGap(NOON, "bittorrent", "a gap")])
        assert store.totals().rungs == (0, 2, 2, 2, 0, 0, 0)
        assert store.totals().gaps == other.totals().gaps == 1
        store.add({_ROW: _ONE}, {CrawlerKey(*_ROW[:4], CrawlerReason.SCANNER, "other"): 4})
        assert store.totals() == other.totals()
        assert store.totals().crawlers == 4


def test_a_run_that_ended_leaves_no_gap_and_one_that_did_not_leaves_its_time(tmp_path: Path) -> None:
    path = tmp_path / "t.sqlite"
    with TallyStore(path) as store:
        assert store.begin_run(NOON) == []
        store.end_run(NOON + timedelta(minutes=5))
        assert store.begin_run(NOON + timedelta(hours=1)) == []
        store.note_alive(NOON + timedelta(hours=2))
    with TallyStore(path) as store:
        (told,) = store.begin_run(NOON + timedelta(hours=3))
        assert store.begin_run(NOON + timedelta(hours=3)) != []
        gap = store.gaps()[0]
    assert "from 2026-03-01T14:00:00+00:00 to 2026-03-01T15:00:00+00:00 may be missing" in told.what
    assert (gap.at, gap.until) == (NOON + timedelta(hours=2), NOON + timedelta(hours=3))


_KILLED = """
import os, signal, sys
from datetime import datetime, timedelta
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from tests.contacts.conftest import Desk, NOON, Peer
desk = Desk(Path(sys.argv[1]))
desk.contacts.begin(NOON)
for second in range(int(sys.argv[3])):
    one = Peer(f"127.0.{second // 250}.{second % 250}")
    for event in (one.connects(second), one.is_named(at=second), one.asks(at=second), one.leaves(second)):
        desk.contacts.feed(event)
    if second < int(sys.argv[3]) - 1:
        desk.contacts.flush(one.when(second + 1))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("seconds", [1, 17, 300])
def test_after_a_kill_every_contact_is_counted_or_its_time_is_in_a_gap(tmp_path: Path, seconds: int) -> None:
    root = str(Path(__file__).parents[2])
    command = [sys.executable, "-c", _KILLED, str(tmp_path), root, str(seconds)]
    assert (
        subprocess.run(command, env={**os.environ, "PYTHONPATH": "src"}, cwd=root, check=False).returncode
        == -signal.SIGKILL
    )
    with TallyStore(tmp_path / "tallies.sqlite") as store:
        store.begin_run(NOON + timedelta(seconds=seconds + 60))
        (gap,) = store.gaps()
        assert store.contacts() == seconds - 1
    last = NOON + timedelta(seconds=seconds - 1)
    assert gap.until is not None
    assert gap.at <= last <= gap.until
    assert last - gap.at <= timedelta(seconds=6)
