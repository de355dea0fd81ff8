# SPDX-License-Identifier: EUPL-1.2
import asyncio
import contextlib
import socket
import struct
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from police2peer.errors import NotPermitted, Unavailable
from police2peer.lab.swarms import Announcement, Swarms, compact
from police2peer.lab.tracker import Tracker, answer_http, answer_udp
from police2peer.networks.bittorrent import bencode

_OURS = bytes(range(20))
_SECRET = b"k" * 16


def _swarms() -> Swarms:
    return Swarms([_OURS], interval_s=30)


def _get(target: str) -> bytes:
    return f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()


def _announce(*, left: int = 1, event: str = "", hash_: bytes = _OURS, port: int = 7000) -> bytes:
    return _get(f"/announce?info_hash={quote(hash_)}&port={port}&left={left}&compact=1&event={event}")


def _read(raw: bytes) -> dict[bytes, bencode.Value]:
    value = bencode.decode(raw)
    assert isinstance(value, dict)
    return value


def test_members_of_a_swarm_hear_of_each_other() -> None:
    swarms = _swarms()
    assert _read(answer_http(_announce(left=0), "127.0.0.1", swarms, 0))[b"peers"] == b""
    answer = _read(answer_http(_announce(port=7001), "127.0.0.2", swarms, 1))
    assert answer[b"peers"] == compact([("127.0.0.1", 7000)])
    assert (answer[b"complete"], answer[b"incomplete"]) == (1, 1)


def test_who_stops_is_gone_and_who_is_silent_for_three_intervals_too() -> None:
    swarms = _swarms()
    answer_http(_announce(port=1), "127.0.0.1", swarms, 0)
    answer_http(_announce(port=2), "127.0.0.1", swarms, 0)
    answer_http(_announce(port=2, event="stopped"), "127.0.0.1", swarms, 1)
    assert swarms.counts(_OURS).incomplete == 1
    answer = _read(answer_http(_announce(port=3), "127.0.0.1", swarms, 100))
    assert answer[b"peers"] == b""


def test_a_hash_that_is_not_the_labs_is_refused() -> None:
    answer = _read(answer_http(_announce(hash_=b"x" * 20), "127.0.0.1", _swarms(), 0))
    assert set(answer) == {b"failure reason"}


def test_a_peer_from_outside_the_lab_is_refused() -> None:
    answer = _read(answer_http(_announce(), "198.51.100.7", _swarms(), 0))
    assert set(answer) == {b"failure reason"}
    with pytest.raises(NotPermitted):
        _swarms().announce(Announcement(_OURS, "::1", 1, 0), 0)
    with pytest.raises(NotPermitted):
        Tracker([_OURS], host="0.0.0.0")  # noqa: S104 - that it is refused is the point


def test_a_peer_cannot_announce_another_address_than_its_own() -> None:
    swarms = _swarms()
    answer_http(_get(f"/announce?info_hash={quote(_OURS)}&port=7000&left=0&ip=198.51.100.7"), "127.0.0.1", swarms, 0)
    answer = _read(answer_http(_announce(port=1), "127.0.0.2", swarms, 0))
    assert answer[b"peers"] == compact([("127.0.0.1", 7000)])


def test_a_scrape_counts_seeds_and_leechers() -> None:
    swarms = _swarms()
    answer_http(_announce(left=0, event="completed"), "127.0.0.1", swarms, 0)
    answer_http(_announce(port=2), "127.0.0.1", swarms, 0)
    answer = _read(answer_http(_get(f"/scrape?info_hash={quote(_OURS)}"), "127.0.0.3", swarms, 0))
    assert answer[b"files"] == {_OURS: {b"complete": 1, b"incomplete": 1, b"downloaded": 1}}


@given(st.binary(max_size=200) | st.text(max_size=80).map(lambda text: _get("/announce?" + quote(text, safe="&=%?"))))
def test_whatever_is_asked_over_http_is_answered(head: bytes) -> None:
    answer = _read(answer_http(head, "127.0.0.1", _swarms(), 0))
    assert answer.keys() & {b"failure reason", b"peers", b"files"}


@given(st.binary(max_size=120))
def test_whatever_datagram_comes_is_answered_or_passed_over(data: bytes) -> None:
    answer_udp(data, "127.0.0.1", _SECRET, _swarms(), 0)
    connected = answer_udp(struct.pack("!QII", 0x41727101980, 0, 7), "127.0.0.1", _SECRET, _swarms(), 0)
    assert connected is not None
    answer_udp(connected[8:] + data, "127.0.0.1", _SECRET, _swarms(), 0)


def test_a_datagram_with_the_connection_of_another_host_is_passed_over() -> None:
    swarms = _swarms()
    connected = answer_udp(struct.pack("!QII", 0x41727101980, 0, 7), "127.0.0.1", _SECRET, swarms, 0)
    assert connected is not None
    announce = connected[8:] + struct.pack("!II", 1, 8) + _OURS + b"p" * 20
    announce += struct.pack("!QQQIIIiH", 0, 5, 0, 2, 0, 1, -1, 7000)
    assert answer_udp(announce, "127.0.0.2", _SECRET, swarms, 0) is None
    answer = answer_udp(announce, "127.0.0.1", _SECRET, swarms, 0)
    assert answer is not None
    assert struct.unpack("!IIIII", answer) == (1, 8, 30, 1, 0)
    scrape = connected[8:] + struct.pack("!II", 2, 9) + _OURS
    assert answer_udp(scrape, "127.0.0.1", _SECRET, swarms, 0) == struct.pack("!IIIII", 2, 9, 0, 0, 1)
    foreign = connected[8:] + struct.pack("!II", 2, 9) + b"x" * 20
    answer = answer_udp(foreign, "127.0.0.1", _SECRET, swarms, 0)
    assert answer is not None
    assert answer[:8] == struct.pack("!II", 3, 9)


def test_a_port_that_is_taken_is_said_with_a_remedy() -> None:
    async def start() -> None:
        with socket.socket() as holder:
            holder.bind(("127.0.0.1", 0))
            holder.listen()
            tracker = Tracker([_OURS], port=holder.getsockname()[1])
            with pytest.raises(Unavailable, match="cannot listen"):
                await tracker.start()

    asyncio.run(start())


def test_a_peer_that_says_nothing_does_not_hold_the_tracker_up() -> None:
    async def start() -> None:
        tracker = Tracker([_OURS])
        await tracker.start()
        host, port = tracker.url.split("/")[2].split(":")
        _, writer = await asyncio.open_connection(host, int(port))
        await asyncio.sleep(0.05)
        await asyncio.wait_for(tracker.stop(), 3)
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    asyncio.run(start())
