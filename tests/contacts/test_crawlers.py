# SPDX-License-Identifier: EUPL-1.2
"""Who never asks for data is no contact, however often and however it looks; each is told by its manner."""

import os
import random
from typing import TYPE_CHECKING

import pytest

from police2peer.campaign import TermId
from police2peer.contacts import CrawlerReason, ExculpatoryFlag, Rung
from police2peer.networks import (
    Address,
    DataAcknowledged,
    Departure,
    EvidenceGap,
    OfferId,
    PeerLeft,
    SearchMatched,
    WireEvent,
)

if TYPE_CHECKING:
    from tests.contacts.conftest import Desk, Peer


def _reasons(desk: "Desk") -> dict[CrawlerReason, int]:
    found: dict[CrawlerReason, int] = {}
    for key, count in desk.store.crawlers().items():
        found[key.reason] = found.get(key.reason, 0) + count
    return found


def test_a_scanner_of_many_offers_is_told_from_one_who_looked_at_two(desk: "Desk", peer: "type[Peer]") -> None:
    desk.offer_more(20)
    for number in range(1, 21):
        scanner = peer("127.0.0.1", f"bittorrent-{number:06d}")
        indexer = peer("127.0.0.2", f"bittorrent-{number:06d}")
        for event in (scanner.connects(), scanner.leaves(1), indexer.connects(), indexer.reads(), indexer.leaves(1)):
            desk.contacts.feed(event)
    for number in (1, 2):
        looker = peer("127.0.0.3", f"bittorrent-{number:06d}")
        seed = peer("127.0.0.4", f"bittorrent-{number:06d}")
        complete = PeerLeft(seed.when(1), *seed.about, Departure.COMPLETE)
        for event in (looker.connects(), looker.leaves(1), seed.connects(), complete):
            desk.contacts.feed(event)
    desk.contacts.close()
    assert _reasons(desk) == {
        CrawlerReason.SCANNER: 20,
        CrawlerReason.INDEXER: 20,
        CrawlerReason.HANDSHAKE_ONLY: 2,
        CrawlerReason.ALREADY_COMPLETE: 2,
    }
    assert desk.store.contacts() == 0
    assert len(desk.contacts._hosts) == 0


def test_who_asks_for_many_offers_is_a_contact_of_each_with_the_manner_beside(
    desk: "Desk", peer: "type[Peer]"
) -> None:
    desk.offer_more(12)
    for number in range(1, 13):
        one = peer(offer=f"bittorrent-{number:06d}")
        for event in (one.connects(), one.asks(), one.leaves()):
            desk.contacts.feed(event)
    desk.contacts.close()
    assert desk.store.contacts() == 12
    assert all(ExculpatoryFlag.CRAWLER_SIGNATURE in contact.flags for contact in desk.closed)


def _probe(kind: int, peer: "type[Peer]", number: int, rng: random.Random) -> list[WireEvent]:
    """What one host does that never asks for data; kind 0 to 5."""
    host = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    one = peer(host, f"bittorrent-{1 + number % 12:06d}", 1024 + number % 50_000)
    at = number / 500
    match kind:
        case 0:  # shakes hands
            return [one.connects(at), one.leaves(at)]
        case 1:  # reads the description
            return [one.connects(at), one.reads(at), one.is_named(b"-ZZ0001-", at=at), one.leaves(at)]
        case 2:  # pretends to hold everything
            held = DataAcknowledged(one.when(at), *one.about, 0, 100_000)
            return [one.connects(at), held, PeerLeft(one.when(at), *one.about, Departure.COMPLETE)]
        case 3:  # searches, or is said to: relayed, with an address that anybody could have written there
            return [SearchMatched(one.when(at), "ed2k", TermId("S-0001"), 3, Address(host, 4662))]
        case 4:  # connects again and again
            return [one.connects(at), one.leaves(at)] * rng.randrange(1, 5)
        case _:  # speaks about what is not ours
            other = peer(host, "bittorrent-999999", 1024)
            return [other.connects(at), other.asks(at=at), other.gets(at=at), other.leaves(at)]


@pytest.mark.soak
@pytest.mark.parametrize("count", [1_000_000 if os.environ.get("P2P_SOAK") == "1" else 30_000])
def test_probes_are_no_contacts_and_each_request_among_them_is_one(
    desk: "Desk", peer: "type[Peer]", count: int
) -> None:
    rng = random.Random(4)
    desk.offer_more(12)
    desk.contacts.begin(peer.when(0))
    asked = 0
    for number in range(count):
        for event in _probe(number % 6, peer, number, rng):
            desk.contacts.feed(event)
        if number % 1000 == 0:
            one = peer(
                f"192.0.{number // 250_000}.{number // 1000 % 250}", f"bittorrent-{1 + number // 1000 % 12:06d}"
            )
            for event in (one.connects(number / 500), one.asks(at=number / 500), one.leaves(number / 500)):
                desk.contacts.feed(event)
            asked += 1
            desk.contacts.flush(one.when(number / 500))
    desk.contacts.close(peer.when(count))
    assert desk.store.contacts() == sum(contact.rung >= Rung.ASKED for contact in desk.closed)
    assert {contact.rung for contact in desk.closed} == {Rung.ASKED}
    assert asked == count // 1000
    assert desk.store.contacts() == len(desk.closed) == asked, "each request is a visit of its own"
    assert sum(_reasons(desk).values()) == sum(number % 6 in {0, 1, 2, 4} for number in range(count))
    told = {gap.what.split(" ", 1)[1] for gap in desk.store.gaps()}
    assert "exchanges were about an offer that is not ours now" in told
    assert told <= {
        "exchanges were about an offer that is not ours now",
        "visits were closed early: too many at once",  # at full size there are more at once than are kept
    }


def test_an_offer_that_is_not_ours_is_never_counted_even_where_data_was_asked_for(
    desk: "Desk", peer: "type[Peer]"
) -> None:
    one = peer(offer=OfferId("ed2k-000009"))
    for event in (one.connects(), one.asks(), one.gets(), one.leaves(), EvidenceGap(one.when(1), "ed2k", "late")):
        desk.contacts.feed(event)
    desk.contacts.close()
    assert desk.store.tallies() == {}
    assert desk.store.crawlers() == {}
