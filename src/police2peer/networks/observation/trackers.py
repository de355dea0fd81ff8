# SPDX-License-Identifier: EUPL-1.2
"""Asks a tracker how many are in swarms, by HTTP or UDP; every wait has a limit, and only sums leave this module."""

import asyncio
import secrets
import ssl
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, TypeVar
from urllib.parse import urlsplit

from police2peer.errors import BadInput, Unavailable
from police2peer.networks.observation import scrape
from police2peer.networks.observation.hash_list import HashList

_LIMIT_S: Final = 15.0
_UDP_TRIES: Final = 3
_MOST_ANSWER: Final = 1 << 20
_PAUSE_S: Final = 0.2  # between two questions to one tracker

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class TrackerCounts:
    """What one tracker told of the whole list: sums, and how many hashes anybody announces there."""

    seeds: int
    leechers: int
    hashes_alive: int


async def scrape_tracker(
    url: str, hashes: HashList, *, limit_s: float = _LIMIT_S, pause_s: float = _PAUSE_S
) -> TrackerCounts:
    """Ask one tracker about every hash. Raises `Unavailable` when it does not answer, `BadInput` for its address."""
    scheme = urlsplit(url).scheme
    if scheme == "udp":
        ask, at_once = _ask_udp, scrape.UDP_AT_ONCE
    elif scheme in ("http", "https"):
        ask, at_once = _ask_http, scrape.HTTP_AT_ONCE
    else:
        raise BadInput("a tracker is neither http, https nor udp", remedy="write it as http://HOST:PORT/announce")
    seeds = leechers = alive = 0
    for group in _groups(hashes, at_once):
        try:
            async with asyncio.timeout(limit_s):
                told = await ask(url, group)
        except (OSError, TimeoutError, ValueError) as error:
            raise Unavailable("a tracker does not answer", remedy="see whether its address still holds") from error
        seeds += sum(swarm.seeds for swarm in told.values())
        leechers += sum(swarm.leechers for swarm in told.values())
        alive += sum(swarm.seeds + swarm.leechers > 0 for swarm in told.values())
        await asyncio.sleep(pause_s)
    return TrackerCounts(seeds, leechers, alive)


def _groups(hashes: HashList, size: int) -> Iterator[list[bytes]]:
    left = hashes.reveal()
    while group := list(islice(left, size)):
        yield group


async def _ask_http(url: str, hashes: Sequence[bytes]) -> dict[bytes, scrape.Swarm]:
    request = scrape.http_request(url, hashes)
    parts = urlsplit(url)
    secure = ssl.create_default_context() if parts.scheme == "https" else None
    port = parts.port or (443 if secure else 80)
    reader, writer = await asyncio.open_connection(parts.hostname, port, ssl=secure)
    try:
        writer.write(request)
        await writer.drain()
        answer = b""
        while len(answer) <= _MOST_ANSWER and (more := await reader.read(65_536)):
            answer += more
    finally:
        writer.close()
    return scrape.read_http(answer[:_MOST_ANSWER], hashes)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.arrived: asyncio.Queue[bytes] = asyncio.Queue()

    def datagram_received(self, data: bytes, _addr: tuple[str, int]) -> None:
        self.arrived.put_nowait(data)


async def _ask_udp(url: str, hashes: Sequence[bytes]) -> dict[bytes, scrape.Swarm]:
    parts = urlsplit(url)
    if parts.hostname is None or parts.port is None:
        raise BadInput("a tracker has no host or port", remedy="write it as udp://HOST:PORT")
    loop = asyncio.get_running_loop()
    transport, heard = await loop.create_datagram_endpoint(_Datagrams, remote_addr=(parts.hostname, parts.port))
    try:
        first, second = secrets.randbits(32), secrets.randbits(32)
        connection = await _answer(
            transport, heard, scrape.udp_connect(first), lambda data: scrape.read_udp_connection(data, first)
        )
        return await _answer(
            transport,
            heard,
            scrape.udp_scrape(connection, second, hashes),
            lambda data: scrape.read_udp_scrape(data, second, hashes),
        )
    finally:
        transport.close()


async def _answer(
    transport: asyncio.DatagramTransport, heard: _Datagrams, question: bytes, read: Callable[[bytes], Read | None]
) -> Read:
    """Send until an answer to this comes; whatever else arrives is passed over."""
    for turn in range(_UDP_TRIES):
        transport.sendto(question)
        try:
            async with asyncio.timeout(2.0 * (turn + 1)):
                while True:
                    told = read(await heard.arrived.get())
                    if told is not None:
                        return told
        except TimeoutError:
            continue
    raise Unavailable("a tracker does not answer", remedy="see whether its address still holds")
