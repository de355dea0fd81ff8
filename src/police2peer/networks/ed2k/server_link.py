# SPDX-License-Identifier: EUPL-1.2
"""The line to one server: connects, logs in, offers, keeps the line open, and comes back after it broke.

It never hammers: each failure doubles the wait, and a server that hangs up on our offers is told of in `health`.
"""

import asyncio
import contextlib
import ipaddress
from collections.abc import Callable
from typing import Final

from police2peer.errors import BadInput
from police2peer.networks.contract import Offer, OfferId, TrackerHealth
from police2peer.networks.ed2k.greeting import LOWEST_HIGH_ID
from police2peer.networks.ed2k.server_session import (
    FILES_A_PACKET,
    CallbackAsked,
    LoggedIn,
    Refused,
    ServerSession,
    Status,
    Told,
)
from police2peer.networks.ed2k.settings import Ed2kServer, Ed2kSettings
from police2peer.networks.ed2k.shelf import Server, SharedFile, Shelf
from police2peer.networks.ed2k.wire import EDONKEY, MOST_FROM_SERVER, PacketReader

_CONNECT_S: Final = 20.0
_LOGIN_S: Final = 40.0  # the server tries to reach us before it answers
_SEND_S: Final = 60.0
_KEEP_ALIVE_S: Final = 120.0
_FIRST_WAIT_S, _LAST_WAIT_S = 30.0, 1800.0
_FIRST_WAIT_LAB_S, _LAST_WAIT_LAB_S = 0.2, 2.0
Entry = tuple[SharedFile, Offer]

_READ_BYTES: Final = 65_536
_CONNECTIONS_TO_PITY: Final = 3


