# SPDX-License-Identifier: EUPL-1.2
import asyncio
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from police2peer.campaign import SignedOrder, TermId, read_signing_key, withdraw_order
from police2peer.contacts import Asked, Contacts, Country, Demand, DemandStore, Rung, TallyStore
from police2peer.errors import NotAuthentic, NotPermitted, Unavailable
from police2peer.fleet import read_release
from police2peer.networks import (
    Address,
    DataRequested,
    DataSent,
    EvidenceGap,
    Offer,
    OfferId,
    OfferPulled,
    PeerConnected,
    PeerLeft,
    SearchMatched,
    WireEvent,
)
from police2peer.networks.contract import Departure
from police2peer.networks.memory import InMemoryNetwork
from police2peer.presence import Assignment, Node, Settings, join_offers, read_settings, read_status
from police2peer.presence.assembly import order_checker
from police2peer.presence.moving import Choose
from police2peer.warningfiles import read_manifest

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


class _Nowhere:
    def country_of(self, host: str) -> Country:
        assert host
        return Country("ZZ")


class _Stage:
    """A node on a network in memory, and the clock in our hands."""

    def __init__(self, folder: Path, *, network: InMemoryNetwork | None = None, choose: Choose | None = None) -> None:
        self.now = NOW
        self.settings: Settings = read_settings(folder)
        release = read_release(self.settings.release, trusted=self.settings.trusted_release_key())
        offers = join_offers(release, read_manifest(self.settings.files), folder / "node" / "offered")
        self.offers: tuple[Offer, ...] = offers
        self.network = network or InMemoryNetwork("bittorrent")
        self.tallies = TallyStore(folder / "node" / "tallies.sqlite")
        self.searches = DemandStore(folder / "node" / "demand.sqlite")
        by_id = {offer.id: offer for offer in offers}
        contacts = Contacts(self.tallies, offers=by_id.get, countries=_Nowhere(), random_bytes=os.urandom)
        self.status_path = folder / "node" / "status.json"
        self.node = Node(
            "node-1",
            Assignment(release, offers, order_checker(self.settings, release)),
            {"bittorrent": self.network},
            contacts,
            self.tallies,
            demand=Demand(self.searches, countries=_Nowhere()),
            choose=choose,
            status_path=self.status_path,
            clock=lambda: self.now,
        )

    def run(self, during: Callable[[], None] = lambda: None, *, then_stop: bool = True) -> None:
        async def play() -> None:
            def ready() -> None:
                during()
                if then_stop:
                    asyncio.get_running_loop().call_later(0.1, self.node.stop)

            async with asyncio.timeout(20):
                await self.node.run(ready=ready)

        asyncio.run(play())

    def visit(self, offer: Offer, *, bytes_sent: int) -> list[WireEvent]:
        peer = Address("127.3.2.1", 4000)
        about = (self.now, "bittorrent", offer.id, peer)
        return [
            PeerConnected(*about),
            DataRequested(*about, 0, bytes_sent),
            DataSent(*about, 0, bytes_sent),
            PeerLeft(*about, Departure.CLOSED),
        ]


def test_a_node_offers_the_whole_release_and_nothing_once_it_has_stopped(unit: Path) -> None:
    stage = _Stage(unit)
    up: list[int] = []
    stage.run(lambda: up.append(len(stage.network.offers)))
    assert up == [len(stage.offers)]
    assert stage.network.offers == {}
    assert read_status(stage.status_path).state == "stopped"


def test_what_a_stranger_fetched_is_counted_on_its_rung(unit: Path) -> None:
    stage = _Stage(unit)
    offer = stage.offers[0]
    stage.run(lambda: stage.network.happen(*stage.visit(offer, bytes_sent=offer.hashes.size)))
    reached = stage.tallies.reached()[""]
    assert reached[Rung.ALL] == reached[Rung.ASKED] == 1
    assert read_status(stage.status_path).contacts_by_rung["5"] == 1


def test_a_gap_and_a_pulled_offer_are_told(unit: Path) -> None:
    stage = _Stage(unit)
    offer = stage.offers[0]
    gap = EvidenceGap(NOW, "bittorrent", "alerts were dropped")
    pulled = OfferPulled(NOW, "bittorrent", offer.id, "its file is damaged")
    stage.run(lambda: stage.network.happen(gap, pulled))
    status = read_status(stage.status_path)
    assert status.gaps == 1
    assert status.alarms == ("an offer was pulled on bittorrent: its file is damaged",)


def test_a_node_stops_offering_when_its_order_ends(unit: Path) -> None:
    stage = _Stage(unit)

    def let_it_end() -> None:
        stage.now = NOW + timedelta(days=400)

    stage.run(let_it_end, then_stop=False)
    assert stage.network.offers == {}
    assert "the order ended" in read_status(stage.status_path).state


