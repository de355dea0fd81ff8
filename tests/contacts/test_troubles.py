# SPDX-License-Identifier: EUPL-1.2
"""A disk without room and a clock that is set back cost no count."""

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from tests.contacts.conftest import NOON, Desk

from police2peer.contacts import Rung

if TYPE_CHECKING:
    from tests.contacts.conftest import Peer


def _contact(desk: Desk, peer: "type[Peer]", number: int, at: float) -> None:
    one = peer(f"127.4.{number // 250}.{number % 250}", f"bittorrent-{1 + number % 500:06d}")
    for event in (one.connects(at), one.is_named(at=at), one.asks(at=at), one.leaves(at)):
        desk.contacts.feed(event)


def _fill_the_disk(desk: Desk) -> None:
    """Let SQLite find no room for another page, as on a full disk."""
    (pages,) = desk.store._db.execute("PRAGMA page_count").fetchone()
    desk.store._db.execute(f"PRAGMA max_page_count = {pages}")


def _free_the_disk(desk: Desk) -> None:
    desk.store._db.execute("PRAGMA max_page_count = 1000000")


def test_counts_wait_while_the_disk_is_full_and_a_gap_says_so(
    desk: Desk, peer: "type[Peer]", caplog: pytest.LogCaptureFixture
) -> None:
    desk.offer_more(500)
    desk.contacts.begin(NOON)
    _contact(desk, peer, 0, 0)
    desk.contacts.flush(peer.when(1))
    _fill_the_disk(desk)
    for number in range(1, 400):
        _contact(desk, peer, number, 2 + number / 100)
        desk.contacts.flush(peer.when(2 + number / 100))
    waiting = desk.store.contacts()
    assert waiting < 400
    assert caplog.text.count("could not be written") == 1
    _free_the_disk(desk)
    desk.contacts.flush(peer.when(10))
    assert desk.store.contacts() == 400
    assert [gap.what for gap in desk.store.gaps()] == ["the counts could not be written for a while and waited"]
    desk.contacts.close(peer.when(20))
    assert desk.store.begin_run(peer.when(30)) == []


def test_a_node_that_stops_on_a_full_disk_leaves_a_gap_and_what_it_had_written(
    desk: Desk, peer: "type[Peer]"
) -> None:
    desk.offer_more(500)
    desk.contacts.begin(NOON)
    _contact(desk, peer, 0, 0)
    desk.contacts.flush(peer.when(1))
    _fill_the_disk(desk)
    for number in range(1, 500):
        _contact(desk, peer, number, 6)
    desk.contacts.close(peer.when(8))
    _free_the_disk(desk)
    (gap,) = desk.store.begin_run(peer.when(60))
    assert gap.at <= peer.when(6)
    assert desk.store.contacts() == 1


def test_a_closed_period_waits_for_room_too(desk: Desk, peer: "type[Peer]") -> None:
    desk.offer_more(500)
    desk.contacts.begin(NOON)
    for number in range(300):
        _contact(desk, peer, number, 0)
    desk.contacts.flush(peer.when(1))
    _fill_the_disk(desk)
    next_month = NOON + timedelta(days=40)
    for number in range(300):
        _contact(desk, peer, number, 40 * 86_400)
    desk.contacts.flush(next_month)
    assert desk.store.periods() == []
    _free_the_disk(desk)
    desk.contacts.flush(next_month + timedelta(seconds=5))
    (period,) = desk.store.periods()
    assert period.key_destroyed_at == next_month
    assert sum(found.count for found in period.estimates.values()) == 300


@pytest.mark.parametrize("back_s", [30, 7200, 90_000])
def test_a_clock_that_is_set_back_costs_no_count_and_closes_nothing_twice(
    desk: Desk, peer: "type[Peer]", back_s: int
) -> None:
    desk.contacts.begin(NOON)
    for number in range(20):
        at = 1000 + number if number < 10 else 1000 + number - back_s
        _contact(desk, peer, 500 * number, at)
        desk.contacts.flush(peer.when(at))
    desk.contacts.close(peer.when(2000 - back_s))
    assert desk.store.contacts() == 20
    assert desk.store.reached()[""] == {Rung.HANDSHAKE: 20, Rung.METADATA: 20, Rung.ASKED: 20}
    assert len(desk.closed) == 20
