# SPDX-License-Identifier: EUPL-1.2
"""What an evidence officer asks for: which records, why, on which legal ground, and for whom.

A request can only narrow what the operation order covers: its period, its networks, and the countries of the order
and of the recipients. It selects by when, where, which offer, how far and which visit. It has no field for a person
or an address, and one that names single visits stays on one network: nobody is followed across networks.

Source: Directive (EU) 2016/680 (LED), Art. 4 (purpose), 8 (lawfulness), 35 to 39 (transfers to third countries).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from police2peer.campaign import EvidencePublicKey, OperationOrder, is_country
from police2peer.contacts.evidence.encoding import (
    canonical,
    read_canonical,
    read_list,
    read_moment,
    read_text,
    reading,
    write_moment,
)
from police2peer.contacts.ladder import FIRST_CONTACT, Rung
from police2peer.errors import BadInput

__all__ = ["LED_COUNTRIES", "EvidenceRequest", "Recipient", "Selection", "TransferGround", "check_inside"]

_FORMAT: Final = "p2p-evidence-request-1"
_REMEDY: Final = "write it anew with `police2peer evidence request`"
_MOST_BYTES: Final = 1024 * 1024
_MOST_TEXT: Final = 4000
_NAME: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"
_UNKNOWN: Final = "ZZ"  # the registry tells no country
_VISIT_HEX: Final = 32

LED_COUNTRIES: Final = frozenset(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK CH IS LI NO".split()  # noqa: SIM905 - a list of codes reads best so
)
"""Where the directive holds: the EU, and the four Schengen states that apply it (its recitals 101 to 103)."""


class TransferGround(StrEnum):
    """On what a transfer to a third country rests (LED Art. 35 to 39)."""

    NONE = ""
    ADEQUACY = "adequacy decision, LED Art. 36"
    SAFEGUARDS = "appropriate safeguards, LED Art. 37"
    DEROGATION = "derogation in a specific situation, LED Art. 38"
    RECIPIENT = "recipient in a third country, LED Art. 39"


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who receives the pack. `key` is the key to which the pack is sealed, if it is."""

    agency: str
    country: str
    ground: TransferGround = TransferGround.NONE
    ground_text: str = ""
    key: EvidencePublicKey | None = None

    def __post_init__(self) -> None:
        if not self.agency.strip() or not is_country(self.country):
            raise BadInput(
                "a recipient has no name or no country of ISO 3166-1", remedy="give both, as in NO for Norway"
            )
        if self.is_third_country and not (self.ground and self.ground_text.strip()):
            raise BadInput(
                f"a recipient in {self.country}, outside the EU and Schengen, has no ground for the transfer",
                remedy="write transfer_ground (adequacy, safeguards, derogation or recipient) and transfer_text: "
                "which decision, agreement or situation",
            )

    @property
    def is_third_country(self) -> bool:
        """Whether the transfer needs a recorded ground."""
        return self.country not in LED_COUNTRIES


@dataclass(frozen=True, slots=True)
class Selection:
    """Which records: all whose visit began in `[start, end)` and that fit every list that is not empty."""

    start: datetime
    end: datetime
    networks: tuple[str, ...]
    countries: tuple[str, ...]
    offers: tuple[str, ...] = ()
    least_rung: Rung = FIRST_CONTACT
    visits: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise BadInput("a time of the selection has no offset", remedy="write times in UTC, ending in Z")
        if self.end <= self.start:
            raise BadInput("the selection ends before it starts", remedy="correct from or until")
        if not self.networks or not self.countries:
            raise BadInput(
                "the selection names no network or no country", remedy="name each; what is not named is not selected"
            )
        if self.least_rung < FIRST_CONTACT:
            raise BadInput(
                f"rung {int(self.least_rung)} is no contact, and nothing is recorded of it",
                remedy=f"select from rung {int(FIRST_CONTACT)} on",
            )
        if any(len(visit) != _VISIT_HEX or not set(visit) <= set("0123456789abcdef") for visit in self.visits):
            raise BadInput("a visit id is not 32 hexadecimal digits", remedy="copy it from a pack or an open record")
        if self.visits and len(self.networks) != 1:
            raise BadInput(
                "single visits are selected on several networks at once",
                remedy="write one request a network: the order does not permit to follow anybody across networks",
            )


