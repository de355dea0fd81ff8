# SPDX-License-Identifier: EUPL-1.2
"""The engine on loopback: what peers are given, what is told of it, and what bad peers cannot do."""

import asyncio
import os
import struct

import pytest
from tests.networks.conformance.crowds.ed2k import take
from tests.networks.ed2k.conftest import Workshop

from police2peer.errors import BadInput, Unavailable
from police2peer.networks import (
    ClientNamed,
    DataAcknowledged,
    DataRequested,
    DataSent,
    Departure,
    IdentifierKind,
    Limits,
    MetadataSent,
    OfferPulled,
    PeerConnected,
    PeerLeft,
)
from police2peer.networks.ed2k import connection
from police2peer.networks.ed2k.protocol import Op, read_greeting

_PART = 9_728_000


async def test_a_peer_fetches_everything_and_each_step_is_told(workshop: Workshop) -> None:
    path = workshop.clip()
    [offer] = workshop.offers(path)
    async with workshop.node() as node:
        await node.network.publish(offer)
        assert await take(node.where, offer, "127.0.0.9") == path.read_bytes()
        await node.until(lambda: bool(node.of(PeerLeft)))
    assert sum(sent.length_bytes for sent in node.of(DataSent)) == 300_000
    assert sum(asked.length_bytes for asked in node.of(DataRequested)) == 300_000
    assert [left.departure for left in node.of(PeerLeft)] == [Departure.COMPLETE]
    [connected], [named] = node.of(PeerConnected), node.of(ClientNamed)
    assert connected.peer.reveal()[0] == "127.0.0.9"
    assert connected.ours is not None
    assert connected.ours.reveal() == node.where
    assert named.name == "police2peer 0.1.0"
    assert [one.kind for one in named.identifiers] == [IdentifierKind.USER_HASH, IdentifierKind.NICK]
    assert named.identifiers[1].reveal() == b"sample"


async def test_we_name_ourselves_truthfully_and_let_nobody_browse(workshop: Workshop) -> None:
    async with workshop.node() as node:
        peer = await node.peer()
        greeting = read_greeting(await peer.greet(), is_answer=True)
        assert greeting.program == "police2peer 0.1.0"
        assert greeting.nick == "police2peer"
        for op in (Op.ASK_SHARED_FILES, Op.ASK_SHARED_FOLDERS):
            peer.say(op)
            assert await peer.hear_until(Op.SHARED_DENIED) == b""
        peer.close()


async def test_a_repeated_request_is_sent_and_told_once(workshop: Workshop) -> None:
    [offer] = workshop.offers(workshop.clip())
    async with workshop.node() as node:
        await node.network.publish(offer)
        peer = await node.peer()
        await peer.greet()
        await peer.slot(offer)
        for _ in range(5):
            peer.ask(offer, (0, 100_000), (100_000, 150_000))
        got = bytearray(offer.hashes.size)
        await peer.receive(150_000, got)
        await node.until(lambda: len(node.of(DataSent)) == 2)
        with pytest.raises(TimeoutError):
            await peer.hear(0.3)
        peer.close()
    assert [(one.first_byte, one.length_bytes) for one in node.of(DataRequested)] == [(0, 100_000), (100_000, 50_000)]
    assert [(one.first_byte, one.length_bytes) for one in node.of(DataSent)] == [(0, 100_000), (100_000, 50_000)]


async def test_a_hash_that_is_not_ours_is_answered_with_no_and_told_nobody(workshop: Workshop) -> None:
    async with workshop.node() as node:
        peer = await node.peer()
        await peer.greet()
        for op in (Op.REQUEST_FILE_NAME, Op.SET_FILE_ID, Op.HASH_SET_REQUEST, Op.START_UPLOAD):
            foreign = os.urandom(16)
            peer.say(op, foreign)
            assert await peer.hear_until(Op.NO_SUCH_FILE) == foreign
        peer.say(Op.REQUEST_PARTS, os.urandom(16) + struct.pack("<6I", 0, 0, 0, 10, 0, 0))
        await peer.hear_until(Op.NO_SUCH_FILE)
        peer.close()
        await asyncio.sleep(0.1)
    assert node.events == []