def test_a_node_stops_offering_when_an_approver_withdraws_the_order(unit: Path) -> None:
    stage = _Stage(unit)

    def withdraw() -> None:
        signed = SignedOrder.from_bytes(stage.settings.order.read_bytes())
        key = read_signing_key(unit / "approvers" / "first.key")
        stage.settings.order.write_bytes(
            withdraw_order(signed, key, at=NOW, reason="the ground fell away").to_bytes()
        )

    stage.run(withdraw, then_stop=False)
    assert stage.network.offers == {}
    assert "withdrawn" in read_status(stage.status_path).state


def test_nothing_is_offered_before_the_order_begins(unit: Path) -> None:
    stage = _Stage(unit)
    stage.now = NOW - timedelta(days=3)
    with pytest.raises(NotPermitted, match="the order starts"):
        stage.run()
    assert stage.network.offers == {}


def test_nothing_is_offered_without_an_order(unit: Path) -> None:
    stage = _Stage(unit)
    stage.settings.order.unlink()
    with pytest.raises(NotPermitted, match="no operation order"):
        stage.run()


def test_a_network_that_the_order_does_not_name_is_refused(unit: Path) -> None:
    stage = _Stage(unit)
    stage.node._networks = {"another": InMemoryNetwork("another")}
    with pytest.raises(NotPermitted, match="does not name"):
        stage.run()


def test_a_port_that_is_taken_is_told_and_nothing_is_left_up(unit: Path) -> None:
    stage = _Stage(unit, network=InMemoryNetwork("bittorrent", fail_to_start=True))
    with pytest.raises(Unavailable, match="port is taken"):
        stage.run()
    assert stage.network.offers == {}


def test_a_file_that_is_not_the_released_one_is_not_offered(unit: Path) -> None:
    settings = read_settings(unit)
    release = read_release(settings.release, trusted=settings.trusted_release_key())
    manifest = read_manifest(settings.files)
    text = (settings.files / "manifest.json").read_text()
    for file in manifest.files:
        text = text.replace(file.hashes.sha256, "0" * 64)
    (settings.files / "manifest.json").write_text(text)
    with pytest.raises(NotAuthentic, match="not those of the release"):
        join_offers(release, read_manifest(settings.files), unit / "node" / "offered")


def test_a_search_that_matched_is_demand_and_no_contact(unit: Path) -> None:
    stage = _Stage(unit)
    asker = Address("127.0.0.9", 1)
    stage.run(lambda: stage.network.happen(SearchMatched(NOW, "directconnect", TermId("S-0001"), 2, asker)))
    assert stage.searches.by("term", "hour") == {("S-0001", "2026-11-23T12"): Asked(1, 1)}
    assert stage.tallies.tallies() == {}


def test_what_is_up_moves_with_the_hour_and_only_within_the_release(unit: Path) -> None:
    turns: dict[int, set[OfferId]] = {}
    stage = _Stage(unit, choose=lambda now: frozenset(turns[now.hour]) | {OfferId("not-in-the-release")})
    first, second, third = (offer.id for offer in stage.offers[:3])
    turns |= {12: {first, second}, 13: {second, third}}
    seen: list[set[OfferId]] = []

    async def play() -> None:
        async with asyncio.timeout(20):
            running = asyncio.create_task(stage.node.run(ready=lambda: seen.append(set(stage.network.offers))))
            while not seen:  # noqa: ASYNC110 - the node's own state, not an event's
                await asyncio.sleep(0.01)
            stage.now = NOW + timedelta(hours=1)
            while third not in stage.network.offers:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.01)
            seen.append(set(stage.network.offers))
            stage.node.stop()
            await running

    asyncio.run(play())
    assert seen == [{first, second}, {second, third}]
    assert stage.network.offers == {}


class _Stubborn(InMemoryNetwork):
    """Lets nothing go."""

    async def withdraw(self, offer: Offer) -> None:
        raise Unavailable(f"the engine did not confirm that {offer.id} is gone", remedy="stop the node")


def test_a_network_that_refuses_an_offer_when_presence_moves_is_an_alarm_and_the_node_stays(unit: Path) -> None:
    network = _Stubborn("bittorrent")
    stage = _Stage(unit, network=network, choose=lambda now: frozenset(o.id for o in stage.offers[: now.hour]))

    async def play() -> None:
        async with asyncio.timeout(20):
            running = asyncio.create_task(stage.node.run())
            while stage.node.state != "present":  # noqa: ASYNC110 - the node's own state, not an event's
                await asyncio.sleep(0.01)
            stage.now = NOW.replace(hour=11)
            await asyncio.sleep(1.2)  # the node looks each second
            assert stage.node.state == "present"
            stage.node.stop()
            await running

    asyncio.run(play())
    assert read_status(stage.status_path).alarms == (
        f"offers could not be moved: the engine did not confirm that {stage.offers[11].id} is gone",
    )


def test_a_network_that_is_not_set_up_here_is_left_to_others_and_said(unit: Path) -> None:
    stage = _Stage(unit)
    stage.node._left_out = ("ed2k",)
    stage.run()
    other = {network.name: network for network in read_status(stage.status_path).networks}["ed2k"]
    assert (other.offers_up, other.ok) == (0, True)
    assert "not set up" in other.detail
