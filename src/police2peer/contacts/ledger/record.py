# SPDX-License-Identifier: EUPL-1.2
"""The records of the ledger, before they are sealed: a contact, and a gap in what was recorded.

A record says what was seen on the wire and under which order, and judges nothing: category "unknown", kind "fact".
It exists in memory and inside its seal only; it prints as `<contact record>` and is never logged.

The bytes are canonical JSON, so that a record has one spelling; what does not come back the same is refused. What is
the same for every contact about an offer stands in one part, so that it is written once and not at each contact.
Source: docs/ledger.md, "Records"; Directive (EU) 2016/680, articles 4 to 7.
"""

import functools
import json
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from typing import Any, Final, Self

from police2peer.contacts.ledger.clock import SOURCE_TEXT_LIMIT, ClockReading
from police2peer.errors import BadInput

__all__ = ["ContactRecord", "GapRecord", "LedgerRecord", "RecordedConnection", "read_record"]

CONTACT_FORMAT: Final = "p2p-contact-1"
GAP_FORMAT: Final = "p2p-gap-1"
RECORD_LIMIT_BYTES: Final = 1024 * 1024
_TEXT_LIMIT: Final = 4096
_HIGHEST_RUNG: Final = 6
_EVENTS: Final = ("began", "ended")
_REMEDY: Final = "this is no record of this ledger, or of a later version of it"

_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode


def _time_text(at: datetime) -> str:
    return at.isoformat(timespec="microseconds")[:26] + "Z"


def _read_time(text: str) -> datetime:
    at = datetime.fromisoformat(text).astimezone(UTC)
    if _time_text(at) != text:
        raise ValueError("another spelling of a time")
    return at


def _check_times(*moments: datetime | None) -> None:
    if any(at is not None and at.tzinfo is not UTC for at in moments):
        raise BadInput("a time of a record is not in UTC", remedy="convert it: at.astimezone(UTC)")


@dataclass(frozen=True, slots=True, repr=False)
class RecordedConnection:
    """One connection of the contact: both ends with their ports, and when and how it ended.

    `our_host` is empty and `our_port` 0 where the network does not tell; `departure` is empty while it is open.
    """

    peer_host: str
    peer_port: int
    our_host: str
    our_port: int
    began_at: datetime
    ended_at: datetime | None = None
    departure: str = ""

    def __post_init__(self) -> None:
        _check_times(self.began_at, self.ended_at)

    def __repr__(self) -> str:
        return "<connection>"

    def to_plain(self) -> list[object]:
        """Give the seven values in their order."""
        ended = None if self.ended_at is None else _time_text(self.ended_at)
        peer, ours = (self.peer_host, self.peer_port), (self.our_host, self.our_port)
        return [*peer, *ours, _time_text(self.began_at), ended, self.departure]

    @classmethod
    def read(cls, value: list[Any]) -> Self:
        """Read the seven values."""
        peer_host, peer_port, our_host, our_port, began, ended, departure = value
        _need(str, peer_host, our_host, departure)
        _need(int, peer_port, our_port)
        return cls(
            *(peer_host, peer_port, our_host, our_port),
            *(_read_time(began), None if ended is None else _read_time(ended), departure),
        )


def _need(kind: type, *values: object) -> None:
    """Raise unless every value is of a kind; True is no number."""
    if any(type(value) is not kind for value in values):
        raise TypeError("a value of another kind")


def _read_pairs(value: list[Any]) -> tuple[tuple[str, str], ...]:
    pairs = tuple((first, second) for first, second in value)
    _need(str, *(text for pair in pairs for text in pair))
    return pairs


def _clock_plain(clock: ClockReading) -> list[object]:
    return [clock.offset_ms, clock.uncertainty_ms, clock.source, _time_text(clock.measured_at)]


def _read_clock(value: list[Any]) -> ClockReading:
    offset, uncertainty, source, measured = value
    _need(float, *(number for number in (offset, uncertainty) if number is not None))
    _need(str, source)
    return ClockReading(offset, uncertainty, source, _read_time(measured))


# What every contact about one offer has in common; the rest is the contact's own.
_OFFERED = (
    "order_id",
    "legal_ground",
    "campaign_id",
    "node",
    "network",
    "protocol",
    "offer_id",
    "title",
    "file_name",
    "arm",
    "language",
    "warning_file_id",
    "file_sha256",
    "file_size_bytes",
    "piece_bytes",
    "network_ids",
    "tool_version",
    "build_sha256",
    "catalogue_head",
    "category",
    "fact_or_assessment",
)


