# SPDX-License-Identifier: EUPL-1.2
"""Presence on BitTorrent: the `Network` that asyncio sees, over the session and its thread."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Final

from police2peer.errors import Police2PeerError, Unavailable
from police2peer.networks.bittorrent.exchanges import NAME
from police2peer.networks.bittorrent.session import Session
from police2peer.networks.bittorrent.settings import BitTorrentSettings
from police2peer.networks.bittorrent.upload_only import pushed_bytes
from police2peer.networks.contract import Health, Offer, TrackerHealth, WireEvent
from police2peer.networks.door import opens
from police2peer.networks.event_queue import EventQueue

_BATCH: Final = 500  # the engine answers between batches; one turn lasts about 0.2 s
_WITHDRAW_S: Final = 15.0


class BitTorrent:
    """The BitTorrent network. One event reader; every other method may be called from any task of one loop."""

    name = NAME

    def __init__(
        self, settings: BitTorrentSettings, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.limits = settings.limits
        self._settings = settings
        self._clock = clock
        self._session: Session | None = None
        self._events = EventQueue(NAME, clock=clock)
        self._publishing = asyncio.Lock()
        self._wrong = 0

    async def start(self) -> None:
        """Listen; raises `Unavailable` when the port is taken."""
        loop = asyncio.get_running_loop()

        def deliver(events: Sequence[WireEvent]) -> None:
            loop.call_soon_threadsafe(self._events.put, events)

        session = await asyncio.to_thread(Session, self._settings, clock=self._clock, deliver=deliver)
        await asyncio.to_thread(session.start)
        self._session = session

    async def publish(self, offer: Offer) -> None:
        """Offer one file; raises `BadInput` when its file is not there or its swarm is another offer's."""
        await self.publish_many([offer])

    async def publish_many(self, offers: Iterable[Offer]) -> None:
        """Offer many files, batch by batch. What cannot be offered is told at the end; the rest is up."""
        session, left = self._running(), iter(offers)
        wrong: list[Police2PeerError] = []
        async with self._publishing:
            while batch := list(islice(left, _BATCH)):
                try:
                    await asyncio.to_thread(session.add, batch)
                except Police2PeerError as error:
                    wrong.append(error)
        if wrong:
            raise wrong[0]

    async def withdraw(self, offer: Offer) -> None:
        """Stop offering; when this returns, the swarm is left and every peer of it is disconnected."""
        gone = await asyncio.to_thread(self._running().remove, offer.id)
        try:
            await asyncio.wait_for(asyncio.wrap_future(gone), _WITHDRAW_S)
        except TimeoutError:
            raise Unavailable(
                f"the engine did not confirm within {_WITHDRAW_S:.0f} s that offer {offer.id} is gone",
                remedy="stop the node; an offer is never kept beyond its process",
            ) from None

    def events(self) -> AsyncIterator[WireEvent]:
        """Hand out events in order until `stop`; a reader that lags too far finds an `EvidenceGap`."""
        return self._events.read()

    async def health(self) -> Health:
        """Say whether a stranger can find and fetch our offers now."""
        if self._session is None:
            return Health(ok=False, detail="not started")
        session = self._session
        counters = await asyncio.to_thread(session.fresh_counters, 2.0)
        trackers = session.announcing.trackers()
        dht_nodes = counters.get("dht.dht_nodes", 0)
        listening = session.listening() and await self._doors_open()
        troubles = self._troubles(listening=listening, trackers=trackers, dht_nodes=dht_nodes, offers=len(session))
        return Health(
            ok=not troubles and not session.inside.alarms,
            detail="; ".join((*session.inside.alarms, *troubles)) or _well(len(session), pushed_bytes(counters)),
            offers=len(session),
            peers=session.exchanges.peers,
            trackers=trackers,
            dht_nodes=dht_nodes,
            alarms=session.inside.alarms,
            counters=counters,
        )

    async def stop(self) -> None:
        """Leave every swarm; the last events are handed out before `events` ends."""
        if self._session is not None:
            session, self._session = self._session, None
            await asyncio.to_thread(session.stop)
            await asyncio.sleep(0)  # what the thread delivered last is taken in first
        self._events.end()

    async def _doors_open(self) -> bool:
        port = self._settings.listen_port
        return all(await asyncio.gather(*(opens(host, port) for host in self._settings.listen_hosts)))

    def _running(self) -> Session:
        if self._session is None:
            raise Unavailable("BitTorrent is not started", remedy="start the network before publishing")
        return self._session

    def _troubles(
        self, *, listening: bool, trackers: tuple[TrackerHealth, ...], dht_nodes: int, offers: int
    ) -> tuple[str, ...]:
        silent = [tracker for tracker in trackers if not tracker.ok]
        found = []
        if not listening:
            found.append("the port is not open: nobody can connect")
        if offers and trackers and silent:
            down = f"{len(silent)} of {len(trackers)} trackers do not answer ({silent[0].error}); retrying"
            found.append(down)
        if self._settings.dht and not dht_nodes:
            found.append("the DHT has no nodes yet")
        if not offers:
            found.append("nothing is offered")
        return tuple(found)


def _well(offers: int, pushed: int) -> str:
    told = f"; {pushed} bytes that nobody asked for were pushed at us and thrown away" if pushed else ""
    return f"{offers} offers can be found and fetched{told}"
