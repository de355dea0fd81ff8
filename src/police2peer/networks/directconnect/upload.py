# SPDX-License-Identifier: EUPL-1.2
"""Bytes of our files to a peer: by the kernel where it can, else read and written; compressed where that pays.

What is reported as sent was handed to the connection, piece by piece; of one that breaks, what the system had
taken is reported where the kernel sends, and the last piece is not where we do. Source: ADC-EXT ("ZLIB-GET").
"""

import asyncio
import os
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Final

from police2peer.networks.pacing import Pace

_FIRST_PIECE: Final = 64 << 10
_MOST_PIECE: Final = 2 << 20  # with `stall_s` of a minute, a peer that slows down to 35 kB/s is still served
_READ: Final = 256 << 10
_LEVEL: Final = 1  # zeros shrink a thousandfold at any level; speed is what counts
_PAYS_BELOW: Final = 0.8  # films and pictures are compressed already: then the peer gets them as they are
_QUICK_S, _SLOW_S = 1.0, 5.0

Sent = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Lane:
    """One peer's connection with what bounds it."""

    writer: asyncio.StreamWriter
    pace: Pace
    stall_s: float

    @property
    def is_tls(self) -> bool:
        """Whether bytes are encrypted by us, so that the kernel cannot send a file by itself."""
        return self.writer.get_extra_info("ssl_object") is not None

    async def write(self, data: bytes | memoryview) -> None:
        """Write within the pace; raises `TimeoutError` when the peer takes nothing."""
        await self.wait(len(data))
        self.check_open()
        self.writer.write(data)
        self.check_open()  # a broken connection is noticed while writing
        if self.writer.transport.get_write_buffer_size():
            async with asyncio.timeout(self.stall_s):
                await self.writer.drain()
        else:
            await asyncio.sleep(0)  # others have their turn, also where no byte had to wait

    def check_open(self) -> None:
        """Raise `ConnectionError` when the peer is gone."""
        if self.writer.is_closing():
            raise ConnectionError("the connection was lost")

    async def wait(self, count: int) -> None:
        """Wait until so many bytes may go out."""
        wait_s = self.pace.wait_s(count, asyncio.get_running_loop().time())
        if wait_s > 0:
            await asyncio.sleep(wait_s)

    def piece(self, wanted: int) -> int:
        """Give how many bytes go out at once: few where the pace is slow."""
        rate = self.pace.bytes_per_s
        return wanted if rate is None else max(min(wanted, rate // 8), 1024)


def pays(handle: BinaryIO, first_byte: int, length: int) -> bool:
    """Whether compressing makes a range much shorter, by its beginning."""
    sample = os.pread(handle.fileno(), min(length, _FIRST_PIECE), first_byte)
    return len(zlib.compress(sample, _LEVEL)) < _PAYS_BELOW * len(sample)


async def send_range(lane: Lane, handle: BinaryIO, first_byte: int, length: int, sent: Sent) -> None:
    """Send a range of a file as it is; `sent` hears of each piece."""
    went = 0

    def tell(at: int, count: int) -> None:
        nonlocal went
        went += count
        sent(at, count)

    try:
        if not lane.is_tls:
            await _send_by_kernel(lane, handle, first_byte, length, tell)
            return
    except asyncio.SendfileNotAvailableError as error:
        # On the first piece: a file system that cannot. Later asyncio names a connection that broke between two so.
        if went:
            raise ConnectionError("the connection was lost") from error
    await _send_read(lane, handle, first_byte, length, sent)


async def _send_by_kernel(lane: Lane, handle: BinaryIO, first_byte: int, length: int, sent: Sent) -> None:
    loop, at, end, piece = asyncio.get_running_loop(), first_byte, first_byte + length, _FIRST_PIECE
    while at < end:
        count = min(lane.piece(piece), end - at)
        await lane.wait(count)
        lane.check_open()
        began_s = loop.time()
        handle.seek(at)
        try:
            async with asyncio.timeout(lane.stall_s):
                await loop.sendfile(lane.writer.transport, handle, at, count, fallback=False)
        finally:
            went = handle.tell() - at  # kept by `sendfile` whatever happens
            if went:
                sent(at, went)
        if went != count:
            raise ConnectionError("the file ended early")
        at += count
        piece = _next_piece(piece, loop.time() - began_s)


def _next_piece(piece: int, took_s: float) -> int:
    """Large pieces for quick peers; small ones for slow peers, who must not look as if they took nothing."""
    if took_s < _QUICK_S:
        return min(piece * 2, _MOST_PIECE)
    return max(piece // 2, _FIRST_PIECE) if took_s > _SLOW_S else piece


async def _send_read(lane: Lane, handle: BinaryIO, first_byte: int, length: int, sent: Sent) -> None:
    at, end = first_byte, first_byte + length
    room = memoryview(bytearray(min(_READ, length)))  # used again: a piece is encrypted before `write` returns
    while at < end:
        count = os.preadv(handle.fileno(), [room[: min(lane.piece(_READ), end - at)]], at)
        if not count:
            raise ConnectionError("the file ended early")
        await lane.write(room[:count])
        sent(at, count)
        at += count


async def send_packed(lane: Lane, handle: BinaryIO, first_byte: int, length: int, sent: Sent) -> None:
    """Send a range of a file compressed; `sent` hears of the file's bytes, the pace of the wire's."""
    packer, at, end = zlib.compressobj(_LEVEL), first_byte, first_byte + length
    while at < end:
        data = os.pread(handle.fileno(), min(lane.piece(_READ), end - at), at)
        if not data:
            raise ConnectionError("the file ended early")
        packed = packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH if at + len(data) < end else zlib.Z_FINISH)
        await lane.write(packed)
        sent(at, len(data))
        at += len(data)


async def send_content(lane: Lane, content: bytes, *, packed: bool) -> None:
    """Send what lies in memory: lists and leaves."""
    body = zlib.compress(content, _LEVEL) if packed else content
    step = lane.piece(_READ)
    for at in range(0, len(body), step):
        await lane.write(body[at : at + step])
