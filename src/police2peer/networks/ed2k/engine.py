# SPDX-License-Identifier: EUPL-1.2
"""Presence on eD2k: the `Network` that asyncio sees, over a listener, its connections and the lines to servers.

Publish-only by construction: it holds no code that asks a peer for a file or a server for anything but to be known.
"""

import asyncio
import contextlib
import ipaddress
import logging
import os
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from datetime import UTC, datetime
from itertools import islice
from typing import Final

from police2peer.errors import Police2PeerError, Unavailable
from police2peer.networks.contract import (
    Departure,
    Health,
    Offer,
    OfferPulled,
    WireEvent,
)
from police2peer.networks.door import opens
from police2peer.networks.ed2k.connection import Connection
from police2peer.networks.ed2k.contents import Contents
from police2peer.networks.ed2k.greeting import OurSelf
from police2peer.networks.ed2k.identification import Identification
from police2peer.networks.ed2k.identity import keep_identity
from police2peer.networks.ed2k.obfuscation import IncomingStream
from police2peer.networks.ed2k.peer import Asked, Peer
from police2peer.networks.ed2k.server_link import ServerLink
from police2peer.networks.ed2k.server_session import CallbackAsked, ServerSession
from police2peer.networks.ed2k.settings import Ed2kSettings
from police2peer.networks.ed2k.shelf import NAME, NO_SERVER, SharedFile, Shelf
from police2peer.networks.ed2k.slots import Slots
from police2peer.networks.event_queue import EventQueue
from police2peer.networks.pacing import Pace

_log = logging.getLogger(__name__)

VERSION: Final = (0, 1, 0)
_BATCH: Final = 500
_LOOK_EVERY_S: Final = 1.0
_CALL_S: Final = 20.0
_MOST_CALLS: Final = 20  # at a time; a server that asks for more asks for nothing good
_CALLS_A_MINUTE: Final = 60


