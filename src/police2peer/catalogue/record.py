# SPDX-License-Identifier: EUPL-1.2
"""The entry of one warning file in the catalogue, and its exact bytes.

A record is signed as bytes and read as bytes: nothing is written again before a signature is checked.
Source: docs/catalogue-format.md, "Packs and records".
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from police2peer.catalogue.distrust import FETCH_AGAIN, JsonObject, read_object
from police2peer.catalogue.lookup import Alias
from police2peer.errors import BadInput, NotAuthentic

__all__ = ["RECORD_SIGNING_PREFIX", "Record", "RecordDraft", "Status"]

RECORD_SIGNING_PREFIX = b"p2pw-record-v1\n"
_VERSION = 1
_SHA256 = re.compile(r"[0-9a-f]{64}")
_ID = re.compile(r"[A-Za-z0-9._:-]{1,100}")
_HASH_NAME = re.compile(r"[a-z0-9_]{1,20}")
_FIELDS = frozenset(
    {"agency", "code", "format", "hashes", "id", "issued", "language"}
    | {"network_ids", "rev", "sha256", "since", "size", "status", "v"}
)


class Status(StrEnum):
    """What the agency says of its file today."""

    GENUINE = "genuine"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class RecordDraft:
    """A warning file as its maker hands it to the catalogue. Raises `BadInput` when it cannot be one."""

    id: str
    agency: str
    code: str | None
    sha256: str
    size: int
    hashes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    network_ids: tuple[tuple[str, str], ...] = ()
    format: str = ""
    language: str | None = None
    issued_on: date = date.min

    def __post_init__(self) -> None:
        sound = (
            _ID.fullmatch(self.id)
            and _SHA256.fullmatch(self.sha256)
            and self.size > 0
            and all(_HASH_NAME.fullmatch(name) for name in self.hashes)
        )
        if not sound:
            raise BadInput(
                "a warning file cannot be entered: its id, hash or size is not well-formed",
                remedy="make the files again; a warning file has at least one byte and a SHA-256 in lower-case hex",
            )


@dataclass(frozen=True, slots=True)
class Record:
    """A signed entry: the draft and what the agency says of it since when."""

    draft: RecordDraft
    rev: int
    status: Status
    since: date

    def to_bytes(self) -> bytes:
        """Write the bytes that are signed."""
        draft = self.draft
        value = {
            "agency": draft.agency,
            "code": draft.code,
            "format": draft.format,
            "hashes": dict(draft.hashes),
            "id": draft.id,
            "issued": draft.issued_on.isoformat(),
            "language": draft.language,
            "network_ids": [list(pair) for pair in draft.network_ids],
            "rev": self.rev,
            "sha256": draft.sha256,
            "since": self.since.isoformat(),
            "size": draft.size,
            "status": self.status.value,
            "v": _VERSION,
        }
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Record":
        """Read a record; to be used inside `distrusting`. Raises `NotAuthentic` for another version."""
        value = read_object(raw)
        if value.get("v") != _VERSION:
            raise NotAuthentic("this record is of a version that this program does not know", remedy=FETCH_AGAIN)
        if value.keys() != _FIELDS:
            raise ValueError("other fields")
        draft = _read_draft(value)
        since = date.fromisoformat(_text(value["since"]))
        return cls(draft=draft, rev=_whole(value["rev"]), status=Status(_text(value["status"])), since=since)

    def is_about(self, alias: Alias) -> bool:
        """Whether the record itself names what was asked for; codes are compared by the caller."""
        if alias.type == "sha256":
            return self.draft.sha256 == alias.value
        return (alias.type, alias.value) in self.draft.network_ids


def _read_draft(value: JsonObject) -> RecordDraft:
    try:
        return RecordDraft(
            id=_text(value["id"]),
            agency=_text(value["agency"]),
            code=_text_or_none(value["code"]),
            sha256=_text(value["sha256"]),
            size=_whole(value["size"]),
            hashes=MappingProxyType({_text(k): _text(v) for k, v in _table(value["hashes"]).items()}),
            network_ids=tuple(_pair(pair) for pair in _list(value["network_ids"])),
            format=_text(value["format"]),
            language=_text_or_none(value["language"]),
            issued_on=date.fromisoformat(_text(value["issued"])),
        )
    except BadInput as error:  # what a maker is told to mend is, in a published record, not authentic
        raise ValueError("not a draft") from error


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not text")
    return value


def _text_or_none(value: object) -> str | None:
    return None if value is None else _text(value)


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise TypeError("not a count")
    return value


def _table(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise TypeError("not a table")
    return value


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError("not a list")
    return value


def _pair(value: object) -> tuple[str, str]:
    first, second = _list(value)
    return _text(first), _text(second)
