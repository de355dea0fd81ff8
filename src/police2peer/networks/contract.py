# SPDX-License-Identifier: EUPL-1.2
"""What every network promises, and the events it hands out.

A network offers files of ours and reports what peers did with them. It reports direct exchanges only: a peer
connected to *us* and spoke about one offer of *ours*. Tracker replies, peer exchange and DHT entries never
become events (Piatek 2008: indirect evidence accused printers). It never asks a peer for content, and it
knows nothing of who keeps the events. An `Address` lives in memory only and prints as `<address>`.
"""

import enum
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NewType, Protocol, final

from police2peer.errors import BadInput

if TYPE_CHECKING:
    from police2peer.campaign import Arm, Language, TermId, Title, TitleId
    from police2peer.warningfiles import FileHashes, WarningFileId

OfferId = NewType("OfferId", str)


@final
class Address:
    """Host and port of a peer; equal and hashable by value, printed as `<address>` always."""

    __slots__ = ("_host", "_port")

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port

    def reveal(self) -> tuple[str, int]:
        """Give host and port to code that needs them in memory; they never go to a disk or a log."""
        return self._host, self._port

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Address) and self.reveal() == other.reveal()

    def __hash__(self) -> int:
        return hash((self._host, self._port))

    def __repr__(self) -> str:
        return "<address>"

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("an address is never stored; keep the country instead")


class IdentifierKind(enum.StrEnum):
    """What a protocol calls the name that a peer gives itself."""

    PEER_ID = "peer id"  # BitTorrent, BEP 3: 20 bytes
    USER_HASH = "user hash"  # eD2k: 16 bytes
    CID = "client id"  # Direct Connect, ADC: 24 bytes
    PROVED_KEY = "proved key"  # eD2k: a public key whose private half the peer proved to have
    NICK = "nick"  # Direct Connect, eD2k: text as sent


@final
class Identifier:
    """A name that a peer gave itself, as sent; printed as `<identifier>` always, and never stored as it is."""

    __slots__ = ("_value", "kind")

    def __init__(self, kind: IdentifierKind, value: bytes) -> None:
        self.kind = kind
        self._value = value

    def reveal(self) -> bytes:
        """Give the bytes as sent, to code that holds them in memory or seals them under an order."""
        return self._value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Identifier) and (self.kind, self._value) == (other.kind, other.reveal())

    def __hash__(self) -> int:
        return hash((self.kind, self._value))

    def __repr__(self) -> str:
        return "<identifier>"

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("an identifier of a peer is never stored as it is")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a network may take of its machine; None means no limit.

    `upload_slots` peers are sent bytes at once, `connections` may be open, all uploads together stay below
    `upload_bytes_per_s` averaged over a second.
    """

    upload_slots: int | None = None
    connections: int = 4000
    upload_bytes_per_s: int | None = None

    def __post_init__(self) -> None:
        for name in ("upload_slots", "connections", "upload_bytes_per_s"):
            if (value := getattr(self, name)) is not None and value < 1:
                raise BadInput(f"{name} is {value}", remedy="write 1 or more, or leave it out for no limit")


@dataclass(frozen=True, slots=True)
class Offer:
    """One warning file under one title on one network.

    `path` is where the bytes lie; many offers may name the same path. `hashes` were computed when the file
    was made: no network hashes a file again to offer it.
    """

    id: OfferId
    network: str
    title_id: "TitleId"
    title: "Title"
    extension: str
    path: Path
    hashes: "FileHashes"
    arm: "Arm"
    language: "Language | None"
    warning_file_id: "WarningFileId"

    def file_name(self) -> str:
        """Give the name strangers see: the title in clear. For the wire only, never for a log."""
        return f"{self.title.reveal()}.{self.extension}"


class Departure(enum.StrEnum):
    """Why a peer's connection ended, as far as our side can tell."""

    CLOSED = "closed"  # the peer or its network ended it
    COMPLETE = "complete"  # the peer told that it holds everything
    WITHDRAWN = "withdrawn"  # we took the offer down
    STOPPED = "stopped"  # our node stopped
    FAULT = "fault"  # protocol fault, limit or time-out


@dataclass(frozen=True, slots=True)
class PeerConnected:
    """A peer completed the handshake for one offer (rung 1). `ours` is the end of the connection on our side."""

    at: datetime
    network: str
    offer: OfferId
    peer: Address
    ours: Address | None = None


