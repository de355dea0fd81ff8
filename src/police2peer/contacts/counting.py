# SPDX-License-Identifier: EUPL-1.2
"""From wire events to counts: the one place that knows a peer's host, in memory, for as long as its visit lasts.

A visit is what one host does about one offer until it was quiet for `window_s` with no connection open: one
download is often two connections, and clients change their id between them, so the host joins them. Each rung is
counted once a visit, in the hour it is reached. A count waits until the client is named or `settle_s` have passed,
because the name comes a moment after the first request.

The address is dropped when the visit closes. Who came back is known by a keyed hash, under a key that lives for one
counting period and in memory only (`uniques`). All memory here is bounded, and what a bound costs is told as a gap.
"""

import logging
from collections import Counter, deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from police2peer.contacts.clients import UNNAMED, VERIFIED_BY_CODE
from police2peer.contacts.contact import Contact
from police2peer.contacts.countries import UNKNOWN_COUNTRY, Countries, Country
from police2peer.contacts.ladder import FIRST_CONTACT, Ladder, Rung
from police2peer.contacts.live import About, Details, Host, Visit
from police2peer.contacts.period import OwnKeys, PeriodKeys
from police2peer.contacts.ranges import verifiable_bytes
from police2peer.contacts.tallies import CrawlerKey, TallyStore
from police2peer.contacts.uniques import ClosedPeriod, Uniques
from police2peer.contacts.visits import EVERY_NETWORK, VisitSink, VisitSinks
from police2peer.contacts.writing import Counts, hour_number, hour_text
from police2peer.errors import Unavailable
from police2peer.networks import (
    ClientNamed,
    DataAcknowledged,
    DataRequested,
    DataSent,
    EvidenceGap,
    MetadataSent,
    Offer,
    OfferId,
    OfferPulled,
    PeerConnected,
    PeerEvent,
    PeerLeft,
    SearchMatched,
    WireEvent,
)

_log = logging.getLogger(__name__)

_MOST_VISITS: Final = 100_000  # about 100 MB at the worst; a hot node sees some thousands an hour
_MOST_ABOUTS: Final = 50_000
_MOST_WAITING: Final = 200_000  # counts that wait while the disk has no room; about 60 MB
_MOST_GAPS: Final = 10_000  # that wait
_FIRST_CONTACT: Final = int(FIRST_CONTACT)


