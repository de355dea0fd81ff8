# SPDX-License-Identifier: EUPL-1.2
"""A network that lives in memory, for tests of what stands above: it keeps the contract and opens no socket."""

import asyncio
from collections.abc import AsyncIterator, Iterable

from police2peer.errors import Unavailable
from police2peer.networks.contract import Health, Limits, Offer, OfferId, WireEvent

__all__ = ["InMemoryNetwork"]


class InMemoryNetwork:
    """The twin of a network; `happen` plays a peer, `fail_to_start` a port that is taken."""

    def __init__(
        self,
        name: str = "memory",
        *,
        fail_to_start: bool = False,
        limits: Limits = Limits(),  # noqa: B008 - frozen
    ) -> None:
        self.name = name
        self.limits = limits
        self.offers: dict[OfferId, Offer] = {}
        self.is_up = False
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
        self.is_up = True

    async def publish(self, offer: Offer) -> None:
        """Offer one file; raises `Unavailable` before `start`."""
        if not self.is_up:
            raise Unavailable("the network is not started", remedy="start the network before publishing")
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
        """Say whether it is up with offers."""
        detail = f"{len(self.offers)} offers in memory" if self.is_up else "not started"
        return Health(ok=self.is_up and bool(self.offers), detail=detail, offers=len(self.offers))

    async def stop(self) -> None:
        """Take everything down; what happened before is still handed out."""
        self.is_up = False
        self.offers.clear()
        self._queue.put_nowait(None)