@dataclass(frozen=True, slots=True)
class ClientNamed:
    """A peer said what program it is.

    `peer_id` is the prefix of its id on the wire, `name` its own words; either may be empty. `identifiers` are
    the names it gave itself in full, for records that an order demands; nothing else may keep them.
    """

    at: datetime
    network: str
    offer: OfferId
    peer: Address
    peer_id: bytes
    name: str
    identifiers: tuple[Identifier, ...] = ()


@dataclass(frozen=True, slots=True)
class MetadataSent:
    """A peer read the description of an offer, no content (rung 2)."""

    at: datetime
    network: str
    offer: OfferId
    peer: Address


@dataclass(frozen=True, slots=True)
class DataRequested:
    """A peer asked us for bytes of an offer (rung 3), whether or not they were sent."""

    at: datetime
    network: str
    offer: OfferId
    peer: Address
    first_byte: int
    length_bytes: int


@dataclass(frozen=True, slots=True)
class DataSent:
    """Bytes of an offer were handed to the peer's connection (rung 4 and 5 follow from their sum)."""

    at: datetime
    network: str
    offer: OfferId
    peer: Address
    first_byte: int
    length_bytes: int


@dataclass(frozen=True, slots=True)
class DataAcknowledged:
    """A peer told, in words of its protocol, that it holds these bytes and has checked them."""

    at: datetime
    network: str
    offer: OfferId
    peer: Address
    first_byte: int
    length_bytes: int


@dataclass(frozen=True, slots=True)
class PeerLeft:
    """The connection of a peer about one offer ended."""

    at: datetime
    network: str
    offer: OfferId
    peer: Address
    departure: Departure


@dataclass(frozen=True, slots=True)
class EvidenceGap:
    """Events of a network were or may have been lost; the record must say so. `what` holds no address."""

    at: datetime
    network: str
    what: str


@dataclass(frozen=True, slots=True)
class OfferPulled:
    """The network took an offer down by itself: its file is missing, damaged or of another size."""

    at: datetime
    network: str
    offer: OfferId
    why: str


@dataclass(frozen=True, slots=True)
class SearchMatched:
    """A search reached us and matched an approved term; never the text that was searched for.

    It is demand and no contact: searches are relayed, and `asker` (None when the network does not tell) serves
    to look up a country in memory and nothing else.
    """

    at: datetime
    network: str
    term: "TermId"
    answered: int
    asker: Address | None = None


PeerEvent = PeerConnected | ClientNamed | MetadataSent | DataRequested | DataSent | DataAcknowledged | PeerLeft
WireEvent = PeerEvent | SearchMatched | EvidenceGap | OfferPulled


@dataclass(frozen=True, slots=True)
class TrackerHealth:
    """How announcing to one tracker goes; `error` is the last word on it while it fails."""

    url: str
    ok: bool
    answered: int
    failed: int
    error: str = ""


@dataclass(frozen=True, slots=True)
class Health:
    """Whether a stranger can find and fetch our offers now.

    `detail` says it in one sentence, `alarms` name the invariants that do not hold.
    """

    ok: bool
    detail: str
    offers: int = 0
    peers: int = 0
    trackers: tuple[TrackerHealth, ...] = ()
    dht_nodes: int = 0
    alarms: tuple[str, ...] = ()
    counters: dict[str, int] = field(default_factory=dict)


class Network(Protocol):
    """One class a network. Start, publish, hand out events, stop; every wait inside has a limit.

    What each promises is checked for all of them by tests/networks/conformance, with real clients.
    """

    name: str
    limits: Limits
    """What it may take of its machine; kept from the first connection on."""

    async def start(self) -> None:
        """Be reachable. Raises `Unavailable` with a remedy when it cannot (port taken, ...)."""

    async def publish(self, offer: Offer) -> None:
        """Offer one file; a second call with the same offer changes nothing."""

    async def publish_many(self, offers: Iterable[Offer]) -> None:
        """Offer many files, in batches that leave the network answering."""

    async def withdraw(self, offer: Offer) -> None:
        """Stop offering; returns when no peer can ask for it any more."""

    def events(self) -> AsyncIterator[WireEvent]:
        """Hand out direct exchanges about our offers, in order, until `stop`. One reader only."""
        ...

    async def health(self) -> Health:
        """Say whether a stranger can find and fetch our offers now.

        It probes its own door as a stranger would (`networks.door.opens`) and asks each meeting place how it
        stands there; it never looks at what others offer. Not ok before `start`, after `stop`, and without offers.
        """
        ...

    async def stop(self) -> None:
        """Leave; the last events are handed out before `events` ends."""
