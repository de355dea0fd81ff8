# SPDX-License-Identifier: EUPL-1.2
"""What the tests of eD2k share: offers, an engine on a free port, the lab's server."""

import asyncio
import contextlib
import random
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import pytest
from tests.networks.conformance.crowds.ed2k import RawPeer

from police2peer.campaign import Arm, Language, Title, TitleId
from police2peer.lab.ed2k_server import Ed2kLabServer
from police2peer.networks import Offer, OfferId, WireEvent
from police2peer.networks.ed2k import Ed2k, Ed2kServer, Ed2kSettings
from police2peer.warningfiles import hash_file

if TYPE_CHECKING:
    from police2peer.warningfiles import WarningFileId

Event = TypeVar("Event")


class Node:
    """An engine that is up, and every event it gave so far."""

    def __init__(self, settings: Ed2kSettings) -> None:
        self.where = (settings.listen_hosts[0], settings.listen_port)
        self.network = Ed2k(settings)
        self.events: list[WireEvent] = []
        self.peers: list[RawPeer] = []

    async def read(self) -> None:
        async for event in self.network.events():
            self.events.append(event)

    async def until(self, true: Callable[[], bool], limit_s: float = 15.0) -> None:
        async with asyncio.timeout(limit_s):
            while not true():  # noqa: ASYNC110 - the condition is the test's, not an event's
                await asyncio.sleep(0.02)

    async def until_ok(self, limit_s: float = 15.0) -> None:
        async with asyncio.timeout(limit_s):
            while not (await self.network.health()).ok:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.02)

    def of(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]

    async def peer(self, bind: str = "127.0.0.9") -> RawPeer:
        peer = await RawPeer.connect(self.where, bind)
        self.peers.append(peer)
        return peer


class Workshop:
    """Makes what a test of eD2k needs, below one folder."""

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

    def offers(self, path: Path, count: int = 1, *, begin: int = 1) -> list[Offer]:
        hashes = hash_file(path)
        return [
            Offer(
                id=OfferId(f"ed2k-{number:06d}"),
                network="ed2k",
                title_id=TitleId(f"T-{number:04d}"),
                title=Title.parse(f"sample-clip-{number:06d}"),
                extension="mp4",
                path=path,
                hashes=hashes,
                arm=Arm.HELP,
                language=Language("en"),
                warning_file_id=cast("WarningFileId", "F-0001"),
            )
            for number in range(begin, begin + count)
        ]

    @contextlib.asynccontextmanager
    async def node(self, **settings: Any) -> AsyncIterator[Node]:  # noqa: ANN401 - passed on to the settings
        up = Node(Ed2kSettings(**{"listen_port": self.free_port(), "closed_network": True, **settings}))
        await up.network.start()
        reading = asyncio.create_task(up.read())
        try:
            yield up
        finally:
            await up.network.stop()
            await asyncio.wait_for(reading, 10)
            for peer in up.peers:
                peer.writer.transport.abort()
            await asyncio.sleep(0)

    @contextlib.asynccontextmanager
    async def server(self, **settings: Any) -> AsyncIterator[tuple[Ed2kLabServer, Ed2kServer]]:  # noqa: ANN401
        lab = Ed2kLabServer(host="127.0.0.1", **settings)
        await lab.start()
        try:
            yield lab, Ed2kServer("127.0.0.1", lab.port)
        finally:
            await lab.stop()


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)
