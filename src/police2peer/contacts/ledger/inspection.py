# SPDX-License-Identifier: EUPL-1.2
"""Everything that can be said of a ledger without opening a record, each statement checked.

1. Every byte of every segment against the states signed in it, each segment where the one before it ended.
2. The newest signed state is this ledger's. 3. What witnesses confirmed is its beginning. 4. What was stamped is its
beginning. 5. Every notice of erasure was carried out, and no key is missing without one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from police2peer.catalogue.log import NoteKey
from police2peer.contacts.ledger.erasure import prove_erasures
from police2peer.contacts.ledger.examination import REMEDY
from police2peer.contacts.ledger.reader import LedgerReader
from police2peer.contacts.ledger.stamps import Stamp, stamps_of
from police2peer.contacts.ledger.witnessing import Confirmation, confirmations
from police2peer.errors import NotAuthentic

__all__ = ["Inspection", "inspect_ledger"]


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was found; `confirmed` entries have the needed witnesses, the rest can be rewritten by who has the key."""

    origin: str
    size: int
    segments: int
    signed_at: datetime
    closed: bool
    rest_bytes: int
    confirmations: tuple[Confirmation, ...]
    confirmed: int
    stamps: tuple[Stamp, ...]
    erased_segments: tuple[int, ...]
    erased_records: int
    orders: tuple[str, ...]
    recipients: tuple[str, ...]
    warnings: tuple[str, ...]


def inspect_ledger(
    reader: LedgerReader,
    *,
    witnesses: Sequence[NoteKey] = (),
    needed: int = 0,
    authorities: Sequence[x509.Certificate] = (),
) -> Inspection:
    """Check a whole ledger. Raises `NotAuthentic` for whatever does not hold, `BadInput` when it is empty."""
    head, size = reader.head(), len(reader)  # 1
    for _ in reader.states():
        pass
    newest = reader.folder.newest_state(reader.key)
    if newest is not None and (newest.size > size or reader.root(newest.size) != newest.root):  # 2
        raise NotAuthentic("the ledger is shorter than, or not, what its key signed last", remedy=REMEDY)
    found = tuple(confirmations(reader, witnesses))  # 3
    covering = sorted((each.size for each in found), reverse=True)
    confirmed = covering[needed - 1] if 0 < needed <= len(covering) else 0
    stamps = stamps_of(reader, authorities) if authorities else ()  # 4
    erasures = prove_erasures(reader)  # 5
    gone = {segment for each in erasures for segment in each.notice.segments}
    warnings = [
        f"the erasure of {each.notice.at:%Y-%m-%d %H:%M} UTC is not finished: run it again"
        for each in erasures
        if not each.keys_gone
    ]
    headers = reader.segments()
    missing = [
        header.segment
        for header in headers
        if header.segment not in gone and not reader.folder.keys_file(header.segment).exists()
    ]
    if missing:
        warnings.append(f"the keys of {len(missing)} segments are not here, and no notice says why")
    is_last = newest is not None and newest.size == size and newest.at >= head.at
    state = newest if is_last and newest is not None else head
    return Inspection(
        origin=reader.origin,
        size=size,
        segments=len(headers),
        signed_at=state.at,
        closed=state.closed,
        rest_bytes=reader.rest_bytes,
        confirmations=found,
        confirmed=confirmed,
        stamps=stamps,
        erased_segments=tuple(sorted(gone)),
        erased_records=sum(len(each.notice.records) for each in erasures),
        orders=tuple(dict.fromkeys(header.order_id for header in headers)),
        recipients=tuple(dict.fromkeys(one for header in headers for one in header.recipients)),
        warnings=tuple(warnings),
    )
