# SPDX-License-Identifier: EUPL-1.2
"""A small eD2k server for the lab: login, offers, searches, sources, callbacks. Only the lab's addresses.

There is none in Debian, and without one no real client can show that it finds our files by search. Source: Kulbak and
Bickson (2005), sections 3 and 5; aMule, `ServerSocket.cpp`.
"""

import asyncio
import contextlib
import ipaddress
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from police2peer.errors import BadInput, Unavailable
from police2peer.lab.ed2k_index import Index, Listed, read_offers, read_search
from police2peer.lab.places import check_in_lab
from police2peer.networks.ed2k.protocol import (
    EDONKEY,
    EMULE,
    LOWEST_HIGH_ID,
    Fields,
    Op,
    OurSelf,
    Packet,
    PacketReader,
    ServerOp,
    Tag,
    encode_text,
    pack,
    pack_small,
    read_tags,
    write_tags,
)

_MOST_REQUEST: Final = 512 << 10
_MOST_RESULTS: Final = 200
_REACH_S: Final = 3.0
_QUIET_S: Final = 900.0
_SEND_S: Final = 10.0
_READ_BYTES: Final = 65_536
_HASH: Final = b"police2peer lab\0"
_NAME: Final = "police2peer lab"
_FLAGS: Final = 0x0001 | 0x0008 | 0x0010 | 0x0100  # compression, new tags, unicode, large files
_FLAG_OBFUSCATION: Final = 0x0400
_FILE_NAME, _FILE_SIZE, _FILE_TYPE, _SOURCES, _FILE_SIZE_HIGH = 0x01, 0x02, 0x03, 0x15, 0x3A
_DESCRIPTION: Final = 0x0B
_HASH_FOLLOWS, _SUPPORTS_OBFUSCATION = 0x80, 0x01


@dataclass(eq=False, slots=True)
class _Client:
    """Who is logged in."""

    writer: asyncio.StreamWriter
    host: str
    port: int = 0
    client_id: int = 0
    user_hash: bytes = b""
    results: list[tuple[Listed, int]] = field(default_factory=list)


