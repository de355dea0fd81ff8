# SPDX-License-Identifier: EUPL-1.2
"""Observation counts who announces, in the lab's own DHT and tracker, and touches nobody."""

import contextlib
import hashlib
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.networks.announcers import Announcer, answering, nodes_of

from police2peer.errors import BadInput, NotAuthentic, Unavailable
from police2peer.lab.dht import DhtRing
from police2peer.lab.swarms import Announcement
from police2peer.lab.tracker import Tracker
from police2peer.networks.bittorrent import bencode
from police2peer.networks.observation import (
    DhtSettings,
    HashList,
    count_by_dht,
    open_list,
    parse_hashes,
    scrape,
    scrape_tracker,
    seal_list,
)

_PHRASE = b"six words that nobody would guess"
_HASHES = [hashlib.sha1(f"sample-file-{n}".encode(), usedforsecurity=False).digest() for n in range(30)]
_CANARY = hashlib.sha1(b"canary", usedforsecurity=False).digest()


@pytest.fixture
def ring() -> Iterator[DhtRing]:
    made = DhtRing()
    made.start()
    yield made
    made.stop()


@pytest.fixture
def announcers() -> Iterator[list[Announcer]]:
    made = [Announcer(f"127.8.{n // 200}.{1 + n % 200}") for n in range(12)]
    yield made
    for one in made:
        one.close()


def _ask(bootstrap: tuple[str, ...], canaries: list[bytes], *, ready_s: float = 15.0) -> Any:  # noqa: ANN401 - awaited
    where = DhtSettings("127.0.5.1", bootstrap, closed_network=True, lookup_s=1.0, ready_s=ready_s)
    return count_by_dht(where, HashList(_HASHES), canaries, lambda host: "AA" if host.endswith(".1") else "BB")


async def test_who_announces_is_counted_by_country_and_nobody_is_touched(
    ring: DhtRing, announcers: list[Announcer]
) -> None:
    for node in nodes_of(ring):
        for one in announcers:
            one.announce(node, _HASHES[3])
        for one in announcers[:5]:
            one.announce(node, _HASHES[25])
        announcers[0].announce(node, _CANARY)
    with answering(announcers):
        found = await _ask(ring.bootstrap[:2], [_CANARY])
    assert found.by_country == {"AA": 2, "BB": 15}
    assert found.hashes_alive == 2
    assert found.canary_seen
    assert [one.touched() for one in announcers] == [0] * len(announcers)


async def test_an_empty_swarm_and_a_dht_that_is_down_are_told_apart(
    ring: DhtRing, announcers: list[Announcer]
) -> None:
    without = await _ask(ring.bootstrap[:2], [_CANARY])
    assert (without.by_country, without.canary_seen) == ({}, False)
    for node in nodes_of(ring):
        announcers[0].announce(node, _CANARY)
    with answering(announcers[:1]):
        zero = await _ask(ring.bootstrap[:2], [_CANARY])
    assert (zero.by_country, zero.canary_seen) == ({}, True)
    gone = ring.bootstrap[:2]
    ring.stop()
    with pytest.raises(Unavailable, match="cannot be reached"):
        await _ask(gone, [_CANARY], ready_s=3.0)


@pytest.mark.parametrize("by_udp", [False, True])
async def test_a_tracker_is_asked_about_the_whole_list_and_only_sums_come_back(*, by_udp: bool) -> None:
    many = [hashlib.sha1(bytes((n, n)), usedforsecurity=False).digest() for n in range(150)]
    tracker = Tracker(many, host="127.0.0.1")
    await tracker.start()
    try:
        for n in range(1, 20):
            left = n % 3
            tracker.swarms.announce(Announcement(many[n], f"127.9.0.{n}", 7000 + n, left), 0.0)
        url = tracker.udp_url if by_udp else tracker.url
        found = await scrape_tracker(url, HashList(many), pause_s=0.0)
        assert (found.seeds, found.leechers, found.hashes_alive) == (6, 13, 19)
    finally:
        await tracker.stop()


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/announce", "udp://127.0.0.1:9"])
async def test_a_tracker_that_is_not_there_is_told(url: str) -> None:
    with pytest.raises(Unavailable, match="does not answer"):
        await scrape_tracker(url, HashList(_HASHES[:1]), limit_s=1.0)


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/announce", "http://127.0.0.1:9/tracker"])
async def test_a_tracker_that_cannot_be_scraped_is_told(url: str) -> None:
    with pytest.raises(BadInput, match="tracker"):
        await scrape_tracker(url, HashList(_HASHES[:1]), limit_s=1.0)