@pytest.mark.parametrize(
    "bad", [(299_999, 300_001), (300_000, 300_010), (10, 5), (0xFFFFFF00, 0xFFFFFFFF), (0, 299_999_999)]
)
async def test_a_range_past_the_end_ends_the_connection(bad: tuple[int, int], workshop: Workshop) -> None:
    [offer] = workshop.offers(workshop.clip())
    async with workshop.node() as node:
        await node.network.publish(offer)
        peer = await node.peer()
        await peer.greet()
        await peer.slot(offer)
        peer.ask(offer, bad)
        with pytest.raises((EOFError, ConnectionError)):
            await peer.hear_until(Op.SENDING_PART)
        await node.until(lambda: bool(node.of(PeerLeft)))
    assert not node.of(DataSent)
    assert not node.of(DataRequested)
    assert node.of(PeerLeft)[0].departure is Departure.FAULT


async def test_a_thousand_overlapping_ranges_cost_no_more_than_the_queue_holds(workshop: Workshop) -> None:
    [offer] = workshop.offers(workshop.clip(2_000_000))
    async with workshop.node() as node:
        await node.network.publish(offer)
        peer = await node.peer()
        await peer.greet()
        await peer.slot(offer)
        for first in range(0, 3000, 3):
            peer.ask(offer, (first, first + 180_000), (first + 1, first + 180_000), (first + 2, first + 180_000))
        await peer.writer.drain()
        await peer.hear_until(Op.SENDING_PART)
        peer.writer.transport.abort()
        await node.until(lambda: bool(node.of(PeerLeft)))
        assert await take(node.where, offer, "127.0.0.10") == offer.path.read_bytes()
    asked = len({one.first_byte for one in node.of(DataRequested) if one.peer.reveal()[0] == "127.0.0.9"})
    assert asked < 1000  # three thousand were asked for


async def test_who_says_that_it_has_one_file_has_not_said_so_of_another(workshop: Workshop) -> None:
    [one] = workshop.offers(workshop.clip())
    [other] = workshop.offers(workshop.clip(200_000, "other.mp4"), begin=2)
    async with workshop.node() as node:
        await node.network.publish_many([one, other])
        peer = await node.peer()
        await peer.greet()
        await peer.slot(one)
        await peer.slot(other)
        peer.say(Op.END_OF_DOWNLOAD, bytes.fromhex(one.hashes.ed2k))
        peer.say(Op.PUBLIC_ADDRESS_REQUEST)
        assert await peer.hear_until(Op.PUBLIC_ADDRESS_ANSWER) == bytes((127, 0, 0, 9))
        peer.close()
        await node.until(lambda: len(node.of(PeerLeft)) == 2)
    left = {event.offer: event.departure for event in node.of(PeerLeft)}
    assert left == {one.id: Departure.COMPLETE, other.id: Departure.CLOSED}


async def test_who_has_no_slot_is_sent_nothing_and_its_asking_is_told_to_a_bound(workshop: Workshop) -> None:
    [offer] = workshop.offers(workshop.clip())
    async with workshop.node() as node:
        await node.network.publish(offer)
        peer = await node.peer()
        await peer.greet()
        for first in range(500):
            peer.ask(offer, (first, first + 1))
        peer.say(Op.REQUEST_FILE_NAME, bytes.fromhex(offer.hashes.ed2k))
        await peer.hear_until(Op.FILE_NAME_ANSWER)
        peer.close()
    assert 0 < len(node.of(DataRequested)) <= 64
    assert not node.of(DataSent)


async def test_a_peer_that_asks_and_never_reads_is_left(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "STUCK_S", 0.5)
    [offer] = workshop.offers(workshop.clip(30_000_000))
    async with workshop.node() as node:
        await node.network.publish(offer)
        peer = await node.peer()
        await peer.greet()
        await peer.slot(offer)
        for at in range(0, 60 * 500_000, 3 * 500_000):
            peer.ask(offer, *((first, first + 500_000) for first in (at, at + 500_000, at + 1_000_000)))
        peer.reader._transport.pause_reading()  # type: ignore[attr-defined]
        await node.until(lambda: bool(node.of(PeerLeft)))
        peer.writer.transport.abort()
    assert node.of(PeerLeft)[0].departure is Departure.FAULT
    assert sum(one.length_bytes for one in node.of(DataSent)) < 30_000_000


