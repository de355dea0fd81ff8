# SPDX-License-Identifier: EUPL-1.2
from typing import TYPE_CHECKING, get_args

import pytest

from police2peer.contacts import CrawlerKey, CrawlerReason, ExculpatoryFlag, Rung, TallyKey
from police2peer.networks import DataAcknowledged, EvidenceGap, WireEvent

if TYPE_CHECKING:
    from tests.contacts.conftest import Desk, Peer


def test_a_download_is_one_contact_whatever_the_number_of_its_connections(desk: "Desk", peer: "type[Peer]") -> None:
    for port, (first, length) in enumerate([(0, 50_000), (50_000, 50_000)], start=1):
        one = peer(port=port)
        for event in (
            one.connects(),
            one.is_named(),
            one.asks(first, length),
            one.gets(first, length),
            one.leaves(9),
        ):
            desk.contacts.feed(event)
    desk.contacts.close()
    key = TallyKey("2026-03-01T12", "bittorrent", "NO", "help", "bittorrent-000001", Rung.ALL, "Transmission")
    assert desk.store.tallies()[key] == 1
    assert desk.store.reached()[""] == dict.fromkeys((Rung(n) for n in range(1, 6)), 1)
    (contact,) = desk.closed
    assert (contact.connections, contact.sent_bytes, contact.rung) == (2, 100_000, Rung.ALL)
    assert contact.flags == frozenset()


def test_a_rung_is_counted_in_the_hour_it_was_reached(desk: "Desk", peer: "type[Peer]") -> None:
    one = peer()
    for event in (one.connects(3500), one.is_named(at=3500), one.asks(at=3590), one.gets(0, 32_768, at=3610)):
        desk.contacts.feed(event)
    desk.contacts.close()
    hours = {key.rung: key.hour for key in desk.store.tallies()}
    assert hours[Rung.ASKED] == "2026-03-01T12"
    assert hours[Rung.PIECE] == "2026-03-01T13"


def test_a_count_waits_for_the_name_of_the_client_but_not_for_ever(desk: "Desk", peer: "type[Peer]") -> None:
    one, other = peer("127.0.0.1"), peer("127.0.0.2")
    for each in (one, other):
        desk.contacts.feed(each.connects())
        desk.contacts.feed(each.asks())
    desk.contacts.flush(one.when(1))
    assert desk.store.contacts() == 0
    desk.contacts.feed(one.is_named(at=1))
    desk.contacts.flush(one.when(2))
    assert desk.store.contacts() == 1
    desk.contacts.flush(one.when(6))
    assert {key.client for key in desk.store.tallies()} == {"Transmission", "unnamed"}
    desk.contacts.close()
    assert desk.store.contacts() == 2


def test_a_visit_closes_when_it_was_quiet_for_its_window_and_nobody_is_connected(
    desk: "Desk", peer: "type[Peer]"
) -> None:
    one, other = peer("127.0.0.1"), peer("127.0.0.2")
    for event in (one.connects(), one.asks(), one.leaves(1), other.connects(), other.asks()):
        desk.contacts.feed(event)
    desk.contacts.flush(one.when(599))
    assert len(desk.contacts) == 2
    desk.contacts.flush(one.when(602))
    assert len(desk.contacts) == 1
    assert len(desk.closed) == 1


def test_who_asks_again_after_the_window_came_back_and_who_asks_within_it_did_not(
    desk: "Desk", peer: "type[Peer]"
) -> None:
    one = peer()
    for at in (0, 300, 2000):
        desk.contacts.flush(one.when(at))
        for event in (one.connects(at), one.asks(at=at), one.leaves(at)):
            desk.contacts.feed(event)
    desk.contacts.close()
    reached = desk.store.reached()[""]
    assert reached[Rung.ASKED] == 2
    assert reached[Rung.CAME_BACK] == 1
    assert [contact.came_back for contact in desk.closed] == [False, True]


