# SPDX-License-Identifier: EUPL-1.2
"""The paper of a pack: what a judge, a prosecutor and a defence can read, with what the records do not say.

Nothing in it is an assessment: it repeats the request, the records and the limits. Text of others is made safe.
"""

import tomllib
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from police2peer.contacts.evidence.approval import SignedRequest
from police2peer.contacts.evidence.case import CaseFrame, Disclosed
from police2peer.contacts.evidence.encoding import write_moment
from police2peer.contacts.evidence.plain_text import shown
from police2peer.contacts.evidence.request import Recipient, Selection
from police2peer.contacts.flags import ExculpatoryFlag
from police2peer.contacts.ledger import QUARANTINE_MS, ContactRecord, GapRecord
from police2peer.warningfiles import set_document

__all__ = ["RUNGS", "set_statement", "words"]

_MOST_ROWS: Final = 200
_TEMPLATES: Final = Path(__file__).parent / "templates"
RUNGS: Final = {3: "asked", 4: "received a piece", 5: "received all", 6: "came back"}


def words() -> dict[str, list[str]]:
    """Give the fixed words: what a contact is, the known limits, how a pack is checked."""
    return tomllib.loads((_TEMPLATES / "words.toml").read_text(encoding="utf-8"))


def set_statement(
    frame: CaseFrame,
    signed: SignedRequest,
    disclosed: Sequence[Disclosed],
    hashes: Sequence[tuple[str, str]],
    at: datetime,
) -> bytes:
    """Set the paper as PDF/A."""
    template = (_TEMPLATES / "statement.typ").read_text(encoding="utf-8")
    return set_document(template, _values(frame, signed, disclosed, hashes), at)


def _values(
    frame: CaseFrame, signed: SignedRequest, disclosed: Sequence[Disclosed], hashes: Sequence[tuple[str, str]]
) -> dict[str, object]:
    request, approval, said = signed.request, signed.approval, words()
    contacts = _last_of_each_visit(disclosed)
    gaps = [each.record for each in disclosed if isinstance(each.record, GapRecord)]
    rows = [_row(record) for record in contacts[:_MOST_ROWS]]
    return {
        "title": shown(f"Evidence pack {request.id}"),
        "authority": shown(frame.authority),
        "subtitle": shown(f"{frame.authority}; order {frame.order_id}; ledger {frame.ledger}"),
        "summary": (
            f"This pack discloses {_count(len(contacts), 'contact')} with police warning files. It holds the sealed "
            "entries themselves with the keys that open these entries and no others, the proof that they stand in "
            "the ledger, and this explanation."
        ),
        "request": [
            ["Asked by", shown(f"{request.requester}, {write_moment(request.made_at)}")],
            ["Approved by", "" if approval is None else shown(f"{approval.name}, {write_moment(approval.at)}")],
            ["Reason", shown(request.reason, 4000)],
            ["Legal ground", shown(request.legal_ground, 4000)],
            ["Order", shown(f"{frame.order_id}: {frame.legal_ground}", 4000)],
            *(["Recipient", shown(_recipient(each), 4000)] for each in request.recipients),
        ],
        "selection": _selection(request.selection),
        "meaning": said["meaning"],
        "contacts": rows,
        "contacts_note": _table_note(len(contacts)),
        "facts": _facts(contacts),
        "clock": _clock(contacts),
        "gaps": [_gap(gap) for gap in gaps[:_MOST_ROWS]],
        "limits": said["limits"],
        "checking": said["checking"],
        "hashes": [[name, value] for name, value in hashes],
    }


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _last_of_each_visit(disclosed: Sequence[Disclosed]) -> list[ContactRecord]:
    last = {each.record.visit_id: each.record for each in disclosed if isinstance(each.record, ContactRecord)}
    return sorted(last.values(), key=lambda record: (record.started_at, record.visit_id))


def _recipient(each: Recipient) -> str:
    ground = f"; transfer: {each.ground.value}: {each.ground_text}" if each.ground else ""
    return f"{each.agency} ({each.country}){ground}"


def _selection(chosen: Selection) -> list[list[str]]:
    rows = [
        ["Begun from", write_moment(chosen.start)],
        ["and before", write_moment(chosen.end)],
        ["Networks", ", ".join(map(shown, chosen.networks))],
        ["Registry countries", ", ".join(chosen.countries)],
        ["From rung", f"{int(chosen.least_rung)} ({RUNGS[int(chosen.least_rung)]})"],
    ]
    if chosen.offers:
        rows.append(["Offers", ", ".join(map(shown, chosen.offers))])
    if chosen.visits:
        rows.append(["Visits", ", ".join(chosen.visits)])
    return rows


def _row(record: ContactRecord) -> list[str]:
    ends = [
        f"{shown(each.peer_host)} port {each.peer_port}"
        + (f" → {shown(each.our_host)} port {each.our_port}" if each.our_host else "")
        for each in record.connections[:4]
    ]
    more = len(record.connections) - 4
    facts = [
        shown(record.file_name, 80),
        shown(record.client_name or record.client_family, 60),
        *(flag.replace("_", " ") for flag in record.flags),
    ]
    came_back = ", came back" if record.came_back else ""
    return [
        write_moment(record.started_at).replace("T", " "),
        record.network,
        "; ".join([*ends, *([f"and {more} more"] if more > 0 else [])]),
        f"{record.rung} {RUNGS.get(record.rung, '')}{came_back}",
        str(record.sent_bytes),
        "; ".join(facts),
    ]


def _table_note(count: int) -> str:
    shown_rows = min(count, _MOST_ROWS)
    cut = "" if count <= _MOST_ROWS else f" The first {shown_rows} of {count} are printed."
    return (
        "Each line is one visit: what one address did about one offer until it was quiet for an hour. All fields of "
        f"all contacts are in records.csv.{cut}"
    )


def _clock(contacts: Sequence[ContactRecord]) -> list[str]:
    known = [abs(each.clock.offset_ms) for each in contacts if each.clock.offset_ms is not None]
    aside = sum(each.clock.quarantined for each in contacts)
    said = sorted({shown(each.clock.source) for each in contacts})
    first = "No contact is disclosed." if not contacts else f"Source of the time: {'; '.join(said)}."
    second = f"Largest measured offset: {max(known):.3f} ms." if known else "No offset was measured."
    third = (
        f"{_count(aside, 'record')} {'stands' if aside == 1 else 'stand'} apart because the clock was off by more "
        f"than {QUARANTINE_MS:.0f} ms or nobody could say how far: the times are not to be relied upon to find a "
        "line behind a shared address."
        if aside
        else f"No clock was off by more than {QUARANTINE_MS:.0f} ms."
    )
    return [first, second, third]


def _facts(contacts: Sequence[ContactRecord]) -> list[str]:
    """Say in a sentence what each fact means that stands beside some contact, and beside how many."""
    found = Counter(flag for record in contacts for flag in record.flags)
    known = {flag.value: flag.explanation for flag in ExculpatoryFlag}
    return [
        f"{shown(flag.replace('_', ' '))} ({_count(number, 'contact')}): {known.get(flag, '')}".rstrip(": ")
        for flag, number in sorted(found.items())
    ]


def _gap(gap: GapRecord) -> str:
    until = "no end yet" if gap.until_at is None else write_moment(gap.until_at)
    return shown(f"{write_moment(gap.from_at)} to {until}, {gap.network or 'all networks'}: {gap.what}", 1000)
