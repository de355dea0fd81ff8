# SPDX-License-Identifier: EUPL-1.2
"""Presence on Direct Connect: the `Network` that a node sees, over hubs, peers and what is shared.

Publish-only: nothing here writes a search or a GET. It goes to the hubs once something is offered, so that what it
says of its share is true from the first word on.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import UTC, datetime
from typing import Final

from police2peer.campaign import ApprovedTerm
from police2peer.errors import Police2PeerError, Unavailable
from police2peer.networks.contract import Health, Offer, WireEvent
from police2peer.networks.directconnect.exchange import NAME
from police2peer.networks.directconnect.identity import open_identity
from police2peer.networks.directconnect.running import Running
from police2peer.networks.directconnect.settings import DirectConnectSettings
from police2peer.networks.event_queue import EventQueue

_BATCH: Final = 200  # offers between two turns of the loop


class DirectConnect:
    """The Direct Connect network. One event reader; every method is called from tasks of one loop."""

    name = NAME

    def __init__(
        self,
        settings: DirectConnectSettings,
        *,
        terms: Iterable[ApprovedTerm] = (),
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        random_bytes: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self.limits = settings.limits
        self._settings = settings
        self._terms = tuple(terms)
        self._clock = clock
        self._random_bytes = random_bytes
        self._events = EventQueue(NAME, clock=clock)
        self._running: Running | None = None

    async def start(self) -> None:
        """Listen; raises `Unavailable` when a port is taken, `BadInput` when the identity is damaged."""
        identity = open_identity(self._settings.state, random_bytes=self._random_bytes, now=self._clock())
        running = Running(self._settings, identity, self._terms, emit=self._emit, clock=self._clock)
        try:
            await running.start()
        except Police2PeerError:
            await running.stop()
            raise
        self._running = running

    async def publish(self, offer: Offer) -> None:
        """Offer one file; raises `BadInput` when its file is not there or stands under this title already."""
        await self.publish_many([offer])

    async def publish_many(self, offers: Iterable[Offer]) -> None:
        """Offer many files. What cannot be offered is told at the end; the rest is up."""
        running, wrong = self._up(), None
        for number, offer in enumerate(offers, start=1):
            try:
                running.add(offer)
            except Police2PeerError as error:
                wrong = wrong or error
            if number % _BATCH == 0:
                await asyncio.sleep(0)
        running.go_to_hubs()
        if wrong is not None:
            raise wrong

    async def withdraw(self, offer: Offer) -> None:
        """Stop offering; when this returns nobody can ask for it, and who was sent it is disconnected."""
        self._up().remove(offer.id)
        await asyncio.sleep(0)

    def events(self) -> AsyncIterator[WireEvent]:
        """Hand out events in order until `stop`; a reader that lags too far finds an `EvidenceGap`."""
        return self._events.read()

    async def health(self) -> Health:
        """Say whether a stranger can find and fetch our offers now: hubs, own ports, searches that arrive."""
        if self._running is None:
            return Health(ok=False, detail="not started")
        return await self._running.health()

    async def stop(self) -> None:
        """Leave hubs and peers; the last events are handed out before `events` ends."""
        if self._running is not None:
            running, self._running = self._running, None
            await running.stop()
        self._events.end()

    def _emit(self, event: WireEvent) -> None:
        self._events.put((event,))

    def _up(self) -> "Running":
        if self._running is None:
            raise Unavailable("Direct Connect is not started", remedy="start the network before publishing")
        return self._running
