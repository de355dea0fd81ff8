# SPDX-License-Identifier: EUPL-1.2
"""The engine against the lab's own stranger and probes, on loopback."""

import asyncio
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from police2peer.errors import BadInput, Unavailable
from police2peer.lab.probes import read_metadata, shake_hands
from police2peer.networks import (
    ClientNamed,
    DataRequested,
    DataSent,
    Departure,
    Offer,
    OfferPulled,
    PeerConnected,
    PeerLeft,
)
from police2peer.networks.bittorrent import BitTorrent, BitTorrentSettings, bencode, infohash, magnet
from police2peer.networks.bittorrent.torrent import info_of

if TYPE_CHECKING:
    from tests.networks.conftest import Workshop


async def test_a_whole_download_is_seen_from_its_first_byte_to_its_last(workshop: "Workshop") -> None:
    clip = workshop.clip()
    (offer,) = workshop.offers(clip)
    async with workshop.node() as up:
        await up.network.publish(offer)
        (got,) = await workshop.stranger([offer], [offer], "--peer", up.at)
        await up.until(lambda: bool(up.of(PeerLeft)))
        health = await up.network.health()
    assert got["sha256"] == offer.hashes.sha256
    asked = sum(event.length_bytes for event in up.events if isinstance(event, DataRequested))
    sent = sum(event.length_bytes for event in up.events if isinstance(event, DataSent))
    assert asked == sent == offer.hashes.size
    names = {event.peer_id[:3] for event in up.events if isinstance(event, ClientNamed)}
    assert names == {b"-LT"}
    assert isinstance(up.events[0], PeerConnected)
    left = [event.departure for event in up.events if isinstance(event, PeerLeft)]
    assert left == [Departure.COMPLETE]
    assert health.counters["net.recv_payload_bytes"] == 0
    assert not health.alarms


async def test_many_offers_stand_on_one_file_and_each_can_be_fetched(workshop: "Workshop") -> None:
    clip = workshop.clip()
    offers = workshop.offers(clip, 300)
    async with workshop.node() as up:
        await up.network.publish_many(offers)
        assert (await up.network.health()).offers == 300
        got = await workshop.stranger(offers[::60], offers, "--peer", up.at)
    assert {one["sha256"] for one in got} == {offers[0].hashes.sha256}
    assert {Path(str(one["path"])).name for one in got} == {offer.file_name() for offer in offers[::60]}
    assert sorted(path.name for path in workshop.folder.iterdir()) == ["clip.mp4", "stranger-1"]


async def test_a_withdrawn_offer_is_served_to_nobody(workshop: "Workshop") -> None:
    clip = workshop.clip()
    stays, goes = workshop.offers(clip, 2)
    async with workshop.node() as up:
        await up.network.publish_many([stays, goes])
        await shake_hands(up.where, infohash(goes))
        await up.network.withdraw(goes)
        with pytest.raises(Unavailable):
            await shake_hands(up.where, infohash(goes))
        await shake_hands(up.where, infohash(stays))
        assert (await up.network.health()).offers == 1
        await up.network.withdraw(goes)
    assert workshop.folder.joinpath("clip.mp4").exists()


async def test_a_withdrawn_offer_can_be_published_again(workshop: "Workshop") -> None:
    clip = workshop.clip()
    (offer,) = workshop.offers(clip)
    async with workshop.node() as up:
        await up.network.publish(offer)
        await up.network.withdraw(offer)
        await up.network.publish(offer)
        await up.network.publish(offer)
        assert bencode.decode(await read_metadata(up.where, infohash(offer))) == bencode.decode(info_of(offer))


async def test_a_restart_hashes_nothing_and_the_engine_writes_nothing(workshop: "Workshop") -> None:
    clip = workshop.clip(8 << 20)
    offers = workshop.offers(clip, 20)
    for _ in range(2):
        async with workshop.node() as up:
            await up.network.publish_many(offers)
            await shake_hands(up.where, infohash(offers[7]))
            await up.until(lambda: bool(up.of(PeerConnected)))
            health = await up.network.health()
        assert health.offers == 20
        assert health.counters["disk.num_blocks_hashed"] == 0
    assert [path.name for path in workshop.folder.iterdir()] == ["clip.mp4"]


