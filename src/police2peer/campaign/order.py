# SPDX-License-Identifier: EUPL-1.2
"""The operation order: who may be present where, why, and until when.

Nothing is published without one (charter, line 3). It names what the European Court of Human Rights asked for in
Helme v. Estonia (3023/22): the defined virtual space and the grounds to suspect it, who authorised, and the end.
An `OperationOrder` is valid or cannot be made. What was approved is bound to it by the digest of the campaign.
"""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from police2peer.campaign.countries import is_country
from police2peer.campaign.evidence_key import EvidencePublicKey
from police2peer.campaign.keys import PUBLIC_KEY_BYTES, parse_public_key
from police2peer.errors import BadInput

__all__ = [
    "KEEP_DAYS",
    "MOST_KEEP_DAYS",
    "Approver",
    "EvidenceMode",
    "NetworkSpace",
    "OperationOrder",
    "canonical_json",
]

APPROVERS = 2
KEEP_DAYS, MOST_KEEP_DAYS = 180, 3650  # of records; the law of the order's country decides, and may decide on less
MOST_RECIPIENTS = 4  # each adds a wrap of about 1.2 kB to every segment of the ledger
_FORMAT = "police2peer-order-1"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


class EvidenceMode(StrEnum):
    """Whether contacts are sealed as records; `OFF` keeps counts only."""

    OFF = "off"
    ON = "on"


@dataclass(frozen=True, slots=True)
class NetworkSpace:
    """A defined and limited part of a network, and the grounds on which it is suspected."""

    network: str
    description: str
    grounds: str


@dataclass(frozen=True, slots=True)
class Approver:
    """A person who may sign the order, with their Ed25519 public key (32 bytes)."""

    name: str
    public_key: bytes


@dataclass(frozen=True, slots=True)
class OperationOrder:
    """An order in force from `start` until before `end` (aware UTC), with exactly two different approvers.

    `campaign_sha256` is the digest (hex) of the titles, messages, formats and all else that the order approves.
    `evidence_recipients` are the agency's keys to which records are sealed when `evidence` is on; a second one is the
    spare for a lost first. Without any, nothing can be sealed under the order. A record is kept for
    `evidence_keep_days`.
    Raises `BadInput` when made wrongly.
    """

    id: str
    authority: str
    country: str
    legal_ground: str
    spaces: tuple[NetworkSpace, ...]
    approvers: tuple[Approver, ...]
    start: datetime
    end: datetime
    evidence: EvidenceMode
    campaign_sha256: str
    evidence_recipients: tuple[EvidencePublicKey, ...] = ()
    evidence_keep_days: int = KEEP_DAYS

    def __post_init__(self) -> None:
        for is_wrong, facts, remedy in (
            (not is_name(self.id), "the id of the order is not a plain name", NAME_REMEDY),
            (not is_country(self.country), "the country is not in ISO 3166-1", "write two letters, as in NO"),
            (
                not all((self.authority.strip(), self.legal_ground.strip())),
                "authority or legal ground is blank",
                "say who orders, and on which law",
            ),
            (not self.spaces, "no suspected space is named", "name each network space and why it is suspected"),
            (
                not all(space.description.strip() and space.grounds.strip() for space in self.spaces),
                "a space has no description or no grounds",
                "describe it and say why it is suspected",
            ),
            (self.start.tzinfo is None or self.end.tzinfo is None, "a time has no offset", "write times in UTC"),
            (not _DIGEST.fullmatch(self.campaign_sha256), "the campaign's digest is wrong", "sign it anew"),
        ):
            if is_wrong:
                raise BadInput(facts, remedy=remedy)
        if self.end <= self.start:
            raise BadInput("the order ends before it starts", remedy="correct start or end")
        check_approvers(self.approvers)
        check_recipients(self.evidence, self.evidence_recipients)
        if not 1 <= self.evidence_keep_days <= MOST_KEEP_DAYS:
            raise BadInput(
                "records are kept for no time, or for too long", remedy=f"write 1 to {MOST_KEEP_DAYS} days"
            )

    def to_bytes(self) -> bytes:
        """Give the bytes that are signed; an order without recipients says nothing of them."""
        recipients = [each.text() for each in self.evidence_recipients]
        return canonical_json(
            ({"evidence_recipients": recipients, "evidence_keep_days": self.evidence_keep_days} if recipients else {})
            | {
                "format": _FORMAT,
                "id": self.id,
                "authority": self.authority,
                "country": self.country,
                "legal_ground": self.legal_ground,
                "spaces": [
                    {"network": space.network, "description": space.description, "grounds": space.grounds}
                    for space in self.spaces
                ],
                "approvers": [
                    {"name": approver.name, "public_key": approver.public_key.hex()} for approver in self.approvers
                ],
                "start": self.start.astimezone(UTC).isoformat(),
                "end": self.end.astimezone(UTC).isoformat(),
                "evidence": self.evidence.value,
                "campaign_sha256": self.campaign_sha256,
            }
        )

    @classmethod
    def from_bytes(cls, payload: bytes) -> "OperationOrder":
        """Parse what was signed; raises `BadInput` on anything else."""
        try:
            values = json.loads(payload)
            order = cls(
                id=_text(values["id"]),
                authority=_text(values["authority"]),
                country=_text(values["country"]),
                legal_ground=_text(values["legal_ground"]),
                spaces=tuple(
                    NetworkSpace(_text(one["network"]), _text(one["description"]), _text(one["grounds"]))
                    for one in values["spaces"]
                ),
                approvers=tuple(
                    Approver(_text(one["name"]), parse_public_key(_text(one["public_key"])))
                    for one in values["approvers"]
                ),
                start=datetime.fromisoformat(_text(values["start"])),
                end=datetime.fromisoformat(_text(values["end"])),
                evidence=EvidenceMode(_text(values["evidence"])),
                campaign_sha256=_text(values["campaign_sha256"]),
                evidence_recipients=tuple(
                    EvidencePublicKey.parse(_text(one)) for one in values.get("evidence_recipients", ())
                ),
                evidence_keep_days=_whole(values.get("evidence_keep_days", KEEP_DAYS)),
            )
            # What does not come back the same holds something that this program does not know.
            is_same = values["format"] == _FORMAT and order.to_bytes() == payload
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            raise BadInput("this is not an operation order", remedy=SIGN_REMEDY) from error
        if not is_same:
            raise BadInput("this operation order is of another format", remedy=SIGN_REMEDY)
        return order


