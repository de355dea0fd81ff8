# SPDX-License-Identifier: EUPL-1.2
"""`head.json`: the one TUF target, which commits to the whole index.

Source: docs/catalogue-format.md, "head.json".
"""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from police2peer.catalogue.distrust import FETCH_AGAIN, read_object
from police2peer.catalogue.lookup import CodeStretch
from police2peer.catalogue.tree import levels_of
from police2peer.errors import NotAuthentic

__all__ = ["MOST_ITERATIONS", "Head", "read_utc", "write_utc"]

_VERSION, _NARROW_VERSION = 2, 1  # they differ in how many digits a node of the index takes
_DEEPEST = 5
_SALT_BYTES = 16
LEAST_ITERATIONS, MOST_ITERATIONS = 1_000, 5_000_000  # the upper bound keeps a hostile head from stalling a phone
_HASH = re.compile(r"[0-9a-f]{64}")
_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def read_utc(text: object) -> datetime:
    """Read `2026-11-23T23:45:34Z`; to be used inside `distrusting`."""
    if not isinstance(text, str) or not _UTC.fullmatch(text):
        raise ValueError("not a time in UTC")
    return datetime.fromisoformat(text)


def write_utc(moment: datetime) -> str:
    """Write `2026-11-23T23:45:34Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True)
class Head:
    """When the catalogue was published, how codes are stretched, and the root of the index."""

    at: datetime
    stretch: CodeStretch
    entries: int
    depth: int
    root: bytes
    narrow: bool = False

    @property
    def levels(self) -> tuple[int, ...]:
        """How many digits of the lookup key each node on the way to a shard takes."""
        return levels_of(self.depth, narrow=self.narrow)

    def to_bytes(self) -> bytes:
        """Write the target's bytes."""
        value = {
            "at": write_utc(self.at),
            "code": {"iterations": self.stretch.iterations, "salt": self.stretch.salt.hex()},
            "entries": self.entries,
            "idx": {"depth": self.depth, "root": self.root.hex()},
            "v": _NARROW_VERSION if self.narrow else _VERSION,
        }
        return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Head":
        """Read a head; to be used inside `distrusting`. Raises `NotAuthentic` for another version."""
        value = read_object(raw)
        if value.get("v") not in {_VERSION, _NARROW_VERSION}:
            raise NotAuthentic("this catalogue is of a version that this program does not know", remedy=FETCH_AGAIN)
        code, idx = value["code"], value["idx"]
        if not isinstance(code, dict) or not isinstance(idx, dict) or not _HASH.fullmatch(idx["root"]):
            raise TypeError("not a head")
        salt = bytes.fromhex(code["salt"])
        if len(salt) != _SALT_BYTES:
            raise ValueError("not a salt")
        return cls(
            at=read_utc(value["at"]),
            stretch=CodeStretch(_between(code["iterations"], LEAST_ITERATIONS, MOST_ITERATIONS), salt),
            entries=_between(value["entries"], 0, 2**40),
            depth=_between(idx["depth"], 0, _DEEPEST),
            root=bytes.fromhex(idx["root"]),
            narrow=value["v"] == _NARROW_VERSION,
        )


def _between(value: object, least: int, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise ValueError("out of bounds")
    return value
