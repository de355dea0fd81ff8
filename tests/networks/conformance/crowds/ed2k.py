# SPDX-License-Identifier: EUPL-1.2
"""One eD2k peer, packet by packet: it says hello, asks for a name and a slot, and fetches everything."""

import asyncio
import os
import struct
import zlib
from typing import Final

from police2peer.networks import Offer
from police2peer.networks.ed2k.protocol import Op, OurSelf, Packet, PacketReader, pack

_BLOCK: Final = 184_320
_MOST: Final = 1 << 20
NO_SERVER: Final = (bytes(4), 0)


class RawPeer:
    """A connection on which a test says what it likes and reads what comes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, nick: str = "sample") -> None:
        self.reader, self.writer = reader, writer
        self.myself = OurSelf(os.urandom(16), nick, 4662, (0, 1, 0))
        self.packets = PacketReader(most_bytes=_MOST)

    @classmethod
    async def connect(cls, where: tuple[str, int], bind: str, *, nick: str = "sample") -> "RawPeer":
        return cls(*await asyncio.open_connection(*where, local_addr=(bind, 0)), nick=nick)

    def say(self, op: int, payload: bytes = b"") -> None:
        self.writer.write(pack(op, payload))

    async def hear(self, limit_s: float = 10.0) -> Packet:
        """Give the next packet; raises `EOFError` when the other side left."""
        async with asyncio.timeout(limit_s):
            while (packet := self.packets.next()) is None:
                if not (data := await self.reader.read(65_536)):
                    raise EOFError
                self.packets.feed(data)
            return packet

    async def hear_until(self, op: int) -> bytes:
        while (packet := await self.hear()).op != op:
            pass
        return packet.payload

    async def greet(self, server: tuple[bytes, int] = NO_SERVER) -> bytes:
        self.say(Op.HELLO, self.myself.hello(0, server))
        return await self.hear_until(Op.HELLO_ANSWER)

    def ask(self, offer: Offer, *ranges: tuple[int, int], wide: bool = False) -> None:
        firsts = [first for first, _ in ranges] + [0] * (3 - len(ranges))
        ends = [end for _, end in ranges] + [0] * (3 - len(ranges))
        body = struct.pack("<6Q" if wide else "<6I", *firsts, *ends)
        self.say(Op.REQUEST_PARTS_64 if wide else Op.REQUEST_PARTS, bytes.fromhex(offer.hashes.ed2k) + body)

    async def slot(self, offer: Offer) -> None:
        """Ask for the file and a slot, and wait for the slot."""
        hash_ = bytes.fromhex(offer.hashes.ed2k)
        self.say(Op.REQUEST_FILE_NAME, hash_)
        await self.hear_until(Op.FILE_NAME_ANSWER)
        self.say(Op.START_UPLOAD, hash_)
        await self.hear_until(Op.ACCEPT_UPLOAD)

    async def receive(self, count: int, into: bytearray) -> None:
        """Read parts, plain or deflated, until `count` bytes of the file have come."""
        streams: dict[int, bytes] = {}
        while count:
            packet = await self.hear()
            body = packet.payload[16:]
            if packet.op == Op.SENDING_PART:
                first, end = struct.unpack_from("<II", body)
                into[first:end] = body[8:]
                count -= end - first
            elif packet.op == Op.COMPRESSED_PART:
                first, length = struct.unpack_from("<II", body)
                streams[first] = streams.get(first, b"") + body[8:]
                if len(streams[first]) == length:
                    data = zlib.decompress(streams.pop(first))
                    into[first : first + len(data)] = data
                    count -= len(data)

    def close(self) -> None:
        self.writer.close()


async def take(where: tuple[str, int], offer: Offer, bind: str) -> bytes:
    peer = await RawPeer.connect(where, bind)
    await peer.greet()
    await peer.slot(offer)
    size = offer.hashes.size
    got = bytearray(size)
    ranges = [(first, min(first + _BLOCK, size)) for first in range(0, size, _BLOCK)]
    for at in range(0, len(ranges), 3):
        asked = ranges[at : at + 3]
        peer.ask(offer, *asked)
        await peer.receive(sum(end - first for first, end in asked), got)
    peer.say(Op.END_OF_DOWNLOAD, bytes.fromhex(offer.hashes.ed2k))
    await peer.writer.drain()
    peer.close()
    return bytes(got)
