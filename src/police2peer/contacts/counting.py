# SPDX-License-Identifier: EUPL-1.2
"""From wire events to counts: the one place that knows a peer's host, in memory, for as long as its visit lasts.

A visit is what one host does about one offer until it was quiet for `window_s` with no connection open: one
download is often two connections, and clients change their id between them, so the host joins them. Each rung is
counted once a visit, in the hour it is reached. A count waits until the client is named or `settle_s` have passed,
because the name comes a moment after the first request.

The address is dropped when the visit closes. To know who came back, a keyed hash of (host, offer) stays, under a
key that is drawn at the start and dies with the process; it lives in memory, bounded, like all else here.
"""

import hashlib
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from police2peer.contacts.clients import OTHER, UNNAMED, ClientFamily, client_family
from police2peer.contacts.countries import Countries, Country
from police2peer.contacts.ladder import Contact, Ladder, Rung
from police2peer.contacts.tallies import CrawlerKey, TallyKey, TallyStore, hour_of
from police2peer.networks import (
    ClientNamed,
    EvidenceGap,
    Offer,
    OfferId,
    OfferPulled,
    PeerConnected,
    PeerEvent,
    PeerLeft,
    SearchMatched,
    WireEvent,
)

_MOST_VISITS: Final = 100_000  # about 150 MB at the worst; a hot node sees some thousands an hour
_MOST_REMEMBERED: Final = 500_000  # eight bytes and a table entry each


@dataclass(slots=True)
class _Visit:
    ladder: Ladder
    network: str
    offer: OfferId
    arm: str
    country: Country
    first_at: datetime
    last_at: datetime
    client: ClientFamily = UNNAMED
    clients: set[ClientFamily] = field(default_factory=set)
    connections: int = 0
    open: int = 0
    uncounted: list[tuple[Rung, datetime]] = field(default_factory=list)