async def test_a_taken_port_is_said_with_a_remedy() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        network = BitTorrent(BitTorrentSettings(listen_port=holder.getsockname()[1]))
        with pytest.raises(Unavailable, match="cannot be used") as refused:
            await network.start()
    assert "listen port" in refused.value.remedy


async def test_a_missing_file_is_refused_before_it_is_offered(workshop: "Workshop") -> None:
    clip = workshop.clip()
    (offer,) = workshop.offers(clip)
    clip.unlink()
    async with workshop.node() as up:
        with pytest.raises(BadInput, match="missing or has another size"):
            await up.network.publish(offer)
        assert (await up.network.health()).offers == 0


async def test_one_wrong_offer_of_a_batch_leaves_the_others_up(workshop: "Workshop") -> None:
    clip = workshop.clip()
    first, second = workshop.offers(clip, 2)
    twin = workshop.offers(clip, 1)[0]
    twin = Offer(**{**{name: getattr(twin, name) for name in twin.__dataclass_fields__}, "id": "bittorrent-twin"})
    async with workshop.node() as up:
        with pytest.raises(BadInput, match="same file and the same title"):
            await up.network.publish_many([first, twin, second])
        assert (await up.network.health()).offers == 2


async def test_a_magnet_names_title_and_trackers_in_the_order_given(workshop: "Workshop") -> None:
    clip = workshop.clip()
    (offer,) = workshop.offers(clip)
    link = magnet(offer, ["http://127.0.0.1:1/announce", "udp://127.0.0.1:2/announce"])
    assert link == (
        f"magnet:?xt=urn:btih:{infohash(offer).hex()}&dn=sample-clip-000001.mp4"
        "&tr=http%3A%2F%2F127.0.0.1%3A1%2Fannounce&tr=udp%3A%2F%2F127.0.0.1%3A2%2Fannounce"
    )


async def test_a_port_out_of_range_and_a_foreign_tracker_are_bad_input(workshop: "Workshop") -> None:
    with pytest.raises(BadInput):
        BitTorrentSettings(listen_port=0)
    with pytest.raises(BadInput):
        BitTorrentSettings(listen_port=workshop.free_port(), trackers=("ftp://127.0.0.1",))
    with pytest.raises(BadInput):
        BitTorrentSettings(listen_hosts=())


async def test_the_last_events_are_handed_out_before_the_reader_ends(workshop: "Workshop") -> None:
    clip = workshop.clip()
    (offer,) = workshop.offers(clip)
    async with workshop.node() as up:
        await up.network.publish(offer)
        _, writer = await asyncio.open_connection(*up.where)
        writer.write(b"\x13BitTorrent protocol" + bytes(8) + infohash(offer) + b"-ZZ0001-" + b"x" * 12)
        await up.until(lambda: bool(up.of(PeerConnected)))
    writer.close()
    left = [event for event in up.events if isinstance(event, PeerLeft)]
    assert [event.departure for event in left] == [Departure.STOPPED]
    assert not up.of(OfferPulled)


async def test_an_offer_withdrawn_while_it_is_on_its_way_up_is_gone_all_the_same(workshop: "Workshop") -> None:
    offers = workshop.offers(workshop.clip(), 300)
    async with workshop.node() as up:
        publishing = asyncio.create_task(up.network.publish_many(offers))
        for offer in offers[::3]:
            await up.network.withdraw(offer)
        await publishing
        for offer in offers[::3]:
            await up.network.withdraw(offer)
        assert (await up.network.health()).offers == 200
        with pytest.raises(Unavailable):
            await shake_hands(up.where, infohash(offers[0]))
        await shake_hands(up.where, infohash(offers[1]))
    assert not up.of(OfferPulled)


async def test_what_is_published_again_and_again_is_up_once(workshop: "Workshop") -> None:
    offers = workshop.offers(workshop.clip(), 50)
    async with workshop.node() as up:
        for _ in range(4):
            await up.network.publish_many(offers)
            await up.network.withdraw(offers[7])
        assert (await up.network.health()).offers == 49
