# SPDX-License-Identifier: EUPL-1.2
"""How many different hosts, and how many came back: sketches under the key of a period, closed at its end.

For each network and arm two sketches are filled: `different`, the hosts that asked for data of an offer of that arm,
and `returned`, the hosts whose first contact of the period was with that arm and that asked again, for whatever
offer, after a visit of theirs had closed. An open sketch is in memory only; a closed one is given out when the key
is destroyed, and can then be asked about nobody (tests try, with the key and without).
"""

import json
import logging
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from police2peer.contacts.period import Period, PeriodKey, PeriodKeys
from police2peer.contacts.sketches import OpenSketch, union
from police2peer.errors import BadInput, Unavailable

_log = logging.getLogger(__name__)

_MOST_REMEMBERED: Final = 500_000  # hosts, and hosts with an offer: about 60 bytes each
_KEEP_EVERY: Final = timedelta(minutes=1)


class Counted(StrEnum):
    """What a sketch counts."""

    DIFFERENT = "different"
    RETURNED = "returned"


class SketchKey(NamedTuple):
    """What a sketch is about."""

    network: str
    arm: str
    counted: Counted


_Sketches = dict[tuple[str, str], OpenSketch]  # by network and arm


@dataclass(frozen=True, slots=True)
class ClosedPeriod:
    """What is left of a period: its sketches, and when its key was destroyed."""

    period: Period
    key_destroyed_at: datetime
    sketches: dict[SketchKey, bytes]


class Uniques:
    """Counts different hosts in the period that runs. `roll` ends it when its time has come."""

    def __init__(self, keys: PeriodKeys) -> None:
        self._keys = keys
        self._key: PeriodKey | None = None
        self._keep_at = datetime.max.replace(tzinfo=UTC)
        self._before: dict[SketchKey, bytes] = {}
        self._different: _Sketches = {}
        self._returned: _Sketches = {}
        self._first_arm: OrderedDict[int, str] = OrderedDict()
        self._offers: OrderedDict[tuple[int, str], None] = OrderedDict()
        self.number = 0
        """Grows with each period: an item of an earlier one stands for nobody."""

    def roll(self, now: datetime) -> ClosedPeriod | None:
        """Begin a period when there is none, or end one whose time is over; give what was closed."""
        if self._key is not None and now < self._key.period.ends:
            if now >= self._keep_at:
                self._keep(now)
            return None
        closed = self._end(now) if self._key is not None else None
        self._key = self._keys.key_at(now)
        self._before = unpack(self._keys.kept(self._key.period) or b"")
        self._keep_at = now + _KEEP_EVERY
        return closed

    def close(self, now: datetime) -> ClosedPeriod | None:
        """Stop counting: a shared period that still runs is kept in memory beside its key, any other one is ended."""
        if self._key is None or (now < self._key.period.ends and self._keep(now)):
            self._key = None
            self._forget()
            return None
        return self._end(now)

    def _end(self, now: datetime) -> ClosedPeriod:
        """Destroy the key and everything under it, then give the sketches."""
        assert self._key is not None  # noqa: S101 - the callers have looked
        period, key, self._key = self._key.period, self._key, None
        sketches = self._counted()
        key.destroy()
        self._keys.forget(period)
        self._forget()
        return ClosedPeriod(period, now, sketches)

    def _keep(self, now: datetime) -> bool:
        """Keep what was counted beside a shared key; False for a key that dies with the process.

        Where there is no room for it, it is lost: with the key still about, it may go nowhere else.
        """
        assert self._key is not None  # noqa: S101 - the callers have looked
        self._keep_at = now + _KEEP_EVERY
        if not self._key.period.shared:
            return False
        try:
            self._keys.keep(self._key.period, pack(self._counted()))
        except (Unavailable, OSError) as error:
            _log.error("what was counted in a shared period could not be kept: %s", type(error).__name__)
        return True

    def _counted(self) -> dict[SketchKey, bytes]:
        """Give all sketches of the period, those of an earlier process among them."""
        open_ = ((Counted.DIFFERENT, self._different), (Counted.RETURNED, self._returned))
        now = {
            SketchKey(*about, counted): sketch.content()
            for counted, sketches in open_
            for about, sketch in sketches.items()
        }
        return {
            about: union([found[about] for found in (self._before, now) if about in found])
            for about in self._before.keys() | now.keys()
        }

    def _forget(self) -> None:
        self._first_arm.clear()
        self._offers.clear()
        self._different.clear()
        self._returned.clear()
        self._before = {}
        self.number += 1

    def item(self, host: str, now: datetime) -> int:
        """Give what stands for a host in the period that runs; begins one when there is none."""
        if self._key is None:
            self.roll(now)
        assert self._key is not None  # noqa: S101 - `roll` has begun one
        return self._key.item(host)

    def ask(self, item: int, offer: str, network: str, arm: str) -> bool:
        """Note that a host asked for data; tell whether it came back to this very offer."""
        self._sketch(self._different, network, arm).add(item)
        first = self._first_arm.get(item)
        if first is None:
            return False
        self._sketch(self._returned, network, first).add(item)
        return (item, offer) in self._offers

    def leave(self, item: int, offer: str, arm: str) -> None:
        """Note that a contact of a host closed: whoever asks again came back."""
        self._first_arm.setdefault(item, arm)
        self._offers[item, offer] = None
        if len(self._first_arm) > _MOST_REMEMBERED:
            self._first_arm.popitem(last=False)
        if len(self._offers) > _MOST_REMEMBERED:
            self._offers.popitem(last=False)

    @staticmethod
    def _sketch(sketches: _Sketches, network: str, arm: str) -> OpenSketch:
        found = sketches.get((network, arm))
        if found is None:
            found = sketches[network, arm] = OpenSketch()
        return found


def pack(sketches: Mapping[SketchKey, bytes]) -> bytes:
    """Write sketches as one text, for memory beside a key only."""
    return json.dumps([[*about, content.hex()] for about, content in sketches.items()]).encode()


def unpack(content: bytes) -> dict[SketchKey, bytes]:
    """Read what `pack` wrote; what is no such text gives nothing, for counting must go on."""
    try:
        return {
            SketchKey(str(network), str(arm), Counted(counted)): union([bytes.fromhex(sketch)])
            for network, arm, counted, sketch in json.loads(content or b"[]")
        }
    except (ValueError, TypeError, RecursionError, BadInput):
        _log.error("what was counted before in this period cannot be read and is lost")
        return {}
