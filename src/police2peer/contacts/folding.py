# SPDX-License-Identifier: EUPL-1.2
"""How the tallies stay small whatever happens: what is folded together, when, and how many rows there can be.

* Hours are kept as hours for `hours_days` days and then folded into days; days for `days_days` days and then into
  months, without offers and clients.
* An hour, day or month takes `most_rows` rows in full. Beyond that a new row gives up client and country and keeps
  the offer, which is the unit of a trial; beyond twice that it gives up the offer too. A count is never dropped.

So a file holds at most `2 * most_rows` rows for each of `24 * hours_days + days_days` slots, a few dozen more for
each, and `2 * most_rows` a month beyond that. The counts of non-contacts give up client and country once an hour
holds `most_rows` rows of them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

FOLDED: Final = "*"
"""Stands for a country, offer or client that was folded away."""

_DAY_LETTERS: Final = len("2026-03-01")
_MONTH_LETTERS: Final = len("2026-03")


class TallyRow(NamedTuple):
    """What a row of counts is about. `hour` is UTC, `2026-03-01T14`, or the day or month it was folded into."""

    hour: str
    network: str
    country: str
    arm: str
    offer: str
    client: str


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much detail a file of tallies keeps, and for how long."""

    most_rows: int = 1500
    hours_days: int = 35
    days_days: int = 400
    most_gaps: int = 10_000
    sketch_periods: int = 120


def without_client(row: TallyRow) -> TallyRow:
    """Give up client and country; the offer stays."""
    return row._replace(country=FOLDED, client=FOLDED)


def without_offer(row: TallyRow) -> TallyRow:
    """Give up all but hour, network and arm."""
    return row._replace(country=FOLDED, client=FOLDED, offer=FOLDED)


def due_slots(slots: Iterable[str], now: datetime, bounds: Bounds) -> tuple[list[str], list[str]]:
    """Name the hours that are to become days, and the days that are to become months."""
    today = now.astimezone(UTC)
    hours_before = f"{today - timedelta(days=bounds.hours_days):%Y-%m-%d}"
    days_before = f"{today - timedelta(days=bounds.days_days):%Y-%m-%d}"
    hours = [slot for slot in slots if len(slot) > _DAY_LETTERS and slot[:_DAY_LETTERS] < hours_before]
    days = [slot for slot in slots if len(slot) == _DAY_LETTERS and slot < days_before]
    return hours, days


def as_day(row: TallyRow) -> TallyRow:
    """Give the row of the day in which an hour's row is."""
    return row._replace(hour=row.hour[:_DAY_LETTERS])


def as_month(row: TallyRow) -> TallyRow:
    """Give the row of the month in which a day's row is."""
    return row._replace(hour=row.hour[:_MONTH_LETTERS], offer=FOLDED, client=FOLDED)