@functools.lru_cache(maxsize=4096)
def _offered_json(values: tuple[object, ...]) -> str:
    return _encode(dict(zip(_OFFERED, values, strict=True)))


@dataclass(frozen=True, slots=True, repr=False)
class ContactRecord:
    """What was seen of one contact. Times are UTC, `title` and `file_name` as offered, in clear.

    `event` is "began" at the first request for data and "ended" when the visit closed; both bear one `visit_id`
    (hex). `identifiers` are pairs of kind and hex, `network_ids` pairs of type and value. `language` is None for a
    file without words, `acknowledged_bytes` where the protocol does not tell. `catalogue_head` may be empty.
    Raises `BadInput` when a value cannot be recorded.
    """

    order_id: str
    legal_ground: str
    campaign_id: str
    node: str
    network: str
    protocol: str
    offer_id: str
    title: str
    file_name: str
    arm: str
    language: str | None
    warning_file_id: str
    file_sha256: str
    file_size_bytes: int
    piece_bytes: int
    network_ids: tuple[tuple[str, str], ...]
    tool_version: str
    build_sha256: str
    catalogue_head: str
    event: str
    visit_id: str
    connections: tuple[RecordedConnection, ...]
    identifiers: tuple[tuple[str, str], ...]
    client_name: str
    client_family: str
    registry_country: str
    started_at: datetime
    ended_at: datetime
    clock: ClockReading
    rung: int
    came_back: bool
    asked_bytes: int
    sent_bytes: int
    acknowledged_bytes: int | None
    pieces_sent: int
    flags: tuple[str, ...]
    erase_by: date
    category: str = "unknown"
    fact_or_assessment: str = "fact"

    def __post_init__(self) -> None:
        _check_times(self.started_at, self.ended_at, self.clock.measured_at)
        counts = (self.asked_bytes, self.sent_bytes, self.acknowledged_bytes or 0, self.pieces_sent)
        if self.event not in _EVENTS or not 0 <= self.rung <= _HIGHEST_RUNG or min(counts) < 0:
            raise BadInput("a value of a contact is out of its range", remedy="look at how the network counts")
        if max(map(len, (self.client_name, self.title, self.file_name, self.clock.source))) > _TEXT_LIMIT:
            raise BadInput("a text of a contact is too long", remedy="cut it before it is recorded")

    def __repr__(self) -> str:
        return "<contact record>"

    def to_bytes(self) -> bytes:
        """Give the bytes that are sealed."""
        contact = {
            "event": self.event,
            "visit_id": self.visit_id,
            "connections": [each.to_plain() for each in self.connections],
            "identifiers": self.identifiers,
            "client": [self.client_name, self.client_family],
            "registry_country": self.registry_country,
            "started_at": _time_text(self.started_at),
            "ended_at": _time_text(self.ended_at),
            "clock": _clock_plain(self.clock),
            "quarantined": self.clock.quarantined,
            "rung": self.rung,
            "came_back": self.came_back,
            "asked_bytes": self.asked_bytes,
            "sent_bytes": self.sent_bytes,
            "acknowledged_bytes": self.acknowledged_bytes,
            "pieces_sent": self.pieces_sent,
            "flags": self.flags,
            "erase_by": self.erase_by.isoformat(),
        }
        offered = _offered_json(
            (
                *(self.order_id, self.legal_ground, self.campaign_id, self.node, self.network, self.protocol),
                *(self.offer_id, self.title, self.file_name, self.arm, self.language, self.warning_file_id),
                *(self.file_sha256, self.file_size_bytes, self.piece_bytes, self.network_ids, self.tool_version),
                *(self.build_sha256, self.catalogue_head, self.category, self.fact_or_assessment),
            )
        )
        text = f'{{"contact":{_encode(contact)},"format":"{CONTACT_FORMAT}","offered":{offered}}}'
        try:
            return text.encode()
        except UnicodeEncodeError as error:
            raise BadInput(
                "a text of a contact is no Unicode text", remedy="clean it before it is recorded"
            ) from error

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        """Read a record; raises `BadInput` for anything else."""
        with _Reading(raw, CONTACT_FORMAT) as value:
            contact, offered = value["contact"], value["offered"]
            offered["network_ids"] = _read_pairs(offered["network_ids"])
            client_name, client_family = contact.pop("client")
            quarantined = contact.pop("quarantined")
            contact |= {
                "connections": tuple(map(RecordedConnection.read, contact["connections"])),
                "identifiers": _read_pairs(contact["identifiers"]),
                "started_at": _read_time(contact["started_at"]),
                "ended_at": _read_time(contact["ended_at"]),
                "clock": _read_clock(contact["clock"]),
                "flags": tuple(contact["flags"]),
                "erase_by": date.fromisoformat(contact["erase_by"]),
            }
            record = cls(**offered, **contact, client_name=client_name, client_family=client_family)
            _check_kinds(record)
            if record.to_bytes() != raw or quarantined is not record.clock.quarantined:
                raise ValueError("another spelling")
            return record