async def test_a_peer_that_says_nothing_is_left(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HELLO_S", 0.2)
    async with workshop.node() as node:
        peer = await node.peer()
        assert await asyncio.wait_for(peer.reader.read(), 10) == b""
        peer.close()


async def test_slots_are_kept_and_who_waits_is_told_its_rank_and_served_next(workshop: Workshop) -> None:
    [offer] = workshop.offers(workshop.clip())
    hash_ = bytes.fromhex(offer.hashes.ed2k)
    async with workshop.node(limits=Limits(upload_slots=1)) as node:
        await node.network.publish(offer)
        first, second, third = [await node.peer(f"127.0.0.{n}") for n in (11, 12, 13)]
        await first.greet()
        await first.slot(offer)
        for rank, peer in enumerate((second, third), 1):
            await peer.greet()
            peer.say(Op.START_UPLOAD, hash_)
            assert await peer.hear_until(Op.QUEUE_RANKING) == struct.pack("<H10x", rank)
        second.ask(offer, (0, 1000))
        first.say(Op.CANCEL_TRANSFER)
        await second.hear_until(Op.ACCEPT_UPLOAD)
        second.ask(offer, (0, 1000))
        got = bytearray(offer.hashes.size)
        await second.receive(1000, got)
        second.close()
        await third.hear_until(Op.ACCEPT_UPLOAD)
        for peer in (first, third):
            peer.close()
    assert sum(one.length_bytes for one in node.of(DataSent)) == 1000


async def test_more_connections_than_allowed_are_turned_away(workshop: Workshop) -> None:
    async with workshop.node(limits=Limits(connections=2)) as node:
        kept = [await node.peer() for _ in range(2)]
        for peer in kept:
            await peer.greet()
        turned_away = await node.peer()
        with pytest.raises((EOFError, ConnectionError)):
            await turned_away.greet()
        for peer in (*kept, turned_away):
            peer.close()
        assert (await node.network.health()).counters["turned_away"] >= 1


async def test_a_file_of_two_parts_has_a_hash_set_an_aich_root_and_parts_that_it_holds(workshop: Workshop) -> None:
    [offer] = workshop.offers(workshop.clip(_PART + 5))
    hash_ = bytes.fromhex(offer.hashes.ed2k)
    async with workshop.node() as node:
        await node.network.publish(offer)
        peer = await node.peer()
        await peer.greet()
        peer.say(Op.SET_FILE_ID, hash_)
        assert await peer.hear_until(Op.FILE_STATUS) == hash_ + b"\0\0"
        peer.say(Op.HASH_SET_REQUEST, hash_)
        assert await peer.hear_until(Op.HASH_SET_ANSWER) == hash_ + b"\2\0" + offer.hashes.ed2k_parts
        peer.say(Op.AICH_ROOT_REQUEST, hash_)
        assert len(await peer.hear_until(Op.AICH_ROOT_ANSWER)) == 36
        peer.say(Op.REQUEST_FILE_NAME, hash_ + b"\2\0\2\1\0")  # of two parts it holds the second
        await peer.hear_until(Op.FILE_NAME_ANSWER)
        peer.close()
        await node.until(lambda: bool(node.of(PeerLeft)))
    assert len(node.of(MetadataSent)) == 1
    assert [(one.first_byte, one.length_bytes) for one in node.of(DataAcknowledged)] == [(_PART, 5)]


async def test_damaged_bytes_are_never_served_and_the_offer_is_taken_down(workshop: Workshop) -> None:
    path = workshop.clip()
    [offer] = workshop.offers(path)
    async with workshop.node() as node:
        await node.network.publish(offer)
        path.write_bytes(path.read_bytes()[:-1] + b"\0")
        peer = await node.peer()
        await peer.greet()
        await peer.slot(offer)
        peer.ask(offer, (0, 1000))
        with pytest.raises((EOFError, ConnectionError)):
            await peer.hear_until(Op.SENDING_PART)
        await node.until(lambda: bool(node.of(PeerLeft)))
        assert (await node.network.health()).offers == 0
    assert [one.offer for one in node.of(OfferPulled)] == [offer.id]
    assert node.of(DataSent) == []


async def test_a_withdrawn_offer_ends_what_is_running_and_is_known_no_more(workshop: Workshop) -> None:
    [offer] = workshop.offers(workshop.clip())
    async with workshop.node() as node:
        await node.network.publish(offer)
        peer = await node.peer()
        await peer.greet()
        await peer.slot(offer)
        await node.network.withdraw(offer)
        again = await node.peer()
        await again.greet()
        again.say(Op.REQUEST_FILE_NAME, bytes.fromhex(offer.hashes.ed2k))
        await again.hear_until(Op.NO_SUCH_FILE)
        again.close()
        peer.close()
    assert [left.departure for left in node.of(PeerLeft)] == [Departure.WITHDRAWN]


async def test_one_file_under_many_titles_is_booked_on_the_title_first_on_the_peers_server(
    workshop: Workshop,
) -> None:
    offers = workshop.offers(workshop.clip(), 20)
    server = (bytes((203, 0, 113, 7)), 4661)
    async with workshop.node() as node:
        await node.network.publish_many(offers)
        names = set()
        for place in (server, server, (bytes((203, 0, 113, 8)), 4661)):
            peer = await node.peer()
            await peer.greet(place)
            peer.say(Op.REQUEST_FILE_NAME, bytes.fromhex(offers[0].hashes.ed2k))
            names.add(await peer.hear_until(Op.FILE_NAME_ANSWER))
            peer.close()
        await node.until(lambda: len(node.of(PeerLeft)) == 3)
    booked = [one.offer for one in node.of(PeerConnected)]
    assert booked[0] == booked[1] != booked[2]
    assert len(names) == 2


async def test_a_peer_that_fetches_in_64_bits_is_served(workshop: Workshop) -> None:
    [offer] = workshop.offers(workshop.clip())
    async with workshop.node() as node:
        await node.network.publish(offer)
        peer = await node.peer()
        await peer.greet()
        await peer.slot(offer)
        peer.ask(offer, (0, 1000), wide=True)
        got = bytearray(offer.hashes.size)
        await peer.receive(1000, got)
        assert got[:1000] == offer.path.read_bytes()[:1000]
        peer.close()


async def test_zeros_travel_deflated_and_are_told_as_what_they_stand_for(workshop: Workshop) -> None:
    path = workshop.folder / "blank.avi"
    with path.open("wb") as handle:
        handle.truncate(180_000)
    [offer] = workshop.offers(path)
    async with workshop.node() as node:
        await node.network.publish(offer)
        peer = await node.peer()
        await peer.greet()
        await peer.slot(offer)
        peer.ask(offer, (0, 180_000))
        packet = await peer.hear()
        assert packet.op == Op.COMPRESSED_PART
        assert len(packet.payload) < 1000
        await node.until(lambda: bool(node.of(DataSent)))
        peer.close()
    assert node.of(DataSent)[0].length_bytes == 180_000


async def test_a_taken_port_is_said_with_a_remedy(workshop: Workshop) -> None:
    async with workshop.node() as node:
        with pytest.raises(Unavailable, match="port"):
            async with workshop.node(listen_port=node.where[1]):
                pass


async def test_a_file_that_is_not_there_and_a_title_twice_on_one_file_are_refused(workshop: Workshop) -> None:
    path = workshop.clip()
    [offer] = workshop.offers(path)
    [other] = workshop.offers(path, begin=2)
    [gone] = workshop.offers(workshop.clip(name="gone.mp4", size=10), begin=3)
    gone.path.unlink()
    async with workshop.node() as node:
        with pytest.raises(BadInput, match="not there"):
            await node.network.publish_many([offer, gone, other])
        assert (await node.network.health()).offers == 2


async def test_an_identity_is_kept_secret_and_is_the_same_after_a_restart(workshop: Workshop) -> None:
    path = workshop.folder / "identity.json"
    hashes = []
    for _ in range(2):
        async with workshop.node(identity=path) as node:
            peer = await node.peer()
            hashes.append(read_greeting(await peer.greet(), is_answer=True).user_hash)
            peer.close()
    assert hashes[0] == hashes[1]
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text("{}")
    with pytest.raises(BadInput, match="identity"):
        async with workshop.node(identity=path):
            pass


async def test_two_hundred_peers_at_once_are_served_exactly(workshop: Workshop) -> None:
    [offer] = workshop.offers(workshop.clip(100_000))
    async with workshop.node() as node:
        await node.network.publish(offer)
        got = await asyncio.gather(*(take(node.where, offer, f"127.8.0.{1 + n}") for n in range(200)))
        assert all(one == offer.path.read_bytes() for one in got)
        await node.until(lambda: len(node.of(PeerLeft)) == 200)
    sent: dict[str, int] = {}
    for one in node.of(DataSent):
        sent[one.peer.reveal()[0]] = sent.get(one.peer.reveal()[0], 0) + one.length_bytes
    assert set(sent.values()) == {100_000}
    assert len(sent) == 200


async def test_a_cap_on_bytes_a_second_holds(workshop: Workshop) -> None:
    [offer] = workshop.offers(workshop.clip(600_000))
    async with workshop.node(limits=Limits(upload_bytes_per_s=400_000)) as node:
        await node.network.publish(offer)
        peers = [asyncio.create_task(take(node.where, offer, f"127.0.0.{20 + n}")) for n in range(2)]
        await asyncio.gather(*peers)
        sent = node.of(DataSent)
        span_s = (sent[-1].at - sent[0].at).total_seconds()
    assert sum(one.length_bytes for one in sent) == 1_200_000
    assert span_s >= 1_200_000 / 400_000 - 1.5
