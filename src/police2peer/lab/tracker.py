# SPDX-License-Identifier: EUPL-1.2
"""A small tracker for the lab, HTTP and UDP on one port: only the lab's addresses, only the lab's hashes.

Sources: BEP 3 (HTTP), BEP 15 (UDP), BEP 23 (compact), BEP 48 (scrape).
"""

import asyncio
import contextlib
import hashlib
import secrets
import struct
import time
from collections.abc import Callable, Iterable
from typing import Final, cast
from urllib.parse import unquote_to_bytes

from police2peer.errors import BadInput, Police2PeerError, Unavailable
from police2peer.lab.places import check_in_lab
from police2peer.lab.swarms import Announcement, Swarms, compact
from police2peer.networks.bittorrent import bencode

_MOST_REQUEST: Final = 16_384
_REQUEST_S: Final = 5.0
_UDP_MAGIC: Final = 0x41727101980  # BEP 15
_UDP_ERROR: Final = 3
_STOPPED: Final = 3  # BEP 15's number of the event
_COMPLETED: Final = 1


class Tracker:
    """One tracker; `url` and `udp_url` are what torrents name."""

    def __init__(
        self, hashes: Iterable[bytes] = (), *, host: str = "127.0.0.1", port: int = 0, interval_s: int = 30
    ) -> None:
        check_in_lab(host)
        self.swarms = Swarms(hashes, interval_s=interval_s)
        self._host, self._port = host, port
        self._server: asyncio.Server | None = None
        self._udp: asyncio.DatagramTransport | None = None
        self._serving: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        """The HTTP announce address."""
        return f"http://{self._host}:{self._port}/announce"

    @property
    def udp_url(self) -> str:
        """The UDP announce address."""
        return f"udp://{self._host}:{self._port}/announce"

    async def start(self) -> None:
        """Listen; raises `Unavailable` when the port is taken."""
        try:
            self._server = await asyncio.start_server(
                self._serve, self._host, self._port, limit=_MOST_REQUEST, backlog=1000
            )
            self._port = self._server.sockets[0].getsockname()[1]
            loop = asyncio.get_running_loop()
            self._udp, _ = await loop.create_datagram_endpoint(
                lambda: _Datagrams(self.swarms), local_addr=(self._host, self._port)
            )
        except OSError as error:
            await self.stop()
            raise Unavailable(
                f"the lab's tracker cannot listen on port {self._port}",
                remedy="stop the program that holds the port, or choose another",
            ) from error

    async def stop(self) -> None:
        """Close both sockets and cut who is still asking."""
        if self._udp:
            self._udp.close()
        if self._server:
            self._server.close()
            for writer in list(self._serving):
                writer.transport.abort()
            while self._serving:  # noqa: ASYNC110 - each ends by itself at once, its connection being cut
                await asyncio.sleep(0.01)
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._serving.add(writer)
        with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _REQUEST_S)
            host = writer.get_extra_info("peername")[0]
            body = answer_http(head, host, self.swarms, time.monotonic())
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n"
                b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
            )
            await asyncio.wait_for(writer.drain(), _REQUEST_S)
        writer.close()
        self._serving.discard(writer)


def answer_http(head: bytes, host: str, swarms: Swarms, now_s: float) -> bytes:
    """Answer one HTTP request head; whatever is wrong with it becomes a `failure reason`."""
    try:
        path, query = _parse_head(head)
        if path == b"/scrape":
            return _scrape_http(query, swarms)
        return _announce_http(query, host, swarms, now_s)
    except Police2PeerError as error:
        return bencode.encode({b"failure reason": error.facts.encode()})


def _parse_head(head: bytes) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    words = head.split(b"\r\n", 1)[0].split(b" ")
    if len(words) != 3 or words[0] != b"GET":  # noqa: PLR2004 - method, target, version
        raise BadInput("only GET is answered", remedy="ask as BEP 3 says")
    path, _, query = words[1].partition(b"?")
    pairs = [part.partition(b"=") for part in query.split(b"&") if part]
    return path, [(key, unquote_to_bytes(value.replace(b"+", b" "))) for key, _, value in pairs]


def _number(fields: dict[bytes, bytes], key: bytes, default: int) -> int:
    raw = fields.get(key, b"")
    return int(raw) if raw.isdigit() and len(raw) <= 20 else default  # noqa: PLR2004 - longer than 64 bits


