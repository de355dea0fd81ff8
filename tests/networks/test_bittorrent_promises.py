# SPDX-License-Identifier: EUPL-1.2
"""What the charter promises of a network, each against a peer that tries the opposite."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

import libtorrent as lt
import pytest

from police2peer.contacts import Contacts, RegistryCountries, Rung, TallyStore
from police2peer.errors import Unavailable
from police2peer.lab.dht import DhtRing
from police2peer.lab.probes import ask_dht, read_metadata, shake_hands
from police2peer.lab.tracker import Tracker
from police2peer.networks import DataRequested, DataSent, EvidenceGap, Offer, OfferPulled, PeerConnected, PeerLeft
from police2peer.networks.bittorrent import infohash, magnet
from police2peer.networks.bittorrent.upload_only import FLAGS, assert_upload_only, broken_invariants

if TYPE_CHECKING:
    from tests.networks.conftest import Node, RawPeer, Workshop

_HAVE_ALL, _HAVE_NONE, _UNCHOKE, _INTERESTED, _REQUEST, _PIECE = 14, 15, 1, 2, 6, 7
_BLOCK = 16_384


async def _honest_seed(workshop: "Workshop", up: "Node", offer: Offer) -> "RawPeer":
    seed = await workshop.peer(up, offer, "127.0.0.77", b"-qB4520-")
    seed.say(_HAVE_ALL)
    seed.say(_UNCHOKE)
    return seed


@pytest.mark.parametrize("harm", ["damaged", "missing", "shorter"])
async def test_a_harmed_file_is_pulled_and_never_downloaded(workshop: "Workshop", harm: str) -> None:
    clip = workshop.clip()
    (offer,) = workshop.offers(clip)
    async with workshop.node() as up:
        await up.network.publish(offer)
        _harm(clip, harm)
        seed = await _honest_seed(workshop, up, offer)
        asker = await workshop.peer(up, offer, "127.0.0.78")
        asker.say(_INTERESTED)
        asker.ask(0, 0, _BLOCK)
        await asyncio.gather(seed.hear(2.0), asker.hear(2.0))
        await up.until(lambda: bool(up.of(OfferPulled)))
        health = await up.network.health()
        seed.close()
        asker.close()
    assert not [kind for kind, _ in seed.got if kind in (_INTERESTED, _REQUEST)]
    assert not [kind for kind, _ in asker.got if kind == _PIECE]
    assert health.counters["net.recv_payload_bytes"] == 0
    assert health.counters["ses.num_incoming_piece"] == 0
    assert health.counters["ses.num_outgoing_interested"] == 0
    assert health.offers == 0
    assert len(up.of(OfferPulled)) == 1
    assert sorted(path.name for path in workshop.folder.iterdir()) == ([] if harm == "missing" else ["clip.mp4"])


def _harm(clip: Path, harm: str) -> None:
    if harm == "missing":
        clip.unlink()
    elif harm == "shorter":
        os.truncate(clip, 1000)
    else:
        content = bytearray(clip.read_bytes())
        content[100] ^= 1
        clip.write_bytes(content)


async def test_a_request_is_recorded_though_nothing_was_sent(workshop: "Workshop") -> None:
    clip = workshop.clip()
    (offer,) = workshop.offers(clip)
    async with workshop.node() as up:
        await up.network.publish(offer)
        _harm(clip, "missing")
        asker = await workshop.peer(up, offer)
        asker.say(_INTERESTED)
        asker.ask(2, 0, _BLOCK)
        await up.until(lambda: bool(up.of(DataRequested)))
        asker.close()
    (asked,) = up.of(DataRequested)
    assert (asked.first_byte, asked.length_bytes) == (2 * offer.hashes.bt_piece_length, _BLOCK)
    assert not up.of(DataSent)


async def test_every_request_of_300_peers_is_seen(workshop: "Workshop") -> None:
    clip = workshop.clip(320_000)
    (offer,) = workshop.offers(clip)
    piece = offer.hashes.bt_piece_length
    blocks = [(at // piece, at % piece, min(_BLOCK, 320_000 - at)) for at in range(0, 320_000, _BLOCK)]

    async def fetch(number: int) -> int:
        peer = await workshop.peer(up, offer, f"127.0.{1 + number // 100}.{1 + number % 100}")
        peer.say(_INTERESTED)
        for block in blocks:
            peer.ask(*block)
        received = await asyncio.wait_for(peer.hear_pieces(len(blocks)), 60)
        peer.close()
        return received

    async with workshop.node() as up:
        await up.network.publish(offer)
        received = await asyncio.gather(*(fetch(number) for number in range(300)))
        await up.until(lambda: len(up.of(PeerLeft)) >= 300)
    assert set(received) == {320_000}
    assert len(up.of(PeerConnected)) == 300
    assert sum(event.length_bytes for event in up.of(DataRequested)) == 300 * 320_000
    assert sum(event.length_bytes for event in up.of(DataSent)) == 300 * 320_000
    assert {event.peer for event in up.of(DataRequested)} == {event.peer for event in up.of(PeerConnected)}
    assert not up.of(EvidenceGap)


async def test_peers_behind_one_address_are_all_served(workshop: "Workshop") -> None:
    clip = workshop.clip(_BLOCK)
    (offer,) = workshop.offers(clip)
    async with workshop.node() as up:
        await up.network.publish(offer)
        peers = [await workshop.peer(up, offer, "127.0.0.5", b"-TR405%d-" % number) for number in range(4)]
        for peer in peers:
            peer.say(_INTERESTED)
            peer.ask(0, 0, _BLOCK)
        assert [await asyncio.wait_for(peer.hear_pieces(1), 10) for peer in peers] == [_BLOCK] * 4
        for peer in peers:
            peer.close()


@pytest.mark.parametrize("missing", [False, True])
async def test_bytes_that_nobody_asked_for_are_told_and_thrown_away(workshop: "Workshop", *, missing: bool) -> None:
    clip = workshop.clip()
    (offer,) = workshop.offers(clip)
    before = clip.read_bytes()
    async with workshop.node() as up:
        await up.network.publish(offer)
        if missing:
            clip.unlink()
        pusher = await workshop.peer(up, offer)
        pusher.say(_HAVE_NONE)
        for _ in range(3):
            pusher.say(_PIECE, bytes(8) + b"\xff" * _BLOCK)
        await pusher.hear(2.0)
        pusher.close()
        health = await up.network.health()
        assert health.counters["ses.num_outgoing_interested"] == 0
        assert health.counters["net.recv_payload_bytes"] == 3 * _BLOCK
        assert health.ok
        assert health.alarms == ()
        assert "49152 bytes that nobody asked for" in health.detail
        await shake_hands(up.where, infohash(offer))
    assert clip.exists() is not missing
    assert missing or clip.read_bytes() == before


async def test_a_thousand_who_only_look_are_no_contacts(workshop: "Workshop") -> None:
    clip = workshop.clip()
    offers = workshop.offers(clip, 10)
    known = {offer.id: offer for offer in offers}
    ring = DhtRing(("127.0.6.1", "127.0.6.2"))
    await asyncio.to_thread(ring.start)
    async with workshop.node(dht=True, dht_bootstrap=ring.bootstrap) as up:
        await up.network.publish_many(offers)
        await _look(up, offers)
        await up.until(lambda: len(up.of(PeerLeft)) >= 700, 30)
    ring.stop()
    with TallyStore(workshop.folder / "tallies.sqlite") as store:
        contacts = Contacts(store, offers=known.get, countries=RegistryCountries(), random_bytes=os.urandom)
        for event in up.events:
            contacts.feed(event)
        contacts.close()
        assert store.contacts() == 0
        assert set(store.reached()[""]) <= {Rung.HANDSHAKE, Rung.METADATA}
        assert sum(store.crawlers().values()) == 700
        assert store.gaps() == []


async def _look(up: "Node", offers: Sequence[Offer]) -> None:
    """400 shake hands, 300 read the metadata, 300 ask the node's DHT; each from an address of its own."""
    slots = asyncio.Semaphore(50)

    async def one(number: int) -> None:
        swarm = infohash(offers[number % len(offers)])
        bind = f"127.1.{number // 250}.{1 + number % 250}"
        async with slots:
            if number < 400:
                await shake_hands(up.where, swarm, bind=bind)
            elif number < 700:
                await read_metadata(up.where, swarm, bind=bind)
            else:
                await ask_dht(up.where, swarm, bind=bind)

    await asyncio.gather(*(one(number) for number in range(1000)))