def test_another_offer_is_another_contact_and_no_return(desk: "Desk", peer: "type[Peer]") -> None:
    for offer in ("bittorrent-000001", "bittorrent-000002"):
        one = peer(offer=offer)
        for event in (one.connects(), one.asks(), one.leaves()):
            desk.contacts.feed(event)
    desk.contacts.close()
    assert desk.store.reached(by="arm") == {
        "help": {Rung.HANDSHAKE: 1, Rung.METADATA: 1, Rung.ASKED: 1},
        "blank": {Rung.HANDSHAKE: 1, Rung.METADATA: 1, Rung.ASKED: 1},
    }


def test_who_only_looked_is_counted_apart_with_the_reason(desk: "Desk", peer: "type[Peer]") -> None:
    looker, reader = peer("127.0.0.1"), peer("127.0.0.2")
    for event in (looker.connects(), looker.leaves(), reader.connects(), reader.reads(), reader.leaves()):
        desk.contacts.feed(event)
    desk.contacts.close()
    assert desk.store.contacts() == 0
    assert desk.closed == []
    about = ("2026-03-01T12", "bittorrent", "NO", "help")
    assert desk.store.crawlers() == {
        CrawlerKey(*about, CrawlerReason.HANDSHAKE_ONLY, "unnamed"): 1,
        CrawlerKey(*about, CrawlerReason.METADATA_ONLY, "unnamed"): 1,
    }


def test_two_kinds_of_client_behind_one_address_are_told(desk: "Desk", peer: "type[Peer]") -> None:
    one, other = peer(port=1), peer(port=2)
    for event in (one.connects(), one.is_named(b"-TR4050-"), one.asks(), other.is_named(b"-qB4520-"), other.asks()):
        desk.contacts.feed(event)
    desk.contacts.close()
    (contact,) = desk.closed
    assert contact.flags == {ExculpatoryFlag.SHARED_ADDRESS, ExculpatoryFlag.SEVERAL_CLIENTS}


def test_a_gap_is_kept_as_a_gap(desk: "Desk", peer: "type[Peer]") -> None:
    desk.contacts.feed(EvidenceGap(peer.when(5), "bittorrent", "the alert queue was full"))
    desk.contacts.feed(peer(offer="bittorrent-999999").connects(6))
    desk.contacts.feed(peer(offer="bittorrent-999999").asks(at=6))
    desk.contacts.flush(peer.when(7))
    assert [gap.what for gap in desk.store.gaps()] == [
        "the alert queue was full",
        "1 exchanges were about an offer that is not ours now",
    ]
    assert desk.store.gaps()[0].at == peer.when(5)


def test_more_visits_than_there_is_room_for_close_the_oldest_and_say_so(
    desk: "Desk", peer: "type[Peer]", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("police2peer.contacts.counting._MOST_VISITS", 10)
    for number in range(15):
        desk.contacts.feed(peer(f"127.0.0.{number}").asks(at=number))
    assert len(desk.contacts) == 10
    desk.contacts.close()
    assert desk.store.contacts() == 15
    assert [gap.what for gap in desk.store.gaps()] == ["5 visits were closed early: too many at once"]


def test_every_kind_of_event_has_its_step(desk: "Desk") -> None:
    assert set(desk.contacts._steps) == set(get_args(WireEvent))


def test_what_comes_late_about_a_closed_visit_begins_none(desk: "Desk", peer: "type[Peer]") -> None:
    one = peer()
    for event in (one.connects(), one.asks(), one.leaves(1)):
        desk.contacts.feed(event)
    desk.contacts.flush(one.when(700))
    for late in (one.is_named(at=701), DataAcknowledged(one.when(701), *one.about, 0, 10), one.leaves(701)):
        desk.contacts.feed(late)
    assert len(desk.contacts) == 0
    desk.contacts.close()
    assert desk.store.crawlers() == {}
    assert desk.store.contacts() == 1
