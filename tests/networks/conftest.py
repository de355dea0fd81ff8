# SPDX-License-Identifier: EUPL-1.2
"""What the tests of networks share: small offers, an engine on a free port, a reader of its events, strangers."""

import asyncio
import contextlib
import json
import os
import random
import socket
import struct
import subprocess
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import pytest

from police2peer.campaign import Arm, Language, Title, TitleId
from police2peer.lab.stranger import downloader_command
from police2peer.networks import Offer, OfferId, WireEvent
from police2peer.networks.bittorrent import BitTorrent, BitTorrentSettings, infohash, torrent_for
from police2peer.warningfiles import hash_file

if TYPE_CHECKING:
    from police2peer.warningfiles import WarningFileId

Event = TypeVar("Event")


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test that awaits in a loop of its own."""
    if not asyncio.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = pyfuncitem._fixtureinfo.argnames
    asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names}))
    return True


class Node:
    """An engine that is up, and every event it gave so far."""

    def __init__(self, settings: BitTorrentSettings) -> None:
        self.where = (settings.listen_hosts[0], settings.listen_port)
        self.network = BitTorrent(settings)
        self.events: list[WireEvent] = []

    @property
    def at(self) -> str:
        return f"{self.where[0]}:{self.where[1]}"

    async def read(self) -> None:
        async for event in self.network.events():
            self.events.append(event)

    async def until(self, true: Callable[[], bool], limit_s: float = 15.0) -> None:
        async with asyncio.timeout(limit_s):
            while not true():  # noqa: ASYNC110 - the condition is the test's, not an event's
                await asyncio.sleep(0.02)

    def of(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]


class RawPeer:
    """A peer of the tests, byte by byte: it can ask, and it can pretend to have everything."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.got: list[tuple[int, bytes]] = []

    @classmethod
    async def connect(
        cls, where: tuple[str, int], swarm: bytes, bind: str, peer_id: bytes = b"-TR4050-"
    ) -> "RawPeer":
        reader, writer = await asyncio.open_connection(*where, local_addr=(bind, 0))
        flags = bytes((0, 0, 0, 0, 0, 0, 0, 4))  # fast extension, so that HAVE_ALL may be said
        writer.write(b"\x13BitTorrent protocol" + flags + swarm + peer_id + os.urandom(12))
        await asyncio.wait_for(reader.readexactly(68), 10)
        return cls(reader, writer)

    def say(self, kind: int, body: bytes = b"") -> None:
        self.writer.write(struct.pack("!IB", len(body) + 1, kind) + body)

    def ask(self, piece: int, start: int, length: int) -> None:
        self.say(6, struct.pack("!III", piece, start, length))

    async def hear(self, seconds: float) -> None:
        """Collect messages until the time is over or the other side leaves."""
        with contextlib.suppress(TimeoutError, asyncio.IncompleteReadError, ConnectionError):
            async with asyncio.timeout(seconds):
                while True:
                    (length,) = struct.unpack("!I", await self.reader.readexactly(4))
                    body = await self.reader.readexactly(length)
                    if body:
                        self.got.append((body[0], body[1:]))

    async def hear_pieces(self, count: int) -> int:
        """Read until `count` blocks have come; give their bytes."""
        received = blocks = 0
        while blocks < count:
            (length,) = struct.unpack("!I", await self.reader.readexactly(4))
            body = await self.reader.readexactly(length)
            if body[:1] == b"\x07":
                received, blocks = received + length - 9, blocks + 1
        return received

    def close(self) -> None:
        self.writer.close()


class Workshop:
    """Makes what a test of networks needs, below one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def free_port(self, host: str = "127.0.0.1") -> int:
        with socket.socket() as door:
            door.bind((host, 0))
            return int(door.getsockname()[1])

    def clip(self, size: int = 300_000, name: str = "clip.mp4") -> Path:
        path = self.folder / name
        path.write_bytes(random.Random(size).randbytes(size))
        return path

    def offers(self, path: Path, count: int = 1) -> list[Offer]:
        hashes = hash_file(path)
        return [
            Offer(
                id=OfferId(f"bittorrent-{number:06d}"),
                network="bittorrent",
                title_id=TitleId(f"T-{number:04d}"),
                title=Title.parse(f"sample-clip-{number:06d}"),
                extension="mp4",
                path=path,
                hashes=hashes,
                arm=Arm.HELP,
                language=Language("en"),
                warning_file_id=cast("WarningFileId", "F-0001"),
            )
            for number in range(1, count + 1)
        ]

    async def peer(self, up: "Node", offer: Offer, bind: str = "127.0.0.9", peer_id: bytes = b"-TR4050-") -> RawPeer:
        return await RawPeer.connect(up.where, infohash(offer), bind, peer_id)

    @contextlib.asynccontextmanager
    async def node(self, **settings: Any) -> AsyncIterator[Node]:  # noqa: ANN401 - passed on to the settings
        up = Node(BitTorrentSettings(**{"listen_port": self.free_port(), "closed_network": True, **settings}))
        await up.network.start()
        reading = asyncio.create_task(up.read())
        try:
            yield up
        finally:
            await up.network.stop()
            await asyncio.wait_for(reading, 10)

    async def stranger(
        self, sources: Sequence[str | Offer], known: Sequence[Offer], *more: str, expect: int = 0
    ) -> list[dict[str, Any]]:
        """Let the stand-in downloader fetch offers (as torrents without trackers) or magnet links."""
        folder = self.folder / f"stranger-{len(list(self.folder.iterdir()))}"
        folder.mkdir()
        given = []
        for source in sources:
            if isinstance(source, Offer):
                path = folder / f"{source.id}.torrent"
                path.write_bytes(torrent_for(source, ()))
                source = str(path)  # noqa: PLW2901 - the same source, on disk
            given.append(source)
        (folder / "allow.txt").write_text("\n".join(infohash(offer).hex() for offer in known))
        command = downloader_command(
            [*given, "--allow", str(folder / "allow.txt"), "--into", str(folder / "got"), *more]
        )
        process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        out, err = await asyncio.wait_for(process.communicate(), 90)
        assert process.returncode == expect, err.decode()
        return [json.loads(line) for line in out.splitlines()]


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)
