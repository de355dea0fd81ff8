# SPDX-License-Identifier: EUPL-1.2
"""One connection with another client: reads what it asks, answers, and ends what does not behave.

Bounded: the time to introduce oneself, the pause between requests, a peer that takes nothing, the requests and the
bytes of one connection, so that a thousand overlapping ranges cost what a few downloads cost.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO, Final

from police2peer.errors import BadInput
from police2peer.networks.contract import Address, Departure, OfferId, OfferPulled, WireEvent
from police2peer.networks.directconnect.exchange import NAME, Exchange
from police2peer.networks.directconnect.hub_session import User
from police2peer.networks.directconnect.message import Cid, LineBuffer, Message, parse
from police2peer.networks.directconnect.peer_session import (
    Get,
    GetInformation,
    Identified,
    PeerFault,
    PeerOutcome,
    PeerSession,
    SayToPeer,
    sending,
    status,
)
from police2peer.networks.directconnect.search_message import Found, result_fields
from police2peer.networks.directconnect.share import LIST_PACKED, LIST_PLAIN, Share, Shared
from police2peer.networks.directconnect.upload import Lane, pays, send_content, send_packed, send_range
from police2peer.networks.directconnect.wire import NOT_AVAILABLE, SLOTS_FULL
from police2peer.networks.pacing import Pace

_READ: Final = 16 << 10
_INTRODUCE_S: Final = 20.0
_MOST_REQUESTS: Final = 20_000  # DC++ asks a film in some hundred segments
_MOST_TIMES: Final = 4  # what one connection may take of a file, in file lengths
_MOST_MORE: Final = 64 << 20
_TTH: Final = "TTH/"
_COMPRESSES_ABOVE: Final = 1024


@dataclass(slots=True)
class Room:
    """What all connections of a node share."""

    share: Share
    pace: Pace
    upload_slots: int
    stall_s: float
    idle_s: float
    who: Callable[[Cid], User | None]
    emit: Callable[[WireEvent], None]
    pulled: Callable[[OfferId], None]
    clock: Callable[[], datetime]
    busy: int = 0
    counters: Counter[str] = field(default_factory=Counter)

    @property
    def free_slots(self) -> int:
        """How many more peers may be sent bytes at once."""
        return max(self.upload_slots - self.busy, 0)


class PeerLink:
    """Serves one peer. `expected` says whether somebody of this id and token may come, and is asked once."""

    def __init__(
        self,
        room: Room,
        session: PeerSession,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        expected: Callable[[Cid, str], bool],
    ) -> None:
        self._room = room
        self._session = session
        self._reader = reader
        self._writer = writer
        self._expected = expected
        self._lane = Lane(writer, room.pace, room.stall_s)
        self._exchange: Exchange | None = None
        self._cid = Cid("")
        self._requests = 0
        self._taken: Counter[OfferId] = Counter()
        self._departure = Departure.CLOSED

    @property
    def is_introduced(self) -> bool:
        """Whether the peer has said who it is, and was expected."""
        return self._exchange is not None

    def leave(self, offer: OfferId | None = None) -> None:
        """End this connection because we stop, or because an offer that it speaks of was withdrawn."""
        if offer is None:
            self._departure = Departure.STOPPED
        elif self._exchange is None or not self._exchange.speaks_of(offer):
            return
        else:
            self._departure = Departure.WITHDRAWN
        self._writer.transport.abort()

    async def serve(self) -> None:
        """Serve until the peer leaves or is let go; every event of it is out when this returns."""
        # Nothing waits in our own buffer when bytes are told as sent; with 0 asyncio's TLS would wait for ever.
        self._writer.transport.set_write_buffer_limits(high=1)
        try:
            await self._talk()
        except (BadInput, TimeoutError):
            self._fault()
        except (OSError, EOFError, asyncio.IncompleteReadError):
            pass
        finally:
            if self._exchange is not None:
                self._exchange.left(self._departure)
            self._writer.transport.abort()

    async def _talk(self) -> None:
        lines = LineBuffer()
        self._writer.write(self._session.begin())
        loop = asyncio.get_running_loop()
        introduced_by_s = loop.time() + _INTRODUCE_S
        while True:
            limit_s = self._room.idle_s if self._exchange else max(introduced_by_s - loop.time(), 0.0)
            try:
                async with asyncio.timeout(limit_s):
                    data = await self._reader.read(_READ)
            except TimeoutError:
                if self._exchange is None:
                    raise
                return
            if not data:
                return
            for line in lines.feed(data):
                for outcome in self._session.receive(parse(line)):
                    await self._do(outcome)

    async def _do(self, outcome: PeerOutcome) -> None:
        match outcome:
            case SayToPeer(line):
                await self._lane.write(line)
            case Identified(cid, token):
                self._meet(cid, token)
            case Get():
                await self._answer(outcome)
            case GetInformation():
                await self._describe(outcome)
            case PeerFault(line):
                with contextlib.suppress(TimeoutError, OSError):
                    await self._lane.write(line)
                raise BadInput("the peer broke the protocol", remedy="it was let go")

    def _meet(self, cid: Cid, token: str) -> None:
        if not self._expected(cid, token):
            self._room.counters["peers.unexpected"] += 1
            raise BadInput("nobody of this id and token is expected", remedy="it was let go")
        self._cid = cid
        self._exchange = Exchange(
            _address(self._writer, "peername"),
            _address(self._writer, "sockname"),
            cid,
            self._room.who(cid),
            emit=self._room.emit,
            clock=self._room.clock,
        )

    async def _answer(self, asked: Get) -> None:
        self._requests += 1
        if self._requests > _MOST_REQUESTS:
            raise BadInput("a peer made too many requests", remedy="it was let go")
        match asked.kind:
            case "file" if asked.identifier in (LIST_PLAIN, LIST_PACKED):
                listing = await asyncio.to_thread(self._room.share.listing)
                content = listing.plain if asked.identifier == LIST_PLAIN else listing.packed
                await self._send_content(asked, content)
                self._room.counters["lists.sent"] += 1
            case "list":
                await self._send_list(asked)
            case "file" if (shared := self._shared(asked.identifier)) is not None:
                await self._send_file(asked, shared)
            case "tthl" if (shared := self._shared(asked.identifier)) is not None:
                self._room.counters["leaves.sent"] += 1
                self._exchanged().described(shared.offer.id)
                await self._send_content(asked, shared.offer.hashes.tth_leaves)
            case _:
                await self._refuse()

    def _exchanged(self) -> Exchange:
        if self._exchange is None:
            raise BadInput("a peer asked before it said who it is", remedy="it was let go")
        return self._exchange

    def _shared(self, identifier: str) -> Shared | None:
        """Give the offer that an identifier names: by its tree or by its place in our list."""
        if identifier.startswith(_TTH):
            return self._room.share.with_tth(identifier.removeprefix(_TTH), self._cid)
        return self._room.share.at_path(identifier)

    async def _refuse(self) -> None:
        self._room.counters["requests.refused"] += 1
        await self._lane.write(status(NOT_AVAILABLE, "File not available"))

    async def _send_list(self, asked: Get) -> None:
        try:
            content = await asyncio.to_thread(self._room.share.partial_list, asked.identifier)
        except BadInput:
            await self._refuse()
            return
        self._room.counters["lists.sent"] += 1
        await self._send_content(asked, content)

    async def _send_content(self, asked: Get, content: bytes) -> None:
        """Send what lies in memory. A list is asked from 0 to its end, whatever numbers stand in the request."""
        first = asked.first_byte if asked.kind == "file" else 0
        rest = content[first:] if asked.length_bytes is None else content[first : first + asked.length_bytes]
        body = rest if asked.kind == "file" else content
        if first > len(content) or (asked.kind == "file" and asked.length_bytes not in (None, len(rest))):
            await self._refuse()
            return
        packed = asked.compressed and len(body) > _COMPRESSES_ABOVE and asked.identifier != LIST_PACKED
        await self._lane.write(sending(asked, len(body), compressed=packed))
        await send_content(self._lane, body, packed=packed)

    async def _send_file(self, asked: Get, shared: Shared) -> None:
        size, offer = shared.offer.hashes.size, shared.offer.id
        length = size - asked.first_byte if asked.length_bytes is None else asked.length_bytes
        if asked.first_byte > size or length < 0 or asked.first_byte + length > size:
            await self._refuse()
            return
        self._exchanged().requested(offer, asked.first_byte, length)
        self._taken[offer] += length
        if self._taken[offer] > _MOST_TIMES * size + _MOST_MORE:
            raise BadInput("a peer asked for one file again and again", remedy="it was let go")
        if not self._room.free_slots:
            self._room.counters["requests.slots_full"] += 1
            await self._lane.write(status(SLOTS_FULL, "Slots full"))
            return
        self._room.busy += 1
        try:
            await self._send_opened(asked, shared, length)
        finally:
            self._room.busy -= 1

    async def _send_opened(self, asked: Get, shared: Shared, length: int) -> None:
        handle = _open_unchanged(shared)
        if handle is None:
            self._pull(shared)
            return
        with handle:
            packed = asked.compressed and length > _COMPRESSES_ABOVE and pays(handle, asked.first_byte, length)
            await self._lane.write(sending(asked, length, compressed=packed))
            send = send_packed if packed else send_range
            await send(self._lane, handle, asked.first_byte, length, self._sent(shared.offer.id))

    def _sent(self, offer: OfferId) -> Callable[[int, int], None]:
        def sent(first_byte: int, length: int) -> None:
            self._room.counters["bytes.sent"] += length
            self._exchanged().sent(offer, first_byte, length)

        return sent

    def _pull(self, shared: Shared) -> None:
        """Take down an offer whose file is no longer what it was; this connection ends with it."""
        why = "its file is missing or was changed"
        self._room.pulled(shared.offer.id)
        self._room.emit(OfferPulled(self._room.clock(), NAME, shared.offer.id, why))

    async def _describe(self, asked: GetInformation) -> None:
        shared = self._shared(asked.identifier)
        if shared is not None:
            self._exchanged().described(shared.offer.id)
            found = shared.found()
        elif asked.identifier in (LIST_PLAIN, LIST_PACKED):
            listing = await asyncio.to_thread(self._room.share.listing)
            packed = asked.identifier == LIST_PACKED
            content, tth = (listing.packed, listing.packed_tth) if packed else (listing.plain, listing.plain_tth)
            found = Found(asked.identifier, len(content), tth)
        else:
            await self._refuse()
            return
        parameters = result_fields(found, free_slots=self._room.free_slots)
        await self._lane.write(Message("C", "RES", parameters=parameters).line())

    def _fault(self) -> None:
        if self._departure is Departure.CLOSED:
            self._departure = Departure.FAULT
        self._room.counters["peers.let_go"] += 1


def _open_unchanged(shared: Shared) -> BinaryIO | None:
    """Open a file that is as it was when it was offered, or give nothing."""
    try:
        handle = shared.offer.path.open("rb", buffering=0)
    except OSError:
        return None
    found = shared.offer.path.stat()
    if (found.st_size, found.st_mtime_ns) == (shared.offer.hashes.size, shared.modified_ns):
        return handle
    handle.close()
    return None


def _address(writer: asyncio.StreamWriter, which: str) -> Address:
    host, port, *_ = writer.get_extra_info(which) or ("", 0)
    return Address(host, port)
