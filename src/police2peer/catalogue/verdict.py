# SPDX-License-Identifier: EUPL-1.2
"""What a verifier may answer, and the words in which it does.

Four answers and no fifth; never "tampered", never "fake", never a guess. Each answer says what to do next.
Source: DESIGN.md, charter 7; docs/adr/0002-verify-exit-codes.md.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from police2peer.catalogue.metadata import Agency
from police2peer.catalogue.record import Record

__all__ = ["EXIT_CODES", "Asked", "Outcome", "Verdict", "word_absence", "word_record"]


class Outcome(StrEnum):
    """The four answers."""

    GENUINE = "genuine"
    WITHDRAWN = "withdrawn"
    NOT_OURS = "not one of ours"
    CANNOT_TELL = "cannot tell"


# 2 is wrong use, as everywhere on the command line.
EXIT_CODES = {Outcome.GENUINE: 0, Outcome.NOT_OURS: 1, Outcome.WITHDRAWN: 3, Outcome.CANNOT_TELL: 4}


class Asked(StrEnum):
    """What was held against the catalogue."""

    FILE = "file"
    CODE = "code"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer: what it is, why, and what to do; with the record and the day of the catalogue where known."""

    outcome: Outcome
    reason: str
    what_to_do: str
    record: Record | None = None
    agency: Agency | None = None
    as_of: datetime | None = None
    suggestion: str | None = None
    logged: str | None = None  # where the record stands in the catalogue's log, if it has one

    @property
    def exit_code(self) -> int:
        """The exit code of `police2peer verify` for this answer."""
        return EXIT_CODES[self.outcome]


_ABOUT = {
    Asked.FILE: "this file, byte for byte, is a warning file",
    Asked.CODE: "this code belongs to a genuine warning file with these properties; a code alone proves nothing, "
    "because anyone can copy one:",
    Asked.LINK: "this link belongs to a genuine warning file with these properties:",
}
_NEXT = {
    Asked.FILE: "nothing is asked of you, and nobody will ask you for money or data; the file may be deleted. "
    "The page named in the file lists help services.",
    Asked.CODE: "to be certain of a file in your hands, check the file itself: police2peer verify FILE",
    Asked.LINK: "a link says what it would fetch, not what you have; to be certain of a file, check the file itself",
}
_ABSENT = {
    Asked.FILE: (
        "no agency has issued this file: its exact bytes are not in the catalogue",
        (
            "a warning file that was only fetched in part, converted or changed gives this answer too. "
            "If it shows a code, the code may have been copied. Do not pay, reply or follow links in it."
        ),
    ),
    Asked.CODE: (
        "no agency has issued this code",
        "compare it with the file once more, or check the file itself. Do not pay, reply or follow links in it.",
    ),
    Asked.LINK: (
        (
            "this link is not in the catalogue, which says little: agencies may leave links out, so that the "
            "catalogue cannot serve as a block list"
        ),
        "check the file or its code instead",
    ),
}


def _day(moment: date) -> str:
    return f"{moment.day} {moment:%B %Y}"


def word_record(asked: Asked, record: Record, agency: Agency, as_of: datetime, *, withdrawn: bool) -> Verdict:
    """Word the answer for a record that was found."""
    draft = record.draft
    language = f", in {draft.language}" if draft.language else ""
    about = (
        f"{agency.name} ({agency.country}), {draft.format}{language}, {draft.size} bytes, "
        f"issued {_day(draft.issued_on)}"
    )
    if withdrawn:
        since = _day(record.since)
        reason = f"this {asked.value} belongs to a warning file that its agency withdrew on {since}: {about}"
        todo = "the agency no longer stands by its text; do not rely on what it says. Nothing is asked of you."
        return Verdict(Outcome.WITHDRAWN, reason, todo, record, agency, as_of)
    joint = " of " if asked is Asked.FILE else " "
    return Verdict(Outcome.GENUINE, f"{_ABOUT[asked]}{joint}{about}", _NEXT[asked], record, agency, as_of)


def word_absence(asked: Asked, as_of: datetime) -> Verdict:
    """Word the answer when the catalogue has no entry."""
    reason, todo = _ABSENT[asked]
    outcome = Outcome.CANNOT_TELL if asked is Asked.LINK else Outcome.NOT_OURS
    return Verdict(outcome, reason, todo, as_of=as_of)
