# SPDX-License-Identifier: EUPL-1.2
"""Different hosts are counted well, over nodes too, and a closed sketch can be asked about nobody."""

import contextlib
import json
import os
import pickle
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.contacts.conftest import NOON

from police2peer.contacts import Counted, OwnKeys, PeriodKey, SharedKeys, SketchKey, TallyStore, write_period_key
from police2peer.contacts.period import lies_in_memory, parse_period_key, period_end, read_period_key
from police2peer.contacts.period_store import merge, publishable
from police2peer.contacts.sketches import Estimate, OpenSketch, could_hold, estimate, union
from police2peer.contacts.uniques import Uniques, pack, unpack
from police2peer.errors import BadInput, Unavailable

_DIFFERENT = SketchKey("bittorrent", "help", Counted.DIFFERENT)
_RETURNED = SketchKey("bittorrent", "help", Counted.RETURNED)
_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it

needs_memory = pytest.mark.skipif(
    not (_MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and lies_in_memory(_MEMORY)), reason="needs a /dev/shm"
)


def _keys(seed: int = 1, period: str = "month") -> OwnKeys:
    return OwnKeys(random.Random(seed).randbytes, period=period)


def _host(number: int) -> str:
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


@pytest.fixture
def memory_folder() -> Iterator[Path]:
    folder = _MEMORY / f"p2p-test-{os.getpid()}-{random.SystemRandom().randrange(1 << 30)}"
    folder.mkdir(mode=0o700)
    yield folder
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


def test_two_hundred_thousand_hosts_are_counted_within_two_in_a_hundred() -> None:
    key = _keys().key_at(NOON)
    sketch = OpenSketch()
    for number in range(200_000):
        sketch.add(key.item(_host(number)))
        if number % 10 == 0:
            sketch.add(key.item(_host(number)))
    found = estimate([sketch.content()])
    assert abs(found.count - 200_000) < 0.02 * 200_000
    assert found.low <= 200_000 <= found.high


def test_a_hundred_nodes_merge_to_the_number_of_different_hosts() -> None:
    key = _keys(2).key_at(NOON)
    rng, everyone, sketches = random.Random(7), set[int](), []
    for _ in range(100):
        mine = rng.sample(range(100_000), 1500)
        everyone.update(mine)
        sketch = OpenSketch()
        for number in mine:
            sketch.add(key.item(_host(number)))
        sketches.append(sketch.content())
    found = estimate(sketches)
    assert abs(found.count - len(everyone)) < 0.02 * len(everyone)
    assert estimate([union(sketches[:50]), union(sketches[50:])]) == found


def test_small_numbers_are_exact() -> None:
    uniques = Uniques(_keys())
    for number in range(500):
        uniques.ask(uniques.item(_host(number % 123), NOON), "offer", "bittorrent", "help")
    closed = uniques.close(NOON + timedelta(hours=1))
    assert closed is not None
    assert estimate([closed.sketches[_DIFFERENT]]) == Estimate(123, 123, 123)


def test_nobody_is_found_in_a_closed_sketch_and_everybody_with_the_key() -> None:
    """Every address of a /16 is tried, as whoever holds the file could; with the key the same attempt succeeds."""
    secret = bytes(range(32))
    uniques = Uniques(OwnKeys(lambda count: secret[:count]))
    members = {f"10.9.{number // 200}.{number % 200}" for number in range(500)}
    for host in members:
        uniques.ask(uniques.item(host, NOON), "offer", "bittorrent", "help")
    closed = uniques.close(NOON)
    assert closed is not None
    sketch = closed.sketches[_DIFFERENT]
    everyone = [f"10.9.{number >> 8}.{number & 255}" for number in range(65_536)]
    with_key = PeriodKey(closed.period, secret)
    assert {host for host in everyone if could_hold(sketch, with_key.item(host))} == members
    wrong = PeriodKey(closed.period, bytes(32))
    assert not any(could_hold(sketch, wrong.item(host)) for host in everyone)
    plain = (int.from_bytes(bytes(map(int, host.split("."))), "big") for host in everyone)
    assert not any(could_hold(sketch, number) for number in plain)
    for host in everyone[:300]:
        assert host.encode() not in sketch


