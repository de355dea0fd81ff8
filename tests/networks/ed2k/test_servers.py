# SPDX-License-Identifier: EUPL-1.2
"""Servers, good and bad: what they are told, and what those cannot do that give low ids, lie, hang up or flood."""

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from tests.networks.conformance.crowds.ed2k import RawPeer
from tests.networks.ed2k.conftest import Workshop

from police2peer.errors import BadInput, NotPermitted
from police2peer.lab.ed2k_index import read_offers
from police2peer.lab.ed2k_server import Ed2kLabServer
from police2peer.networks import PeerConnected
from police2peer.networks.ed2k import Ed2kServer, Ed2kSettings, ed2k_link, server_link
from police2peer.networks.ed2k.protocol import EDONKEY, Op, Packet, PacketReader, ServerOp, encode_text, pack

Say = Callable[[bytes], None]
Hear = Callable[[Packet, Say], Awaitable[None]]
_HIGH = int.from_bytes(bytes((203, 0, 113, 9)), "little")


class Scripted:
    """A server that does what a test says; it remembers what it heard."""

    def __init__(self) -> None:
        self.heard: list[Packet] = []
        self.logins = 0

    def of(self, op: int) -> list[bytes]:
        return [packet.payload for packet in self.heard if packet.op == op]


@contextlib.asynccontextmanager
async def scripted(answer: Hear) -> AsyncIterator[tuple[Scripted, Ed2kServer]]:
    script, writers = Scripted(), list[asyncio.StreamWriter]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        packets = PacketReader(most_bytes=1 << 20, packed_as=EDONKEY)
        script.logins += 1
        with contextlib.suppress(OSError, EOFError):
            while data := await reader.read(65_536):
                packets.feed(data)
                while (packet := packets.next()) is not None:
                    script.heard.append(packet)
                    await answer(packet, writer.write)
        writer.transport.abort()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield script, Ed2kServer("127.0.0.1", listener.sockets[0].getsockname()[1])
    finally:
        listener.close()
        for writer in writers:
            writer.transport.abort()
        await asyncio.sleep(0)


def _take_in(client_id: int, flags: int = 0) -> bytes:
    return pack(ServerOp.ID_CHANGE, struct.pack("<II", client_id, flags))


async def _kind(packet: Packet, say: Say) -> None:
    if packet.op == ServerOp.LOGIN:
        say(_take_in(_HIGH))


async def test_a_server_lists_every_title_and_forgets_what_is_withdrawn(workshop: Workshop) -> None:
    offers = workshop.offers(workshop.clip(), 450)
    async with workshop.server() as (lab, server), workshop.node(servers=(server,)) as node:
        await node.network.publish_many(offers)
        await node.until(lambda: all(lab.index.lists(offer.file_name()) for offer in (offers[0], offers[-1])))
        await node.until_ok()
        health = await node.network.health()
        assert (health.offers, health.trackers[0].ok) == (450, True)
        await node.network.withdraw(offers[0])
        await node.until(lambda: not lab.index.lists(offers[0].file_name()) and lab.index.files == 1)
        await node.until(lambda: lab.index.lists(offers[-1].file_name()))
        assert set(lab.asked) == {ServerOp.LOGIN, ServerOp.OFFER_FILES}


async def test_two_servers_get_the_titles_of_a_file_in_different_orders(workshop: Workshop) -> None:
    offers = workshop.offers(workshop.clip(), 20)
    async with (
        scripted(_kind) as (one, first),
        scripted(_kind) as (other, second),
        workshop.node(servers=(first, second)) as node,
    ):
        await node.network.publish_many(offers)
        await node.until(lambda: bool(one.of(ServerOp.OFFER_FILES) and other.of(ServerOp.OFFER_FILES)))
    orders = [[listed.name for listed in read_offers(s.of(ServerOp.OFFER_FILES)[0])] for s in (one, other)]
    assert sorted(orders[0]) == sorted(orders[1])
    assert orders[0] != orders[1]


