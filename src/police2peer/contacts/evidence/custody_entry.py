# SPDX-License-Identifier: EUPL-1.2
"""One line of the custody log: what was done with records, by whom, when, why, and for whom.

Source: LED Art. 25 (logs of collection, alteration, consultation, disclosure with transfers, combination and erasure;
of a consultation and a disclosure the justification, date and time, who, and the recipients).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from police2peer.contacts.evidence.encoding import (
    canonical,
    read_canonical,
    read_list,
    read_moment,
    read_text,
    reading,
    write_moment,
)
from police2peer.contacts.evidence.ranges import read_ranges, write_ranges
from police2peer.errors import BadInput, NotAuthentic

__all__ = ["Act", "CustodyEntry"]

_FORMAT: Final = "p2p-custody-1"
_PREFIX: Final = b"p2p-custody-v1\n"
_REMEDY: Final = "put the custody folder back from its copy"
MOST_BYTES: Final = 4000  # 256 of them share a bundle of one MiB
_MOST_TEXT: Final = 500


class Act(StrEnum):
    """The acts that the law names, and no other."""

    COLLECTION = "collection"
    CONSULTATION = "consultation"
    ALTERATION = "alteration"
    DISCLOSURE = "disclosure"
    COMBINATION = "combination"
    ERASURE = "erasure"


@dataclass(frozen=True, slots=True)
class CustodyEntry:
    """One act. `subjects` are numbers of ledger entries, or the SHA-256 of the file that lists them.

    `previous` is the SHA-256 of the entry before; `who` signs with the key `public_key`.
    """

    number: int
    at: datetime
    act: Act
    who: str
    why: str
    ground: str = ""
    to: tuple[str, ...] = ()
    request: str = ""
    ledger: str = ""
    subjects: str = ""
    subjects_sha256: str = ""
    count: int = 0
    note: str = ""
    previous: str = ""
    public_key: bytes = b""
    signature: bytes = b""

    def __post_init__(self) -> None:
        if not self.who.strip() or not self.why.strip():
            raise BadInput(
                "an entry of the custody log says not who or not why", remedy="give both: the law asks for them"
            )
        if max(len(each) for each in (self.who, self.why, self.ground, self.note)) > _MOST_TEXT:
            raise BadInput("a text for the custody log is longer than 500 letters", remedy="say it shorter")
        if self.act is Act.DISCLOSURE and not self.to:
            raise BadInput("a disclosure names no recipient", remedy="name who receives the records")
        if self.at.tzinfo is None:
            raise BadInput("the time of an entry has no offset", remedy="use UTC")

    def plain(self) -> dict[str, object]:
        """Give all fields but the signature."""
        return {
            "format": _FORMAT,
            "number": self.number,
            "at": write_moment(self.at),
            "act": self.act.value,
            "who": self.who,
            "why": self.why,
            "ground": self.ground,
            "to": list(self.to),
            "request": self.request,
            "ledger": self.ledger,
            "subjects": self.subjects,
            "subjects_sha256": self.subjects_sha256,
            "count": self.count,
            "note": self.note,
            "previous": self.previous,
            "public_key": self.public_key.hex(),
        }

    def signed(self, public_key: bytes, sign: Callable[[bytes], bytes]) -> "CustodyEntry":
        """Give the entry with the signature of who acted."""
        named = replace(self, public_key=public_key)
        return replace(named, signature=sign(_PREFIX + canonical(named.plain())))

    def check(self) -> None:
        """Raise `NotAuthentic` unless its signature holds."""
        try:
            key = Ed25519PublicKey.from_public_bytes(self.public_key)
            key.verify(self.signature, _PREFIX + canonical(self.plain()))
        except (InvalidSignature, ValueError) as error:
            raise NotAuthentic(
                f"entry {self.number} of the custody log does not bear the signature of who it names", remedy=_REMEDY
            ) from error

    def to_bytes(self) -> bytes:
        """Write the entry. Raises `BadInput` when it is too long."""
        raw = canonical({**self.plain(), "signature": self.signature.hex()})
        if len(raw) > MOST_BYTES:
            raise BadInput("an entry of the custody log is too long", remedy="say why and for whom in fewer words")
        return raw

    @classmethod
    def from_bytes(cls, raw: bytes) -> "CustodyEntry":
        """Read an entry. Raises `BadInput` on anything else."""
        with reading("an entry of the custody log", _REMEDY):
            value = read_canonical(raw, MOST_BYTES)
            entry = cls(
                number=_count(value["number"]),
                at=read_moment(value["at"]),
                act=Act(read_text(value["act"])),
                who=read_text(value["who"]),
                why=read_text(value["why"]),
                ground=read_text(value["ground"]),
                to=read_list(value["to"], read_text),
                request=read_text(value["request"]),
                ledger=read_text(value["ledger"]),
                subjects=write_ranges(read_ranges(read_text(value["subjects"]))),
                subjects_sha256=read_text(value["subjects_sha256"]),
                count=_count(value["count"]),
                note=read_text(value["note"]),
                previous=read_text(value["previous"]),
                public_key=bytes.fromhex(read_text(value["public_key"])),
                signature=bytes.fromhex(read_text(value["signature"])),
            )
            if value["format"] != _FORMAT or entry.to_bytes() != raw:
                raise ValueError("another format")
        return entry


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError("not a count")
    return value
