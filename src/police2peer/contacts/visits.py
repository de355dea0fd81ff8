# SPDX-License-Identifier: EUPL-1.2
"""A visit as it stands in memory, for sinks that seal it under an order; without a sink none is ever made.

A `VisitRecord` holds an address, so it lives in memory only: it cannot be pickled, and prints masked. Sinks are
isolated from each other and from the counting: one that fails loses its own record, and that is told as a gap.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol, TypeVar

from police2peer.contacts.clients import ClientFamily
from police2peer.contacts.countries import Country
from police2peer.contacts.flags import ExculpatoryFlag
from police2peer.contacts.ladder import Rung
from police2peer.networks import Address, Departure, EvidenceGap, Identifier, OfferId

_log = logging.getLogger(__name__)

Given = TypeVar("Given")

EVERY_NETWORK: Final = "all"
"""Stands for the network in a gap that concerns all of them."""


@dataclass(frozen=True, slots=True)
class VisitConnection:
    """One connection of a visit; `ended_at` and `departure` are None while it is open. Times are aware UTC."""

    peer: Address
    ours: Address | None
    began_at: datetime
    ended_at: datetime | None = None
    departure: Departure | None = None


@dataclass(frozen=True, slots=True, repr=False)
class VisitRecord:
    """Everything that was seen of one visit that asked for data, at one moment.

    `visit_id` (16 random bytes) joins what began with what ended. `client_words` is what the program called itself,
    without control characters, at most 200 characters. `sent_bytes` counts each byte of the file once, and
    `acknowledged_bytes` those that the peer said it holds, None where its network has no word for it.
    """

    visit_id: bytes
    network: str
    offer: OfferId
    arm: str
    language: str | None
    country: Country
    connections: tuple[VisitConnection, ...]
    identifiers: tuple[Identifier, ...]
    client: ClientFamily
    client_words: str
    first_at: datetime
    last_at: datetime
    rung: Rung
    came_back: bool
    asked_bytes: int
    sent_bytes: int
    acknowledged_bytes: int | None
    pieces_sent: int
    piece_bytes: int
    size_bytes: int
    flags: tuple[ExculpatoryFlag, ...] = ()

    def __repr__(self) -> str:
        return f"<visit {self.offer} rung {int(self.rung)}>"

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a visit is never stored as it is; a ledger seals it under an order")


class VisitSink(Protocol):
    """Takes visits that asked for data, and gaps. It may raise: the others and the counting go on."""

    def contact_began(self, visit: VisitRecord) -> None:
        """Take a visit at its first request for data, at once."""
        ...

    def contact_ended(self, visit: VisitRecord) -> None:
        """Take the same visit when it closes."""
        ...

    def gap(self, gap: EvidenceGap) -> None:
        """Take a gap of the record."""
        ...


class VisitSinks:
    """Hands each record to every sink. What a sink could not take is counted, and told once for each handing out."""

    def __init__(self, sinks: Sequence[VisitSink]) -> None:
        self._sinks = tuple(sinks)
        self._lost = 0

    def began(self, visit: VisitRecord) -> None:
        """Tell that a visit asked for data."""
        for sink in self._sinks:
            self._give(sink.contact_began, visit)

    def ended(self, visit: VisitRecord) -> None:
        """Tell that a visit closed."""
        for sink in self._sinks:
            self._give(sink.contact_ended, visit)

    def gap(self, gap: EvidenceGap) -> None:
        """Tell that something was or may have been lost."""
        for sink in self._sinks:
            self._give(sink.gap, gap)

    def take_lost(self, at: datetime) -> EvidenceGap | None:
        """Give a gap about the records that sinks could not take since the last call; None when there are none."""
        lost, self._lost = self._lost, 0
        if not lost:
            return None
        return EvidenceGap(at, EVERY_NETWORK, f"{lost} records could not be kept by a sink")

    def _give(self, take: Callable[[Given], None], given: Given) -> None:
        try:
            take(given)
        except Exception as error:  # noqa: BLE001 - a sink that fails must not cost the others
            self._lost += 1
            _log.error("a sink of contacts failed: %s", type(error).__name__)
