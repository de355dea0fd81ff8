# SPDX-License-Identifier: EUPL-1.2
"""The wrapped keys of a segment, in a file of their own, so that they can be destroyed and the tree still holds.

A file wraps either the segment's key, or, after some of its records were erased, the keys of those that remain, each
with its place. It is sealed to every recipient that the order names; a node can write it and cannot read it.
Source: RFC 9180 (HPKE); docs/ledger.md, "Keys".
"""

import base64
import binascii
import json
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from police2peer.campaign import EvidenceKey, EvidencePublicKey
from police2peer.contacts.ledger.sealing import KEY_BYTES, RecordKey, SegmentKey, record_key
from police2peer.contacts.ledger.segment import canonical
from police2peer.errors import BadInput, NotAuthentic

__all__ = ["KeysOf", "OpenedKeys", "WrappedKeys", "wrap_record_keys", "wrap_segment_key"]

_PLACE: Final = struct.Struct(">Q")
_ROW_BYTES: Final = _PLACE.size + KEY_BYTES
_FIELDS: Final = frozenset({"format", "origin", "segment", "wraps"})


class KeysOf(StrEnum):
    """What a file wraps."""

    SEGMENT = "p2p-segment-key-1"
    RECORDS = "p2p-record-keys-1"


def _info(holds: KeysOf, origin: str, segment: int) -> bytes:
    return f"{holds}\n{origin}\n{segment}\n".encode()


class OpenedKeys:
    """The keys of one segment, opened: of all its records, or of those that remain."""

    def __init__(self, segment_key: SegmentKey | None, records: Mapping[int, RecordKey]) -> None:
        self.segment_key = segment_key
        self._records = records

    def __repr__(self) -> str:
        return "<opened keys>"

    def of(self, index: int) -> RecordKey:
        """Give the key of the record at this place. Raises `BadInput` when it was erased."""
        if self.segment_key is not None:
            return record_key(self.segment_key, index)
        if index not in self._records:
            raise BadInput("the key of this record was destroyed", remedy="nobody can open it any more")
        return self._records[index]


@dataclass(frozen=True, slots=True)
class WrappedKeys:
    """What stands in a key file: for each recipient (by id) what was sealed to it."""

    holds: KeysOf
    origin: str
    segment: int
    wraps: tuple[tuple[str, bytes], ...]

    def to_bytes(self) -> bytes:
        """Give the content of the file."""
        wraps = [[recipient, base64.b64encode(sealed).decode()] for recipient, sealed in self.wraps]
        return canonical({"format": self.holds, "origin": self.origin, "segment": self.segment, "wraps": wraps})

    @classmethod
    def from_bytes(cls, raw: bytes) -> "WrappedKeys":
        """Read a key file. Raises `NotAuthentic` for anything else."""
        try:
            value: dict[str, Any] = json.loads(raw)
            wraps = tuple((str(name), base64.b64decode(text, validate=True)) for name, text in value["wraps"])
            if value.keys() != _FIELDS or not isinstance(value["origin"], str) or type(value["segment"]) is not int:
                raise ValueError("other fields")  # noqa: TRY301 - one way out
            keys = cls(KeysOf(value["format"]), value["origin"], value["segment"], wraps)
            if keys.to_bytes() != raw:
                raise ValueError("another spelling")  # noqa: TRY301
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError, binascii.Error) as error:
            raise NotAuthentic(
                "a key file of the ledger cannot be read", remedy="take it from another copy of the ledger"
            ) from error
        return keys

    def open(self, private: EvidenceKey) -> OpenedKeys:
        """Open with an agency's private key. Raises `BadInput` when nothing was sealed to it, or it is damaged."""
        sealed = [raw for recipient, raw in self.wraps if recipient == private.public.id]
        if not sealed:
            raise BadInput(
                "nothing in this segment was sealed to this evidence key",
                remedy="use the private half of a key that the order named; `police2peer ledger status` names them",
            )
        opened = private.unwrap(sealed[0], _info(self.holds, self.origin, self.segment))
        if len(opened) != KEY_BYTES and (self.holds is KeysOf.SEGMENT or len(opened) % _ROW_BYTES):
            raise NotAuthentic("a key of the ledger has a wrong length", remedy="use another copy of the ledger")
        if self.holds is KeysOf.SEGMENT:
            return OpenedKeys(SegmentKey(opened), {})
        rows = range(0, len(opened), _ROW_BYTES)
        table = {_PLACE.unpack_from(opened, at)[0]: opened[at + _PLACE.size : at + _ROW_BYTES] for at in rows}
        return OpenedKeys(None, {index: RecordKey(key) for index, key in table.items()})


def wrap_segment_key(
    key: SegmentKey, origin: str, segment: int, recipients: Iterable[EvidencePublicKey]
) -> WrappedKeys:
    """Wrap the key of a whole segment."""
    return _wrap(KeysOf.SEGMENT, key, origin, segment, recipients)


def wrap_record_keys(
    keys: Mapping[int, RecordKey], origin: str, segment: int, recipients: Iterable[EvidencePublicKey]
) -> WrappedKeys:
    """Wrap the keys of the records that remain."""
    table = b"".join(_PLACE.pack(index) + key for index, key in sorted(keys.items()))
    return _wrap(KeysOf.RECORDS, table, origin, segment, recipients)


def _wrap(
    holds: KeysOf, secret: bytes, origin: str, segment: int, recipients: Iterable[EvidencePublicKey]
) -> WrappedKeys:
    info = _info(holds, origin, segment)
    return WrappedKeys(holds, origin, segment, tuple((each.id, each.wrap(secret, info)) for each in recipients))