class Ed2kLabServer:
    """One server. `unreachable` hosts get a low id; `hides` has clients obfuscate."""

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        unreachable: frozenset[str] = frozenset(),
        hides: bool = False,
    ) -> None:
        check_in_lab(host)
        self._host, self.port = host, port
        self._unreachable, self._hides = unreachable, hides
        self._server: asyncio.Server | None = None
        self._clients: dict[int, _Client] = {}
        self._serving: set[asyncio.StreamWriter] = set()
        self._next_low_id = 1
        self.index = Index()
        self.searches = 0
        self.asked: list[int] = []
        """The opcodes that clients sent, for tests that must know what nobody asked."""

    async def start(self) -> None:
        """Listen; raises `Unavailable` when the port is taken."""
        try:
            self._server = await asyncio.start_server(self._serve, self._host, self.port, backlog=500)
        except OSError as error:
            raise Unavailable(
                f"the lab's eD2k server cannot listen on port {self.port}",
                remedy="stop the program that holds the port, or choose another",
            ) from error
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Hang up on everybody."""
        if self._server is not None:
            self._server.close()
            for writer in list(self._serving):
                writer.transport.abort()
            while self._serving:  # noqa: ASYNC110 - each ends by itself at once, its connection being cut
                await asyncio.sleep(0.01)
            await self._server.wait_closed()

    @property
    def users(self) -> int:
        """How many are logged in."""
        return len(self._clients)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = _Client(writer, writer.get_extra_info("peername")[0])
        packets = PacketReader(most_bytes=_MOST_REQUEST, packed_as=EDONKEY)
        self._serving.add(writer)
        with contextlib.suppress(OSError, TimeoutError, BadInput, struct.error):
            while data := await asyncio.wait_for(reader.read(_READ_BYTES), _QUIET_S):
                packets.feed(data)
                while (packet := packets.next()) is not None:
                    self.asked.append(packet.op)
                    await self._answer(client, packet)
                await asyncio.wait_for(writer.drain(), _SEND_S)
        self._clients.pop(client.client_id, None)
        self.index.leave(client)
        writer.transport.abort()
        self._serving.discard(writer)

    async def _answer(self, client: _Client, packet: Packet) -> None:
        if packet.op == ServerOp.LOGIN:
            await self._log_in(client, packet.payload)
            return
        if not client.client_id:
            raise BadInput("a client asks before it has logged in", remedy="log in first")
        fields = Fields(packet.payload)
        match packet.op:
            case ServerOp.OFFER_FILES:
                self.index.offer(client, read_offers(packet.payload))
            case ServerOp.SEARCH:
                self.searches += 1
                client.results = self.index.search(read_search(packet.payload), 10 * _MOST_RESULTS)
                self._send_results(client)
            case ServerOp.MORE_RESULTS:
                self._send_results(client)
            case ServerOp.GET_SOURCES | ServerOp.GET_SOURCES_OBFUSCATED:
                self._send_sources(client, fields.hash(), with_hashes=packet.op != ServerOp.GET_SOURCES)
            case ServerOp.CALLBACK_REQUEST:
                self._pass_on(client, fields.number(4))
            case ServerOp.GET_SERVER_LIST:
                client.writer.write(pack(ServerOp.SERVER_LIST, b"\0"))

    async def _log_in(self, client: _Client, payload: bytes) -> None:
        fields = Fields(payload)
        client.user_hash, _, client.port = fields.hash(), fields.number(4), fields.number(2)
        read_tags(fields)
        if client.host not in self._unreachable and await _is_reachable(self._host, client.host, client.port):
            client.client_id = int.from_bytes(ipaddress.IPv4Address(client.host).packed, "little")
        else:
            client.client_id, self._next_low_id = self._next_low_id, self._next_low_id + 1
        self._clients[client.client_id] = client
        flags = _FLAGS | (_FLAG_OBFUSCATION if self._hides else 0)
        client.writer.write(pack(ServerOp.SERVER_MESSAGE, encode_text("A server of the lab; it reaches nobody.")))
        client.writer.write(pack(ServerOp.ID_CHANGE, struct.pack("<II", client.client_id, flags)))
        client.writer.write(pack(ServerOp.SERVER_STATUS, struct.pack("<II", self.users, self.index.files)))
        here = ipaddress.IPv4Address(self._host).packed
        tags = write_tags([Tag(0x01, _NAME), Tag(_DESCRIPTION, "loopback only")])
        client.writer.write(pack(ServerOp.SERVER_IDENT, _HASH + here + struct.pack("<H", self.port) + tags))

    def _send_results(self, client: _Client) -> None:
        now, client.results = client.results[:_MOST_RESULTS], client.results[_MOST_RESULTS:]
        body = struct.pack("<I", len(now)) + b"".join(self._result(listed, count) for listed, count in now)
        client.writer.write(pack_small(ServerOp.SEARCH_RESULT, body + bytes((bool(client.results),))))

    def _result(self, listed: Listed, sources: int) -> bytes:
        first = self.index.sources(listed.hash)[0]
        assert isinstance(first, _Client)  # noqa: S101 - nobody else is put in
        # Who shall obfuscate must ask for sources: only there user hashes are told.
        where = (0, 0) if self._hides else (first.client_id, first.port)
        tags = [Tag(_FILE_NAME, listed.name), Tag(_FILE_SIZE, listed.size & 0xFFFFFFFF), Tag(_SOURCES, sources)]
        if listed.size >= 1 << 32:
            tags.append(Tag(_FILE_SIZE_HIGH, listed.size >> 32))
        if listed.kind:
            tags.append(Tag(_FILE_TYPE, listed.kind))
        return listed.hash + struct.pack("<IH", *where) + write_tags(tags, new_style=True)

    def _send_sources(self, client: _Client, hash_: bytes, *, with_hashes: bool) -> None:
        found = [one for one in self.index.sources(hash_) if isinstance(one, _Client) and one is not client][:200]
        if not found:
            return
        body = hash_ + bytes((len(found),))
        for one in found:
            body += struct.pack("<IH", one.client_id, one.port)
            if with_hashes:
                body += bytes((_HASH_FOLLOWS | _SUPPORTS_OBFUSCATION,)) + one.user_hash
        client.writer.write(pack(ServerOp.FOUND_SOURCES_OBFUSCATED if with_hashes else ServerOp.FOUND_SOURCES, body))

    def _pass_on(self, client: _Client, client_id: int) -> None:
        there = self._clients.get(client_id)
        if there is None or client.client_id < LOWEST_HIGH_ID:
            client.writer.write(pack(ServerOp.CALLBACK_FAILED))
            return
        where = ipaddress.IPv4Address(client.host).packed + struct.pack("<H", client.port)
        there.writer.write(pack(ServerOp.CALLBACK_REQUESTED, where))


async def _is_reachable(ours: str, host: str, port: int) -> bool:
    """Whether who logs in answers a hello on the port it named: only then it gets a high id."""
    check_in_lab(host)
    ourself = OurSelf(_HASH, _NAME, 0, (0, 1, 0))
    try:
        async with asyncio.timeout(_REACH_S):
            reader, writer = await asyncio.open_connection(host, port, local_addr=(ours, 0))
            packets = PacketReader(most_bytes=_MOST_REQUEST, packed_as=EMULE)
            writer.write(pack(Op.HELLO, ourself.hello(0, (bytes(4), 0))))
            while data := await reader.read(_READ_BYTES):
                packets.feed(data)
                if (packet := packets.next()) is not None:
                    writer.transport.abort()
                    return packet.op in (Op.HELLO_ANSWER, Op.EMULE_INFO)
    except (OSError, TimeoutError, BadInput):
        pass
    return False


def serve_ed2k(*, host: str, port: int, told: Callable[[str], None]) -> None:
    """Run a server until Ctrl-C; `told` gets its link once it listens."""

    async def serve() -> None:
        server = Ed2kLabServer(host=host, port=port)
        await server.start()
        told(f"ed2k://|server|{host}|{server.port}|/")
        try:
            await asyncio.Event().wait()
        finally:
            await server.stop()

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve())
