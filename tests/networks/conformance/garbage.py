# SPDX-License-Identifier: EUPL-1.2
"""Garbage for an open port: what scanners, broken programs and the wrong protocol send."""

import asyncio
import contextlib
import random
import socket
from collections.abc import Iterable
from typing import Final

from police2peer.lab.rigs import Door

_SEEDED: Final = random.Random(20_000)
_PIECES: Final = (
    b"",
    b"\0" * 4096,
    b"\xff" * 4096,
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 64,  # the beginning of a TLS hello
    b"SSH-2.0-none\r\n",
    b"\xe3\xff\xff\xff\x7f\x01",  # an eD2k packet of two gigabytes
    b"CSUP ADBASE ADTIGR\n" * 50,
    b"\x13BitTorrent protocol" + b"\0" * 48,
    *(_SEEDED.randbytes(size) for size in (1, 7, 100, 1500, 65_000, 300_000)),
)
_HOLD_S: Final = 0.5


async def throw_garbage(doors: Iterable[Door]) -> None:
    """Throw every piece at every door, all at once; who hangs up is right to."""
    await asyncio.gather(*(_throw(door, piece) for door in doors for piece in _PIECES))


async def _throw(door: Door, piece: bytes) -> None:
    if door.kind == "udp":
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out, contextlib.suppress(OSError):
            out.sendto(piece[:1400], (door.host, door.port))
        return
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(10):
            reader, writer = await asyncio.open_connection(door.host, door.port)
            writer.write(piece)
            await writer.drain()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(reader.read(65_536), _HOLD_S)
            writer.close()
