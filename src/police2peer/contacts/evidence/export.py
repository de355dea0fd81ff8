# SPDX-License-Identifier: EUPL-1.2
"""From an approved request and a ledger to a pack; the disclosure is in the custody log before the pack is given out.

1. the request bears two signatures that this agency accepts, and stays inside the order; 2. the order bears its
own; 3. the ledger holds; 4. what the ledger tells of collection and erasure is noted; 5. the records that are asked
for are found, and the keys of all others stay here; 6. the disclosure is noted; 7. the pack is made, signed, and
sealed to its recipients where they have a key.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from police2peer.campaign import OperationOrder, SignedOrder, check_order
from police2peer.catalogue import KnownFile
from police2peer.contacts.evidence.approval import SignedRequest, check_request
from police2peer.contacts.evidence.case import Disclosed
from police2peer.contacts.evidence.checking import warning_files
from police2peer.contacts.evidence.custody import Custody
from police2peer.contacts.evidence.custody_entry import Act, CustodyEntry
from police2peer.contacts.evidence.envelope import seal_envelope
from police2peer.contacts.evidence.following import Officer, follow_ledger
from police2peer.contacts.evidence.opened_ledger import OpenedEntry, OpenedLedger
from police2peer.contacts.evidence.pack import PackedLedger, PackEntry, PackMaker
from police2peer.contacts.evidence.request import EvidenceRequest, check_inside
from police2peer.contacts.evidence.verify_pack import is_selected
from police2peer.contacts.ledger import ContactRecord, GapRecord, read_record
from police2peer.errors import BadInput

__all__ = ["Export", "Exported", "check_signed_order", "disclosed", "export_pack"]


@dataclass(frozen=True, slots=True)
class Exported:
    """A pack, and what is in it."""

    content: bytes
    entries: int
    contacts: int
    gaps: int
    is_sealed: bool


def check_signed_order(order: SignedOrder, trusted: frozenset[bytes]) -> OperationOrder:
    """Give the order when both approvers signed it. That it has ended or was withdrawn since changes no record."""
    return check_order(replace(order, withdrawals=()), now=order.order.start, trusted=trusted, campaign_sha256=None)


def select_records(
    ledger: OpenedLedger, request: EvidenceRequest, progress: Callable[[int], None] = lambda _: None
) -> list[OpenedEntry]:
    """Give the records that a request asks for, in the order of the ledger."""
    chosen = json.loads(request.to_bytes())["selection"]
    found = []
    for number, each in enumerate(ledger.records(request.selection.start), start=1):
        if is_selected(json.loads(each.record), chosen, request.order_id):
            found.append(each)
        if number % 10_000 == 0:
            progress(number)
    return found


def disclosed(entries: Sequence[OpenedEntry]) -> list[Disclosed]:
    """Read records that were opened."""
    return [Disclosed(each.index, read_record(each.record)) for each in entries]


@dataclass(frozen=True, slots=True)
class Export:
    """Everything that one export needs; `excerpt` gives the part of the catalogue that proves some files."""

    signed: SignedRequest
    order: SignedOrder
    ledger: OpenedLedger
    custody: Custody
    officer: Officer
    trusted: frozenset[bytes]
    approvers: frozenset[bytes]
    excerpt: Callable[[Sequence[KnownFile]], Mapping[str, bytes]]
    random_bytes: Callable[[int], bytes]
    tool_version: str
    build_sha256: str


def export_pack(given: Export, at: datetime, progress: Callable[[int], None] = lambda _: None) -> Exported:
    """Carry a request out. See the module for the steps."""
    request = check_request(given.signed, trusted=given.trusted)  # 1
    check_inside(request, check_signed_order(given.order, given.approvers))  # 1, 2
    follow_ledger(given.custody, given.ledger.reader, given.officer, at)  # 3 was done by who opened it; 4
    chosen = select_records(given.ledger, request, progress)  # 5
    if not chosen:
        raise BadInput(
            "no record of the ledger is asked for by this request",
            remedy="compare its period, networks and countries with what was recorded; nothing was disclosed",
        )
    records = disclosed(chosen)
    entries, state = _prove(given.ledger, chosen)
    given.custody.record(_disclosure(given, request, at, state.origin), given.officer.key, _numbers(chosen))  # 6
    maker = PackMaker(given.signed, given.order, state, given.tool_version, given.build_sha256)
    pack = maker.make(entries, records, given.excerpt(warning_files(records)), given.officer.key, at)  # 7
    keys = [each.key for each in request.recipients if each.key is not None]
    gaps = sum(isinstance(each.record, GapRecord) for each in records)
    visits = {each.record.visit_id for each in records if isinstance(each.record, ContactRecord)}
    content = seal_envelope(pack, keys, given.random_bytes) if keys else pack
    return Exported(content, len(records), len(visits), gaps, bool(keys))


def _numbers(chosen: Sequence[OpenedEntry]) -> list[int]:
    return [each.index for each in chosen]


def _disclosure(given: Export, request: EvidenceRequest, at: datetime, origin: str) -> CustodyEntry:
    return CustodyEntry(
        number=0,
        at=at,
        act=Act.DISCLOSURE,
        who=given.officer.name,
        why=request.reason[:500],
        ground=request.legal_ground[:500],
        to=tuple(f"{each.country} {each.agency}" for each in request.recipients),
        request=request.id,
        ledger=origin,
        note="; ".join(
            f"transfer to {each.country}: {each.ground.value}" for each in request.recipients if each.is_third_country
        ),
    )


def _prove(ledger: OpenedLedger, chosen: Sequence[OpenedEntry]) -> tuple[list[PackEntry], PackedLedger]:
    """Give the chosen entries and the headers of their segments, each with its proof."""
    state = ledger.state(max(_numbers(chosen)))
    keys = {each.index: each for each in chosen}
    entries = []
    for index in sorted({*keys, *(each.header for each in chosen)}):
        proof, own = b"".join(ledger.reader.inclusion_proof(index, state.size)), keys.get(index)
        leaf, key = (ledger.reader.entry(index).leaf, b"") if own is None else (own.leaf, own.key)
        entries.append(PackEntry(index, leaf, proof, key))
    return entries, state