class Contacts:
    """Counts the contacts of every network of a node.

    `offers` finds the offer of an id (None when it is not ours any more: the event is dropped and counted as a
    gap). `closed` is called with each closed contact, which holds no address. `sinks` are given records with
    addresses and are named only where an order asks for records.
    """

    def __init__(
        self,
        store: TallyStore,
        *,
        offers: Callable[[OfferId], Offer | None],
        countries: Countries,
        random_bytes: Callable[[int], bytes],
        closed: Callable[[Contact], None] | None = None,
        sinks: Sequence[VisitSink] = (),
        keys: PeriodKeys | None = None,
        window_s: float = 3600.0,
        settle_s: float = 5.0,
    ) -> None:
        self._store = store
        self._offers = offers
        self._countries = countries
        self._random_bytes = random_bytes
        self._closed = closed
        self._sinks = VisitSinks(sinks)
        self._keeps_records = bool(sinks)
        self._window = timedelta(seconds=window_s)
        self._settle = timedelta(seconds=settle_s)
        self._visits: dict[tuple[str, OfferId], Visit] = {}
        self._hosts: dict[str, Host] = {}
        self._abouts: dict[tuple[OfferId, Country], About] = {}
        self._pending: dict[Visit, None] = {}
        self._quiet: deque[tuple[datetime, Visit]] = deque()
        self._uniques = Uniques(keys or OwnKeys(random_bytes))
        self._counts = Counts()
        self._crawlers: Counter[CrawlerKey] = Counter()
        self._gaps: list[EvidenceGap] = []
        self._ended: list[ClosedPeriod] = []
        self._lost: Counter[tuple[str, str]] = Counter()
        self._at: datetime | None = None
        self._hour = 0
        self._running = self._waits = False
        self._steps: dict[type, Callable[..., None]] = {
            PeerConnected: self._connected,
            ClientNamed: self._named,
            MetadataSent: self._read_metadata,
            DataRequested: self._asked,
            DataSent: self._sent,
            DataAcknowledged: self._acknowledged,
            PeerLeft: self._left,
            EvidenceGap: self._gap,
            OfferPulled: lambda _: None,
            SearchMatched: lambda _: None,
        }

    def __len__(self) -> int:
        """Say how many visits are open."""
        return len(self._visits)

    def begin(self, now: datetime) -> None:
        """Say that the node begins to count; where it stopped without a word before, a gap is told."""
        self._running = True
        for gap in self._store.begin_run(now):
            self._sinks.gap(gap)
        self._uniques.roll(now)

    def feed(self, event: WireEvent) -> None:
        """Take one event in."""
        self._steps[type(event)](event)

    def note_code_used(self, at: datetime, offer: OfferId) -> None:
        """Count that somebody used the code of an offer's file on the public page: rung six, of nobody known."""
        found = self._offers(offer)
        if found is not None:
            about = About(found.network, UNKNOWN_COUNTRY, str(found.arm), found.id)
            self._counts.add(hour_number(at), about, VERIFIED_BY_CODE, 1 << Rung.CAME_BACK)

    def flush(self, now: datetime) -> None:
        """Close what has been quiet, and write what is settled. Call it every few seconds."""
        self._end_period(self._uniques.roll(now))
        settled = now - self._settle
        for visit in list(self._pending):
            if visit.client is not UNNAMED or not visit.open or visit.uncounted[0][0] <= settled:
                self._count(visit)
        quiet_since, quiet = now - self._window, self._quiet
        while quiet and quiet[0][0] <= quiet_since:
            at, visit = quiet.popleft()
            if not (visit.closed or visit.open or visit.last_at > at):
                self._close(visit)
        self._write(now)

    def close(self, now: datetime | None = None) -> None:
        """Close every visit and write all: the node stops. `now` ends the run and the counting period as well."""
        for visit in list(self._visits.values()):
            self._close(visit)
        self._quiet.clear()
        if now is not None:
            self._end_period(self._uniques.close(now))
        self._write(now)
        if now is not None and self._running and not self._waits:
            self._store.end_run(now)
            self._running = False

    # One step for each kind of event.

    def _connected(self, event: PeerConnected) -> None:
        visit = self._visit_of(event)
        if visit is None:
            return
        visit.connections += 1
        visit.open += 1
        if visit.details is not None:
            visit.details.connect(event)
        self._reach(visit, visit.ladder.connect(), event)

    def _named(self, event: ClientNamed) -> None:
        visit = self._known_visit(event)
        if visit is not None:
            visit.name(event)
            self._reach(visit, 0, event)

    def _read_metadata(self, event: MetadataSent) -> None:
        visit = self._visit_of(event)
        if visit is not None:
            self._reach(visit, visit.ladder.read(), event)

    def _asked(self, event: DataRequested) -> None:
        visit = self._visit_of(event)
        if visit is not None:
            if visit.ladder.level < _FIRST_CONTACT:
                self._first_request(visit, event.at)
            self._reach(visit, visit.ladder.ask(event.length_bytes), event)

    def _sent(self, event: DataSent) -> None:
        visit = self._visit_of(event)
        if visit is not None:
            if visit.ladder.level < _FIRST_CONTACT:  # its request was lost on the way to us
                self._first_request(visit, event.at)
            self._reach(visit, visit.ladder.send(event.first_byte, event.length_bytes), event)

    def _acknowledged(self, event: DataAcknowledged) -> None:
        visit = self._known_visit(event)
        if visit is not None:
            visit.ladder.acknowledge(event.first_byte, event.length_bytes)
            self._reach(visit, 0, event)

    def _left(self, event: PeerLeft) -> None:
        visit = self._known_visit(event)
        if visit is not None:
            visit.leave(event)
            self._reach(visit, 0, event)

    def _gap(self, gap: EvidenceGap) -> None:
        if len(self._gaps) < _MOST_GAPS:
            self._gaps.append(gap)
        self._sinks.gap(gap)

    # What the steps share.

    def _known_visit(self, event: PeerEvent) -> Visit | None:
        """Give the visit an event belongs to; what only tells of a visit begins none."""
        return self._visits.get((event.peer.reveal()[0], event.offer))

    def _visit_of(self, event: PeerEvent) -> Visit | None:
        key = (event.peer.reveal()[0], event.offer)
        return self._visits.get(key) or self._open(key, event)

    def _open(self, key: tuple[str, OfferId], event: PeerEvent) -> Visit | None:
        host, offer_id = key
        offer = self._offers(offer_id)
        if offer is None:
            if isinstance(event, PeerConnected):
                self._lost[event.network, "exchanges were about an offer that is not ours now"] += 1
            return None
        if len(self._visits) >= _MOST_VISITS:
            self._make_room(event)
        about = self._about(offer, self._countries.country_of(host))
        beside = self._hosts.get(host)
        if beside is None:
            beside = self._hosts[host] = Host()
        beside.visits += 1
        beside.offers_spoken_of += 1
        ladder = Ladder(offer.hashes.size, verifiable_bytes(offer))
        visit = self._visits[key] = Visit(key, about, beside, ladder, event.at)
        if self._keeps_records:
            visit.details = Details(self._random_bytes(16), str(offer.language) if offer.language else None)
        return visit

    def _about(self, offer: Offer, country: Country) -> About:
        """Give what visits of this offer from this country share, one object for all of them."""
        known = self._abouts.get((offer.id, country))
        if known is None or known.arm != offer.arm:
            if len(self._abouts) >= _MOST_ABOUTS:
                self._abouts.clear()
            known = self._abouts[offer.id, country] = About(offer.network, country, str(offer.arm), offer.id)
        return known

    def _make_room(self, event: PeerEvent) -> None:
        """Close the visit that was quiet longest, and say that its end was not seen."""
        while self._quiet:
            at, visit = self._quiet.popleft()
            if not (visit.closed or visit.open or visit.last_at > at):
                break
        else:
            visit = next(iter(self._visits.values()))
        self._close(visit)
        self._lost[event.network, "visits were closed early: too many at once"] += 1

    def _first_request(self, visit: Visit, at: datetime) -> None:
        item = self._item_of(visit, at)
        network, _, arm, offer = visit.about
        visit.ladder.came_back = self._uniques.ask(item, offer, network, arm)

    def _item_of(self, visit: Visit, at: datetime) -> int:
        """Give what stands for the visit's host in the period that runs."""
        if visit.item is None or visit.period != self._uniques.number:
            visit.item = self._uniques.item(visit.key[0], at)
            visit.period = self._uniques.number
        return visit.item

    def _reach(self, visit: Visit, rungs: int, event: PeerEvent) -> None:
        """Note what a step reached, and that the visit was not quiet."""
        at = visit.last_at = event.at
        if rungs:
            self._reached(visit, rungs, at)
        if not visit.open:
            self._quiet.append((at, visit))

    def _reached(self, visit: Visit, rungs: int, at: datetime) -> None:
        """Let rungs wait to be counted, and let sinks know of a first request at once."""
        if at is not self._at:  # the events of one batch bear one time
            self._at, self._hour = at, hour_number(at)
        hour, uncounted = self._hour, visit.uncounted
        if uncounted and uncounted[-1][1] == hour:
            since, _, before = uncounted[-1]
            uncounted[-1] = (since, hour, before | rungs)
        else:
            uncounted.append((at, hour, rungs))
            self._pending[visit] = None
        if self._keeps_records and rungs >> _FIRST_CONTACT & 1:
            self._sinks.began(visit.as_record())

    def _count(self, visit: Visit) -> None:
        for _, hour, rungs in visit.uncounted:
            self._counts.add(hour, visit.about, visit.client, rungs)
        visit.uncounted.clear()
        self._pending.pop(visit, None)

    def _close(self, visit: Visit) -> None:
        if visit.uncounted:
            self._count(visit)
        visit.closed = True
        reason = visit.crawler_reason()
        if reason is not None:
            network, country, arm, _ = visit.about
            hour = hour_text(hour_number(visit.last_at))
            self._crawlers[CrawlerKey(hour, network, country, arm, reason, visit.client)] += 1
        else:
            self._uniques.leave(self._item_of(visit, visit.last_at), visit.about.offer, visit.about.arm)
            if self._keeps_records:
                self._sinks.ended(visit.as_record())
            if self._closed is not None:
                self._closed(visit.as_contact())
        del self._visits[visit.key]
        visit.host.visits -= 1
        if not visit.host.visits:
            del self._hosts[visit.key[0]]

    def _write(self, now: datetime | None) -> None:
        """Write what is counted. Where the store cannot take it now, it waits here and nothing is lost."""
        at = now or self._at or datetime.min.replace(tzinfo=UTC)
        for (network, what), count in self._lost.items():
            self._gap(EvidenceGap(at, network, f"{count} {what}"))
        self._lost.clear()
        if (gap := self._sinks.take_lost(at)) is not None:
            self._gaps.append(gap)
        try:
            if self._counts or self._crawlers or self._gaps:
                self._store.add(self._counts.rows(), self._crawlers, self._gaps)
                self._counts.clear()
                self._crawlers.clear()
                self._gaps.clear()
            while self._ended:
                self._store.add_period(self._ended[0])
                del self._ended[0]
            if now is not None:
                self._store.fold(now)
                self._note_alive(now)
            self._waits = False
        except Unavailable as error:
            self._wait(error, at)

    def _end_period(self, closed: ClosedPeriod | None) -> None:
        """Let a closed period wait to be written."""
        if closed is not None:
            self._ended.append(closed)

    def _note_alive(self, now: datetime) -> None:
        """Say up to when everything that was counted is written."""
        if self._running:
            oldest = next(iter(self._pending), None)
            self._store.note_alive(min(now, oldest.uncounted[0][0]) if oldest is not None else now)

    def _wait(self, error: Unavailable, at: datetime) -> None:
        """Keep what could not be written; when there is too much of it, the counts go and a gap stays."""
        if not self._waits:
            _log.error("%s", error)
            self._waits = True
            self._gap(EvidenceGap(at, EVERY_NETWORK, "the counts could not be written for a while and waited"))
        if len(self._counts) > _MOST_WAITING:
            self._counts.clear()
            self._gap(EvidenceGap(at, EVERY_NETWORK, "counts were lost: the disk had no room for too long"))
