# SPDX-License-Identifier: EUPL-1.2
"""The rig of BitTorrent: the lab's tracker, and aria2, Transmission and qBittorrent with magnet links and torrents.

BitTorrent has no search: the link that the public finds stands for the words. A program is started anew for
each link, as a user's click does, and ended when the next one is looked for.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from subprocess import Popen
from typing import Final

from police2peer.contacts import client_family
from police2peer.errors import Unavailable
from police2peer.lab.clients import Client, Wanted, all_clients, is_whole, running
from police2peer.lab.namespace import NODE_HOST, check_closed
from police2peer.lab.rigs.contract import Door, Stranger
from police2peer.lab.tracker import Tracker
from police2peer.networks import Limits, Network, Offer
from police2peer.networks.bittorrent import BitTorrent, BitTorrentSettings, infohash, magnet, torrent_for

_PORT: Final = 6881
_SETTLE_S: Final = 20.0
_LOOK_EVERY_S: Final = 0.1


class BitTorrentRig:
    """A tracker for the offers of the rehearsal."""

    network = "bittorrent"
    found_by = "tracker"
    tells_title = True
    doors = (Door("tcp", NODE_HOST, _PORT), Door("udp", NODE_HOST, _PORT))

    def __init__(self) -> None:
        self.tracker = Tracker((), host=NODE_HOST)

    async def open(self, folder: Path, offers: Sequence[Offer]) -> None:
        """Start the tracker."""
        check_closed()
        del folder
        self.tracker = Tracker([infohash(offer) for offer in offers], host=NODE_HOST)
        await self.tracker.start()

    def engine(self, limits: Limits) -> Network:
        """Give an engine that announces to the tracker."""
        return BitTorrent(
            BitTorrentSettings(
                listen_hosts=(NODE_HOST,),
                listen_port=_PORT,
                trackers=(self.tracker.url,),
                closed_network=True,
                limits=limits,
            )
        )

    def settings(self) -> str:
        """Give the keys of the node's own table."""
        return f'[node]\nlisten = ["{NODE_HOST}"]\nport = {_PORT}\ntrackers = ["{self.tracker.url}"]\n'

    async def settled(self, engine: Network, offers: Sequence[Offer]) -> None:
        """Wait until the tracker knows a seed of each."""
        del engine
        give_up_at = time.monotonic() + _SETTLE_S
        while not all(self.tracker.swarms.counts(infohash(offer)).complete for offer in offers):
            if time.monotonic() > give_up_at:
                raise Unavailable("the tracker does not know every offer", remedy="look at the engine's health")
            await asyncio.sleep(_LOOK_EVERY_S)

    def strangers(self) -> tuple[Stranger, ...]:
        """Give the three clients."""
        return tuple(_Stranger(client, self) for client in all_clients())

    async def close(self) -> None:
        """End the tracker."""
        await self.tracker.stop()


class _Stranger:
    """One client; `find` opens the link and waits until the program shows the file by name."""

    def __init__(self, client: Client, rig: BitTorrentRig) -> None:
        self.name = client.name
        self.program = client.program
        self.family: str = client_family(b"", f"{client.name} 1")
        self._client = client
        self._rig = rig
        self._folder = Path()
        self._host = ""
        self._tries = 0
        self._running: AbstractContextManager[Popen[bytes]] | None = None

    async def open(self, folder: Path, host: str) -> None:
        """Remember where to run."""
        check_closed()
        self._folder, self._host = folder, host

    async def find(self, offer: Offer, *, limit_s: float) -> bool:
        """Open the magnet link: the name comes with the description, which only a peer can give.

        Every other time the .torrent file is opened instead, for people come both ways.
        """
        await self.close()
        self._tries += 1
        source = magnet(offer, [self._rig.tracker.url])
        if self._tries % 2 == 0:
            path = self._folder / f"{self._tries}.torrent"
            path.write_bytes(torrent_for(offer, [self._rig.tracker.url]))
            source = str(path)
        wanted = Wanted(source, offer.file_name(), offer.hashes.size, offer.hashes.sha256)
        await asyncio.to_thread(self._start, wanted)
        return await self._until((self._got() / wanted.name).exists, limit_s)

    async def fetch(self, offer: Offer, *, limit_s: float) -> Path | None:
        """Wait until the file is whole."""
        wanted = Wanted("", offer.file_name(), offer.hashes.size, offer.hashes.sha256)
        path = self._got() / wanted.name
        return path if await self._until(lambda: is_whole(path, wanted), limit_s) else None

    async def close(self) -> None:
        """End the program."""
        if self._running is not None:
            ended, self._running = self._running, None
            await asyncio.to_thread(ended.__exit__, None, None, None)

    def _got(self) -> Path:
        return self._folder / str(self._tries) / "got"

    def _start(self, wanted: Wanted) -> None:
        place = self._folder / str(self._tries)
        (place / "got").mkdir(parents=True)
        self._running = running(self._client.command(wanted, place, self._host), place)
        self._running.__enter__()
        self._client.hand_over(wanted, place)

    async def _until(self, true: Callable[[], bool], limit_s: float) -> bool:
        give_up_at = time.monotonic() + limit_s
        while not await asyncio.to_thread(true):
            if time.monotonic() > give_up_at:
                return False
            await asyncio.sleep(_LOOK_EVERY_S)
        return True