async def test_a_tracker_that_is_down_is_said_and_asked_again(workshop: "Workshop") -> None:
    (offer,) = workshop.offers(workshop.clip())
    port = workshop.free_port()
    async with workshop.node(trackers=(f"http://127.0.0.1:{port}/announce",)) as up:
        await up.network.publish(offer)
        async with asyncio.timeout(10):
            while not (health := await up.network.health()).trackers[0].failed:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        assert not health.ok
        assert "1 of 1 trackers do not answer" in health.detail
        tracker = Tracker([infohash(offer)], port=port)
        await tracker.start()
        async with asyncio.timeout(30):
            while not (health := await up.network.health()).ok:  # noqa: ASYNC110
                await asyncio.sleep(0.2)
        assert health.trackers[0].answered >= 1
        await tracker.stop()


@pytest.mark.parametrize("over", ["http", "udp", "dht"])
async def test_a_stranger_finds_an_offer_by_its_magnet_alone(workshop: "Workshop", over: str) -> None:
    (offer,) = workshop.offers(workshop.clip())
    ring, tracker = DhtRing(("127.0.6.3", "127.0.6.4", "127.0.6.5")), Tracker([infohash(offer)])
    await tracker.start()
    trackers = {"http": (tracker.url,), "udp": (tracker.udp_url,), "dht": ()}[over]
    if over == "dht":
        await asyncio.to_thread(ring.start)
    async with workshop.node(trackers=trackers, dht=over == "dht", dht_bootstrap=ring.bootstrap) as up:
        await up.network.publish(offer)
        if trackers:
            await up.until(lambda: tracker.swarms.counts(infohash(offer)).complete == 1)
        else:
            await _until_dht_names_us(ring, offer)
        dht = [word for node in ring.bootstrap for word in ("--dht", node)]
        (got,) = await workshop.stranger([magnet(offer, trackers)], [offer], "--bind", "127.0.0.44", *dht)
        assert got["sha256"] == offer.hashes.sha256
    await tracker.stop()
    ring.stop()