def test_the_key_is_gone_when_the_sketch_is_given_out() -> None:
    uniques = Uniques(_keys())
    uniques.item(_host(1), NOON)
    key = uniques._key
    assert key is not None
    assert uniques.close(NOON) is not None
    with pytest.raises(ValueError, match="destroyed"):
        key.item(_host(1))
    with pytest.raises(TypeError, match="never stored"):
        pickle.dumps(key)
    assert "secret" not in repr(key)


def test_who_came_back_is_told_by_the_arm_met_first_and_only_within_the_period() -> None:
    uniques = Uniques(_keys(period="day"))
    item = uniques.item(_host(1), NOON)
    assert not uniques.ask(item, "one", "bittorrent", "help")
    uniques.leave(item, "one", "help")
    assert not uniques.ask(item, "two", "bittorrent", "blank"), "another offer is no return to this one"
    assert uniques.ask(item, "one", "bittorrent", "help")
    tomorrow = NOON + timedelta(days=1)
    closed = uniques.roll(tomorrow)
    assert closed is not None
    assert closed.key_destroyed_at == tomorrow
    assert estimate([closed.sketches[_RETURNED]]).count == 1
    assert SketchKey("bittorrent", "blank", Counted.RETURNED) not in closed.sketches
    again = uniques.item(_host(1), tomorrow)
    assert again != item
    assert not uniques.ask(again, "one", "bittorrent", "help")


def test_the_store_keeps_when_each_key_was_destroyed_and_old_sketches_go(tmp_path: Path) -> None:
    uniques = Uniques(_keys(period="day"))
    with TallyStore(tmp_path / "t.sqlite") as store:
        for day in range(3):
            now = NOON + timedelta(days=day)
            if (closed := uniques.roll(now)) is not None:
                store.add_period(closed)
            for number in range(20 * (day + 1)):
                uniques.ask(uniques.item(_host(number), now), "offer", "bittorrent", "help")
        last = uniques.close(NOON + timedelta(days=2, hours=1))
        assert last is not None
        store._periods._most = 2
        store.add_period(last)
        periods = store.periods()
    assert [found.estimates[_DIFFERENT].count for found in periods] == [20, 40, 60]
    assert [bool(found.sketches) for found in periods] == [False, True, True]
    assert [found.key_destroyed_at for found in periods] == [
        NOON + timedelta(days=1),
        NOON + timedelta(days=2),
        NOON + timedelta(days=2, hours=1),
    ]
    assert sorted(found.count for found in merge(periods).values()) == [40, 60]


def test_a_number_below_the_floor_is_not_shown() -> None:
    assert publishable(Estimate(9, 9, 9)) is None
    assert publishable(Estimate(10, 10, 10)) == Estimate(10, 10, 10)


@needs_memory
def test_nodes_with_one_key_count_together_over_a_restart_and_destroy_their_copies(
    memory_folder: Path, tmp_path: Path
) -> None:
    paths = [memory_folder / f"node-{number}.key" for number in range(2)]
    period = write_period_key(paths[0], NOON, NOON + timedelta(days=30), os.urandom)
    paths[1].write_bytes(paths[0].read_bytes())
    paths[1].chmod(0o600)
    closed = []
    for number, path in enumerate(paths):
        for part in range(2):  # each node is stopped once in the middle
            uniques = Uniques(SharedKeys(path, os.urandom))
            for host in range(100 * number + 50 * part, 100 * number + 50 * part + 100):
                uniques.ask(uniques.item(_host(host), NOON + timedelta(days=1)), "offer", "bittorrent", "help")
            if part == 0:
                assert uniques.close(NOON + timedelta(days=1)) is None, "an open sketch is never given out"
                assert path.exists()
        ended = uniques.roll(NOON + timedelta(days=30))
        assert ended is not None
        closed.append(ended)
    assert list(memory_folder.iterdir()) == []
    assert {one.period.id for one in closed} == {period.id}
    assert estimate([one.sketches[_DIFFERENT] for one in closed]).count == 250
    with TallyStore(tmp_path / "t.sqlite") as store:
        for one in closed:
            store.add_period(one)
        assert len(store.periods()) == 2
        assert {found.count for found in merge(store.periods()).values()} == {250}


