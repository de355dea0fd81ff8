# SPDX-License-Identifier: EUPL-1.2
"""Looks at single records, and tells a person what was done with theirs; each look is a line of the custody log.

Matching a person's address with records happens inside opened records, in memory, and is itself a consultation that
is noted. What was done is told without the names of staff; those stand apart, for who may see them.

Source: LED Art. 14 (right of access) and 25 (logs); CJEU C-579/21 (when and why one's data were consulted).
"""

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from police2peer.contacts.evidence.case import Disclosed
from police2peer.contacts.evidence.custody import Custody
from police2peer.contacts.evidence.custody_entry import Act, CustodyEntry
from police2peer.contacts.evidence.following import Officer, follow_ledger
from police2peer.contacts.evidence.opened_ledger import OpenedLedger
from police2peer.contacts.ledger import ContactRecord, read_record
from police2peer.errors import BadInput

__all__ = ["Access", "Look", "Told", "look_at", "tell_person"]


@dataclass(frozen=True, slots=True)
class Look:
    """Who looks, why, on which ground, and where it is noted."""

    officer: Officer
    why: str
    ground: str
    custody: Custody

    def note(self, at: datetime, origin: str, subjects: Iterable[int], note: str) -> CustodyEntry:
        """Write the consultation down."""
        entry = CustodyEntry(
            number=0,
            at=at,
            act=Act.CONSULTATION,
            who=self.officer.name,
            why=self.why,
            ground=self.ground,
            ledger=origin,
            note=note,
        )
        return self.custody.record(entry, self.officer.key, subjects)


def look_at(ledger: OpenedLedger, index: int, look: Look, at: datetime) -> Disclosed:
    """Open one record; it is given out when the look is in the custody log."""
    opened = ledger.one(index)
    follow_ledger(look.custody, ledger.reader, look.officer, at)
    look.note(at, ledger.reader.origin, [index], "one record")
    return Disclosed(index, read_record(opened.record))


@dataclass(frozen=True, slots=True)
class Access:
    """Whose records: those of one visit, or those in which an address stands within a period."""

    visit: str = ""
    address: str = ""
    start: datetime | None = None
    end: datetime | None = None

    def __post_init__(self) -> None:
        if bool(self.visit) == bool(self.address):
            raise BadInput("neither a visit nor an address is given, or both", remedy="give one of them")
        if self.address:
            try:
                ipaddress.ip_address(self.address)
            except ValueError as error:
                raise BadInput("this is no IP address", remedy="write the address alone, in numbers") from error
            if self.start is None or self.end is None:
                raise BadInput(
                    "an address is asked about without a period",
                    remedy="say from when until when the person had it: an address belongs to many in turn",
                )

    def is_about(self, record: ContactRecord) -> bool:
        """Whether a record is one of these."""
        if self.visit:
            return record.visit_id == self.visit
        if self.start is None or self.end is None or not self.start <= record.started_at < self.end:
            return False
        wanted = _one_spelling(self.address)
        return any(_one_spelling(each.peer_host) == wanted for each in record.connections)


def _one_spelling(host: str) -> str:
    """Give an address in the one way it is compared: IPv4 inside IPv6 is IPv4."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    return str(getattr(address, "ipv4_mapped", None) or address)


@dataclass(frozen=True, slots=True)
class Told:
    """What was done with a person's records; in `acts` staff are numbered, and `staff` says who the numbers are."""

    records: tuple[Disclosed, ...]
    acts: tuple[CustodyEntry, ...]
    staff: tuple[str, ...]


def tell_person(ledger: OpenedLedger, access: Access, look: Look, at: datetime) -> Told:
    """Give the records of a person and every act on them, the present look included.

    The networks stay apart: an address is compared with each record by itself, and nothing is joined or kept.
    """
    found = []
    for opened in ledger.records(access.start or ledger.reader.segments()[0].opened_at):
        record = read_record(opened.record)
        if isinstance(record, ContactRecord) and access.is_about(record):
            found.append(Disclosed(opened.index, record))
    numbers = {each.index for each in found}
    follow_ledger(look.custody, ledger.reader, look.officer, at)
    look.note(at, ledger.reader.origin, numbers, "to answer a person about their own data")
    acts = [
        entry
        for entry in look.custody.entries()
        if entry.ledger == ledger.reader.origin and numbers & set(look.custody.subjects_of(entry))
    ]
    return Told(tuple(found), *_without_names(acts))


def _without_names(acts: Sequence[CustodyEntry]) -> tuple[tuple[CustodyEntry, ...], tuple[str, ...]]:
    staff = list(dict.fromkeys(entry.who for entry in acts))
    named = (replace(entry, who=f"member of staff {staff.index(entry.who) + 1}", public_key=b"") for entry in acts)
    return tuple(named), tuple(staff)