def test_the_sealed_list_opens_with_its_pass_phrase_only_and_holds_no_hash_in_clear(tmp_path: Path) -> None:
    path = tmp_path / "observed.list"
    seal_list(path, HashList(_HASHES), _PHRASE, os.urandom)
    assert open_list(path, _PHRASE) == HashList(_HASHES)
    assert path.stat().st_mode & 0o077 == 0
    raw = path.read_bytes()
    assert not any(one in raw or one.hex().encode() in raw.lower() for one in _HASHES)
    with pytest.raises(NotAuthentic, match="does not open"):
        open_list(path, b"another pass phrase")
    for place in (40, len(raw) - 1):
        (tmp_path / "changed").write_bytes(raw[:place] + bytes((raw[place] ^ 1,)) + raw[place + 1 :])
        with pytest.raises(NotAuthentic):
            open_list(tmp_path / "changed", _PHRASE)
    few, many = tmp_path / "few", tmp_path / "many"
    seal_list(few, HashList(_HASHES[:1]), _PHRASE, os.urandom)
    seal_list(many, HashList(hashlib.sha1(bytes((n % 256, n // 256)), usedforsecurity=False).digest() for n in range(3000)), _PHRASE, os.urandom)  # fmt: skip # noqa: E501
    assert few.stat().st_size == many.stat().st_size


def test_a_list_prints_as_nothing_and_cannot_be_stored(tmp_path: Path) -> None:
    found = HashList(_HASHES)
    assert f"{found} {found!r}" == "<hashes> <hashes>"
    with pytest.raises(TypeError, match="never stored"):
        found.__reduce__()
    with pytest.raises(BadInput, match="line 2") as told:
        parse_hashes(f"# remark\n{_HASHES[0].hex()}0\n".encode())
    assert _HASHES[0].hex() not in str(told.value)
    with pytest.raises(BadInput, match="no list"):
        open_list(tmp_path / "absent", _PHRASE)


@given(st.binary(max_size=400))
def test_any_bytes_are_a_list_or_bad_input(raw: bytes) -> None:
    with contextlib.suppress(BadInput):
        assert len(parse_hashes(raw)) > 0


@settings(max_examples=8)  # each one that looks like a list costs the time of a pass phrase
@given(st.binary(max_size=200))
def test_any_bytes_are_refused_as_a_sealed_list(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    path = tmp_path_factory.mktemp("list") / "observed.list"
    for content in (raw, b"p2p-observed-1\n" + raw):
        path.write_bytes(content)
        with pytest.raises((BadInput, NotAuthentic)):
            open_list(path, _PHRASE)


@given(st.binary(max_size=300), st.integers(0, 2**32 - 1))
def test_any_answer_of_a_tracker_is_read_or_refused(raw: bytes, transaction: int) -> None:
    scrape.read_udp_connection(raw, transaction)
    with contextlib.suppress(Unavailable):
        scrape.read_http(raw, _HASHES[:2])
    with contextlib.suppress(Unavailable):
        scrape.read_http(b"HTTP/1.1 200 OK\r\n\r\n" + raw, _HASHES[:2])
    for action in (0, 2, 3, 9):
        with contextlib.suppress(Unavailable):
            scrape.read_udp_scrape(struct.pack("!II", action, transaction) + raw, transaction, _HASHES[:2])


def test_what_is_said_to_trackers_is_what_the_documents_say() -> None:
    assert scrape.scrape_path("http://127.0.0.1/x/announce?key=1") == "/x/scrape?key=1"
    assert scrape.scrape_path("http://127.0.0.1/announce.php") == "/scrape.php"
    assert scrape.udp_connect(7) == bytes.fromhex("00000417271019800000000000000007")
    asked = scrape.udp_scrape(1, 2, [b"a" * 20])
    assert asked == bytes.fromhex("00000000000000010000000200000002") + b"a" * 20
    request = scrape.http_request("http://127.0.0.1:8/announce", [b"\0" + b"z" * 19])
    assert request.startswith(b"GET /scrape?info_hash=%00" + b"z" * 19 + b" HTTP/1.0\r\nHost: 127.0.0.1:8\r\n")


def test_numbers_that_cannot_be_are_zero() -> None:
    files: bencode.Value = {_HASHES[0]: {b"complete": -5, b"incomplete": 10**12}}
    body = b"HTTP/1.0 200 OK\r\n\r\n" + bencode.encode({b"files": files})
    assert scrape.read_http(body, _HASHES[:1]) == {_HASHES[0]: scrape.Swarm(0, 0)}
