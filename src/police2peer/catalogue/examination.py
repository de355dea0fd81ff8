# SPDX-License-Identifier: EUPL-1.2
"""Follows the numbered steps of docs/catalogue-format.md from the pinned root to a verdict.

1 to 3. metadata and head (`metadata.py`), the clock; 5. index; 6. record and its signatures; 7. the record is
about what was asked, and, where there is a log, stands in it; 8. the verdict. Step 4, reading what is asked, is
the caller's (`verifier.py`).

Promise: *genuine*, *withdrawn* and *not one of ours* are said only when every step held; all else is *cannot
tell*.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from police2peer.catalogue.distrust import FETCH_AGAIN, distrusting
from police2peer.catalogue.lookup import Alias, CodeStretch, lookup_key
from police2peer.catalogue.metadata import AGENCY_PREFIX, Agency, Trusted, walk_metadata
from police2peer.catalogue.record import RECORD_SIGNING_PREFIX, Record, Status
from police2peer.catalogue.seal import Place, open_entry, open_record
from police2peer.catalogue.seen import Memory
from police2peer.catalogue.snapshot import PACK_LIMIT_BYTES, Reader, read_blob
from police2peer.catalogue.tree import find_entries
from police2peer.catalogue.verdict import Asked, Outcome, Verdict, word_absence, word_record
from police2peer.errors import NotAuthentic

__all__ = ["CodeQuestion", "Examination", "FileQuestion", "LinkQuestion", "Question"]

_CLOCK_AHEAD = timedelta(minutes=15)  # of the publisher's clock before ours, without suspicion
_SET_CLOCK = "set this computer's clock, then check again"


class Question:
    """What is asked: the aliases to look up, and whether a record is about it."""

    asked: Asked

    def aliases(self, stretch: CodeStretch) -> Sequence[Alias]:
        """Give the aliases under which a record could stand."""
        raise NotImplementedError

    def is_answered_by(self, record: Record, alias: Alias) -> bool:
        """Whether the signed record itself names what was asked."""
        raise NotImplementedError

    def is_wholly_in(self, record: Record) -> bool:  # noqa: ARG002 - only a link has several parts
        """Whether nothing that was asked is about another file."""
        return True


class FileQuestion(Question):
    """A file, by its SHA-256 and size; both are asked for late, when they may still be being computed."""

    asked = Asked.FILE

    def __init__(self, digest: Callable[[], tuple[str, int]]) -> None:
        self._digest = digest

    def aliases(self, stretch: CodeStretch) -> Sequence[Alias]:  # noqa: ARG002
        """Give the SHA-256."""
        return (Alias("sha256", self._digest()[0]),)

    def is_answered_by(self, record: Record, alias: Alias) -> bool:
        """Compare hash and size."""
        return record.is_about(alias) and record.draft.size == self._digest()[1]


class CodeQuestion(Question):
    """A well-formed code."""

    asked = Asked.CODE

    def __init__(self, code: str) -> None:
        self._code = code

    def aliases(self, stretch: CodeStretch) -> Sequence[Alias]:
        """Stretch the code."""
        return (Alias("code", stretch.value(self._code)),)

    def is_answered_by(self, record: Record, alias: Alias) -> bool:  # noqa: ARG002 - the code itself is compared
        """Compare the code."""
        return record.draft.code == self._code


class LinkQuestion(Question):
    """The network ids of a link. A link that joins an id of ours with one that no record knows is not ours."""

    asked = Asked.LINK

    def __init__(self, ids: Sequence[Alias]) -> None:
        self._ids = ids

    def aliases(self, stretch: CodeStretch) -> Sequence[Alias]:  # noqa: ARG002
        """Give the ids."""
        return self._ids

    def is_answered_by(self, record: Record, alias: Alias) -> bool:
        """Compare the id that led to the record."""
        return record.is_about(alias)

    def is_wholly_in(self, record: Record) -> bool:
        """Compare all ids."""
        return all(record.is_about(alias) for alias in self._ids)


class Examination:
    """One state of a catalogue, walked and trusted, and what it says about a question."""

    def __init__(self, reader: Reader, pinned_root: bytes, now: datetime, memory: Memory) -> None:
        self._reader = reader
        self._now = now
        # 1, 2 and 3: raises NotAuthentic; what was seen is kept even where something has expired.
        self._trusted: Trusted = walk_metadata(reader, pinned_root, now, memory.recall())
        _check_clock(self._trusted.head.at, now)
        memory.keep(self._trusted.versions)

    def answer(self, question: Question) -> Verdict:
        """Give the verdict on a question. Raises `NotAuthentic` where a step fails."""
        head = self._trusted.head
        found, doubts = [], []
        for alias in question.aliases(head.stretch):
            for entry in find_entries(self._reader, head.root, head.levels, lookup_key(alias)):  # 5
                try:
                    found.append(self._follow(question, alias, entry))
                except NotAuthentic as error:
                    doubts.append(error)
        whole = [each for each in found if question.is_wholly_in(each[0])]
        # 8. what one agency stands by holds, whatever another's entry leads to; all else needs every entry sound
        if doubts and not any(record.status is Status.GENUINE for record, *_ in whole):
            raise doubts[0]
        return self._date(_conclude(question.asked, whole, head.at))

    def _follow(self, question: Question, alias: Alias, entry: bytes) -> tuple[Record, Agency, str | None]:
        # 6. the record, from its pack, and its agency's signatures over the exact bytes
        place = open_entry(alias, entry)
        pack = read_blob(self._reader, "rec", place.pack.hex(), PACK_LIMIT_BYTES, "a pack of records")
        blob = pack[place.offset : place.offset + place.length]
        signatures, raw = open_record(blob, place.record_key)
        with distrusting("a record"):
            record = Record.from_bytes(raw)
        agency = self._trusted.agencies.get(record.draft.agency)
        if agency is None or not agency.role.startswith(AGENCY_PREFIX):
            raise NotAuthentic(
                "a record comes from an agency that the programme does not name (any more)", remedy=FETCH_AGAIN
            )
        by_key = {each.key_id.hex(): each.signature for each in signatures}
        agency.ring.check(RECORD_SIGNING_PREFIX + raw, by_key, "a record")
        # 7. it is about what was asked
        if not question.is_answered_by(record, alias):
            raise NotAuthentic("an entry of the catalogue leads to another file's record", remedy=FETCH_AGAIN)
        return record, agency, self._find_in_log(place, blob)

    def _find_in_log(self, place: Place, blob: bytes) -> str | None:
        """Say where the record stands in the catalogue's log, if it has one. Raises `NotAuthentic`."""
        policy = self._trusted.log
        if policy is None:
            return None
        from police2peer.catalogue.log.standing import find_standing  # noqa: PLC0415 - only where there is a log

        standing = find_standing(
            self._reader,
            policy,
            published_at=self._trusted.head.at,
            pack_sha256=place.pack.hex(),
            offset=place.offset,
            blob=blob,
        )
        return standing.text()

    def _date(self, verdict: Verdict) -> Verdict:
        """Answer *cannot tell* when something expired, and say what was so on the day of the copy."""
        trusted = self._trusted
        if trusted.expired_at is None:
            return verdict
        then = f"on {trusted.head.at:%Y-%m-%d %H:%M} UTC it said: {verdict.outcome.value}"
        reason = (
            f"this copy of the catalogue is out of date: its {trusted.expired_role} held until "
            f"{trusted.expired_at:%Y-%m-%d %H:%M} UTC, and the clock here shows "
            f"{self._now:%Y-%m-%d %H:%M} UTC; {then}"
        )
        todo = (
            "fetch the catalogue again from its public address; if it is fresh, "
            "this computer's clock is wrong: set it"
        )
        return replace(verdict, outcome=Outcome.CANNOT_TELL, reason=reason, what_to_do=todo)


def _check_clock(published_at: datetime, now: datetime) -> None:
    if published_at - now > _CLOCK_AHEAD:
        raise NotAuthentic(
            f"this copy of the catalogue was published at {published_at:%Y-%m-%d %H:%M} UTC, "
            f"but the clock here shows {now:%Y-%m-%d %H:%M} UTC",
            remedy=_SET_CLOCK,
        )


def _conclude(asked: Asked, found: list[tuple[Record, Agency, str | None]], as_of: datetime) -> Verdict:
    """Genuine where one agency stands by it, withdrawn where none does, else absent."""
    for status in (Status.GENUINE, Status.WITHDRAWN):
        for record, agency, logged in found:
            if record.status is status:
                verdict = word_record(asked, record, agency, as_of, withdrawn=status is Status.WITHDRAWN)
                return replace(verdict, logged=logged)
    return word_absence(asked, as_of)
