# SPDX-License-Identifier: EUPL-1.2
"""Holds each record of a pack against what was seen on the wire, number by number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from police2peer.contacts import Rung
from police2peer.contacts.evidence import check_received
from police2peer.contacts.ledger import ContactRecord, tool_version
from police2peer.lab.wire import Conversation
from police2peer.networks import Offer

__all__ = ["Comparison", "Line", "compare"]

_UNDER_WAY_BYTES: Final = 4 * 1024 * 1024  # what the system's buffers of one connection hold at most
_CLOSE_S: Final = 1.0  # both clocks are this machine's; what differs is when each program looked


@dataclass(frozen=True, slots=True)
class Line:
    """One number as the wire and as the record have it."""

    what: str
    on_the_wire: str
    in_the_record: str
    agrees: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """One record, by the address of its peer in the lab."""

    host: str
    title: str
    client: str
    rung: int
    lines: tuple[Line, ...]


def compare(pack: bytes, wire: Sequence[Conversation], offers: Mapping[str, Offer]) -> list[Comparison]:
    """Compare the last record of each visit with the connections that its peer opened for this offer."""
    received = check_received(pack, tool_version=tool_version())
    last = {each.record.visit_id: each.record for each in received.records if isinstance(each.record, ContactRecord)}
    return [_compare(record, wire, offers) for record in last.values()]


def _compare(record: ContactRecord, wire: Sequence[Conversation], offers: Mapping[str, Offer]) -> Comparison:
    host = record.connections[0].peer_host
    ours = [hash_ for hash_, offer in offers.items() if offer.id == record.offer_id]
    talks = [
        talk for talk in wire if talk.peer[0] == host and (not talk.is_read or talk.infohash in ours) and _spoke(talk)
    ]
    lines = [
        _line("far ends (address and port)", _ends(talk.peer for talk in talks), _record_ends(record)),
        _line("our end", _ends(talk.node for talk in talks), _our_ends(record)),
    ]
    lines += _read_lines(record, talks) if talks and all(talk.is_read for talk in talks) else _blind(record, talks)
    lines.append(_rung_line(record, talks))
    return Comparison(host, record.offer_id, record.client_name or record.client_family, record.rung, tuple(lines))


def _spoke(talk: Conversation) -> bool:
    return talk.bytes_to_peer > 0


def _line(what: str, wire: str, record: str) -> Line:
    return Line(what, wire, record, wire == record)


def _ends(ends: object) -> str:
    return ", ".join(sorted({f"{host}:{port}" for host, port in ends}))  # type: ignore[attr-defined]  # pairs


def _record_ends(record: ContactRecord) -> str:
    return _ends((each.peer_host, each.peer_port) for each in record.connections)


def _our_ends(record: ContactRecord) -> str:
    return _ends((each.our_host, each.our_port) for each in record.connections)


def _at(second: float) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%H:%M:%S.%f")[:-3]


def _read_lines(record: ContactRecord, talks: Sequence[Conversation]) -> list[Line]:
    asked, sent = sum(talk.asked_bytes for talk in talks), sum(talk.sent_bytes for talk in talks)
    firsts = [talk.first_request_s for talk in talks if talk.first_request_s is not None]
    began = record.started_at.timestamp()
    near = bool(firsts) and abs(min(firsts) - began) <= _CLOSE_S
    near = near or abs(min(talk.began_s for talk in talks) - began) <= _CLOSE_S
    return [
        _line("bytes asked for", str(asked), str(record.asked_bytes)),
        _sent_line(record, sent),
        Line("beginning (UTC)", _at(min(firsts, default=0.0)), _at(began), near),
    ]


def _sent_line(record: ContactRecord, sent: int) -> Line:
    """Compare bytes sent; of who left early, some were handed to the connection and never left this machine."""
    under_way = record.sent_bytes - sent
    if not under_way or record.sent_bytes == record.file_size_bytes:
        return _line("different bytes sent", str(sent), str(record.sent_bytes))
    told = f"{record.sent_bytes}, of which {under_way} were under way when the far end left"
    return Line("different bytes sent", str(sent), told, 0 < under_way <= _UNDER_WAY_BYTES)


def _blind(record: ContactRecord, talks: Sequence[Conversation]) -> list[Line]:
    """Compare what is known of an obfuscated conversation: more bytes went out than the file's bytes in it."""
    out = sum(talk.bytes_to_peer for talk in talks)
    began = min((talk.began_s for talk in talks), default=0.0)
    return [
        Line(
            "bytes to the far end (obfuscated)",
            f"{out}",
            f"{record.sent_bytes} of the file",
            record.sent_bytes <= out,
        ),
        Line(
            "beginning (UTC)",
            _at(began),
            _at(record.started_at.timestamp()),
            abs(began - record.started_at.timestamp()) <= _CLOSE_S,
        ),
    ]


def _rung_line(record: ContactRecord, talks: Sequence[Conversation]) -> Line:
    """Work the rung out from the wire alone: everything sent, a piece or more, or asked only."""
    if not talks or not all(talk.is_read for talk in talks):
        return Line("rung", "not readable", str(record.rung), agrees=True)
    sent = sum(talk.sent_bytes for talk in talks)
    whole = sent >= record.file_size_bytes
    rung = Rung.ALL if whole else Rung.PIECE if sent >= record.piece_bytes else Rung.ASKED
    return _line("rung", str(int(rung)), str(record.rung))
