# SPDX-License-Identifier: EUPL-1.2
"""The rig of the in-memory network: its stranger plays on the twin what a real client does on a wire."""

import asyncio
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from police2peer.lab.rigs.contract import Door, Stranger
from police2peer.networks import (
    Address,
    ClientNamed,
    DataRequested,
    DataSent,
    Departure,
    Limits,
    Network,
    Offer,
    PeerConnected,
    PeerLeft,
)
from police2peer.networks.memory import InMemoryNetwork

_NETWORK: Final = "memory"


class MemoryRig:
    """No wire and no program: the twin alone."""

    network = _NETWORK
    found_by = "memory"
    tells_title = True
    doors: tuple[Door, ...] = ()

    def __init__(self) -> None:
        self.up = InMemoryNetwork(_NETWORK)

    async def open(self, folder: Path, offers: Sequence[Offer]) -> None:
        """Nothing to start."""

    def engine(self, limits: Limits) -> Network:
        """Give a new twin."""
        self.up = InMemoryNetwork(_NETWORK, limits=limits)
        return self.up

    def settings(self) -> str:
        """Give nothing: no node joins a twin."""
        return ""

    async def settled(self, engine: Network, offers: Sequence[Offer]) -> None:
        """Return: it knows at once."""

    def strangers(self) -> tuple[Stranger, ...]:
        """Give the one who plays."""
        return (_Player(self),)

    async def close(self) -> None:
        """Nothing to end."""


class _Player:
    """Finds by the words of the title, fetches by copying, and makes the events of it."""

    name = "in-memory twin"
    program = ""
    family = "aria2"

    def __init__(self, rig: MemoryRig) -> None:
        self._rig = rig
        self._folder = Path()

    async def open(self, folder: Path, host: str) -> None:
        """Remember where to save."""
        self._folder, self._peer = folder, Address(host, 1)

    async def find(self, offer: Offer, *, limit_s: float) -> bool:
        """Look through what the twin offers."""
        del limit_s
        return any(one.file_name() == offer.file_name() for one in self._rig.up.offers.values())

    async def fetch(self, offer: Offer, *, limit_s: float) -> Path | None:
        """Copy the file as fast as the twin's limits allow, and say so in events."""
        del limit_s
        up, size = self._rig.up, offer.hashes.size
        there = (datetime.now(UTC), _NETWORK, offer.id, self._peer)
        up.happen(PeerConnected(*there), ClientNamed(*there, b"A2-1-36-", "aria2/1.36.0"))
        up.happen(DataRequested(*there, 0, size))
        rate = up.limits.upload_bytes_per_s or size
        for first in range(0, size, rate):
            if first:
                await asyncio.sleep(1.0)
            up.happen(DataSent(datetime.now(UTC), *there[1:], first, min(rate, size - first)))
        up.happen(PeerLeft(datetime.now(UTC), *there[1:], Departure.COMPLETE))
        return Path(shutil.copyfile(offer.path, self._folder / offer.file_name()))

    async def close(self) -> None:
        """Nothing to end."""