@needs_memory
def test_a_key_that_others_may_read_or_that_lies_on_a_disk_is_refused(memory_folder: Path, tmp_path: Path) -> None:
    path = memory_folder / "period.key"
    write_period_key(path, NOON, NOON + timedelta(days=1), os.urandom)
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    with pytest.raises(BadInput, match="others may read"):
        SharedKeys(path, os.urandom).key_at(NOON)
    if not lies_in_memory(tmp_path):
        with pytest.raises(BadInput, match="never lie on a disk"):
            write_period_key(tmp_path / "period.key", NOON, NOON + timedelta(days=1), os.urandom)
        on_disk = tmp_path / "copy.key"
        on_disk.write_bytes(path.read_bytes())
        on_disk.chmod(0o600)
        with pytest.raises(BadInput, match="lies on a disk"):
            read_period_key(on_disk)
    with pytest.raises(BadInput, match="ends before it begins"):
        write_period_key(path, NOON, NOON, os.urandom)
    with pytest.raises(Unavailable, match="cannot be read"):
        read_period_key(memory_folder / "none.key")


@needs_memory
def test_without_a_key_for_today_a_node_counts_for_itself_a_day_at_a_time(memory_folder: Path) -> None:
    path = memory_folder / "period.key"
    write_period_key(path, NOON, NOON + timedelta(days=1), os.urandom)
    keys = SharedKeys(path, os.urandom)
    late = keys.key_at(NOON + timedelta(days=2))
    assert not late.period.shared
    assert late.period.ends == datetime(2026, 3, 4, tzinfo=UTC)
    path.write_bytes(b"torn")
    assert not keys.key_at(NOON).period.shared
    assert path.exists()


@pytest.mark.parametrize(("length", "ends"), [("day", "2026-03-02"), ("week", "2026-03-02"), ("month", "2026-04-01")])
def test_a_period_ends_with_its_day_week_or_month(length: str, ends: str) -> None:
    assert f"{period_end(NOON, length):%Y-%m-%d}" == ends
    assert period_end(period_end(NOON, length), length) > period_end(NOON, length)


@given(st.binary(max_size=300))
def test_whatever_a_key_file_holds_it_is_a_key_or_bad_input(content: bytes) -> None:
    with pytest.raises(BadInput) as told:
        parse_period_key(content)
    assert told.value.__cause__ is None


@given(st.dictionaries(st.sampled_from(["type", "id", "begins", "ends", "secret"]), st.text(max_size=40)))
def test_fields_of_a_key_file_that_are_wrong_are_bad_input(fields: dict[str, str]) -> None:
    with pytest.raises(BadInput):
        parse_period_key(json.dumps(fields).encode())


@given(st.binary(max_size=200))
def test_whatever_a_sketch_holds_it_is_one_or_bad_input(content: bytes) -> None:
    with contextlib.suppress(BadInput):
        assert estimate([content]).count >= 0


@given(st.binary(max_size=200))
def test_whatever_lies_beside_a_key_counting_goes_on(content: bytes) -> None:
    assert isinstance(unpack(content), dict)


def test_what_is_kept_beside_a_key_is_read_back_whole() -> None:
    sketch = OpenSketch()
    for number in range(50):
        sketch.add(number)
    kept = unpack(pack({_DIFFERENT: sketch.content()}))
    assert estimate([kept[_DIFFERENT]]).count == 50