NAME_REMEDY = "use up to 64 letters, digits, dots, dashes or underscores, as in no-2027-01"
SIGN_REMEDY = "write a new one with `police2peer order sign`"


def is_name(text: str) -> bool:
    """Tell whether an id is a plain name, safe in file names and on screens."""
    return _NAME.fullmatch(text) is not None


def check_approvers(approvers: tuple[Approver, ...]) -> None:
    """Raise `BadInput` unless these are two different people with two different keys."""
    if len(approvers) != APPROVERS:
        count = len(approvers)
        raise BadInput(
            f"{count} {'approver is' if count == 1 else 'approvers are'} named",
            remedy="name exactly two: one person alone may approve nothing",
        )
    if any(not approver.name.strip() or len(approver.public_key) != PUBLIC_KEY_BYTES for approver in approvers):
        raise BadInput("an approver has no name or no key", remedy="give both for each")
    if len({" ".join(approver.name.casefold().split()) for approver in approvers}) != APPROVERS:
        raise BadInput("the same approver is named twice", remedy="name a second person")
    if len({approver.public_key for approver in approvers}) != APPROVERS:
        raise BadInput("both approvers have the same key", remedy="have each make a key of their own")


def check_recipients(evidence: EvidenceMode, recipients: tuple[EvidencePublicKey, ...]) -> None:
    """Raise `BadInput` for keys without records, for one key twice, and for too many."""
    if recipients and evidence is EvidenceMode.OFF:
        raise BadInput("evidence is off and a key for records is named", remedy="take the key out, or turn it on")
    if len(set(recipients)) != len(recipients) or len(recipients) > MOST_RECIPIENTS:
        raise BadInput(
            "an evidence key is named twice, or there are too many",
            remedy=f"name one, and a spare; at most {MOST_RECIPIENTS}",
        )


def canonical_json(value: object) -> bytes:
    """Give the one way to write these values: sorted keys, no spaces, UTF-8."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _whole(value: object) -> int:
    if type(value) is not int:
        raise TypeError
    return value
