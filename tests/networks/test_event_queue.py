# SPDX-License-Identifier: EUPL-1.2
"""Events wait in order and within a bound; the pace of uploads keeps its cap."""

import asyncio
from datetime import UTC, datetime

import pytest

from police2peer.networks import EvidenceGap, OfferId, OfferPulled, WireEvent
from police2peer.networks.event_queue import EventQueue
from police2peer.networks.pacing import Pace

_AT = datetime(2026, 3, 1, tzinfo=UTC)


def _pulled(number: int) -> OfferPulled:
    return OfferPulled(_AT, "memory", OfferId(f"memory-{number}"), "test")


async def _read_all(queue: EventQueue) -> list[WireEvent]:
    return [event async for event in queue.read()]


def test_events_are_read_in_order_until_the_end() -> None:
    async def run() -> list[WireEvent]:
        queue = EventQueue("memory", clock=lambda: _AT)
        queue.put([_pulled(1), _pulled(2)])
        queue.end()
        return await _read_all(queue)

    assert asyncio.run(run()) == [_pulled(1), _pulled(2)]


def test_a_reader_that_lags_finds_a_gap_with_the_number_lost() -> None:
    async def run() -> list[WireEvent]:
        queue = EventQueue("memory", clock=lambda: _AT, most_waiting=2)
        queue.put([_pulled(n) for n in range(5)])
        queue.put([_pulled(9)])
        queue.end()
        return await _read_all(queue)

    events = asyncio.run(run())
    assert events == [_pulled(0), _pulled(1), EvidenceGap(_AT, "memory", "4 events were not read in time")]


def test_a_pace_lets_a_second_out_at_once_and_holds_the_rest() -> None:
    pace = Pace(1000)
    assert pace.wait_s(1000, 50.0) == 0.0
    assert pace.wait_s(500, 50.0) == pytest.approx(0.5)
    assert pace.wait_s(500, 50.0) == pytest.approx(1.0)


def test_what_may_not_go_out_at_once_is_left_out_and_not_booked() -> None:
    pace = Pace(8)
    assert [pace.take(1, 50.0) for _ in range(10)] == [True] * 8 + [False] * 2
    assert [pace.take(1, 50.25) for _ in range(3)] == [True, True, False]
    assert pace.take(8, 60.0)


def test_no_cap_means_no_wait() -> None:
    assert Pace(None).wait_s(10**12, 0.0) == 0.0
    assert Pace(None).take(10**12, 0.0)
