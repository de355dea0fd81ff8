# SPDX-License-Identifier: EUPL-1.2
"""Presence on Direct Connect between start and stop: the share, the hubs, the peers, and who hands what to whom."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime
from importlib.metadata import version

from police2peer.campaign import ApprovedTerm
from police2peer.networks.background import Background
from police2peer.networks.contract import Health, Offer, OfferId, WireEvent
from police2peer.networks.directconnect.answering import Answering
from police2peer.networks.directconnect.datagrams import Datagrams
from police2peer.networks.directconnect.hub_link import HubHandlers, HubLink
from police2peer.networks.directconnect.hub_session import ConnectWanted, User
from police2peer.networks.directconnect.identity import Identity
from police2peer.networks.directconnect.keyprints import Keyprints
from police2peer.networks.directconnect.message import Cid, Message, to_base32
from police2peer.networks.directconnect.peer_link import Room
from police2peer.networks.directconnect.peers import Peers
from police2peer.networks.directconnect.probe import Probe
from police2peer.networks.directconnect.settings import DirectConnectSettings
from police2peer.networks.directconnect.share import Share
from police2peer.networks.directconnect.wire import PLAIN, PROTOCOL_UNSUPPORTED, TLS
from police2peer.networks.pacing import Pace


class Running:
    """What there is between start and stop."""

    def __init__(
        self,
        settings: DirectConnectSettings,
        identity: Identity,
        terms: Iterable[ApprovedTerm],
        *,
        emit: Callable[[WireEvent], None],
        clock: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._identity = identity
        self._clock = clock
        self._background = Background()
        self._share = Share(identity.cid, f"police2peer {_version()}")
        limits = settings.limits
        self._room = Room(
            share=self._share,
            pace=Pace(limits.upload_bytes_per_s),
            upload_slots=limits.upload_slots or limits.connections,
            stall_s=settings.stall_s,
            idle_s=settings.idle_s,
            who=self._who,
            emit=emit,
            pulled=self.remove,
            clock=clock,
        )
        self._peers = Peers(settings, identity, self._room, self._background)
        self._datagrams = Datagrams(settings.listen_host)
        self._answering = Answering(
            terms, identity.cid, self._room, emit=emit, datagram=self._datagrams.send, clock=clock
        )
        self._probe = Probe(settings)
        self._hubs = self._hub_links()
        self._changed = asyncio.Event()
        self._at_hubs = False

    def _hub_links(self) -> list[HubLink]:
        handlers = HubHandlers(self._answering.searched, self._wanted, self._hubs_changed)
        keyprints = Keyprints(self._settings.state)
        return [
            HubLink(
                f"hub {number}",
                hub,
                self._identity,
                keyprints=keyprints,
                information=self._information,
                handlers=handlers,
                bind=self._settings.bind,
                retry_s=self._settings.retry_s,
            )
            for number, hub in enumerate(self._settings.hubs, start=1)
        ]

    async def start(self) -> None:
        """Open the ports; raises `Unavailable` when one is taken."""
        await self._peers.start()
        self._datagrams.start()
        self._background.spawn("tell hubs", self._tell_hubs())

    async def stop(self) -> None:
        """Leave peers and hubs; every event is out when this returns."""
        await self._peers.stop()
        await self._background.end()
        self._datagrams.stop()

    def add(self, offer: Offer) -> None:
        """Offer a file; raises `BadInput`."""
        if self._share.add(offer):
            self._answering.add(offer)
            self._changed.set()

    def remove(self, offer: OfferId) -> None:
        """Take an offer down, and let go of whoever speaks of it."""
        self._answering.remove(offer)
        if self._share.remove(offer) is not None:
            self._peers.leave(offer)
            self._changed.set()

    def go_to_hubs(self) -> None:
        """Connect to the hubs, the first time that something is offered."""
        if not self._at_hubs and len(self._share):
            self._at_hubs = True
            for hub in self._hubs:
                self._background.spawn(hub.label, hub.run())

    async def _tell_hubs(self) -> None:
        while True:
            await self._changed.wait()
            await asyncio.sleep(self._settings.tell_s)
            self._changed.clear()
            for hub in self._hubs:
                hub.tell()

    def _hubs_changed(self) -> None:
        self._changed.set()

    def _information(self) -> dict[str, str | int]:
        """Say of ourselves what is true: the program, what is shared, slots, hubs, and how we can be reached."""
        up = [hub for hub in self._hubs if hub.is_up and hub.session is not None]
        registered = sum(1 for hub in up if hub.session is not None and hub.session.registered)
        said: dict[str, str | int] = {
            "AP": "police2peer",
            "VE": _version(),
            "SL": self._room.upload_slots,
            "SS": self._share.size_bytes,
            "SF": self._share.files,
            "HN": len(up) - registered,
            "HR": registered,
            "HO": 0,
            "I4": self._settings.public_host or "0.0.0.0",  # noqa: S104 - "as you see me", ADC 1.0
            "SU": ",".join(self._features()),
        }
        if self._settings.description:
            said["DE"] = self._settings.description
        if self._settings.tls_port:
            said["KP"] = f"SHA256/{to_base32(self._identity.keyprint)}"
        if self._settings.limits.upload_bytes_per_s is not None:
            said["US"] = self._settings.limits.upload_bytes_per_s
        return said

    def _features(self) -> tuple[str, ...]:
        """Name what others need to know; ADC0 is what DC++ and its kin call ADCS."""
        active = ("TCP4",) if self._settings.active else ()
        return (*active, "ADC0", "ADCS", "KEYP")

    def _who(self, cid: Cid) -> User | None:
        for hub in self._hubs:
            if hub.session is not None and (user := hub.session.user(cid)) is not None:
                return user
        return None

    def _wanted(self, hub: HubLink, wanted: ConnectWanted) -> None:
        """Do what a client asked the hub for: connect to it, or tell it where we are."""
        tls = wanted.protocol in TLS
        if not tls and wanted.protocol != PLAIN:
            self._refuse(hub, wanted)
        elif wanted.port is not None:
            self._peers.dial(wanted.user, wanted.port, wanted.token, tls=tls)
        elif port := self._settings.tls_port if tls else self._settings.listen_port:
            self._peers.expect_with(wanted.user, wanted.token)
            self._to_user(hub, wanted.user, "CTM", (wanted.protocol, str(port), wanted.token))
        else:
            self._refuse(hub, wanted)

    def _refuse(self, hub: HubLink, wanted: ConnectWanted) -> None:
        said = (PROTOCOL_UNSUPPORTED, "Protocol unsupported", f"TO{wanted.token}", f"PR{wanted.protocol}")
        self._to_user(hub, wanted.user, "STA", said)

    def _to_user(self, hub: HubLink, user: User, command: str, parameters: tuple[str, ...]) -> None:
        if hub.session is not None:
            hub.say(Message("D", command, hub.session.sid, user.sid, parameters=parameters).line())

    async def health(self) -> Health:
        """Say how hubs, ports and searches stand."""
        alarms = tuple(f"{hub.label}: {hub.alarm}" for hub in self._hubs if hub.alarm)
        troubles = await self._troubles()
        last = self._answering.last_at
        heard = f"; last search heard at {last:%H:%M:%S} UTC" if last else "; no search heard yet"
        up = sum(hub.is_up for hub in self._hubs)
        well = f"{len(self._share)} offers can be found on {up} of {len(self._hubs)} hubs and fetched{heard}"
        counters = {**self._room.counters, "hubs.up": up, "hubs.users": sum(len(h.session or ()) for h in self._hubs)}
        return Health(
            ok=not troubles and not alarms,
            detail="; ".join((*alarms, *troubles)) or well,
            offers=len(self._share),
            peers=self._peers.introduced,
            alarms=alarms,
            counters=counters,
        )

    async def _troubles(self) -> tuple[str, ...]:
        found = [f"{hub.label}: {hub.detail}" for hub in self._hubs if not hub.is_up and not hub.alarm]
        if self._background.failures:
            found.append(f"{self._background.failures} tasks failed inside the engine: restart the node")
        if not self._hubs:
            found.append("no hub is named in the settings: nobody can find the offers")
        if not self._peers.listening:
            found.append("a port is not open: passive clients cannot fetch")
        elif self._settings.active and not await self._probe.is_well():
            found.append("the node does not answer at its own port")
        if not len(self._share):
            found.append("nothing is offered")
        return tuple(found)


def _version() -> str:
    return version("police2peer")
