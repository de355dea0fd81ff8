# SPDX-License-Identifier: EUPL-1.2
"""One closed contact as statistics may see it."""

from dataclasses import dataclass
from datetime import datetime

from police2peer.contacts.clients import UNNAMED, ClientFamily
from police2peer.contacts.countries import Country
from police2peer.contacts.flags import ExculpatoryFlag
from police2peer.contacts.ladder import Rung
from police2peer.networks import OfferId


@dataclass(frozen=True, slots=True)
class Contact:
    """One closed contact, without a person: no field can hold an address. Times are aware UTC."""

    network: str
    offer: OfferId
    arm: str
    country: Country
    client: ClientFamily = UNNAMED
    rung: Rung = Rung.ASKED
    came_back: bool = False
    first_at: datetime | None = None
    last_at: datetime | None = None
    asked_bytes: int = 0
    sent_bytes: int = 0
    acknowledged_bytes: int | None = None
    connections: int = 0
    flags: frozenset[ExculpatoryFlag] = frozenset()
