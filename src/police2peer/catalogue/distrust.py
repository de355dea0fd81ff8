# SPDX-License-Identifier: EUPL-1.2
"""One door for everything that a catalogue brings: whatever breaks while reading it is `NotAuthentic`.

Promise: inside `distrusting(...)` no byte sequence, however made, ends in another exception. The bytes themselves
never reach an error text.
"""

import contextlib
import json
from collections.abc import Iterator

from police2peer.errors import NotAuthentic, Police2PeerError

__all__ = ["FETCH_AGAIN", "JsonObject", "distrusting", "read_object"]

JsonObject = dict[str, object]

FETCH_AGAIN = "fetch the catalogue again from its public address; if this stays, tell the programme's office"

# What json, int, datetime, bytes and cryptography raise on bytes that are not what they should be.
_BREAKS = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError)


@contextlib.contextmanager
def distrusting(what: str) -> Iterator[None]:
    """Turn every failure to read `what` into `NotAuthentic`; our own errors pass."""
    try:
        yield
    except Police2PeerError:
        raise
    except _BREAKS as error:
        raise NotAuthentic(f"{what} in this copy of the catalogue cannot be read", remedy=FETCH_AGAIN) from error


def _refuse_number(_: str) -> object:
    raise ValueError("only whole numbers")


def read_object(raw: bytes) -> JsonObject:
    """Read a JSON object without fractions; to be used inside `distrusting`."""
    value = json.loads(raw.decode("utf-8"), parse_float=_refuse_number, parse_constant=_refuse_number)
    if not isinstance(value, dict):
        raise TypeError("not an object")
    return value
