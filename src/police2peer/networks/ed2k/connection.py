# SPDX-License-Identifier: EUPL-1.2
"""One connection with a peer: the socket around `Peer`, and what becomes of its doings.

Bytes are told as sent (`DataSent`) when the machine's own network has taken every one of them, and not before: of a
connection that breaks in between, the last block is not told. Nothing is sent twice that a peer asks for twice.
"""

import asyncio
import socket
from collections.abc import Callable, Coroutine
from typing import Final, Protocol, cast

from police2peer.errors import BadInput
from police2peer.networks.contract import (
    Address,
    ClientNamed,
    DataAcknowledged,
    DataRequested,
    DataSent,
    Departure,
    Identifier,
    IdentifierKind,
    MetadataSent,
    Offer,
    OfferId,
    PeerConnected,
    PeerLeft,
    WireEvent,
)
from police2peer.networks.ed2k import blocks
from police2peer.networks.ed2k.contents import ContentsGone
from police2peer.networks.ed2k.obfuscation import IncomingStream
from police2peer.networks.ed2k.peer import (
    Asked,
    AsksSlot,
    Doing,
    Engaged,
    HashesSent,
    Holds,
    LeavesSlot,
    Peer,
    Proved,
    Reply,
)
from police2peer.networks.ed2k.shelf import PART_BYTES, SharedFile
from police2peer.networks.ed2k.wire import PacketReader

HELLO_S: Final = 20.0
QUIET_S: Final = 180.0
"""Clients that wait in our queue keep a quiet connection for 40 s (aMule) or so."""
STUCK_S: Final = 60.0
_IDLE_SLOT_S: Final = 30.0
# aMule before its correction of August 2026 (amule-org/amule, pull request 882), Debian's 2.3.3 too, now and then
# overlooks bytes that come while it is busy with those before, and waits with half a megabyte unread: one of four
# transfers of 30 MB on a loaded machine. Nothing that is sent later wakes it. So it is sent little at a time.
_PAUSES_FOR: Final = "aMule"
_PIECES_AT_A_TIME: Final = 10  # five packets, 50 KiB
_PAUSE_S: Final = 0.01
_MOST_UNREAD: Final = 1 << 20  # answers that a peer does not fetch; above it we listen to it no more until it does