class Contacts:
    """Counts the contacts of every network of a node.

    `offers` finds the offer of an id (None when it is not ours any more: the event is dropped and counted as a
    gap). `closed` is called with each closed contact, which holds no address.
    """

    def __init__(
        self,
        store: TallyStore,
        *,
        offers: Callable[[OfferId], Offer | None],
        countries: Countries,
        random_bytes: Callable[[int], bytes],
        closed: Callable[[Contact], None] = lambda _: None,
        window_s: float = 3600.0,
        settle_s: float = 5.0,
    ) -> None:
        self._store = store
        self._offers = offers
        self._countries = countries
        self._key = random_bytes(32)
        self._closed = closed
        self._window = timedelta(seconds=window_s)
        self._settle = timedelta(seconds=settle_s)
        self._visits: OrderedDict[tuple[str, OfferId], _Visit] = OrderedDict()
        self._uncounted: set[tuple[str, OfferId]] = set()
        self._seen: OrderedDict[bytes, None] = OrderedDict()
        self._tallies: Counter[TallyKey] = Counter()
        self._crawlers: Counter[CrawlerKey] = Counter()
        self._gaps: list[EvidenceGap] = []

    def __len__(self) -> int:
        """Say how many visits are open."""
        return len(self._visits)

    def feed(self, event: WireEvent) -> None:
        """Take one event in."""
        match event:
            case EvidenceGap():
                self._gaps.append(event)
            case OfferPulled() | SearchMatched():
                pass
            case _:
                self._feed_peer(event)

    def flush(self, now: datetime) -> None:
        """Close what has been quiet, and write what is settled. Call it every few seconds."""
        for key in list(self._uncounted):
            visit = self._visits[key]
            if visit.client != UNNAMED or not visit.open or now - visit.uncounted[0][1] >= self._settle:
                self._count(key, visit)
        quiet_since = now - self._window
        # Visits stand in the order of their last event, so that the quiet ones are in front.
        for key, visit in list(self._visits.items()):
            if visit.last_at > quiet_since:
                break
            if not visit.open:
                self._close(key, visit)
        self._write()

    def close(self) -> None:
        """Close every visit and write all: the node stops."""
        for key, visit in list(self._visits.items()):
            self._close(key, visit)
        self._write()

    def _feed_peer(self, event: PeerEvent) -> None:
        host, _ = event.peer.reveal()
        key = (host, event.offer)
        visit = self._visits.get(key) or self._open(key, event)
        if visit is None:
            return
        visit.last_at = event.at
        self._visits.move_to_end(key)
        match event:
            case PeerConnected():
                visit.connections += 1
                visit.open += 1
            case PeerLeft():
                visit.open = max(visit.open - 1, 0)
            case ClientNamed():
                self._name(visit, client_family(event.peer_id, event.name))
            case _:
                pass
        if reached := visit.ladder.feed(event):
            visit.uncounted += [(rung, event.at) for rung in reached]
            self._uncounted.add(key)

    def _open(self, key: tuple[str, OfferId], event: PeerEvent) -> _Visit | None:
        offer = self._offers(event.offer)
        if offer is None:
            if isinstance(event, PeerConnected):
                self._gaps.append(EvidenceGap(event.at, event.network, "a peer spoke about an unknown offer"))
            return None
        if len(self._visits) >= _MOST_VISITS:
            self._make_room(event)
        ladder = Ladder(
            size_bytes=offer.hashes.size,
            piece_bytes=offer.hashes.bt_piece_length,
            came_back=self._mark(key) in self._seen,
        )
        country = self._countries.country_of(key[0])
        visit = _Visit(ladder, event.network, offer.id, str(offer.arm), country, event.at, event.at)
        self._visits[key] = visit
        return visit

    def _make_room(self, event: PeerEvent) -> None:
        """Close the visit that was quiet longest, and say that its end was not seen."""
        key, visit = next(iter(self._visits.items()))
        self._close(key, visit)
        self._gaps.append(
            EvidenceGap(event.at, event.network, "too many visits at once: the oldest was closed early")
        )

    def _name(self, visit: _Visit, family: ClientFamily) -> None:
        if family == UNNAMED:
            return
        visit.clients.add(family)
        if visit.client in (UNNAMED, OTHER):
            visit.client = family

    def _count(self, key: tuple[str, OfferId], visit: _Visit) -> None:
        for rung, at in visit.uncounted:
            tally = TallyKey(hour_of(at), visit.network, visit.country, visit.arm, rung, visit.client)
            self._tallies[tally] += 1
        visit.uncounted.clear()
        self._uncounted.discard(key)

    def _close(self, key: tuple[str, OfferId], visit: _Visit) -> None:
        if visit.uncounted:
            self._count(key, visit)
        del self._visits[key]
        reason = visit.ladder.crawler_reason()
        if reason is not None:
            crawler = CrawlerKey(
                hour_of(visit.last_at), visit.network, visit.country, visit.arm, reason, visit.client
            )
            self._crawlers[crawler] += 1
            return
        self._remember(self._mark(key))
        self._closed(_as_contact(visit))

    def _mark(self, key: tuple[str, OfferId]) -> bytes:
        """Give a keyed hash; whoever has the memory has the live addresses too, whoever has the disk has neither."""
        text = f"{key[0]}\0{key[1]}".encode()
        return hashlib.blake2b(text, key=self._key, digest_size=8).digest()

    def _remember(self, mark: bytes) -> None:
        self._seen[mark] = None
        if len(self._seen) > _MOST_REMEMBERED:
            self._seen.popitem(last=False)

    def _write(self) -> None:
        if not (self._tallies or self._crawlers or self._gaps):
            return
        self._store.add(self._tallies, self._crawlers, self._gaps)
        self._tallies.clear()
        self._crawlers.clear()
        self._gaps.clear()


def _as_contact(visit: _Visit) -> Contact:
    ladder = visit.ladder
    return Contact(
        network=visit.network,
        offer=visit.offer,
        arm=visit.arm,
        country=visit.country,
        client=visit.client,
        rung=ladder.rung,
        came_back=ladder.came_back,
        first_at=visit.first_at,
        last_at=visit.last_at,
        asked_bytes=ladder.asked_bytes,
        sent_bytes=ladder.sent.total,
        connections=visit.connections,
        shared_address=len(visit.clients) > 1,
    )
