# SPDX-License-Identifier: EUPL-1.2
"""A network that lives in memory, for tests of what stands above: it keeps the contract and opens no socket."""

import asyncio
from collections.abc import AsyncIterator, Iterable

from police2peer.errors import Unavailable
from police2peer.networks.contract import Health, Offer, OfferId, WireEvent


class InMemoryNetwork:
    """The twin of a network; `happen` plays a peer, `fail_to_start` a port that is taken."""

    def __init__(self, name: str = "memory", *, fail_to_start: bool = False) -> None:
        self.name = name
        self.offers: dict[OfferId, Offer] = {}
        self._fails = fail_to_start
        self._queue: asyncio.Queue[WireEvent | None] = asyncio.Queue()

    def happen(self, *events: WireEvent) -> None:
        """Let these events be what peers did."""
        for event in events:
            self._queue.put_nowait(event)

    async def start(self) -> None:
        """Begin, or say that the port is taken."""
        if self._fails:
            raise Unavailable("the port is taken", remedy="stop the other program, or change the port")

    async def publish(self, offer: Offer) -> None:
        """Offer one file."""
        self.offers[offer.id] = offer

    async def publish_many(self, offers: Iterable[Offer]) -> None:
        """Offer many files."""
        for offer in offers:
            await self.publish(offer)

    async def withdraw(self, offer: Offer) -> None:
        """Stop offering."""
        self.offers.pop(offer.id, None)

    async def events(self) -> AsyncIterator[WireEvent]:
        """Hand out what happened, in order, until `stop`."""
        while (event := await self._queue.get()) is not None:
            yield event

    async def health(self) -> Health:
        """Say that all is well, with the number of offers."""
        return Health(ok=True, detail=f"{len(self.offers)} offers in memory", offers=len(self.offers))

    async def stop(self) -> None:
        """Take everything down; what happened before is still handed out."""
        self.offers.clear()
        self._queue.put_nowait(None)
