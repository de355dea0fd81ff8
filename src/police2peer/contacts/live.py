# SPDX-License-Identifier: EUPL-1.2
"""A visit while it lasts: its ladder, what is not yet counted and, where an order asks for records, its details.

Without a sink of records a visit keeps no port, no identifier and no connection: the host stands in the key under
which it is found, and is gone with it.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple

from police2peer.contacts.clients import (
    OTHER,
    UNNAMED,
    ClientFamily,
    clean_words,
    client_family,
    fetches_lists,
    shows_no_title,
)
from police2peer.contacts.contact import Contact
from police2peer.contacts.countries import Country
from police2peer.contacts.crawlers import MANY_OFFERS, CrawlerReason, crawler_reason
from police2peer.contacts.flags import ExculpatoryFlag
from police2peer.contacts.ladder import Ladder, Rung
from police2peer.contacts.visits import VisitConnection, VisitRecord
from police2peer.networks import ClientNamed, Departure, Identifier, OfferId, PeerConnected, PeerLeft

_MOST_CONNECTIONS: Final = 500  # of one visit, in its record; the newest are dropped and still counted
_MOST_IDENTIFIERS: Final = 50
_SHARED_BY_CARRIERS: Final = range(64, 128)  # 100.64.0.0/10, RFC 6598


class About(NamedTuple):
    """What is the same for every visit of one offer from one country."""

    network: str
    country: Country
    arm: str
    offer: OfferId


@dataclass(slots=True)
class Host:
    """What is known of one host while it has a visit: how much it speaks about at once, with which programs."""

    visits: int = 0
    offers_spoken_of: int = 0
    client: ClientFamily = UNNAMED
    several_clients: bool = False

    def name(self, client: ClientFamily) -> None:
        """Note a program that spoke from this host."""
        if self.client is UNNAMED:
            self.client = client
        elif client != self.client:
            self.several_clients = True


@dataclass(slots=True)
class Details:
    """What a record needs beyond the counts; kept only where an order asks for records."""

    visit_id: bytes
    language: str | None
    connections: list[VisitConnection] = field(default_factory=list)
    identifiers: dict[Identifier, None] = field(default_factory=dict)
    client_words: str = ""

    def connect(self, event: PeerConnected) -> None:
        """Note a connection."""
        if len(self.connections) < _MOST_CONNECTIONS:
            self.connections.append(VisitConnection(event.peer, event.ours, event.at))

    def name(self, event: ClientNamed) -> None:
        """Note what a program called itself."""
        for identifier in event.identifiers:
            if len(self.identifiers) < _MOST_IDENTIFIERS:
                self.identifiers[identifier] = None
        self.client_words = clean_words(event.name) or self.client_words

    def leave(self, event: PeerLeft) -> None:
        """Note the end of the connection that is open between these ends."""
        for index in range(len(self.connections) - 1, -1, -1):
            one = self.connections[index]
            if one.peer == event.peer and one.ended_at is None:
                self.connections[index] = VisitConnection(one.peer, one.ours, one.began_at, event.at, event.departure)
                return


class Visit:
    """One host and one offer, from the first word until it was quiet long enough."""

    __slots__ = (
        "about",
        "client",
        "closed",
        "connections",
        "details",
        "first_at",
        "host",
        "item",
        "key",
        "ladder",
        "last_at",
        "open",
        "period",
        "several_clients",
        "uncounted",
        "was_complete",
    )

    def __init__(self, key: tuple[str, OfferId], about: About, host: Host, ladder: Ladder, at: datetime) -> None:
        self.key = key
        self.about = about
        self.host = host
        self.ladder = ladder
        self.first_at = self.last_at = at
        self.client: ClientFamily = UNNAMED
        self.connections = self.open = 0
        self.uncounted: list[tuple[datetime, int, int]] = []
        """Rungs that no count holds yet: when, in which hour, which (a set of bits)."""
        self.several_clients = self.was_complete = self.closed = False
        self.item: int | None = None
        self.period = -1
        self.details: Details | None = None

    def name(self, event: ClientNamed) -> None:
        """Note what the program of the peer is; the first name that says something stands."""
        if self.details is not None:
            self.details.name(event)
        family = client_family(event.peer_id, event.name)
        if family == UNNAMED:
            return
        self.host.name(family)
        if self.client in (UNNAMED, OTHER):
            self.several_clients = self.several_clients or self.client not in (UNNAMED, family)
            self.client = family
        elif family != self.client:
            self.several_clients = True

    def leave(self, event: PeerLeft) -> None:
        """Note the end of a connection."""
        if self.open:
            self.open -= 1
        if event.departure is Departure.COMPLETE and not self.ladder.is_contact:
            self.was_complete = True
        if self.details is not None:
            self.details.leave(event)

    def crawler_reason(self) -> CrawlerReason | None:
        """Say why this was no contact; None when it was one."""
        if self.ladder.is_contact:
            return None
        return crawler_reason(
            read_metadata=self.ladder.read_metadata,
            was_complete=self.was_complete,
            offers_spoken_of=self.host.offers_spoken_of,
        )

    def flags(self) -> frozenset[ExculpatoryFlag]:
        """Give what speaks for the person behind the address, as far as it was seen by now."""
        ladder = self.ladder
        holds = {
            ExculpatoryFlag.SHARED_ADDRESS: self.host.several_clients or _is_shared_by_carriers(self.key[0]),
            ExculpatoryFlag.SEVERAL_CLIENTS: self.several_clients,
            ExculpatoryFlag.METADATA_ONLY_CLIENT: ladder.read_metadata and ladder.level < Rung.PIECE,
            ExculpatoryFlag.AUTOMATIC_CLIENT: fetches_lists(self.client),
            ExculpatoryFlag.CRAWLER_SIGNATURE: self.host.offers_spoken_of >= MANY_OFFERS,
            ExculpatoryFlag.TITLE_NOT_SHOWN: shows_no_title(self.client),
            ExculpatoryFlag.ABORTED_EARLY: ladder.level < Rung.PIECE and not self.open,
        }
        return frozenset(flag for flag, held in holds.items() if held)

    def as_contact(self) -> Contact:
        """Give the visit without the person."""
        network, country, arm, offer = self.about
        ladder = self.ladder
        return Contact(
            network=network,
            offer=offer,
            arm=arm,
            country=country,
            client=self.client,
            rung=ladder.rung,
            came_back=ladder.came_back,
            first_at=self.first_at,
            last_at=self.last_at,
            asked_bytes=ladder.asked_bytes,
            sent_bytes=ladder.sent_bytes,
            acknowledged_bytes=ladder.acknowledged_bytes,
            connections=self.connections,
            flags=self.flags(),
        )

    def as_record(self) -> VisitRecord:
        """Give the visit with everything that was seen; only where details are kept."""
        assert self.details is not None  # noqa: S101 - the caller asks only where an order wants records
        network, country, arm, offer = self.about
        ladder, details, flags = self.ladder, self.details, self.flags()
        return VisitRecord(
            visit_id=details.visit_id,
            network=network,
            offer=offer,
            arm=arm,
            language=details.language,
            country=country,
            connections=tuple(details.connections),
            identifiers=tuple(details.identifiers),
            client=self.client,
            client_words=details.client_words,
            first_at=self.first_at,
            last_at=self.last_at,
            rung=ladder.rung,
            came_back=ladder.came_back,
            asked_bytes=ladder.asked_bytes,
            sent_bytes=ladder.sent_bytes,
            acknowledged_bytes=ladder.acknowledged_bytes,
            pieces_sent=ladder.pieces_sent,
            piece_bytes=ladder.piece_bytes,
            size_bytes=ladder.size_bytes,
            flags=tuple(flag for flag in ExculpatoryFlag if flag in flags),
        )


def _is_shared_by_carriers(host: str) -> bool:
    first, _, rest = host.partition(".")
    second = rest.partition(".")[0]
    return first == "100" and second.isdecimal() and int(second) in _SHARED_BY_CARRIERS
