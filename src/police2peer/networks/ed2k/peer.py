# SPDX-License-Identifier: EUPL-1.2
"""The dialogue with one peer, without a socket: packets in, packets and doings out.

It answers who asks for our files: who we are, a name, that a file is whole, the hashes of its parts, a slot, bytes.
It is publish-only: it composes no packet that asks a peer for a file, a list, a source or a message (a test reads
this package for that). Sources: Kulbak and Bickson (2005), sections 4 and 6; aMule, `ClientTCPSocket.cpp`; what real
clients do: facts, networks, section 2.5.
"""

import struct
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from police2peer.errors import BadInput
from police2peer.networks.contract import Offer
from police2peer.networks.ed2k.greeting import Greeting, OurSelf, read_greeting
from police2peer.networks.ed2k.identification import Identification
from police2peer.networks.ed2k.requests import check_range, read_held_parts, read_ranges
from police2peer.networks.ed2k.shelf import NO_SERVER, Server, SharedFile, new_ranges
from police2peer.networks.ed2k.wire import HASH_BYTES, Fields, Op, Packet, encode_text, pack

MOST_WAITING: Final = 64
"""Ranges that may wait to be sent to one peer; clients of today ask for three at a time, some for ten."""
_MOST_REMEMBERED: Final = 4096
"""Ranges remembered as asked for; clients repeat the latest few."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Send this."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Engaged:
    """The peer spoke about one file of ours for the first time; `offer` is what it is booked on."""

    offer: Offer


@dataclass(frozen=True, slots=True)
class HashesSent:
    """The peer was told the hashes of the parts."""

    offer: Offer


@dataclass(frozen=True, slots=True)
class Holds:
    """The peer says that it holds these bytes and has checked them."""

    offer: Offer
    first_byte: int
    length_bytes: int


@dataclass(frozen=True, slots=True)
class AsksSlot:
    """The peer wants to be sent bytes."""


@dataclass(frozen=True, slots=True)
class LeavesSlot:
    """The peer wants no more bytes; `complete` is the offer of which it says that it has all."""

    complete: Offer | None


@dataclass(frozen=True, slots=True)
class Asked:
    """The peer asks for bytes that it has not asked for in this slot yet."""

    file: SharedFile
    offer: Offer
    first_byte: int
    end: int


@dataclass(frozen=True, slots=True)
class Proved:
    """The peer proved that its key is its own."""


Doing = Reply | Engaged | HashesSent | Holds | AsksSlot | LeavesSlot | Asked | Proved


class Peer:
    """One peer. `find` gives the file of a hash if it is ours; `address` is the peer's, as four bytes."""

    def __init__(
        self,
        ourself: OurSelf,
        find: Callable[[bytes], SharedFile | None],
        *,
        address: bytes,
        identification: Identification | None = None,
        client_id: int = 0,
        server: Server = NO_SERVER,
    ) -> None:
        self._ourself = ourself
        self._find = find
        self._address = address
        self._identification = identification
        self._client_id, self._server = client_id, server
        self.greeting: Greeting | None = None
        self.wanted: SharedFile | None = None
        self.offers: dict[bytes, Offer] = {}
        self.has_slot = False
        self.waiting: deque[Asked] = deque()
        self._asked: dict[tuple[bytes, int, int], None] = {}
        self._held: dict[bytes, set[int]] = {}
        self._out: list[Doing] = []
        self._readers: dict[int, Callable[[bytes], None]] = {
            Op.HELLO: self._hello,
            Op.HELLO_ANSWER: self._hello_answer,
            Op.EMULE_INFO: self._emule_info,
            Op.REQUEST_FILE_NAME: self._file_name,
            Op.SET_FILE_ID: self._file_status,
            Op.HASH_SET_REQUEST: self._hash_set,
            Op.AICH_ROOT_REQUEST: self._aich_root,
            Op.START_UPLOAD: self._start_upload,
            Op.REQUEST_PARTS: lambda payload: self._parts(payload, wide=False),
            Op.REQUEST_PARTS_64: lambda payload: self._parts(payload, wide=True),
            Op.CANCEL_TRANSFER: lambda _: self._end(None),
            Op.END_OF_DOWNLOAD: lambda payload: self._end(self.offers.get(payload[:HASH_BYTES])),
            Op.PUBLIC_ADDRESS_REQUEST: lambda _: self._reply(Op.PUBLIC_ADDRESS_ANSWER, self._address),
            Op.ASK_SHARED_FILES: lambda _: self._reply(Op.SHARED_DENIED),
            Op.ASK_SHARED_FOLDERS: lambda _: self._reply(Op.SHARED_DENIED),
            Op.ASK_SHARED_IN_FOLDER: lambda _: self._reply(Op.SHARED_DENIED),
            Op.IDENT_STATE: self._ident,
            Op.PUBLIC_KEY: self._ident_key,
            Op.SIGNATURE: self._ident_signature,
        }

    def hello(self) -> bytes:
        """Give the packet that greets a peer to which we connected, because a server passed its wish on to us."""
        return pack(Op.HELLO, self._ourself.hello(self._client_id, self._server))

    def take(self, packet: Packet) -> list[Doing]:
        """Take one packet; raises `BadInput` for what nobody sends in good faith. What is unknown is passed over."""
        if self.greeting is None and packet.op not in (Op.HELLO, Op.HELLO_ANSWER):
            raise BadInput("a peer asked for something before it said hello", remedy="the connection is ended")
        self._out = []
        if (read := self._readers.get(packet.op)) is not None:
            read(packet.payload)
        return self._out

    def grant(self) -> bytes:
        """Give the peer a slot; what it asked for in an earlier one may be asked for again."""
        self.has_slot = True
        self._asked.clear()
        return pack(Op.ACCEPT_UPLOAD)

    def refuse(self, rank: int) -> bytes:
        """Tell the peer its place in the queue."""
        return pack(Op.QUEUE_RANKING, struct.pack("<H10x", min(rank, 0xFFFF)))

    def end_slot(self) -> bytes:
        """Take the slot back."""
        self.has_slot = False
        self.waiting.clear()
        return pack(Op.OUT_OF_PARTS)

    def forget(self, file: SharedFile) -> None:
        """Forget what is waiting of a file that is offered no more."""
        self.waiting = deque(asked for asked in self.waiting if asked.file is not file)
        if self.wanted is file:
            self.wanted = None

    @property
    def proved_key(self) -> bytes:
        """The public key that the peer proved to have; empty when it did not."""
        ident = self._identification
        return ident.their_key if ident is not None and ident.is_proved else b""

    def _reply(self, op: Op, payload: bytes = b"") -> None:
        self._out.append(Reply(pack(op, payload)))

    def _hello(self, payload: bytes) -> None:
        self._greeted(read_greeting(payload, is_answer=False))
        self._reply(Op.HELLO_ANSWER, self._ourself.hello_answer(self._client_id, self._server))
        self._begin_ident()

    def _hello_answer(self, payload: bytes) -> None:
        self._greeted(read_greeting(payload, is_answer=True))
        self._begin_ident()

    def _greeted(self, greeting: Greeting) -> None:
        if self.greeting is not None and self.greeting.user_hash != greeting.user_hash:
            raise BadInput("a peer changed its user hash in one connection", remedy="the connection is ended")
        self.greeting = greeting

    def _emule_info(self, _payload: bytes) -> None:
        self._reply(Op.EMULE_INFO_ANSWER, self._ourself.info())

    def _engage(self, hash_: bytes) -> tuple[SharedFile, Offer] | None:
        """Find a file of ours, and the offer on which this peer is booked; the first time it is told."""
        file = self._find(hash_)
        if file is None:
            return None
        offer = self.offers.get(hash_)
        if offer is None or offer.id not in file.offers:
            offer = file.offer_for(self.greeting.server if self.greeting else None)
            self.offers[hash_] = offer
            self._out.append(Engaged(offer))
        return file, offer

    def _file_name(self, payload: bytes) -> None:
        fields = Fields(payload)
        hash_ = fields.hash()
        found = self._engage(hash_)
        if found is None:
            self._reply(Op.NO_SUCH_FILE, hash_)
            return
        file, offer = found
        self.wanted = file
        self._reply(Op.FILE_NAME_ANSWER, hash_ + encode_text(offer.file_name()))
        if self.greeting and self.greeting.extended_requests:
            held = self._held.setdefault(hash_, set())
            for first, length in new_ranges(held, read_held_parts(fields, file.parts), file.size):
                self._out.append(Holds(offer, first, length))

    def _file_status(self, payload: bytes) -> None:
        hash_ = Fields(payload).hash()
        if (found := self._engage(hash_)) is None:
            self._reply(Op.NO_SUCH_FILE, hash_)
        else:
            self.wanted = found[0]
            self._reply(Op.FILE_STATUS, hash_ + b"\0\0")  # no list of parts: the file is whole

    def _hash_set(self, payload: bytes) -> None:
        hash_ = Fields(payload).hash()
        if (found := self._engage(hash_)) is None:
            self._reply(Op.NO_SUCH_FILE, hash_)
            return
        file, offer = found
        hashes = file.part_hashes if len(file.part_hashes) > HASH_BYTES else b""
        self._reply(Op.HASH_SET_ANSWER, hash_ + struct.pack("<H", len(hashes) // HASH_BYTES) + hashes)
        self._out.append(HashesSent(offer))

    def _aich_root(self, payload: bytes) -> None:
        hash_ = Fields(payload).hash()
        if (found := self._engage(hash_)) is not None:
            self._reply(Op.AICH_ROOT_ANSWER, hash_ + found[0].aich_root)

    def _start_upload(self, payload: bytes) -> None:
        if payload:  # the oldest clients name no file here
            hash_ = Fields(payload).hash()
            if (found := self._engage(hash_)) is None:
                self._reply(Op.NO_SUCH_FILE, hash_)
                return
            self.wanted = found[0]
        if self.wanted is not None:
            self._out.append(AsksSlot())

    def _parts(self, payload: bytes, *, wide: bool) -> None:
        hash_, ranges = read_ranges(payload, wide=wide)
        if (found := self._engage(hash_)) is None:
            self._reply(Op.NO_SUCH_FILE, hash_)
            return
        file, offer = found
        for first, end in ranges:
            check_range(first, end, file.size)
            key = (hash_, first, end)
            if key in self._asked or not self._has_room():
                continue
            asked = Asked(file, offer, first, end)
            self._asked[key] = None
            if len(self._asked) > _MOST_REMEMBERED:
                del self._asked[next(iter(self._asked))]
            self._out.append(asked)
            if self.has_slot:
                self.waiting.append(asked)

    def _has_room(self) -> bool:
        """Whether one more range is taken; who has no slot is heard a little, so that it is known what it asked."""
        return len(self.waiting if self.has_slot else self._asked) < MOST_WAITING

    def _end(self, complete: Offer | None) -> None:
        self.has_slot = False
        self.waiting.clear()
        self._out.append(LeavesSlot(complete))

    def _begin_ident(self) -> None:
        if self._identification is not None and self.greeting is not None:
            self._send(self._identification.begin(self.greeting.can_identify))

    def _ident(self, payload: bytes) -> None:
        if self._identification is not None:
            self._send(self._identification.asked(payload))

    def _ident_key(self, payload: bytes) -> None:
        if self._identification is not None:
            self._send(self._identification.key_came(payload))

    def _ident_signature(self, payload: bytes) -> None:
        if self._identification is not None and self._identification.signature_came(payload):
            self._out.append(Proved())

    def _send(self, packets: list[bytes]) -> None:
        self._out += [Reply(data) for data in packets]