def _check_kinds(record: ContactRecord) -> None:
    """Raise unless plain values are of the kind that their field says."""
    kinds = {"str": str, "int": int, "bool": bool}
    for each in fields(record):
        kind = kinds.get(str(getattr(each.type, "__name__", "")))
        if kind is not None:
            _need(kind, getattr(record, each.name))
    _need(str, *record.flags)
    if record.language is not None:
        _need(str, record.language)
    if record.acknowledged_bytes is not None:
        _need(int, record.acknowledged_bytes)


@dataclass(frozen=True, slots=True)
class GapRecord:
    """What was or may not have been recorded, where, and from when until when; or what happened to the clock.

    `network` is empty when all networks are meant; `until_at` is None while the gap has no end yet, as when sealing
    stops with the order. `what` holds no address and no title.
    """

    network: str
    what: str
    from_at: datetime
    until_at: datetime | None
    clock: ClockReading
    node: str
    order_id: str
    tool_version: str
    build_sha256: str
    erase_by: date

    def __post_init__(self) -> None:
        _check_times(self.from_at, self.until_at, self.clock.measured_at)
        if len(self.what) > _TEXT_LIMIT or len(self.clock.source) > SOURCE_TEXT_LIMIT:
            raise BadInput("a text of a gap is too long", remedy="say it in fewer words")

    def to_bytes(self) -> bytes:
        """Give the bytes that are sealed."""
        return _encode(
            {
                "format": GAP_FORMAT,
                "network": self.network,
                "what": self.what,
                "from_at": _time_text(self.from_at),
                "until_at": None if self.until_at is None else _time_text(self.until_at),
                "clock": _clock_plain(self.clock),
                "node": self.node,
                "order_id": self.order_id,
                "tool_version": self.tool_version,
                "build_sha256": self.build_sha256,
                "erase_by": self.erase_by.isoformat(),
            }
        ).encode()

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        """Read a record; raises `BadInput` for anything else."""
        with _Reading(raw, GAP_FORMAT) as value:
            del value["format"]
            value |= {
                "from_at": _read_time(value["from_at"]),
                "until_at": None if value["until_at"] is None else _read_time(value["until_at"]),
                "clock": _read_clock(value["clock"]),
                "erase_by": date.fromisoformat(value["erase_by"]),
            }
            record = cls(**value)
            texts = (record.network, record.what, record.node, record.order_id)
            _need(str, *texts, record.tool_version, record.build_sha256)
            if record.to_bytes() != raw:
                raise ValueError("another spelling")
            return record


LedgerRecord = ContactRecord | GapRecord


class _Reading:
    """Gives the object that the bytes hold; whatever breaks while it is read is `BadInput`, without the bytes."""

    def __init__(self, raw: bytes, form: str) -> None:
        self._raw, self._form = raw, form

    def __enter__(self) -> dict[str, Any]:
        try:
            value = json.loads(self._raw) if len(self._raw) <= RECORD_LIMIT_BYTES else None
            if not isinstance(value, dict) or value["format"] != self._form:
                raise ValueError("another format")  # noqa: TRY301 - one way out
        except (ValueError, KeyError, RecursionError) as error:
            raise BadInput("a record of the ledger cannot be read", remedy=_REMEDY) from error
        return value

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, ValueError | TypeError | KeyError | AttributeError | OverflowError | RecursionError):
            raise BadInput("a record of the ledger cannot be read", remedy=_REMEDY) from error


def read_record(raw: bytes) -> LedgerRecord:
    """Read a record of either kind; raises `BadInput` for anything else."""
    is_gap = raw.startswith(b'{"build_sha256"')  # a gap's first key; whichever reads it checks the whole
    return GapRecord.from_bytes(raw) if is_gap else ContactRecord.from_bytes(raw)
