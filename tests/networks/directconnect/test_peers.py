# SPDX-License-Identifier: EUPL-1.2
"""Other clients as they are met: what they may ask, what they are refused, and when they are let go."""

import asyncio
import bz2
import contextlib
import os
import socket
import zlib
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from tests.networks.directconnect.conftest import CLIENT, ScriptedPeer, Stage, Up

from police2peer.errors import BadInput
from police2peer.networks import (
    ClientNamed,
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
from police2peer.warningfiles import TigerTree


async def _is_let_go(peer: ScriptedPeer) -> bool:
    with contextlib.suppress(OSError):
        await asyncio.wait_for(peer.reader.read(), 10)
    return peer.reader.at_eof() or peer.reader.exception() is not None


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
async def test_a_client_is_served_whole_in_ranges_and_named(tls: bool, stage: Stage) -> None:  # noqa: FBT001 - given
    path = stage.clip(300_000)
    (offer,) = stage.offers(path)
    async with stage.node([offer]) as up:
        peer = await up.peer(tls=tls)
        name, content = f"TTH/{offer.hashes.tth}", path.read_bytes()
        assert await peer.get(f"file {name} 0 100000") == content[:100_000]
        assert await peer.get(f"file {name} 100000 -1") == content[100_000:]
        assert await peer.get(f"file {name} 300000 -1") == b""
        peer.writer.close()
        await up.until(lambda: up.of(PeerLeft))
    kinds = [type(event) for event in up.events]
    assert kinds[:2] == [PeerConnected, ClientNamed]
    assert kinds[-1] is PeerLeft
    (named,) = up.of(ClientNamed)
    assert named.name == "script 1.0"
    assert [one.kind for one in named.identifiers] == [IdentifierKind.CID, IdentifierKind.NICK]
    assert [(one.first_byte, one.length_bytes) for one in up.of(DataRequested)] == [
        (0, 100_000),
        (100_000, 200_000),
        (300_000, 0),
    ]
    assert sum(one.length_bytes for one in up.of(DataSent)) == 300_000
    assert {one.offer for one in up.of(DataSent)} == {offer.id}
    assert up.of(PeerLeft)[0].departure is Departure.CLOSED


async def test_a_client_that_is_reachable_is_called_where_it_asked_for_it(stage: Stage) -> None:
    path = stage.clip(50_000)
    (offer,) = stage.offers(path)
    came: asyncio.Future[ScriptedPeer] = asyncio.get_running_loop().create_future()

    def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up.writers.append(writer)
        came.set_result(ScriptedPeer(reader, writer))

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    async with stage.node([offer]) as up:
        up.hub.say(f"DCTM PEER NODE ADC/1.0 {server.sockets[0].getsockname()[1]} tok")
        peer = await asyncio.wait_for(came, 10)
        assert (await peer.line()).startswith("CSUP ADBASE")
        assert (await peer.ask("CSUP ADBASE ADTIGR")).endswith(" TOtok")
        peer.say(f"CINF ID{CLIENT}")
        assert await peer.get(f"file TTH/{offer.hashes.tth} 0 -1") == path.read_bytes()
    server.close()
    assert up.of(PeerLeft)[0].departure is Departure.STOPPED


async def test_zeros_go_out_compressed_and_what_does_not_shrink_as_it_is(stage: Stage) -> None:
    blank = stage.folder / "blank.mp4"
    blank.write_bytes(bytes(1_000_000))
    (zeros,), (film,) = stage.offers(blank), stage.offers(stage.clip(200_000))
    film = replace(film, id=type(film.id)("directconnect-film"), title=film.title)
    async with stage.node([zeros, film]) as up:
        peer = await up.peer()
        assert (await peer.ask(f"CGET file TTH/{zeros.hashes.tth} 0 -1 ZL1")).endswith(" 0 1000000 ZL1")
        unpacker, got = zlib.decompressobj(), b""
        while not unpacker.eof:
            got += unpacker.decompress(await peer.reader.read(4096))
        assert got == bytes(1_000_000)
        assert unpacker.unused_data == b""
        assert (await peer.ask(f"CGET file TTH/{film.hashes.tth} 0 -1 ZL1")).endswith(" 0 200000")
        assert await peer.reader.readexactly(200_000) == film.path.read_bytes()
        await up.until(lambda: sum(one.length_bytes for one in up.of(DataSent)) == 1_200_000)


async def test_leaves_and_information_are_given_and_are_no_contact(stage: Stage) -> None:
    (offer,) = stage.offers(stage.clip(300_000))
    root = offer.hashes.tth
    async with stage.node([offer]) as up:
        peer = await up.peer()
        assert await peer.get(f"tthl TTH/{root} 0 -1") == offer.hashes.tth_leaves
        assert await peer.ask(f"CGFI file TTH/{root}") == (
            f"CRES FN/files/sample-clip-000001.mp4 SI300000 SL4000 TR{root}"
        )
        assert [type(event) for event in up.events] == [PeerConnected, ClientNamed, MetadataSent, MetadataSent]


async def test_the_list_holds_approved_titles_only_and_makes_no_event(stage: Stage) -> None:
    offers = stage.offers(stage.clip(1000), 3)
    async with stage.node(offers) as up:
        peer = await up.peer()
        packed = await peer.get("file files.xml.bz2 0 -1")
        plain = await peer.get("file files.xml 0 -1")
        assert bz2.decompress(packed) == plain
        root = ET.fromstring(plain)  # noqa: S314 - our own bytes
        assert [file.attrib["Name"] for file in root.iter("File")] == [offer.file_name() for offer in offers]
        assert {file.attrib["TTH"] for file in root.iter("File")} == {offers[0].hashes.tth}
        assert root.attrib["Base"] == "/"
        tree = TigerTree()
        tree.update(packed)
        assert f"SI{len(packed)}" in await peer.ask("CGFI file files.xml.bz2")
        part = await peer.get("list /files/ 0 -1 RE1")
        assert [file.attrib["Name"] for file in ET.fromstring(part)] == [  # noqa: S314 - our own bytes
            offer.file_name() for offer in offers
        ]
        assert await peer.ask("CGET list /home/ 0 -1") == r"CSTA 151 File\snot\savailable"
        await up.network.withdraw(offers[0])
        assert offers[0].file_name().encode() not in await peer.get("file files.xml 0 -1")
        assert up.events == []


async def test_a_contact_is_about_the_title_that_was_shown_last(stage: Stage) -> None:
    offers = stage.offers(stage.clip(1000), 3)
    async with stage.node(offers) as up:
        peer = await up.peer()
        await peer.get(f"file TTH/{offers[0].hashes.tth} 0 10")
        up.hub.say("BSCH PEER ANsample-clip-000003 ANsample ANclip TOq")
        await up.until(lambda: up.hub.of("DRES"))
        await peer.get(f"file TTH/{offers[0].hashes.tth} 0 10")
        await peer.get(r"file /files/sample-clip-000002.mp4 0 10")
        assert [one.offer for one in up.of(DataRequested)] == [offers[0].id, offers[2].id, offers[1].id]


@pytest.mark.parametrize(
    "asked",
    [
        "file TTH/{other} 0 -1",
        "file TTH/{root} 0 1001",
        "file TTH/{root} 1001 -1",
        "file TTH/{root} 1000 1",
        "file TTH/{root} 9223372036854775807 9223372036854775807",
        "file ../../etc/passwd 0 -1",
        "file /etc/passwd 0 -1",
        "tthl TTH/{other} 0 -1",
        "blom / 0 8",
        "file TTH/ 0 -1",
    ],
)
async def test_what_we_do_not_have_is_refused_and_no_contact(asked: str, stage: Stage) -> None:
    (offer,) = stage.offers(stage.clip(1000))
    async with stage.node([offer]) as up:
        peer = await up.peer()
        line = asked.format(root=offer.hashes.tth, other="A" * 39)
        assert await peer.ask(f"CGET {line}") == r"CSTA 151 File\snot\savailable"
        assert await peer.get(f"file TTH/{offer.hashes.tth} 0 1")  # and is served on
        assert len(up.of(DataRequested)) == 1


async def test_a_thousand_overlapping_ranges_cost_what_a_few_downloads_cost(stage: Stage) -> None:
    (offer,) = stage.offers(stage.clip(1 << 20))
    async with stage.node([offer]) as up:
        peer = await up.peer()
        peer.say(*(f"CGET file TTH/{offer.hashes.tth} {first} 1000000" for first in range(1000)))
        read = 0
        with contextlib.suppress(OSError):
            while data := await asyncio.wait_for(peer.reader.read(1 << 20), 10):
                read += len(data)
        await up.until(lambda: up.of(PeerLeft))
        assert up.of(PeerLeft)[0].departure is Departure.FAULT
        assert sum(one.length_bytes for one in up.of(DataSent)) <= 4 * (1 << 20) + (64 << 20)
        assert read >= 60_000_000  # it was no small matter either


async def test_a_client_that_never_reads_is_let_go(stage: Stage) -> None:
    sparse = stage.folder / "long.mp4"
    with sparse.open("wb") as handle:
        handle.truncate(16 << 20)
    (offer,) = stage.offers(sparse)
    async with stage.node([offer], stall_s=0.5) as up:
        peer = await up.peer()
        peer.writer.transport.pause_reading()  # type: ignore[attr-defined]
        peer.say(f"CGET file TTH/{offer.hashes.tth} 0 -1")
        await up.until(lambda: up.of(PeerLeft))
        assert up.of(PeerLeft)[0].departure is Departure.FAULT
        assert (await up.network.health()).ok


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
async def test_of_a_connection_that_breaks_what_was_taken_is_told(tls: bool, stage: Stage) -> None:  # noqa: FBT001
    sparse = stage.folder / "long.mp4"
    with sparse.open("wb") as handle:
        handle.truncate(32 << 20)
    (offer,) = stage.offers(sparse)
    async with stage.node([offer]) as up:
        peer = await up.peer(tls=tls)
        peer.say(f"CGET file TTH/{offer.hashes.tth} 0 -1")
        await peer.line()
        await peer.reader.readexactly(3 << 20)
        peer.writer.transport.abort()
        await up.until(lambda: up.of(PeerLeft))
        told = sum(one.length_bytes for one in up.of(DataSent))
        assert (3 << 20) - (1 << 18) <= told < offer.hashes.size
        firsts = [(one.first_byte, one.length_bytes) for one in up.of(DataSent)]
        assert all(a + length == b for (a, length), (b, _) in pairwise(firsts))  # no gap, nothing twice


async def test_a_file_system_without_sendfile_serves_too(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    async def unavailable(*_: object, **__: object) -> int:
        raise asyncio.SendfileNotAvailableError("not on this file system")

    (offer,) = stage.offers(stage.clip(300_000))
    async with stage.node([offer]) as up:
        peer = await up.peer()
        monkeypatch.setattr(asyncio.get_running_loop(), "sendfile", unavailable)
        assert await peer.get(f"file TTH/{offer.hashes.tth} 0 -1") == offer.path.read_bytes()


async def test_a_client_that_asks_nothing_is_let_go_quietly(stage: Stage) -> None:
    async with stage.node(stage.offers(stage.clip()), idle_s=0.2) as up:
        assert await _is_let_go(await up.peer())
        assert up.events == []


async def _stranger(up: Up, *lines: str) -> ScriptedPeer:
    """Give a client that was told a token and then says other things than it should."""
    peer = ScriptedPeer(*await up.let_in("tok"))
    peer.say(*lines)
    return peer


@pytest.mark.parametrize(
    "lines",
    [
        ["CSUP ADBASE ADTIGR", f"CINF ID{CLIENT} TOother"],
        ["CSUP ADBASE ADTIGR", f"CINF ID{'A' * 39} TOtok"],
        ["CSUP ADBASE ADTIGR", "CINF IDAAAA TOtok"],
        ["CSUP ADBASE ADTIGR", "CINF TOtok"],
        ["CGET file files.xml 0 -1"],
        [f"CINF ID{CLIENT} TOtok"],
        ["CSUP ADBASE ADTIGR", "CGET file files.xml 0 -1"],
        ["CSUP ADBASE ADTIGR", f"CINF ID{CLIENT} TOtok", "CSND file files.xml 0 5", "abcde"],
        ["HSUP ADBASE"],
        ["GET / HTTP/1.1", "Host: x", ""],
        ["x" * 70_000],
    ],
)
async def test_who_was_not_asked_in_or_breaks_the_protocol_is_let_go(lines: list[str], stage: Stage) -> None:
    async with stage.node(stage.offers(stage.clip())) as up:
        assert await _is_let_go(await _stranger(up, *lines))
        assert up.events == []
        assert (await up.network.health()).ok


async def test_a_token_serves_once(stage: Stage) -> None:
    async with stage.node(stage.offers(stage.clip())) as up:
        peer = await _stranger(up, "CSUP ADBASE ADTIGR", f"CINF ID{CLIENT} TOtok")
        assert [(await peer.line())[:4] for _ in range(2)] == ["CSUP", "CINF"]
        port = peer.writer.get_extra_info("peername")[1]
        again = ScriptedPeer(*await up.connect(port))
        again.say("CSUP ADBASE ADTIGR", f"CINF ID{CLIENT} TOtok")
        assert await _is_let_go(again)


async def test_slots_and_rate_are_kept(stage: Stage) -> None:
    (offer,) = stage.offers(stage.clip(300_000))
    asked = f"file TTH/{offer.hashes.tth} 0 -1"
    async with stage.node([offer], limits=Limits(upload_slots=1, upload_bytes_per_s=200_000)) as up:
        first, second = await up.peer(), await up.peer()
        first.say(f"CGET {asked}")
        assert (await first.line()).startswith("CSND")
        assert await second.ask(f"CGET {asked}") == r"CSTA 153 Slots\sfull"
        await first.reader.readexactly(300_000)
        began, ended = up.of(DataSent)[0].at, up.of(DataSent)[-1].at
        assert 200_000 * ((ended - began).total_seconds() + 1) * 1.1 >= 300_000
        assert len(await second.get(asked)) == 300_000
        assert len(up.of(DataRequested)) == 3


async def test_more_connections_than_allowed_are_turned_away(stage: Stage) -> None:
    async with stage.node(stage.offers(stage.clip()), limits=Limits(connections=2)) as up:
        await up.peer()
        await up.peer()
        assert await _is_let_go(await _stranger(up))


async def test_a_withdrawn_offer_ends_the_download_that_runs(stage: Stage) -> None:
    path = stage.clip(2_000_000)
    first, second = stage.offers(path, 2)
    async with stage.node([first, second], limits=Limits(upload_bytes_per_s=100_000)) as up:
        peer = await up.peer()
        peer.say(f"CGET file TTH/{first.hashes.tth} 0 -1")
        await up.until(lambda: up.of(DataSent))
        await up.network.withdraw(first)
        assert await _is_let_go(peer)
        await up.until(lambda: up.of(PeerLeft))
        assert [(one.offer, one.departure) for one in up.of(PeerLeft)] == [(first.id, Departure.WITHDRAWN)]
        await up.network.withdraw(second)
        assert await (await up.peer()).ask(f"CGET file TTH/{first.hashes.tth} 0 -1") == (
            r"CSTA 151 File\snot\savailable"
        )


async def test_a_file_that_was_changed_is_taken_down_before_a_byte_of_it_goes_out(stage: Stage) -> None:
    path = stage.clip(1000)
    (offer,) = stage.offers(path)
    async with stage.node([offer]) as up:
        path.write_bytes(os.urandom(1000))
        os.utime(path, ns=(1, 1))
        peer = await up.peer()
        peer.say(f"CGET file TTH/{offer.hashes.tth} 0 -1")
        assert await _is_let_go(peer)
        assert [one.offer for one in up.of(OfferPulled)] == [offer.id]
        assert (await up.network.health()).offers == 0
        assert up.of(DataSent) == []


async def test_an_offer_without_its_file_or_twice_under_one_title_is_refused(stage: Stage) -> None:
    path = stage.clip(1000)
    first, second = stage.offers(path, 2)
    async with stage.node([first]) as up:
        await up.network.publish(first)  # a second time changes nothing
        twin = replace(second, title=first.title)
        missing = replace(second, id=type(first.id)("gone"), path=Path(stage.folder / "not there"))
        for wrong in (twin, missing):
            with pytest.raises(BadInput):
                await up.network.publish_many([wrong, second])
        assert (await up.network.health()).offers == 2


async def test_nobody_is_called_at_an_address_of_many_or_too_often(stage: Stage) -> None:
    with socket.socket() as ear:
        ear.bind(("127.0.0.1", 0))
        ear.listen()
        port = ear.getsockname()[1]
        async with stage.node(stage.offers(stage.clip())) as up:
            up.hub.say(*(f"DCTM PEER NODE ADC/1.0 {port} t{n}" for n in range(50)))
            await up.until(lambda: up.network._running and up.network._running._room.counters["dials.too_many"])
            for host in ("0.0.0.0", "255.255.255.255", "224.0.0.1", "localhost", "", "::1"):  # noqa: S104 - refused
                up.hub.say(up.hub.peer(I4=host), f"DCTM PEER NODE ADC/1.0 {port} x")
            counters = up.network._running._room.counters if up.network._running else {}
            await up.until(lambda: counters["dials.refused"] == 6)
            assert counters["dials.too_many"] >= 30