async def _until_dht_names_us(ring: DhtRing, offer: Offer) -> None:
    nodes = [(host, int(port)) for host, _, port in (node.rpartition(":") for node in ring.bootstrap)]
    async with asyncio.timeout(30):
        while not any([await ask_dht(node, infohash(offer), bind="127.0.0.45") for node in nodes]):  # noqa: ASYNC110
            await asyncio.sleep(0.2)


def test_asking_a_peer_for_data_is_an_alarm_and_being_pushed_at_is_none() -> None:
    assert broken_invariants({}) == ()
    assert broken_invariants({"net.recv_payload_bytes": 9, "ses.num_incoming_piece": 1}) == ()
    (alarm,) = broken_invariants({"ses.num_outgoing_interested": 1, "net.recv_payload_bytes": 9})
    assert alarm == "publish-only does not hold: a peer was asked for data, 9 bytes came"


def test_an_offer_without_its_flags_is_not_kept() -> None:
    class Handle:
        def __init__(self, flags: int) -> None:
            self._flags = flags

        def flags(self) -> int:
            return self._flags

    assert_upload_only(cast("lt.torrent_handle", Handle(FLAGS)))
    for flags in (FLAGS & ~lt.torrent_flags.upload_mode, FLAGS | lt.torrent_flags.auto_managed, 0):
        with pytest.raises(Unavailable, match="upload-only"):
            assert_upload_only(cast("lt.torrent_handle", Handle(flags)))
