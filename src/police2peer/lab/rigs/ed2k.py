# SPDX-License-Identifier: EUPL-1.2
"""The rig of eD2k: the lab's server, and aMule that finds by search.

No client says under which title it found a file, so two titles on one file are fetched by an aMule with an empty
home each: one that has the file would not fetch it again.
"""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

from police2peer.errors import Unavailable
from police2peer.lab.amule import Amule
from police2peer.lab.clients import Wanted, is_whole
from police2peer.lab.ed2k_server import Ed2kLabServer
from police2peer.lab.namespace import NODE_HOST, check_closed
from police2peer.lab.rigs.contract import Door, Stranger
from police2peer.networks import Limits, Network, Offer
from police2peer.networks.ed2k import Ed2k, Ed2kServer, Ed2kSettings

_PORT: Final = 4662
_SERVER_HOST: Final = "203.0.113.31"
_SERVER_PORT: Final = 4661
_SETTLE_S: Final = 20.0
_LOOK_EVERY_S: Final = 0.2
_SEARCH_AGAIN_S: Final = 3.0


class Ed2kRig:
    """A server; the engine is known there, the strangers search there."""

    network = "ed2k"
    found_by = "search"
    tells_title = False
    doors = (Door("tcp", NODE_HOST, _PORT),)

    def __init__(self) -> None:
        self.server = Ed2kLabServer(host=_SERVER_HOST, port=_SERVER_PORT)
        self._identity = Path()

    @property
    def address(self) -> str:
        """The server as clients name it."""
        return f"{_SERVER_HOST}:{_SERVER_PORT}"

    async def open(self, folder: Path, offers: Sequence[Offer]) -> None:
        """Start the server."""
        check_closed()
        del offers
        self._identity = folder / "identity.json"
        await self.server.start()

    def engine(self, limits: Limits) -> Network:
        """Give an engine that is known on the server."""
        return Ed2k(
            Ed2kSettings(
                listen_hosts=(NODE_HOST,),
                listen_port=_PORT,
                servers=(Ed2kServer(_SERVER_HOST, _SERVER_PORT),),
                identity=self._identity,
                closed_network=True,
                limits=limits,
            )
        )

    def settings(self) -> str:
        """Give the table with the server."""
        return f'[ed2k]\nport = {_PORT}\nservers = ["{self.address}"]\n'

    async def settled(self, engine: Network, offers: Sequence[Offer]) -> None:
        """Wait until the server lists each offer by its name."""
        give_up_at = time.monotonic() + _SETTLE_S
        while not all(self.server.index.lists(offer.file_name()) for offer in offers):
            if time.monotonic() > give_up_at:
                health = await engine.health()
                raise Unavailable("the server does not list every offer", remedy=health.detail)
            await asyncio.sleep(_LOOK_EVERY_S)

    def strangers(self) -> tuple[Stranger, ...]:
        """Give the client."""
        return (_Stranger(self),)

    async def close(self) -> None:
        """End the server."""
        await self.server.stop()


class _Stranger:
    """aMule; each search begins with an empty home, as somebody new would come."""

    name = "aMule"
    program = "amuled"
    family = "aMule"

    def __init__(self, rig: Ed2kRig) -> None:
        self._rig = rig
        self._folder, self._host = Path(), ""
        self._tries = 0
        self._up: AbstractContextManager[Amule] | None = None
        self._amule: Amule | None = None

    async def open(self, folder: Path, host: str) -> None:
        """Remember where to run."""
        check_closed()
        self._folder, self._host = folder, host

    async def find(self, offer: Offer, *, limit_s: float) -> bool:
        """Search for the title and look whether the whole name is among the results."""
        await self.close()
        give_up_at = time.monotonic() + limit_s
        self._tries += 1
        amule = await asyncio.to_thread(self._start)
        asked_at = 0.0
        while time.monotonic() < give_up_at:
            if time.monotonic() - asked_at > _SEARCH_AGAIN_S:
                asked_at = time.monotonic()
                await asyncio.to_thread(amule.search, offer.title.reveal())
            if offer.file_name() in await asyncio.to_thread(amule.results):
                return True
            await asyncio.sleep(_LOOK_EVERY_S)
        return False

    async def fetch(self, offer: Offer, *, limit_s: float) -> Path | None:
        """Fetch what was found; where aMule stalls (docs/networks.md), somebody new finds and fetches it again."""
        got = await self._fetch(offer, limit_s=limit_s / 2)
        if got is None and await self.find(offer, limit_s=limit_s / 2):
            got = await self._fetch(offer, limit_s=limit_s / 2)
        return got

    async def _fetch(self, offer: Offer, *, limit_s: float) -> Path | None:
        """Fetch what was found, by its number."""
        amule = self._amule
        if amule is None:
            return None
        number = (await asyncio.to_thread(amule.results)).get(offer.file_name())
        if number is None:
            return None
        await asyncio.to_thread(amule.download, number)
        path = amule.got / offer.file_name()
        wanted = Wanted("", offer.file_name(), offer.hashes.size, offer.hashes.sha256)
        give_up_at = time.monotonic() + limit_s
        while time.monotonic() < give_up_at:
            if await asyncio.to_thread(is_whole, path, wanted):
                return path
            await asyncio.sleep(_LOOK_EVERY_S)
        return None

    async def close(self) -> None:
        """End the program."""
        if self._up is not None:
            ended, self._up, self._amule = self._up, None, None
            with contextlib.suppress(Unavailable):
                await asyncio.to_thread(ended.__exit__, None, None, None)

    def _start(self) -> Amule:
        self._up = Amule(self._folder / str(self._tries), self._host).up()
        self._amule = self._up.__enter__()
        self._amule.connect(self._rig.address)
        return self._amule