class Ed2k:
    """The eD2k network. One event reader; every other method may be called from any task of one loop."""

    name = NAME

    def __init__(
        self,
        settings: Ed2kSettings,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self.limits = settings.limits
        self._settings = settings
        self._clock = clock
        self._random_bytes = random_bytes
        self._events = EventQueue(NAME, clock=clock)
        self._shelf = Shelf()
        self._contents = Contents()
        self._slots = Slots(settings.limits.upload_slots)
        self._pace = Pace(settings.limits.upload_bytes_per_s)
        self._connections: dict[int, Connection] = {}
        self._links: list[ServerLink] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._listener: asyncio.Server | None = None
        self._calls: list[float] = []
        self._calling = 0
        self._counters = {"turned_away": 0, "obfuscated": 0, "calls": 0, "calls_refused": 0, "task_failures": 0}

    async def start(self) -> None:
        """Listen and go to the servers; raises `Unavailable` when the port is taken."""
        settings = self._settings
        identity = await asyncio.to_thread(keep_identity, settings.identity, self._random_bytes)
        self._identity = identity
        self._ourself = OurSelf(identity.user_hash, settings.nick, settings.listen_port, VERSION, identifies=True)
        try:
            self._listener = await asyncio.get_running_loop().create_server(
                lambda: Connection(self), list(settings.listen_hosts), settings.listen_port, backlog=1000
            )
        except OSError as error:
            raise Unavailable(
                f"eD2k cannot listen on port {settings.listen_port}",
                remedy="stop the other program, or change the port",
            ) from error
        for server in settings.servers:
            link = ServerLink(server, settings, self._shelf, new_session=self._new_session, callback=self._call_back)
            self._links.append(link)
            self.begin("eD2k server", link.run())
        self.begin("eD2k watch", self._watch())

    async def publish(self, offer: Offer) -> None:
        """Offer one file; raises `BadInput` when its file is not there or its title is on that file already."""
        await self.publish_many([offer])

    async def publish_many(self, offers: Iterable[Offer]) -> None:
        """Offer many files, batch by batch. What cannot be offered is told at the end; the rest is up."""
        self._check_running()
        left, wrong = iter(offers), list[Police2PeerError]()
        while batch := list(islice(left, _BATCH)):
            for offer in batch:
                try:
                    self._shelf.place(offer)
                except Police2PeerError as error:
                    wrong.append(error)
            await asyncio.sleep(0)
        for link in self._links:
            link.changed()
        if wrong:
            raise wrong[0]

    async def withdraw(self, offer: Offer) -> None:
        """Stop offering: who asks from now on is told that there is no such file, who was served is left."""
        self._check_running()
        file = self._shelf.take(offer.id)
        if file is None:
            return
        self._let_go(offer, file, Departure.WITHDRAWN)
        for link in self._links:
            await link.leave()

    def events(self) -> AsyncIterator[WireEvent]:
        """Hand out events in order until `stop`; a reader that lags too far finds an `EvidenceGap`."""
        return self._events.read()

    async def health(self) -> Health:
        """Say whether a stranger can find and fetch our offers now."""
        if self._listener is None:
            return Health(ok=False, detail="not started")
        servers = tuple(link.health() for link in self._links)
        is_open = await opens(self._settings.listen_hosts[0], self._settings.listen_port)
        troubles = self._troubles(is_open=is_open)
        return Health(
            ok=not troubles,
            detail="; ".join(troubles) or f"{len(self._shelf)} offers can be found and fetched",
            offers=len(self._shelf),
            peers=len(self._connections),
            trackers=servers,
            counters={
                **self._counters,
                "obfuscated": self._counters["obfuscated"] + sum(one.is_hidden for one in self._connections.values()),
                "slots": self._slots.given,
                "queued": self._slots.queued,
                "offered_most": max((link.offered for link in self._links), default=0),
            },
        )

    async def stop(self) -> None:
        """Leave; the last events are handed out before `events` ends."""
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for connection in list(self._connections.values()):
            connection.end(Departure.STOPPED)
        while self._connections:  # noqa: ASYNC110 - each is cut and ends at the loop's next turns
            await asyncio.sleep(0)
        self._contents.close()
        self._events.end()

    # What connections need (`Host`)

    def opened(self, connection: Connection) -> bool:
        """Take a new connection in; False when there are too many, or we stop."""
        if self._listener is None or len(self._connections) >= self._settings.limits.connections:
            self._counters["turned_away"] += 1
            return False
        self._connections[id(connection)] = connection
        return True

    def closed(self, connection: Connection) -> None:
        """Let a connection go, and give its slot to who waits."""
        self._connections.pop(id(connection), None)
        self._counters["obfuscated"] += connection.is_hidden
        self.leave_slot(connection)

    def new_peer(self, address: bytes) -> Peer:
        """Begin a dialogue."""
        link = next((link for link in self._links if link.client_id), None)
        return Peer(
            self._ourself,
            self._shelf.find,
            address=address,
            identification=Identification(self._identity.key, self._random_bytes),
            client_id=link.believed_id if link else 0,
            server=link.wire if link else NO_SERVER,
        )

    def new_stream(self) -> IncomingStream:
        """Begin to read a connection that a peer opened."""
        return IncomingStream(self._identity.user_hash, self._random_bytes)

    def tell(self, make: Callable[..., WireEvent], *values: object) -> None:
        """Hand out an event that happens now."""
        self._events.put([make(self._clock(), NAME, *values)])

    def ask_slot(self, connection: Connection) -> int:
        """Ask for a slot: 0 when it is given, or else the place in the queue."""
        greeting = connection.peer.greeting
        return self._slots.ask(greeting.user_hash if greeting else b"", id(connection), self.now_s())

    def leave_slot(self, connection: Connection) -> None:
        """Give a slot back, and give it to who waits."""
        self._slots.leave(id(connection))
        self._fill_slots()

    async def read(self, asked: Asked) -> bytes:
        """Read what a peer asked for, when it may be sent."""
        count = asked.end - asked.first_byte
        wait_s = self._pace.wait_s(count, self.now_s())
        if wait_s:
            await asyncio.sleep(wait_s)
        return await self._contents.read(asked.file, asked.first_byte, count)

    def pull(self, file: SharedFile, why: str) -> None:
        """Take a file down that is not what it was."""
        for offer in list(file.offers.values()):
            self._shelf.take(offer.id)
            self.tell(OfferPulled, offer.id, why)
            self._let_go(offer, file, Departure.WITHDRAWN)
        for link in self._links:
            self.begin("eD2k leave", link.leave())

    def now_s(self) -> float:
        """Give the monotonic time."""
        return time.monotonic()

    def begin(self, name: str, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        """Start a task; a failure is logged by its kind, and counted."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)

        def done(ended: asyncio.Task[None]) -> None:
            self._tasks.discard(ended)
            if not ended.cancelled() and (error := ended.exception()) is not None:
                self._counters["task_failures"] += 1
                _log.error("task %s failed with %s", name, type(error).__name__)

        task.add_done_callback(done)
        return task

    # What it does by itself

    def _new_session(self) -> ServerSession:
        return ServerSession(self._ourself)

    def _let_go(self, offer: Offer, file: SharedFile, departure: Departure) -> None:
        for connection in list(self._connections.values()):
            if any(booked.id == offer.id for booked in connection.peer.offers.values()):
                connection.end(departure)
        if not file.offers:
            self._contents.forget(file)

    def _fill_slots(self) -> None:
        if not self._slots.queued:
            return
        waiting = {
            one.peer.greeting.user_hash: key
            for key, one in self._connections.items()
            if one.queued and one.peer.greeting is not None
        }
        while waiting and (key := self._slots.next_of(waiting, self.now_s())) is not None:
            waiting = {who: one for who, one in waiting.items() if one != key}
            self._connections[key].grant()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            now_s = self.now_s()
            for connection in list(self._connections.values()):
                connection.check(now_s)
                if self._slots.queued and connection.is_idle(now_s):
                    connection.take_slot()
                    self.leave_slot(connection)

    def _call_back(self, asked: CallbackAsked) -> None:
        """Connect to a peer that asked for it through a server, as it is done with who cannot be reached."""
        now_s = self.now_s()
        self._calls = [at for at in self._calls if at > now_s - 60]
        if not self._may_call(asked) or self._calling >= _MOST_CALLS or len(self._calls) >= _CALLS_A_MINUTE:
            self._counters["calls_refused"] += 1
            return
        self._calls.append(now_s)
        self.begin("eD2k call", self._call(asked))

    def _may_call(self, asked: CallbackAsked) -> bool:
        address = ipaddress.IPv4Address(asked.host)
        is_somebody = address.is_global or (self._settings.closed_network and not address.is_multicast)
        return asked.port > 0 and is_somebody and bool(len(self._shelf))

    async def _call(self, asked: CallbackAsked) -> None:
        self._calling += 1
        try:
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(_CALL_S):
                    await asyncio.get_running_loop().create_connection(
                        lambda: Connection(self, calls=True),
                        asked.host,
                        asked.port,
                        local_addr=(self._settings.listen_hosts[0], 0),
                    )
                self._counters["calls"] += 1
        finally:
            self._calling -= 1

    def _check_running(self) -> None:
        if self._listener is None:
            raise Unavailable("eD2k is not started", remedy="start the network before publishing")

    def _troubles(self, *, is_open: bool) -> list[str]:
        found = []
        if not is_open:
            found.append("the port is not open: nobody can connect")
        if not self._links:
            found.append("no server is named: the files can be fetched by link, and found by nobody")
        elif not any(link.client_id for link in self._links):
            found.append(f"none of {len(self._links)} servers has us: {self._links[0].health().error}")
        found += [
            f"a server: {health.error}" for link in self._links if link.client_id and (health := link.health()).error
        ]
        if not len(self._shelf):
            found.append("nothing is offered")
        if self._counters["task_failures"]:
            found.append("a task of the network failed; see the log")
        return found
