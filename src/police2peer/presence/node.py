# SPDX-License-Identifier: EUPL-1.2
"""A node: keeps the offers of one release up while its order is in force, and turns wire events into contacts.

It promises: nothing is offered before the order was checked, every offer is withdrawn within `CHECK_EVERY_S`
of the order's end or withdrawal, each event goes to the contact book, and what the book could not take is
counted as a gap. Under an order that demands records they are sealed, until that order ends.
It never opens a connection to a peer and never writes an address in clear.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from police2peer.campaign import OperationOrder
from police2peer.contacts import Contacts, Demand, TallyStore
from police2peer.contacts.ledger import LedgerSink
from police2peer.errors import NotAuthentic, NotPermitted, Police2PeerError
from police2peer.fleet import Release
from police2peer.networks import Network, Offer, OfferPulled, SearchMatched
from police2peer.presence.moving import Choose, Shelves
from police2peer.presence.status import NetworkStatus, NodeStatus, write_status
from police2peer.presence.tasks import spawn

_log = logging.getLogger(__name__)

CHECK_EVERY_S = 1.0
SEAL_EVERY_S = 0.1
_STOP_WITHIN_S = 20.0
_NOT_HERE = "not set up on this machine; its offers are left to others"

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Assignment:
    """What a node is to do: the release, its offers joined with the files on disk, and the check of its order.

    `check_order` raises `NotPermitted` or `NotAuthentic` when the order is not in force at the moment given.
    `left_out` names networks of the release that are not set up on this machine; `offers` has none of theirs.
    """

    release: Release
    offers: tuple[Offer, ...]
    check_order: Callable[[datetime], OperationOrder]
    left_out: tuple[str, ...] = ()


class Node:
    """Presence with one assignment on some networks; see the module for what it promises."""

    def __init__(
        self,
        name: str,
        assignment: Assignment,
        networks: Mapping[str, Network],
        contacts: Contacts,
        tallies: TallyStore,
        *,
        demand: Demand,
        choose: Choose | None = None,
        status_path: Path,
        clock: Clock,
        sealing: LedgerSink | None = None,
    ) -> None:
        self._name = name
        self._assignment = assignment
        self._networks = networks
        self._contacts = contacts
        self._tallies = tallies
        self._demand = demand
        self._left_out = assignment.left_out
        self._shelves = Shelves(networks, assignment.offers, choose)
        self._status_path = status_path
        self._clock = clock
        self._sealing = sealing
        self._permitted = True
        self._state = "starting"
        self._alarms: set[str] = set()
        self._stop = asyncio.Event()

    @property
    def state(self) -> str:
        """Where the node stands: `starting`, `present`, `stopped`, or `ended: ` and why."""
        return self._state

    def stop(self) -> None:
        """Ask the node to withdraw everything and end; `run` returns when it has."""
        self._stop.set()

    async def run(self, *, ready: Callable[[], None] = lambda: None) -> None:
        """Be present until `stop`, or until the order is no longer in force.

        `ready` is called once everything is offered. Raises `NotPermitted` or `NotAuthentic` when the order
        does not hold at the start, `Unavailable` when a network cannot start (port taken, ...).
        """
        started_at = self._clock()
        order = self._assignment.check_order(started_at)
        self._check_permitted(order)
        self._contacts.begin(started_at)
        tasks = []
        try:
            for name, network in self._networks.items():
                await network.start()
                tasks.append(spawn(f"listen-{name}", self._listen(network), on_failure=self.stop))
            await self._shelves.settle(started_at)
            self._state = "present"
            watch = spawn("watch", self._watch(started_at, order), on_failure=self.stop)
            tasks.append(watch)
            if self._sealing is not None:
                tasks.append(spawn("seal", self._seal(self._sealing), on_failure=self.stop))
            ready()
            await self._stop.wait()
        finally:
            await self._leave(tasks)
            self._contacts.close(self._clock())
            self._demand.flush(self._clock())
            if self._sealing is not None:
                why = "the node stopped" if self._permitted else self._state.removeprefix("ended: ")
                await asyncio.to_thread(self._sealing.end, why, with_rest=self._permitted)
            await self._tell(started_at, order)

    def _check_permitted(self, order: OperationOrder) -> None:
        """Refuse an offer outside the spaces that the order names."""
        named = {space.network for space in order.spaces}
        for offer in self._assignment.offers:
            if offer.network not in named or offer.network not in self._networks:
                raise NotPermitted(
                    f"the release offers on {offer.network}, which the order or this node does not name",
                    remedy="make the release again from the campaign that the order covers",
                )

    async def _listen(self, network: Network) -> None:
        async for event in network.events():
            self._contacts.feed(event)
            if isinstance(event, SearchMatched):
                self._demand.feed(event)
            elif isinstance(event, OfferPulled):
                self._shelves.pulled(event)
                self._alarms.add(f"an offer was pulled on {event.network}: {event.why}")

    async def _watch(self, started_at: datetime, order: OperationOrder) -> None:
        """Each second: is the order in force, what was counted, how do the networks do."""
        while not self._stop.is_set():
            try:
                self._assignment.check_order(self._clock())
            except (NotPermitted, NotAuthentic) as error:
                _log.warning("the order is no longer in force: %s", error.facts)
                self._state = "ended: " + error.facts
                self._permitted = False
                self._stop.set()
                return
            self._contacts.flush(self._clock())
            self._demand.flush(self._clock())
            await self._move()
            await self._tell(started_at, order)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), CHECK_EVERY_S)

    async def _seal(self, sink: LedgerSink) -> None:
        """Seal what waits, in a thread of its own: a slow disk must not hold up the networks."""
        while not self._stop.is_set():
            await asyncio.to_thread(sink.flush)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), SEAL_EVERY_S)

    async def _move(self) -> None:
        """Let presence follow; what a network refuses is an alarm and is tried again, and the rest stays up."""
        try:
            await self._shelves.settle(self._clock())
        except Police2PeerError as error:
            self._alarms.add(f"offers could not be moved: {error.facts}")

    async def _leave(self, tasks: Sequence[asyncio.Task[None]]) -> None:
        """Stop every network, which takes all its offers down, and let the listeners read to the end."""
        if self._state in {"starting", "present"}:
            self._state = "stopped"
        for name, network in self._networks.items():
            async with asyncio.timeout(_STOP_WITHIN_S):
                await network.stop()
            self._shelves.clear(name)
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=_STOP_WITHIN_S)
            for task in late:
                task.cancel()

    async def _tell(self, started_at: datetime, order: OperationOrder) -> None:
        networks = []
        for name, network in self._networks.items():
            health = await network.health()
            self._alarms.update(health.alarms)
            networks.append(
                NetworkStatus(name=name, ok=health.ok, detail=health.detail, offers_up=self._shelves.up_on(name))
            )
        networks += [NetworkStatus(name=name, ok=True, detail=_NOT_HERE, offers_up=0) for name in self._left_out]
        totals = self._tallies.totals()
        standing = set() if self._sealing is None or not self._sealing.alarm else {self._sealing.alarm}
        status = NodeStatus(
            node=self._name,
            campaign_id=self._assignment.release.campaign_id,
            release_number=self._assignment.release.number,
            order_id=order.id,
            order_ends_at=order.end,
            started_at=started_at,
            written_at=self._clock(),
            state=self._state,
            networks=tuple(networks),
            contacts_by_rung={str(rung): n for rung, n in enumerate(totals.rungs) if n},
            crawlers=totals.crawlers,
            gaps=totals.gaps,
            alarms=tuple(sorted(self._alarms | standing)),
        )
        write_status(self._status_path, status)
