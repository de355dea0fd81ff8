# SPDX-License-Identifier: EUPL-1.2
"""What an editor of the help directory has to do next: entries to verify, checks that are due, what is not known.

Nothing is fetched: a person calls or opens the service, and writes down the day and their name.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from police2peer.site.help_directory import (
    ANYWHERE,
    LONGEST_TRUST,
    YOUNG,
    Audience,
    Confidentiality,
    Cost,
    Directory,
    HelpService,
    State,
)

__all__ = ["HelpFinding", "HelpTask", "check_directory"]

_SOON = timedelta(days=14)


class HelpTask(StrEnum):
    """Why an editor should look; the first two change what the public sees."""

    HIDDEN = "hidden"
    UNVERIFIED = "unverified"
    DUE = "due"
    MISSING = "missing"
    FALLBACK = "fallback"


@dataclass(frozen=True, slots=True)
class HelpFinding:
    """One task: the entry or the country, what was found, and what to do."""

    task: HelpTask
    entry: str
    facts: str
    remedy: str


def check_directory(directory: Directory, today: date) -> tuple[HelpFinding, ...]:
    """Give all tasks as of this day, the urgent ones first."""
    found = [finding for service in directory.services for finding in _of_service(service, today)]
    found += _of_places(directory, today)
    order = list(HelpTask)
    return tuple(sorted(found, key=lambda finding: (order.index(finding.task), finding.entry)))


def _of_service(service: HelpService, today: date) -> Iterator[HelpFinding]:
    if service.state is State.CLOSED:
        return
    if service.next_check is not None and service.next_check < today:
        facts = f"its check was due on {service.next_check}, so it is hidden"
        yield HelpFinding(HelpTask.HIDDEN, service.id, facts, _verify_again(today))
    elif service.verified_on is not None and service.verified_on > today:
        remedy = "correct verified_on"
        yield HelpFinding(HelpTask.HIDDEN, service.id, f"it says it was verified on {service.verified_on}", remedy)
    elif service.next_check is not None and service.next_check - today <= _SOON:
        yield HelpFinding(HelpTask.DUE, service.id, f"its check is due on {service.next_check}", _verify_again(today))
    elif service.verified_on is None:
        facts = "nobody has confirmed it; it is shown as not yet checked"
        yield HelpFinding(HelpTask.UNVERIFIED, service.id, facts, _verify_again(today))
    missing = [name for name, is_missing in _gaps(service) if is_missing]
    if missing:
        facts = f"not known: {', '.join(missing)}"
        yield HelpFinding(HelpTask.MISSING, service.id, facts, "ask the service, and write down what it says")


def _verify_again(today: date) -> str:
    latest = today + LONGEST_TRUST
    return (
        "reach the service, compare every line, then set verified_on, verified_by and next_check "
        f"(at the latest {latest})"
    )


def _gaps(service: HelpService) -> Iterator[tuple[str, bool]]:
    yield "hours", not service.hours
    yield "languages", not service.languages
    yield "cost", service.cost is Cost.UNKNOWN
    yield "confidentiality", service.confidentiality is Confidentiality.UNKNOWN
    yield "limits of anonymity in its own words", not service.own_words
    yield "a website or a number", not any(contact.value for contact in service.contacts)


def _of_places(directory: Directory, today: date) -> Iterator[HelpFinding]:
    for country in directory.countries_without(today):
        facts = "no service is shown, so readers are led to those that answer from any country"
        yield HelpFinding(HelpTask.FALLBACK, country, facts, "ask colleagues there for a service")
    shown = [service for place in (ANYWHERE, YOUNG) for service in directory.at(place, today)]
    for audience, told in ((Audience.SELF, "whoever worries about themselves"), (Audience.HARMED, "who was harmed")):
        if not any(audience in service.audiences for service in shown):
            facts = f"no service that answers from anywhere is shown for {told}"
            yield HelpFinding(HelpTask.FALLBACK, "any", facts, "verify one; the help page must never be without")
