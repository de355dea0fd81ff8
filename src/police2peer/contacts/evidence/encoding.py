# SPDX-License-Identifier: EUPL-1.2
"""The one way in which values of requests, logs and packs are written and read back.

Promise: what is read is written again as the very same bytes, or it is refused.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

from police2peer.errors import BadInput

__all__ = ["canonical", "read_canonical", "read_list", "read_moment", "read_text", "reading", "write_moment"]

Read = TypeVar("Read")

_FAULTS = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z")


def canonical(value: object) -> bytes:
    """Write JSON with sorted keys, without blanks, in UTF-8."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


@contextmanager
def reading(what: str, remedy: str) -> Iterator[None]:
    """Turn whatever breaks while foreign bytes are read into `BadInput`."""
    try:
        yield
    except _FAULTS as error:
        raise BadInput(f"this is not {what}", remedy=remedy) from error


def read_canonical(raw: bytes, most_bytes: int) -> dict[str, Any]:
    """Read an object that was written by `canonical`; to be used inside `reading`."""
    if len(raw) > most_bytes:
        raise ValueError("too long")
    value = json.loads(raw)
    if not isinstance(value, dict) or canonical(value) != raw:
        raise ValueError("not canonical")
    return value


def read_text(value: object) -> str:
    """Take a text; to be used inside `reading`."""
    if not isinstance(value, str):
        raise TypeError("not text")
    return value


def read_list(value: object, read: Callable[[Any], Read]) -> tuple[Read, ...]:
    """Take a list; to be used inside `reading`."""
    if not isinstance(value, list):
        raise TypeError("not a list")
    return tuple(read(each) for each in value)


def write_moment(moment: datetime) -> str:
    """Write a moment in UTC, with microseconds where it has any: `2026-11-23T12:00:00Z`."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def read_moment(value: object) -> datetime:
    """Take a moment as `write_moment` writes it; to be used inside `reading`."""
    text = read_text(value)
    if not _MOMENT.fullmatch(text):
        raise ValueError("not a moment in UTC")
    return datetime.fromisoformat(text)
