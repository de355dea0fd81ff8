# SPDX-License-Identifier: EUPL-1.2
"""Counts on their way to the tallies: gathered under small keys, spelt out only when they are written."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from police2peer.contacts.folding import TallyRow
from police2peer.contacts.live import About
from police2peer.contacts.tallies import RungCounts
from police2peer.contacts.tally_file import RUNGS

_HOURS_A_DAY: Final = 24


def hour_number(at: datetime) -> int:
    """Give the number of a moment's UTC hour."""
    if at.tzinfo is not UTC:
        at = at.astimezone(UTC)
    return at.toordinal() * _HOURS_A_DAY + at.hour


def hour_text(number: int) -> str:
    """Write an hour as the tallies do."""
    day, hour = divmod(number, _HOURS_A_DAY)
    return f"{datetime.fromordinal(day):%Y-%m-%d}T{hour:02}"


class Counts:
    """How many visits reached which set of rungs, by hour, what they were about and client."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts: dict[tuple[int, About, str, int], int] = {}

    def __len__(self) -> int:
        return len(self._counts)

    def add(self, hour: int, about: About, client: str, rungs: int) -> None:
        """Count one visit that reached these rungs."""
        key = (hour, about, client, rungs)
        self._counts[key] = self._counts.get(key, 0) + 1

    def clear(self) -> None:
        """Begin anew."""
        self._counts.clear()

    def rows(self) -> Mapping[TallyRow, RungCounts]:
        """Spell the counts out, a row for everything but the rung."""
        rows: dict[TallyRow, list[int]] = {}
        hours: dict[int, str] = {}
        for (hour, about, client, rungs), count in self._counts.items():
            text = hours.get(hour) or hours.setdefault(hour, hour_text(hour))
            counts = rows.setdefault(TallyRow(text, *about, client), [0] * RUNGS)
            for rung in range(RUNGS):
                if rungs >> rung & 1:
                    counts[rung] += count
        return rows
