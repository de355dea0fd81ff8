# SPDX-License-Identifier: EUPL-1.2
"""The header of a segment: the first entry of its file, in clear, without a person in it.

It says whose ledger this is, where in the tree the segment begins and what stood before it, under which order it was
written, by which program, what its key commits to, for whom the key was wrapped, and when its records are erased.
Source: docs/ledger.md, "The header".
"""

import json
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from police2peer.contacts.ledger.edge import Edge
from police2peer.contacts.ledger.frames import LEAF_MARK, EntryKind
from police2peer.errors import NotAuthentic

__all__ = ["SegmentHeader", "canonical", "time_text"]

_FORMAT: Final = "p2p-segment-1"
_HEX32, _HEX8 = re.compile(r"[0-9a-f]{64}"), re.compile(r"[0-9a-f]{16}")
_FIELDS: Final = frozenset(
    (
        *("format", "origin", "segment", "first", "edge", "opened_at", "order_id", "order_sha256", "key_commitment"),
        *("recipients", "erase_by", "tool_version", "build_sha256"),
    )
)


def canonical(value: object) -> bytes:
    """Give the one way to write these values: sorted keys, no spaces, UTF-8."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def time_text(at: datetime) -> str:
    """Write a moment in UTC, to the microsecond."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")[:26] + "Z"


@dataclass(frozen=True, slots=True)
class SegmentHeader:
    """What a header says; `first` is its own place in the tree, `edge` the tree before it."""

    origin: str
    segment: int
    first: int
    edge: tuple[bytes, ...]
    opened_at: datetime
    order_id: str
    order_sha256: str
    key_commitment: bytes
    recipients: tuple[str, ...]
    erase_by: date
    tool_version: str
    build_sha256: str

    def tree_before(self) -> Edge:
        """Give the edge of the tree before this segment."""
        return Edge(self.first, self.edge)

    def content(self) -> bytes:
        """Give the content of its frame."""
        plain = {
            "format": _FORMAT,
            "origin": self.origin,
            "segment": self.segment,
            "first": self.first,
            "edge": [one.hex() for one in self.edge],
            "opened_at": time_text(self.opened_at),
            "order_id": self.order_id,
            "order_sha256": self.order_sha256,
            "key_commitment": self.key_commitment.hex(),
            "recipients": self.recipients,
            "erase_by": self.erase_by.isoformat(),
            "tool_version": self.tool_version,
            "build_sha256": self.build_sha256,
        }
        return LEAF_MARK + bytes([EntryKind.HEADER]) + canonical(plain)

    @classmethod
    def read(cls, content: bytes) -> "SegmentHeader":
        """Read the content of a frame. Raises `NotAuthentic` for anything else."""
        try:
            header = cls._read(json.loads(content[2:].decode()))
            if header.content() != content:
                raise ValueError("another spelling")  # noqa: TRY301 - one way out
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
            raise NotAuthentic(
                "the header of a segment of the ledger cannot be read", remedy="use an undamaged copy of the ledger"
            ) from error
        return header

    @classmethod
    def _read(cls, value: dict[str, Any]) -> "SegmentHeader":
        texts = (value["origin"], value["order_id"], value["tool_version"], *value["recipients"])
        digests = (value["order_sha256"], value["key_commitment"], value["build_sha256"], *value["edge"])
        if value.keys() != _FIELDS or not all(isinstance(text, str) for text in texts):
            raise ValueError("other fields")
        if not all(map(_HEX32.fullmatch, digests)) or not all(map(_HEX8.fullmatch, value["recipients"])):
            raise ValueError("no digest")
        if any(type(value[name]) is not int or not 0 <= value[name] < 2**63 for name in ("segment", "first")):
            raise ValueError("no place")
        header = cls(
            origin=value["origin"],
            segment=value["segment"],
            first=value["first"],
            edge=tuple(map(bytes.fromhex, value["edge"])),
            opened_at=datetime.fromisoformat(value["opened_at"]).astimezone(UTC),
            order_id=value["order_id"],
            order_sha256=value["order_sha256"],
            key_commitment=bytes.fromhex(value["key_commitment"]),
            recipients=tuple(value["recipients"]),
            erase_by=date.fromisoformat(value["erase_by"]),
            tool_version=value["tool_version"],
            build_sha256=value["build_sha256"],
        )
        header.tree_before()
        return header