async def test_who_has_a_low_id_calls_the_peer_that_a_server_passes_on(workshop: Workshop) -> None:
    [offer] = workshop.offers(workshop.clip(100_000))
    called: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Future()
    door = await asyncio.start_server(lambda r, w: called.set_result((r, w)), "127.0.0.1", 0)
    port = door.sockets[0].getsockname()[1]

    async def low(packet: Packet, say: Say) -> None:
        if packet.op == ServerOp.LOGIN:
            say(_take_in(7))
        if packet.op == ServerOp.OFFER_FILES and packet.payload != bytes(4):
            say(pack(ServerOp.CALLBACK_REQUESTED, bytes((127, 0, 0, 1)) + struct.pack("<H", port)))

    async with scripted(low) as (_, server), workshop.node(servers=(server,)) as node:
        await node.network.publish(offer)
        peer = RawPeer(*await asyncio.wait_for(called, 10))
        assert (await peer.hear()).op == Op.HELLO
        peer.say(Op.HELLO_ANSWER, peer.myself.hello_answer(0, (bytes(4), 0)))
        await peer.slot(offer)
        peer.ask(offer, (0, 100_000))
        got = bytearray(100_000)
        await peer.receive(100_000, got)
        assert got == offer.path.read_bytes()
        await node.until(lambda: bool(node.of(PeerConnected)))
        peer.close()
    door.close()


async def test_a_server_cannot_make_us_call_anybody_it_likes(workshop: Workshop) -> None:
    async def flood(packet: Packet, say: Say) -> None:
        if packet.op == ServerOp.LOGIN:
            say(_take_in(7))
            for n in range(500):
                say(pack(ServerOp.CALLBACK_REQUESTED, bytes((10, 0, n % 250, 1)) + struct.pack("<H", 80)))

    # Not a closed network: addresses that nobody has on the internet are never called.
    async with scripted(flood) as (_, server), workshop.node(servers=(server,), closed_network=False) as node:
        await node.network.publish_many(workshop.offers(workshop.clip()))
        for _ in range(200):
            counters = (await node.network.health()).counters
            if counters["calls_refused"] == 500:
                break
            await asyncio.sleep(0.02)
        assert (counters["calls_refused"], counters["calls"]) == (500, 0)


async def test_a_server_that_hangs_up_on_offers_is_told_of_and_not_hammered(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_link, "_FIRST_WAIT_LAB_S", 0.05)

    async def rude(packet: Packet, say: Say) -> None:
        await _kind(packet, say)
        if packet.op == ServerOp.OFFER_FILES:
            raise EOFError

    async with scripted(rude) as (script, server), workshop.node(servers=(server,)) as node:
        await node.network.publish_many(workshop.offers(workshop.clip()))
        async with asyncio.timeout(10):
            while "hangs up" not in (health := await node.network.health()).detail:  # noqa: ASYNC110 - as in conftest
                await asyncio.sleep(0.02)
        assert not health.ok
        assert "hangs up when files are offered" in health.trackers[0].error
        before = script.logins
        await asyncio.sleep(0.5)
        assert script.logins - before <= 3


@pytest.mark.parametrize(
    ("says", "settings", "trouble"),
    [
        (bytes((192, 168, 1, 1)), {"closed_network": False}, "nobody can reach"),
        (bytes((203, 0, 113, 9)), {"public_host": "203.0.113.10"}, "another address"),
    ],
)
async def test_a_server_that_lies_about_our_address_is_told_of(
    says: bytes, settings: dict[str, object], trouble: str, workshop: Workshop
) -> None:
    async def liar(packet: Packet, say: Say) -> None:
        if packet.op == ServerOp.LOGIN:
            say(_take_in(int.from_bytes(says, "little")))

    async with scripted(liar) as (_, server), workshop.node(servers=(server,), **settings) as node:
        await node.network.publish_many(workshop.offers(workshop.clip()))
        async with asyncio.timeout(10):
            while trouble not in (health := await node.network.health()).detail:  # noqa: ASYNC110 - as in conftest
                await asyncio.sleep(0.02)
        assert not health.ok
        peer = await node.peer()
        assert says not in await peer.greet()  # what is a lie is not passed on


