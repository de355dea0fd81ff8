# SPDX-License-Identifier: EUPL-1.2
"""Every field of every disclosed record as one table (CSV, RFC 4180), for those who read with a spreadsheet.

Text of others is made safe, and never begins as a formula would.
"""

import csv
import io
from collections.abc import Sequence
from typing import Final

from police2peer.contacts.evidence.case import Disclosed
from police2peer.contacts.evidence.encoding import write_moment
from police2peer.contacts.evidence.plain_text import shown
from police2peer.contacts.ledger import ContactRecord, GapRecord

__all__ = ["write_table"]

_COLUMNS: Final = (
    *("ledger entry", "event", "visit", "network", "protocol", "offer", "offered as", "title", "arm", "language"),
    *("first request UTC", "last sign UTC", "connections", "rung", "came back", "bytes asked", "bytes sent"),
    *("bytes acknowledged", "pieces sent", "file bytes", "file SHA-256", "network ids", "program", "program family"),
    *("names given by itself", "registry country", "facts in favour", "clock offset ms", "clock uncertainty ms"),
    *("clock source", "clock quarantined", "category of person", "fact or assessment", "node", "order", "tool"),
    *("build SHA-256", "catalogue head", "erase by"),
)
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def write_table(disclosed: Sequence[Disclosed]) -> bytes:
    """Write the table; gaps fill the first columns only."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for each in disclosed:
        writer.writerow(_row(each.index, each.record))
    return out.getvalue().encode()


def _safe(text: str) -> str:
    plain = shown(text)
    return f"'{plain}" if plain.startswith(_FORMULA) else plain


def _row(index: int, record: ContactRecord | GapRecord) -> list[object]:
    if isinstance(record, GapRecord):
        until = "" if record.until_at is None else write_moment(record.until_at)
        return [
            index,
            f"gap: {_safe(record.what)}",
            "",
            record.network,
            *[""] * 6,
            write_moment(record.from_at),
            until,
        ]
    clock = record.clock
    return [
        *(index, record.event, record.visit_id, record.network, _safe(record.protocol), record.offer_id),
        *(_safe(record.file_name), _safe(record.title), record.arm, record.language or ""),
        *(write_moment(record.started_at), write_moment(record.ended_at), _connections(record), record.rung),
        *(record.came_back, record.asked_bytes, record.sent_bytes, _or_blank(record.acknowledged_bytes)),
        *(record.pieces_sent, record.file_size_bytes, record.file_sha256),
        " ".join(f"{kind}:{value}" for kind, value in record.network_ids),
        *(_safe(record.client_name), _safe(record.client_family)),
        "; ".join(f"{_safe(kind)} {value}" for kind, value in record.identifiers),
        *(record.registry_country, "; ".join(record.flags), _or_blank(clock.offset_ms)),
        *(_or_blank(clock.uncertainty_ms), _safe(clock.source), clock.quarantined, record.category),
        *(record.fact_or_assessment, _safe(record.node), record.order_id, record.tool_version, record.build_sha256),
        *(record.catalogue_head, record.erase_by.isoformat()),
    ]


def _or_blank(value: object) -> object:
    return "" if value is None else value


def _connections(record: ContactRecord) -> str:
    return "; ".join(
        f"{_safe(each.peer_host)} port {each.peer_port} to {_safe(each.our_host) or '?'} port {each.our_port}, "
        f"{write_moment(each.began_at)} to {'?' if each.ended_at is None else write_moment(each.ended_at)} "
        f"({each.departure or 'open'})"
        for each in record.connections
    )