@dataclass(frozen=True, slots=True)
class EvidenceRequest:
    """One request, made valid or not at all. `requester` is a person of the agency."""

    id: str
    order_id: str
    requester: str
    reason: str
    legal_ground: str
    recipients: tuple[Recipient, ...]
    selection: Selection
    made_at: datetime

    def __post_init__(self) -> None:
        if not 0 < len(self.id) <= 64 or not set(self.id) <= set(_NAME) or not self.id[0].isalnum():  # noqa: PLR2004 - as the remedy says
            raise BadInput(
                "the id of the request is not a plain name",
                remedy="use up to 64 letters, digits, dots, dashes or underscores",
            )
        texts = (self.requester, self.reason, self.legal_ground)
        if not all(text.strip() for text in texts) or max(map(len, texts)) > _MOST_TEXT:
            raise BadInput(
                "requester, reason or legal ground is blank or longer than 4,000 letters",
                remedy="say who asks, what for, and on which law",
            )
        if not self.recipients:
            raise BadInput("the request names no recipient", remedy="name each agency that shall receive the pack")
        if self.made_at.tzinfo is None:
            raise BadInput("the time of the request has no offset", remedy="use UTC")

    def to_bytes(self) -> bytes:
        """Give the bytes that are signed."""
        chosen = self.selection
        return canonical(
            {
                "format": _FORMAT,
                "id": self.id,
                "order_id": self.order_id,
                "requester": self.requester,
                "reason": self.reason,
                "legal_ground": self.legal_ground,
                "recipients": [
                    {
                        "agency": each.agency,
                        "country": each.country,
                        "ground": each.ground.value,
                        "ground_text": each.ground_text,
                        "key": each.key.text() if each.key else "",
                    }
                    for each in self.recipients
                ],
                "selection": {
                    "from": write_moment(chosen.start),
                    "until": write_moment(chosen.end),
                    "networks": list(chosen.networks),
                    "countries": list(chosen.countries),
                    "offers": list(chosen.offers),
                    "least_rung": int(chosen.least_rung),
                    "visits": list(chosen.visits),
                },
                "made_at": write_moment(self.made_at),
            }
        )

    @classmethod
    def from_bytes(cls, raw: bytes) -> "EvidenceRequest":
        """Read what `to_bytes` wrote. Raises `BadInput` on anything else."""
        with reading("a request for evidence", _REMEDY):
            value = read_canonical(raw, _MOST_BYTES)
            request = cls(
                id=read_text(value["id"]),
                order_id=read_text(value["order_id"]),
                requester=read_text(value["requester"]),
                reason=read_text(value["reason"]),
                legal_ground=read_text(value["legal_ground"]),
                recipients=read_list(value["recipients"], _read_recipient),
                selection=_read_selection(value["selection"]),
                made_at=read_moment(value["made_at"]),
            )
            if value["format"] != _FORMAT or request.to_bytes() != raw:
                raise ValueError("another format")
        return request


def _read_recipient(value: Any) -> Recipient:  # noqa: ANN401 - read here for the first time
    key = read_text(value["key"])
    return Recipient(
        agency=read_text(value["agency"]),
        country=read_text(value["country"]),
        ground=TransferGround(read_text(value["ground"])),
        ground_text=read_text(value["ground_text"]),
        key=EvidencePublicKey.parse(key) if key else None,
    )


def _read_selection(value: Any) -> Selection:  # noqa: ANN401 - as above
    return Selection(
        start=read_moment(value["from"]),
        end=read_moment(value["until"]),
        networks=read_list(value["networks"], read_text),
        countries=read_list(value["countries"], read_text),
        offers=read_list(value["offers"], read_text),
        least_rung=Rung(value["least_rung"]),
        visits=read_list(value["visits"], read_text),
    )


def check_inside(request: EvidenceRequest, order: OperationOrder) -> None:
    """Raise `BadInput` unless the request stays inside the order: its id, period, networks and countries."""
    chosen = request.selection
    if request.order_id != order.id:
        raise BadInput(
            f"the request is under order {request.order_id}, and this is order {order.id}",
            remedy="give the order under which the records were made",
        )
    if chosen.start < order.start or chosen.end > order.end:
        raise BadInput(
            f"the request reaches beyond the period of order {order.id}, "
            f"{write_moment(order.start)} to {write_moment(order.end)}",
            remedy="select inside that period; for another period another order is needed",
        )
    spaces = {space.network for space in order.spaces}
    if strange := sorted(set(chosen.networks) - spaces):
        raise BadInput(
            f"order {order.id} names no space on {', '.join(strange)}",
            remedy=f"select among {', '.join(sorted(spaces))}",
        )
    allowed = {order.country, _UNKNOWN, *(each.country for each in request.recipients)}
    if strange := sorted(set(chosen.countries) - allowed):
        raise BadInput(
            f"the request selects contacts of {', '.join(strange)}, which is neither the country of the order nor "
            "that of a recipient",
            remedy=f"select among {', '.join(sorted(allowed))}",
        )