class ServerLink:
    """One server. `callback` is called when a peer asks, through the server, to be connected to."""

    def __init__(
        self,
        server: Ed2kServer,
        settings: Ed2kSettings,
        shelf: Shelf,
        *,
        new_session: Callable[[], ServerSession],
        callback: Callable[[CallbackAsked], None],
    ) -> None:
        self.server = server
        self._settings = settings
        self._shelf = shelf
        self._new_session = new_session
        self._callback = callback
        self._session: ServerSession | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._changed = asyncio.Event()
        self._offered: set[OfferId] = set()
        self._logins = self._failures = self._hang_ups = 0
        self._trouble = "not connected yet"
        self._logged_in = asyncio.Event()
        self._left = asyncio.Event()

    @property
    def wire(self) -> Server:
        """The server as hellos name it."""
        return self.server.wire

    @property
    def client_id(self) -> int:
        """The id the server gave us; 0 while we are not logged in."""
        return self._session.client_id if self._session is not None and self._logged_in.is_set() else 0

    @property
    def believed_id(self) -> int:
        """The id as we pass it on: 0 while there is none, or it stands for an address that cannot be ours."""
        said = self.client_id
        return 0 if said >= LOWEST_HIGH_ID and self._wrong_address(said) else said

    @property
    def offered(self) -> int:
        """How many titles the server was told."""
        return len(self._offered)

    def health(self) -> TrackerHealth:
        """Say how it goes."""
        return TrackerHealth(
            url=f"ed2k://|server|{self.server.host}|{self.server.port}|/",
            ok=self._logged_in.is_set() and not self._trouble,
            answered=self._logins,
            failed=self._failures,
            error=self._trouble,
        )

    def changed(self) -> None:
        """There is more to offer."""
        self._changed.set()

    async def leave(self) -> None:
        """Hang up, so that the server forgets what we offered; it is called again after the usual wait."""
        if self._writer is not None:
            self._left.set()
            self._writer.transport.abort()

    async def run(self) -> None:
        """Be there until cancelled."""
        first, last = (_FIRST_WAIT_S, _LAST_WAIT_S)
        if self._settings.closed_network:
            first, last = (_FIRST_WAIT_LAB_S, _LAST_WAIT_LAB_S)
        wait_s = first
        while True:
            logins = self._logins
            await self._once()
            wait_s = first if self._logins > logins and self._hang_ups == 0 else min(2 * wait_s, last)
            await asyncio.sleep(wait_s)

    async def _once(self) -> None:
        """Connect once, and stay as long as the line holds."""
        self._left.clear()
        try:
            async with asyncio.timeout(_CONNECT_S):
                reader, writer = await asyncio.open_connection(
                    self.server.host, self.server.port, local_addr=(self._settings.listen_hosts[0], 0)
                )
        except (OSError, TimeoutError):
            self._fail("it cannot be reached")
            return
        self._writer, self._session = writer, self._new_session()
        try:
            writer.write(self._session.login())
            async with asyncio.TaskGroup() as both:
                both.create_task(self._listen(reader, self._session))
                both.create_task(self._speak(writer, self._session))
        except* (OSError, TimeoutError, BadInput, EOFError) as errors:
            self._fail(_words(errors.exceptions[0]))
        finally:
            self._close()

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.transport.abort()
        self._logged_in.clear()
        self._writer = self._session = None
        self._offered.clear()

    def _fail(self, words: str) -> None:
        if self._left.is_set():
            self._trouble = "left, to have it forget what was withdrawn"
            return
        self._failures += 1
        if self._offered:
            self._hang_ups += 1
        self._trouble = words if self._hang_ups < _CONNECTIONS_TO_PITY else "it hangs up when files are offered"

    async def _listen(self, reader: asyncio.StreamReader, session: ServerSession) -> None:
        packets = PacketReader(most_bytes=MOST_FROM_SERVER, packed_as=EDONKEY)
        async with asyncio.timeout(_LOGIN_S) as limit:
            while data := await reader.read(_READ_BYTES):
                packets.feed(data)
                while (packet := packets.next()) is not None:
                    self._hear(session.take(packet))
                if self._logged_in.is_set():
                    limit.reschedule(None)
        raise EOFError

    def _hear(self, told: Told | None) -> None:
        match told:
            case LoggedIn(client_id):
                self._logins += not self._logged_in.is_set()
                self._trouble = self._wrong_address(client_id) if not told.is_low else ""
                self._logged_in.set()
            case Refused():
                self._trouble = "it refused what we sent"
            case CallbackAsked():
                self._callback(told)
            case Status() | None:
                pass

    def _wrong_address(self, client_id: int) -> str:
        """Say what is wrong with the address that a server says we have; empty when nothing is."""
        said = ipaddress.IPv4Address(client_id.to_bytes(4, "little"))
        wanted = self._settings.public_host
        if wanted is not None and said != ipaddress.ip_address(wanted):
            return "it says that we have another address than `public_host`"
        if wanted is None and not said.is_global and not self._settings.closed_network:
            return "it says that we have an address that nobody can reach"
        return ""

    async def _speak(self, writer: asyncio.StreamWriter, session: ServerSession) -> None:
        await asyncio.wait_for(self._logged_in.wait(), _LOGIN_S)
        while True:
            self._changed.clear()
            for batch in self._batches(session):
                await self._send(writer, session, batch)
                if not self._settings.closed_network:
                    await asyncio.sleep(self._settings.offer_pause_s)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), _KEEP_ALIVE_S)
                continue
            await self._send(writer, session, [])
            self._hang_ups = 0  # it kept the line after our offers

    async def _send(self, writer: asyncio.StreamWriter, session: ServerSession, batch: list[Entry]) -> None:
        there = [(file, offer) for file, offer in batch if self._shelf.has(offer.id)]
        writer.write(session.offer(there))
        self._offered.update(offer.id for _, offer in there)
        await asyncio.wait_for(writer.drain(), _SEND_S)

    def _batches(self, session: ServerSession) -> list[list[Entry]]:
        """Give what the server was not told yet, cut as it takes it."""
        most = self._settings.files_a_server
        untold = [
            (file, offer)
            for file in self._shelf.files()
            if session.takes(file)
            for offer in file.ordered(self.wire)
            if offer.id not in self._offered
        ]
        if most is not None:
            untold = untold[: max(most - len(self._offered), 0)]
        return [untold[at : at + FILES_A_PACKET] for at in range(0, len(untold), FILES_A_PACKET)]


def _words(error: BaseException) -> str:
    match error:
        case TimeoutError():
            return "it does not answer in time"
        case BadInput():
            return "it sent what cannot be read"
    return "it closed the connection"
