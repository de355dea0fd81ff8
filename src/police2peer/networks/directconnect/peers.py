# SPDX-License-Identifier: EUPL-1.2
"""The connections with other clients: those that come, those that we were asked to open, and their bounds.

A connection that comes must name a token that we gave to that client id a moment ago; nobody else is served. We
connect out only where a client on a hub asked us to, to the address that the hub checked, so rarely that nobody can
be flooded by our hand.
"""

import asyncio
import secrets
import ssl
from collections import Counter, OrderedDict
from typing import Final

from police2peer.errors import Unavailable
from police2peer.networks.background import Background
from police2peer.networks.contract import OfferId
from police2peer.networks.directconnect.hub_session import User
from police2peer.networks.directconnect.identity import Identity
from police2peer.networks.directconnect.message import Cid
from police2peer.networks.directconnect.peer_link import PeerLink, Room
from police2peer.networks.directconnect.peer_session import PeerSession
from police2peer.networks.directconnect.settings import DirectConnectSettings
from police2peer.networks.pacing import Pace

_EXPECT_S: Final = 120.0
_MOST_EXPECTED: Final = 20_000
_DIAL_S: Final = 15.0
_END_S: Final = 5.0
_DIALS_PER_S: Final = 20
_MOST_TO_ONE_HOST: Final = 4
_BUFFER: Final = 32 << 10  # of what a peer says; its lines are some hundred bytes


class Peers:
    """All connections with clients of one node."""

    def __init__(
        self, settings: DirectConnectSettings, identity: Identity, room: Room, background: Background
    ) -> None:
        self._settings = settings
        self._identity = identity
        self._room = room
        self._background = background
        self._expected: OrderedDict[tuple[Cid, str], float] = OrderedDict()
        self._links: dict[PeerLink, asyncio.Task[None]] = {}
        self._servers: list[asyncio.Server] = []
        self._dials = Pace(_DIALS_PER_S)
        self._dialled: Counter[str] = Counter()
        self._connecting_tls = identity.connecting()

    @property
    def introduced(self) -> int:
        """How many clients are here."""
        return sum(link.is_introduced for link in self._links)

    @property
    def listening(self) -> bool:
        """Whether every port that should be open is."""
        wanted = sum(bool(port) for port in (self._settings.listen_port, self._settings.tls_port))
        return len(self._servers) == wanted and all(server.is_serving() for server in self._servers)

    async def start(self) -> None:
        """Listen; raises `Unavailable` when a port is taken."""
        ports: tuple[tuple[int, ssl.SSLContext | None], ...] = (
            (self._settings.listen_port, None),
            (self._settings.tls_port, self._identity.serving()),
        )
        for port, context in ports:
            if not port:
                continue
            try:
                server = await asyncio.start_server(
                    self._came, self._settings.listen_host, port, ssl=context, limit=_BUFFER, backlog=512
                )
            except OSError:
                await self.stop()
                raise Unavailable(
                    f"port {port} for Direct Connect cannot be opened",
                    remedy="stop the other program, or choose another port",
                ) from None
            self._servers.append(server)

    async def stop(self) -> None:
        """Close the ports and every connection."""
        for server in self._servers:
            server.close()
        self._servers.clear()
        for link in list(self._links):
            link.leave()
        if self._links:
            await asyncio.wait(list(self._links.values()), timeout=_END_S)

    def leave(self, offer: OfferId) -> None:
        """End every connection that speaks of a withdrawn offer."""
        for link in list(self._links):
            link.leave(offer)

    def expect(self, user: User) -> str:
        """Let a client connect to us once within two minutes; give the token that it must name."""
        token = secrets.token_hex(8)
        self.expect_with(user, token)
        return token

    def expect_with(self, user: User, token: str) -> None:
        """Let a client connect to us once, with the token that it chose."""
        now_s = asyncio.get_running_loop().time()
        self._expected[user.cid, token] = now_s + _EXPECT_S
        self._expected.move_to_end((user.cid, token))
        while self._expected and (
            len(self._expected) > _MOST_EXPECTED or next(iter(self._expected.values())) <= now_s
        ):
            self._expected.popitem(last=False)

    def dial(self, user: User, port: int, token: str, *, tls: bool) -> None:
        """Connect to a client that asked us to; too many at once are left out and counted."""
        now_s = asyncio.get_running_loop().time()
        if not user.host or len(self._links) >= self._settings.limits.connections:
            self._room.counters["dials.refused"] += 1
        elif self._dialled[user.host] >= _MOST_TO_ONE_HOST or not self._dials.take(1, now_s):
            self._room.counters["dials.too_many"] += 1
        else:
            self._dialled[user.host] += 1
            self._background.spawn("dial", self._dial(user, port, token, tls=tls))

    async def _dial(self, user: User, port: int, token: str, *, tls: bool) -> None:
        try:
            async with asyncio.timeout(_DIAL_S):
                reader, writer = await asyncio.open_connection(
                    user.host,
                    port,
                    ssl=self._connecting_tls if tls else None,
                    local_addr=self._settings.bind,
                    limit=_BUFFER,
                )
        except (OSError, TimeoutError):
            self._room.counters["dials.failed"] += 1
            return
        finally:
            self._dialled[user.host] -= 1
            if not self._dialled[user.host]:
                del self._dialled[user.host]
        session = PeerSession(self._identity.cid, is_server=False, token=token)
        link = PeerLink(self._room, session, reader, writer, lambda cid, _: cid == user.cid)
        await self._serve(link)

    async def _came(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._links) >= self._settings.limits.connections:
            self._room.counters["peers.too_many"] += 1
            writer.transport.abort()
            return
        session = PeerSession(self._identity.cid, is_server=True)
        await self._serve(PeerLink(self._room, session, reader, writer, self._take_expected))

    async def _serve(self, link: PeerLink) -> None:
        serving = self._background.spawn("serve", link.serve())
        self._links[link] = serving
        try:
            await asyncio.wait((serving,))  # a failure is told once, by the background and without an address
        finally:
            self._links.pop(link)

    def _take_expected(self, cid: Cid, token: str) -> bool:
        until_s = self._expected.pop((cid, token), 0.0)
        return until_s > asyncio.get_running_loop().time()
