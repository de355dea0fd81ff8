# SPDX-License-Identifier: EUPL-1.2
"""The help directory: services run by others, as reviewed data.

Promise: a contact that nobody saw in a published page is not shown before a person verified the entry; a verified
entry hides itself when its next check is due; what is not known is said to be so. Nothing is taken from the network.
Source: docs/site.md, "The help directory"; Directive 2011/93/EU, Article 22.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from importlib.resources import files
from pathlib import Path

from police2peer.strict_toml import Table, parse_document

__all__ = ["ANYWHERE", "YOUNG", "Contact", "Directory", "HelpService", "read_directory", "shipped_directory"]

ANYWHERE, YOUNG = "any", "young"  # places that are no country: from everywhere; under 18 or harmed
# Numbers and addresses change without notice (facts: a phone listed years after it was switched off).
LONGEST_TRUST = timedelta(days=90)

_COUNTRY = re.compile(r"[A-Z]{2}")
_WEB_ADDRESS = re.compile(r"[a-z0-9.-]+\.[a-z]{2,}(/[A-Za-z0-9._/-]*)?")
_PHONE = re.compile(r"\+?[0-9][0-9 -]{2,20}")


class Kind(StrEnum):
    """How a service can be reached; also the keys of `help.kind_names` in the texts, as for each class below."""

    WEBSITE = "website"
    PHONE = "phone"
    CHAT = "chat"
    EMAIL = "email"
    SELF_HELP = "self_help"
    THERAPY = "therapy"


class Cost(StrEnum):
    """What it costs whoever asks for help."""

    FREE = "free"
    CHARGED = "charged"
    PAID = "paid"
    UNKNOWN = "unknown"


class Audience(StrEnum):
    """Who may turn to it."""

    SELF = "self"
    RELATIVE = "relative"
    PROFESSIONAL = "professional"
    UNDER18 = "under18"
    HARMED = "harmed"


class Confidentiality(StrEnum):
    """What the service says of confidentiality."""

    ANONYMOUS = "anonymous"
    CONFIDENTIAL = "confidential"
    UNKNOWN = "unknown"


class Limit(StrEnum):
    """Where that ends, duties to report among it."""

    CHILD_AT_RISK = "child_at_risk"
    ADDRESS_MAY_BE_TRACED = "address_may_be_traced"
    NO_CONTACT_OFFENCE = "no_contact_offence"
    FEW_HOURS = "few_hours"
    LIMITED_SESSIONS = "limited_sessions"


class State(StrEnum):
    """Whether it works; only what is live is shown."""

    LIVE = "live"
    PAUSED = "paused"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Contact:
    """A website or a phone number; `value` is empty where only the name of the service is known."""

    kind: Kind
    value: str
    seen: bool

    @property
    def href(self) -> str:
        """The link, empty without a value."""
        if not self.value:
            return ""
        return f"https://{self.value}" if self.kind is Kind.WEBSITE else "tel:" + re.sub(r"[ -]", "", self.value)


@dataclass(frozen=True, slots=True)
class HelpService:
    """One service. `verified_on` is None until a person checked the entry against the service itself."""

    id: str
    name: str
    name_language: str
    place: str
    operator: str
    languages: tuple[str, ...]
    hours: str
    cost: Cost
    audiences: tuple[Audience, ...]
    confidentiality: Confidentiality
    limits: tuple[Limit, ...]
    kinds: tuple[Kind, ...]
    contacts: tuple[Contact, ...]
    own_words: str
    own_words_language: str
    source: str
    state: State
    verified_on: date | None
    verified_by: str
    next_check: date | None

    def is_shown(self, today: date) -> bool:
        """Whether the entry is live and, if it was verified, its next check is not due."""
        return self.state is State.LIVE and (self.next_check is None or today <= self.next_check)

    def shown_contacts(self) -> tuple[Contact, ...]:
        """Give the contacts; what was only remembered loses its value until the entry is verified."""
        return tuple(
            each if each.seen or self.verified_on else Contact(each.kind, "", seen=False) for each in self.contacts
        )


@dataclass(frozen=True, slots=True)
class Directory:
    """All services, and the countries for which none is known."""

    services: tuple[HelpService, ...]
    no_service_known: tuple[str, ...]

    def at(self, place: str, today: date) -> tuple[HelpService, ...]:
        """Give the services of a place that may be shown today."""
        return tuple(each for each in self.services if each.place == place and each.is_shown(today))

    def countries(self, today: date) -> tuple[str, ...]:
        """Give the countries that have something to show, in no order that means anything."""
        places = {each.place for each in self.services if each.is_shown(today)}
        return tuple(sorted(places - {ANYWHERE, YOUNG}))

    def countries_without(self, today: date) -> tuple[str, ...]:
        """Give the countries of the directory that have nothing to show."""
        known = {*self.no_service_known, *(each.place for each in self.services)}
        return tuple(sorted(known - {ANYWHERE, YOUNG} - set(self.countries(today))))


def shipped_directory() -> Directory:
    """Read the directory that comes with the program."""
    resource = files("police2peer.site") / "directory" / "services.toml"
    return read_directory(resource.read_bytes(), Path("services.toml"))


def read_directory(content: bytes, path: Path) -> Directory:
    """Read a directory. Raises `Problems` with everything that is wrong."""
    document = parse_document(content, path)
    without = _optional(document, "no_service_known")
    services = tuple(_read_service(table) for table in document.tables("services"))
    document.finish()
    if len({service.id for service in services}) != len(services):
        document.problem("services", "two services have the same id", "give each its own")
    document.report.raise_if_any()
    return Directory(services, without)


def _optional(table: Table, key: str) -> tuple[str, ...]:
    """Take a list of texts that may be absent or empty: nothing known yet."""
    if table.values.get(key) == []:
        del table.values[key]
    return table.texts(key) if key in table else ()


def _date(table: Table, key: str) -> date | None:
    text = table.text(key, "")
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        table.problem(key, "this is no date", 'write it as "2027-03-01"')
        return None


def _read_service(table: Table) -> HelpService:
    verified_on, next_check = _date(table, "verified_on"), _date(table, "next_check")
    verified_by = table.text("verified_by", "")
    place = table.text("place")
    if place not in {ANYWHERE, YOUNG} and not _COUNTRY.fullmatch(place):
        table.problem("place", "this is no place", 'write an ISO 3166-1 code ("NL"), "any" or "young"')
    if len({bool(verified_on), bool(verified_by), bool(next_check)}) > 1:
        remedy = "write verified_on, verified_by and next_check together, or none of them"
        table.problem("verified_on", "a check is told in part", remedy)
    elif verified_on and next_check and next_check - verified_on > LONGEST_TRUST:
        table.problem("next_check", "the next check is too far away", f"at most {LONGEST_TRUST.days} days later")
    service = HelpService(
        id=table.text("id"),
        name=table.text("name"),
        name_language=table.text("name_language", ""),
        place=place,
        operator=table.text("operator", ""),
        languages=_optional(table, "languages"),
        hours=table.text("hours", ""),
        cost=table.choice("cost", Cost),
        audiences=table.choices("audiences", Audience),
        confidentiality=table.choice("confidentiality", Confidentiality),
        limits=table.choices("limits", Limit) if "limits" in table else (),
        kinds=table.choices("kinds", Kind) if "kinds" in table else (),
        contacts=tuple(_read_contact(each) for each in table.tables("contacts")),
        own_words=table.text("own_words", ""),
        own_words_language=table.text("own_words_language", ""),
        source=table.text("source"),
        state=table.choice("state", State, State.LIVE),
        verified_on=verified_on,
        verified_by=verified_by,
        next_check=next_check,
    )
    table.finish()
    return service


_FORMS: dict[Kind, Callable[[str], object]] = {Kind.WEBSITE: _WEB_ADDRESS.fullmatch, Kind.PHONE: _PHONE.fullmatch}


def _read_contact(table: Table) -> Contact:
    kind, value, seen = table.choice("kind", Kind), table.text("value", ""), table.boolean("seen")
    if kind not in _FORMS:
        table.problem("kind", "this kind has no address of its own", "list it in `kinds`")
    elif value and not _FORMS[kind](value):
        remedy = "write a website as example.org/path, a number with digits, spaces and dashes"
        table.problem("value", "this has not the form of such a contact", remedy)
    if seen and not value:
        table.problem("value", "missing", "write what was seen")
    table.finish()
    return Contact(kind, value, seen)