class Host(Protocol):
    """What a connection needs of its engine."""

    def opened(self, connection: "Connection") -> bool:
        """Take a new connection in; False when there are too many."""

    def closed(self, connection: "Connection") -> None:
        """Let a connection go."""

    def new_peer(self, address: bytes) -> Peer:
        """Begin a dialogue."""

    def new_stream(self) -> IncomingStream:
        """Begin to read a connection that a peer opened."""

    def tell(self, make: Callable[..., WireEvent], *values: object) -> None:
        """Hand out an event that happens now."""

    def ask_slot(self, connection: "Connection") -> int:
        """Ask for a slot: 0 when it is given, or else the place in the queue."""

    def leave_slot(self, connection: "Connection") -> None:
        """Give a slot back."""

    async def read(self, asked: Asked) -> bytes:
        """Read what a peer asked for, when it may be sent."""

    def pull(self, file: SharedFile, why: str) -> None:
        """Take a file down that is not what it was."""

    def now_s(self) -> float:
        """Give the monotonic time."""

    def begin(self, name: str, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        """Start a task."""


class Connection(asyncio.Protocol):
    """One peer's connection; `calls` when we opened it because a server passed the peer's wish on."""

    def __init__(self, host: Host, *, calls: bool = False) -> None:
        self._host = host
        self._calls = calls
        self._reader = PacketReader()
        self._stream = host.new_stream()
        self._departure = Departure.CLOSED
        self._sent: dict[OfferId, int] = {}
        self._complete: set[OfferId] = set()
        self._wake = asyncio.Event()
        self._drained = asyncio.Event()
        self._drained.set()
        self._sender: asyncio.Task[None] | None = None
        self._quiet_since_s = self._begun_s = host.now_s()
        self._stuck: tuple[int, float] | None = None
        self._transport: asyncio.Transport | None = None
        self.queued = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)
        # Every write that the system does not take at once is waited for, so that what is told as sent is sent.
        self._transport.set_write_buffer_limits(high=0)
        remote, ours = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
        if remote is None or not self._host.opened(self):
            self._transport.abort()
            self._transport = None
            return
        self.address, self._ours = Address(*remote[:2]), Address(*ours[:2])
        self.peer = self._host.new_peer(_ipv4(remote[0]))
        if self._calls:
            self._transport.write(self.peer.hello())

    def data_received(self, data: bytes) -> None:
        """Take bytes; whoever sends what nobody sends in good faith is left."""
        self._quiet_since_s = self._host.now_s()
        try:
            clear, answer = (data, b"") if self._calls else self._stream.receive(data)
            if answer and self._transport is not None:
                self._transport.write(answer)
            self._reader.feed(clear)
            while self._transport is not None and (packet := self._reader.next()) is not None:
                for doing in self.peer.take(packet):
                    self._do(doing)
        except BadInput:
            self.end(Departure.FAULT)
            return
        if self._transport is not None and self._transport.get_write_buffer_size() > _MOST_UNREAD:
            self._transport.pause_reading()

    def pause_writing(self) -> None:
        """Wait: the system takes no more for now."""
        self._drained.clear()
        self._stuck = (self._unsent(), self._host.now_s())

    def resume_writing(self) -> None:
        """Go on: the system took everything."""
        self._stuck = None
        self._drained.set()
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell that the peer left, for each offer it spoke about."""
        del exc
        if not hasattr(self, "peer"):
            return
        self._transport = None
        if self._sender is not None:
            self._sender.cancel()
        self._host.closed(self)
        for offer in self.peer.offers.values():
            self._host.tell(PeerLeft, offer.id, self.address, self._departure_from(offer))

    def end(self, departure: Departure) -> None:
        """Cut the connection."""
        if self._transport is not None:
            self._departure = departure
            transport, self._transport = self._transport, None
            transport.abort()

    def check(self, now_s: float) -> None:
        """End what stays silent, never reads, or keeps a slot that others wait for. Called every second or so."""
        unsent = self._unsent()
        if self._stuck is not None and unsent < self._stuck[0]:
            self._stuck = (unsent, now_s)
        is_stuck = self._stuck is not None and now_s - self._stuck[1] > STUCK_S
        is_late = self.peer.greeting is None and now_s - self._begun_s > HELLO_S
        if is_stuck or is_late or now_s - self._quiet_since_s > QUIET_S:
            self.end(Departure.FAULT)

    @property
    def is_hidden(self) -> bool:
        """Whether the peer chose obfuscation."""
        return self._stream.is_hidden

    def is_idle(self, now_s: float) -> bool:
        """Whether it has a slot and has not asked for anything for a while."""
        return self.peer.has_slot and not self.peer.waiting and now_s - self._quiet_since_s > _IDLE_SLOT_S

    def grant(self) -> None:
        """Give the peer its slot."""
        self.queued = False
        self.send(self.peer.grant())

    def take_slot(self) -> None:
        """Take the slot back."""
        self.send(self.peer.end_slot())

    def send(self, data: bytes) -> None:
        """Send packets."""
        if self._transport is not None:
            self._transport.write(self._stream.hide(data))

    def _is_open(self) -> bool:
        return self._transport is not None

    def _unsent(self) -> int:
        return self._transport.get_write_buffer_size() if self._transport is not None else 0

    def _departure_from(self, offer: Offer) -> Departure:
        has_all = offer.id in self._complete or self._sent.get(offer.id, 0) >= offer.hashes.size
        if self._departure is Departure.CLOSED and has_all:
            return Departure.COMPLETE
        return self._departure

    def _do(self, doing: Doing) -> None:
        match doing:
            case Reply(data):
                self.send(data)
            case AsksSlot():
                rank = self._host.ask_slot(self)
                self.queued = rank > 0
                self.send(self.peer.refuse(rank) if rank else self.peer.grant())
            case LeavesSlot(complete):
                if complete is not None:
                    self._complete.add(complete.id)
                self._host.leave_slot(self)
            case Proved():
                for offer in self.peer.offers.values():
                    self._name(offer)
            case _:
                self._tell(doing)

    def _tell(self, doing: Engaged | HashesSent | Holds | Asked) -> None:
        tell, peer = self._host.tell, self.address
        match doing:
            case Engaged(offer):
                tell(PeerConnected, offer.id, peer, self._ours)
                self._name(offer)
            case HashesSent(offer):
                tell(MetadataSent, offer.id, peer)
            case Holds(offer, first, length):
                tell(DataAcknowledged, offer.id, peer, first, length)
            case Asked(_, offer, first, end):
                tell(DataRequested, offer.id, peer, first, end - first)
                self._wake_sender()

    def _name(self, offer: Offer) -> None:
        greeting = self.peer.greeting
        if greeting is None:
            return
        names = [
            Identifier(IdentifierKind.USER_HASH, greeting.user_hash),
            Identifier(IdentifierKind.NICK, greeting.nick.encode()),
        ]
        if self.peer.proved_key:
            names.append(Identifier(IdentifierKind.PROVED_KEY, self.peer.proved_key))
        self._host.tell(ClientNamed, offer.id, self.address, b"", greeting.program, tuple(names))

    def _wake_sender(self) -> None:
        if self._sender is None:
            self._sender = self._host.begin("eD2k sender", self._send_waiting())
        self._wake.set()

    async def _send_waiting(self) -> None:
        while self._is_open():
            if not self.peer.waiting:
                self._wake.clear()
                await self._wake.wait()
                continue
            asked = self.peer.waiting.popleft()
            try:
                data = await self._host.read(asked)
            except ContentsGone as gone:
                self._host.pull(asked.file, str(gone))
                return
            if not self.peer.has_slot or asked.offer.id not in asked.file.offers:
                continue
            await self._send_block(asked, data)
            if not self._is_open():
                return
            self._quiet_since_s = self._host.now_s()
            self._sent[asked.offer.id] = self._sent.get(asked.offer.id, 0) + len(data)
            self._host.tell(DataSent, asked.offer.id, self.address, asked.first_byte, len(data))

    async def _send_block(self, asked: Asked, data: bytes) -> None:
        """Send one block, at once or with pauses; answers to the peer may go out between its packets."""
        greeting = self.peer.greeting
        packets = _packets(asked, data, packable=greeting is not None and greeting.takes_compressed)
        with_pauses = greeting is not None and greeting.program.startswith(_PAUSES_FOR)
        step = _PIECES_AT_A_TIME if with_pauses else len(packets)
        for at in range(0, len(packets), step):
            self.send(b"".join(packets[at : at + step]))
            await self._drained.wait()
            if with_pauses and self._is_open():
                await asyncio.sleep(_PAUSE_S)


def _packets(asked: Asked, data: bytes, *, packable: bool) -> blocks.Pieces:
    file, part = asked.file, asked.first_byte // PART_BYTES
    if not packable:
        return blocks.plain(file.hash, asked.first_byte, data)
    if part not in file.packs:
        file.packs[part] = blocks.is_worth_packing(data)
    give = blocks.packed if file.packs[part] else blocks.plain
    return give(file.hash, asked.first_byte, data)


def _ipv4(host: str) -> bytes:
    try:
        return socket.inet_aton(host)
    except OSError:  # an IPv6 peer; the protocol has no word for its address
        return bytes(4)