def _announce_http(query: list[tuple[bytes, bytes]], host: str, swarms: Swarms, now_s: float) -> bytes:
    fields = dict(query)
    port = _number(fields, b"port", 0)
    if not 0 < port < 65536:  # noqa: PLR2004 - the ports there are
        raise BadInput("the port does not exist", remedy="announce the port you listen on")
    said = Announcement(
        hash=fields.get(b"info_hash", b""),
        host=host,
        port=port,
        left=_number(fields, b"left", 1),
        stopped=fields.get(b"event") == b"stopped",
        completed=fields.get(b"event") == b"completed",
        want=_number(fields, b"numwant", 50),
    )
    peers = swarms.announce(said, now_s)
    counts = swarms.counts(said.hash)
    plain: bencode.Value = [{b"ip": h.encode(), b"port": p} for h, p in peers]
    return bencode.encode(
        {
            b"interval": swarms.interval_s,
            b"min interval": min(5, swarms.interval_s),
            b"complete": counts.complete,
            b"incomplete": counts.incomplete,
            b"peers": plain if fields.get(b"compact") == b"0" else compact(peers),
        }
    )


def _scrape_http(query: list[tuple[bytes, bytes]], swarms: Swarms) -> bytes:
    files: dict[bytes, bencode.Value] = {}
    for hash_ in [value for key, value in query if key == b"info_hash"]:
        counts = swarms.counts(hash_)
        files[hash_] = {
            b"complete": counts.complete,
            b"incomplete": counts.incomplete,
            b"downloaded": counts.completed,
        }
    return bencode.encode({b"files": files})


def serve_tracker(
    hashes: Iterable[bytes], *, host: str, port: int, told: Callable[[str, str], None], interval_s: int = 30
) -> None:
    """Run a tracker until Ctrl-C; `told` gets its HTTP and its UDP address once it listens."""

    async def serve() -> None:
        tracker = Tracker(hashes, host=host, port=port, interval_s=interval_s)
        await tracker.start()
        told(tracker.url, tracker.udp_url)
        try:
            await asyncio.Event().wait()
        finally:
            await tracker.stop()

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve())


class _Datagrams(asyncio.DatagramProtocol):
    """BEP 15 over one socket; a datagram that is not understood gets no answer."""

    def __init__(self, swarms: Swarms) -> None:
        self._swarms = swarms
        self._secret = secrets.token_bytes(16)
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        answer = answer_udp(data, addr[0], self._secret, self._swarms, time.monotonic())
        if answer is not None and self._transport is not None:
            self._transport.sendto(answer, addr)


def answer_udp(data: bytes, host: str, secret: bytes, swarms: Swarms, now_s: float) -> bytes | None:
    """Answer one datagram (BEP 15); None for what is not one."""
    if len(data) < 16:  # noqa: PLR2004 - the shortest request
        return None
    first, action, transaction = struct.unpack_from("!QII", data)
    connection = struct.unpack("!Q", hashlib.blake2b(host.encode(), key=secret, digest_size=8).digest())[0]
    try:
        match action:
            case 0 if first == _UDP_MAGIC:
                return struct.pack("!IIQ", 0, transaction, connection)
            case 1 if first == connection:
                return _announce_udp(data, host, transaction, swarms, now_s)
            case 2 if first == connection:
                return _scrape_udp(data, transaction, swarms)
    except Police2PeerError as error:
        return struct.pack("!II", _UDP_ERROR, transaction) + error.facts.encode()
    return None


def _announce_udp(data: bytes, host: str, transaction: int, swarms: Swarms, now_s: float) -> bytes | None:
    if len(data) < 98:  # noqa: PLR2004 - BEP 15's announce
        return None
    hash_ = data[16:36]
    left, _, event, _, _, want, port = struct.unpack_from("!QQIIIiH", data, 64)
    said = Announcement(
        hash=hash_,
        host=host,
        port=port,
        left=left,
        stopped=event == _STOPPED,
        completed=event == _COMPLETED,
        want=50 if want < 0 else want,
    )
    peers = swarms.announce(said, now_s)
    counts = swarms.counts(hash_)
    head = struct.pack("!IIIII", 1, transaction, swarms.interval_s, counts.incomplete, counts.complete)
    return head + compact(peers)


def _scrape_udp(data: bytes, transaction: int, swarms: Swarms) -> bytes:
    hashes = [data[at : at + 20] for at in range(16, len(data) - 19, 20)]
    all_counts = [swarms.counts(hash_) for hash_ in hashes]
    body = b"".join(struct.pack("!III", c.complete, c.completed, c.incomplete) for c in all_counts)
    return struct.pack("!II", 2, transaction) + body