@pytest.mark.parametrize(
    "bad",
    [
        b"\xe3\xff\xff\xff\x3f\x38",  # a gigabyte of greeting
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        pack(ServerOp.ID_CHANGE, b"\1"),
        pack(ServerOp.CALLBACK_REQUESTED, b"\1\2\3"),
        b"\xd4\x05\0\0\0\x38abcd",
    ],
)
async def test_what_cannot_be_read_ends_the_line_and_we_come_back(bad: bytes, workshop: Workshop) -> None:
    script_logins = 0

    async def broken(packet: Packet, say: Say) -> None:
        nonlocal script_logins
        if packet.op == ServerOp.LOGIN:
            script_logins += 1
            say(bad if script_logins == 1 else _take_in(_HIGH))

    async with scripted(broken) as (_, server), workshop.node(servers=(server,)) as node:
        await node.network.publish_many(workshop.offers(workshop.clip()))
        await node.until_ok()
        assert (await node.network.health()).trackers[0].failed == 1


async def test_a_server_is_told_no_more_titles_than_it_takes(workshop: Workshop) -> None:
    async with scripted(_kind) as (script, server), workshop.node(servers=(server,), files_a_server=3) as node:
        await node.network.publish_many(workshop.offers(workshop.clip(), 5))
        await node.until(lambda: bool(script.of(ServerOp.OFFER_FILES)))
        await node.network.publish_many(workshop.offers(workshop.clip(), 2, begin=10))
        await asyncio.sleep(0.3)
        assert sum(len(read_offers(payload)) for payload in script.of(ServerOp.OFFER_FILES)) == 3


async def test_the_lab_server_refuses_who_asks_before_logging_in_and_answers_a_search(workshop: Workshop) -> None:
    async with workshop.server() as (lab, server), workshop.node(servers=(server,)) as node:
        await node.network.publish_many(workshop.offers(workshop.clip(), 2))
        await node.until(lambda: lab.index.files == 1)
        early = await RawPeer.connect(("127.0.0.1", lab.port), "127.0.0.9")
        early.say(ServerOp.SEARCH, b"\x01" + encode_text("sample"))
        with pytest.raises((EOFError, ConnectionError)):
            await early.hear()
        early.writer.transport.abort()
        peer = await RawPeer.connect(("127.0.0.1", lab.port), "127.0.0.9")
        peer.packets = PacketReader(most_bytes=1 << 20, packed_as=EDONKEY)
        peer.say(ServerOp.LOGIN, peer.myself.login())
        await peer.hear_until(ServerOp.SERVER_IDENT)
        peer.say(ServerOp.SEARCH, b"\x01" + encode_text("sample 000002"))
        found = await peer.hear_until(ServerOp.SEARCH_RESULT)
        assert found[:4] == b"\1\0\0\0"
        assert b"sample-clip-000002.mp4" in found
        peer.writer.transport.abort()


def test_the_lab_server_listens_nowhere_but_in_the_lab() -> None:
    with pytest.raises(NotPermitted):
        Ed2kLabServer(host="192.0.2.1")


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Ed2kSettings(listen_port=0),
        lambda: Ed2kSettings(listen_hosts=()),
        lambda: Ed2kSettings(nick=""),
        lambda: Ed2kSettings(servers=(Ed2kServer("203.0.113.1", 1), Ed2kServer("203.0.113.1", 1))),
        lambda: Ed2kSettings(files_a_server=0),
        lambda: Ed2kServer.parse("server.example:4661"),
        lambda: Ed2kServer.parse("203.0.113.1"),
        lambda: Ed2kServer("203.0.113.1", 70_000),
    ],
)
def test_wrong_settings_are_refused_with_a_remedy(wrong: Callable[[], object]) -> None:
    with pytest.raises(BadInput) as caught:
        wrong()
    assert caught.value.remedy


def test_a_link_names_file_size_hashes_and_sources(workshop: Workshop) -> None:
    [offer] = workshop.offers(workshop.clip())
    hashes = offer.hashes
    assert ed2k_link(offer, [("203.0.113.1", 4662)]) == (
        f"ed2k://|file|sample-clip-000001.mp4|300000|{hashes.ed2k.upper()}|h={hashes.aich}|/|sources,203.0.113.1:4662|/"
    )
