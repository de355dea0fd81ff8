# SPDX-License-Identifier: EUPL-1.2
"""From what was seen of a visit to its record: adds the order, the offer as it was made, the clock, the program."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from police2peer.campaign import OperationOrder
from police2peer.contacts.ledger.clock import ClockReading
from police2peer.contacts.ledger.record import ContactRecord, GapRecord, RecordedConnection
from police2peer.contacts.visits import VisitConnection, VisitRecord
from police2peer.networks import Offer, OfferId

__all__ = ["RecordMaker"]

_PROTOCOLS: Final[Mapping[str, str]] = {
    "bittorrent": "BitTorrent (BEP 3)",
    "directconnect": "Direct Connect (ADC 1.0, NMDC)",
    "ed2k": "eDonkey2000 (as eMule speaks it)",
    "gnutella": "Gnutella 0.6",
}


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC)


def _connection(seen: VisitConnection) -> RecordedConnection:
    peer, ours = seen.peer.reveal(), ("", 0) if seen.ours is None else seen.ours.reveal()
    ended = None if seen.ended_at is None else _utc(seen.ended_at)
    departure = "" if seen.departure is None else str(seen.departure)
    return RecordedConnection(*peer, *ours, _utc(seen.began_at), ended, departure)


@dataclass(frozen=True, slots=True)
class RecordMaker:
    """Makes the records of one node under one order.

    `offers` finds an offer by its id, `network_ids` gives what links call it on its network, `catalogue_head` the
    head of the catalogue that stands on this machine, or nothing.
    """

    order: OperationOrder
    campaign_id: str
    node: str
    offers: Callable[[OfferId], Offer | None]
    network_ids: Callable[[Offer], tuple[tuple[str, str], ...]]
    tool_version: str
    build_sha256: str
    catalogue_head: Callable[[], str] = str

    def contact(self, visit: VisitRecord, event: str, clock: ClockReading) -> ContactRecord:
        """Make the record of a visit. Raises `KeyError` when its offer is not ours any more."""
        offer = self.offers(visit.offer)
        if offer is None:
            raise KeyError(visit.offer)
        return ContactRecord(
            order_id=self.order.id,
            legal_ground=self.order.legal_ground,
            campaign_id=self.campaign_id,
            node=self.node,
            network=visit.network,
            protocol=_PROTOCOLS.get(visit.network, visit.network),
            offer_id=str(visit.offer),
            title=offer.title.reveal(),
            file_name=offer.file_name(),
            arm=visit.arm,
            language=visit.language,
            warning_file_id=str(offer.warning_file_id),
            file_sha256=offer.hashes.sha256,
            file_size_bytes=offer.hashes.size,
            piece_bytes=visit.piece_bytes,
            network_ids=self.network_ids(offer),
            tool_version=self.tool_version,
            build_sha256=self.build_sha256,
            catalogue_head=self.catalogue_head(),
            event=event,
            visit_id=visit.visit_id.hex(),
            connections=tuple(map(_connection, visit.connections)),
            identifiers=tuple((str(one.kind), one.reveal().hex()) for one in visit.identifiers),
            client_name=visit.client_words,
            client_family=str(visit.client),
            registry_country=str(visit.country),
            started_at=_utc(visit.first_at),
            ended_at=_utc(visit.last_at),
            clock=clock,
            rung=int(visit.rung),
            came_back=visit.came_back,
            asked_bytes=visit.asked_bytes,
            sent_bytes=visit.sent_bytes,
            acknowledged_bytes=visit.acknowledged_bytes,
            pieces_sent=visit.pieces_sent,
            flags=tuple(map(str, visit.flags)),
            erase_by=(_utc(visit.last_at) + self._keep).date(),
        )

    def gap(
        self, what: str, from_at: datetime, until_at: datetime | None, clock: ClockReading, *, network: str = ""
    ) -> GapRecord:
        """Make the record of a gap."""
        return GapRecord(
            network=network,
            what=what,
            from_at=_utc(from_at),
            until_at=None if until_at is None else _utc(until_at),
            clock=clock,
            node=self.node,
            order_id=self.order.id,
            tool_version=self.tool_version,
            build_sha256=self.build_sha256,
            erase_by=(_utc(from_at) + self._keep).date(),
        )

    @property
    def _keep(self) -> timedelta:
        return timedelta(days=self.order.evidence_keep_days)
