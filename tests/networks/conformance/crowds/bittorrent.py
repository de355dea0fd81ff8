# SPDX-License-Identifier: EUPL-1.2
"""One BitTorrent peer that fetches everything (BEP 3, and BEP 6 for "have none")."""

import asyncio
import os
import struct
from typing import Final

from police2peer.networks import Offer
from police2peer.networks.bittorrent import infohash

_BLOCK: Final = 16_384
_UNCHOKE, _INTERESTED, _REQUEST, _PIECE, _HAVE_NONE = 1, 2, 6, 7, 15


async def take(where: tuple[str, int], offer: Offer, bind: str) -> bytes:
    reader, writer = await asyncio.open_connection(*where, local_addr=(bind, 0))
    fast = bytes((0, 0, 0, 0, 0, 0, 0, 4))
    writer.write(b"\x13BitTorrent protocol" + fast + infohash(offer) + b"-TR4050-" + os.urandom(12))
    await reader.readexactly(68)
    writer.write(struct.pack("!IB", 1, _HAVE_NONE) + struct.pack("!IB", 1, _INTERESTED))
    got = bytearray(offer.hashes.size)
    left = 0
    while True:
        (length,) = struct.unpack("!I", await reader.readexactly(4))
        body = await reader.readexactly(length)
        if body[:1] == bytes((_UNCHOKE,)) and not left:
            left = _ask(writer, offer)
        elif body[:1] == bytes((_PIECE,)):
            piece, start = struct.unpack_from("!II", body, 1)
            first = piece * offer.hashes.bt_piece_length + start
            got[first : first + len(body) - 9] = body[9:]
            left -= 1
            if not left:
                writer.close()
                return bytes(got)


def _ask(writer: asyncio.StreamWriter, offer: Offer) -> int:
    length, size = offer.hashes.bt_piece_length, offer.hashes.size
    firsts = range(0, size, _BLOCK)
    for first in firsts:
        block = (first // length, first % length, min(_BLOCK, size - first))
        writer.write(struct.pack("!IBIII", 13, _REQUEST, *block))
    return len(firsts)
