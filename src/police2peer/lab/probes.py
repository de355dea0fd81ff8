# SPDX-License-Identifier: EUPL-1.2
"""Those who look and never ask: probes that shake hands, read metadata, ask or tell the DHT, and name others.

They stand for crawlers, researchers and other seeds, to prove that none of these becomes a contact. There is no
`interested` and no `request` in this module. Sources: BEP 3 (handshake), BEP 5 and 51 (DHT), BEP 9 and 10
(metadata), BEP 11 (peer exchange).
"""

import asyncio
import hashlib
import ipaddress
import secrets
import struct
from collections.abc import Sequence
from typing import Final

from police2peer.errors import BadInput, Unavailable
from police2peer.lab.places import check_in_lab
from police2peer.networks.bittorrent import bencode

_LIMIT_S: Final = 10.0
_PROTOCOL: Final = b"\x13BitTorrent protocol"
_EXTENDED: Final = 20  # BEP 10
_OUR_METADATA_ID: Final = 1
_OUR_PEX_ID: Final = 2
_METADATA_PIECE_BYTES: Final = 16_384
_MOST_MESSAGE: Final = 1 << 20
_MOST_METADATA: Final = 8 << 20


class _Wire:
    """One connection, up to the handshake."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def open(cls, where: tuple[str, int], infohash: bytes, peer_id: bytes, bind: str) -> "_Wire":
        check_in_lab(where[0])
        check_in_lab(bind)
        try:
            reader, writer = await asyncio.open_connection(*where, local_addr=(bind, 0))
        except OSError as error:
            raise Unavailable("nobody listens there", remedy="start the node first") from error
        extensions = bytes((0, 0, 0, 0, 0, 0x10, 0, 0))  # BEP 10
        writer.write(_PROTOCOL + extensions + infohash + peer_id[:8] + secrets.token_bytes(12))
        try:
            answer = await reader.readexactly(68)
        except (asyncio.IncompleteReadError, OSError) as error:
            writer.close()
            raise Unavailable("the swarm is not served there", remedy="publish the offer first") from error
        if answer[28:48] != infohash:
            writer.close()
            raise BadInput("the answer names another swarm", remedy="ask the node that serves it")
        return cls(reader, writer)

    async def message(self) -> tuple[int, bytes]:
        """Read one message; keep-alives are passed over."""
        while True:
            (length,) = struct.unpack("!I", await self.reader.readexactly(4))
            if length > _MOST_MESSAGE:
                raise BadInput("a message is too long", remedy="this is not BitTorrent")
            if length:
                body = await self.reader.readexactly(length)
                return body[0], body[1:]

    def extended(self, number: int, payload: bencode.Value) -> None:
        body = bytes((_EXTENDED, number)) + bencode.encode(payload)
        self.writer.write(struct.pack("!I", len(body)) + body)

    async def close(self) -> None:
        self.writer.close()
        await self.writer.wait_closed()


async def shake_hands(
    where: tuple[str, int], infohash: bytes, *, bind: str = "127.0.0.1", peer_id: bytes = b"-ZZ0001-"
) -> None:
    """Connect, name the offer, leave. Raises `Unavailable` when the offer is not there."""
    async with asyncio.timeout(_LIMIT_S):
        wire = await _Wire.open(where, infohash, peer_id, bind)
        await wire.close()


async def read_metadata(
    where: tuple[str, int], infohash: bytes, *, bind: str = "127.0.0.1", peer_id: bytes = b"-ZZ0001-"
) -> bytes:
    """Connect, read the whole info dictionary, check it against the infohash, leave."""
    async with asyncio.timeout(_LIMIT_S):
        wire = await _Wire.open(where, infohash, peer_id, bind)
        try:
            return await _read_metadata(wire, infohash)
        except (asyncio.IncompleteReadError, OSError) as error:
            raise Unavailable("the peer left while its metadata was read", remedy="try again") from error
        finally:
            wire.writer.close()


async def name_others(
    where: tuple[str, int], infohash: bytes, others: Sequence[tuple[str, int]], *, bind: str = "127.0.0.1"
) -> None:
    """Connect, say that others hold the file too (peer exchange, BEP 11) and that we hold all of it, leave."""
    async with asyncio.timeout(_LIMIT_S):
        wire = await _Wire.open(where, infohash, b"-ZZ0001-", bind)
        wire.extended(0, {b"m": {b"ut_pex": _OUR_PEX_ID}, b"upload_only": 1})
        compact = b"".join(ipaddress.IPv4Address(host).packed + struct.pack("!H", port) for host, port in others)
        wire.extended(_OUR_PEX_ID, {b"added": compact, b"added.f": bytes(len(others))})
        await wire.close()


async def _read_metadata(wire: _Wire, infohash: bytes) -> bytes:
    wire.extended(0, {b"m": {b"ut_metadata": _OUR_METADATA_ID}})
    theirs, size = await _their_extensions(wire)
    metadata = b""
    for piece in range(-(-size // _METADATA_PIECE_BYTES)):
        wire.extended(theirs, {b"msg_type": 0, b"piece": piece})
        metadata += await _metadata_piece(wire, piece)
    if hashlib.sha1(metadata, usedforsecurity=False).digest() != infohash:
        raise BadInput("the metadata does not belong to the infohash", remedy="ask another peer")
    return metadata


async def _their_extensions(wire: _Wire) -> tuple[int, int]:
    while True:
        kind, body = await wire.message()
        if kind == _EXTENDED and body[:1] == b"\0":
            said = bencode.decode(body[1:])
            names = said.get(b"m") if isinstance(said, dict) else None
            number = names.get(b"ut_metadata") if isinstance(names, dict) else None
            size = said.get(b"metadata_size") if isinstance(said, dict) else None
            if isinstance(number, int) and isinstance(size, int) and 0 < size <= _MOST_METADATA and 0 < number < 256:  # noqa: PLR2004 - one byte
                return number, size
            raise BadInput("the peer gives no metadata", remedy="ask another peer")


async def _metadata_piece(wire: _Wire, piece: int) -> bytes:
    while True:
        kind, body = await wire.message()
        if kind == _EXTENDED and body[:1] == bytes((_OUR_METADATA_ID,)):
            said, end = bencode.decode_prefix(body[1:])
            if isinstance(said, dict) and said.get(b"msg_type") == 1 and said.get(b"piece") == piece:
                return body[1 + end :]
            raise BadInput("the peer refused its metadata", remedy="ask another peer")


class _Answer(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.arrived: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, _addr: tuple[str, int]) -> None:
        if not self.arrived.done():
            self.arrived.set_result(data)


async def ask_dht(where: tuple[str, int], infohash: bytes, *, bind: str = "127.0.0.1") -> bool:
    """Ask one DHT node who has a file (BEP 5, get_peers); tell whether it named anybody."""
    reply = await _ask(where, b"get_peers", {b"info_hash": infohash}, bind)
    return bool(reply.get(b"values"))


async def sample_dht(where: tuple[str, int], *, bind: str = "127.0.0.1") -> list[bytes]:
    """Ask one DHT node which files it knows holders of (BEP 51), as those do who index all there is."""
    reply = await _ask(where, b"sample_infohashes", {b"target": secrets.token_bytes(20)}, bind)
    samples = reply.get(b"samples")
    found = samples if isinstance(samples, bytes) else b""
    return [found[at : at + 20] for at in range(0, len(found) - 19, 20)]


async def announce_to_dht(where: tuple[str, int], infohash: bytes, port: int, *, bind: str = "127.0.0.1") -> None:
    """Tell one DHT node that we hold a file (BEP 5, announce_peer), which nobody checks."""
    reply = await _ask(where, b"get_peers", {b"info_hash": infohash}, bind)
    token = reply.get(b"token")
    if not isinstance(token, bytes):
        raise Unavailable("the DHT node gave no token", remedy="try again")
    await _ask(where, b"announce_peer", {b"info_hash": infohash, b"port": port, b"token": token}, bind)


async def _ask(
    where: tuple[str, int], query: bytes, arguments: dict[bytes, bencode.Value], bind: str
) -> dict[bytes, bencode.Value]:
    """Put one question to one DHT node; gives its reply, raises `Unavailable` when none comes."""
    check_in_lab(where[0])
    check_in_lab(bind)
    loop = asyncio.get_running_loop()
    transport, answer = await loop.create_datagram_endpoint(_Answer, local_addr=(bind, 0), remote_addr=where)
    own_id = hashlib.sha1(bind.encode(), usedforsecurity=False).digest()
    question: bencode.Value = {b"t": b"lb", b"y": b"q", b"q": query, b"a": {b"id": own_id, **arguments}}
    try:
        transport.sendto(bencode.encode(question))
        async with asyncio.timeout(_LIMIT_S):
            said = bencode.decode(await answer.arrived)
    except TimeoutError:
        raise Unavailable("the DHT node did not answer", remedy="start the DHT first") from None
    finally:
        transport.close()
    reply = said.get(b"r") if isinstance(said, dict) else None
    return reply if isinstance(reply, dict) else {}
