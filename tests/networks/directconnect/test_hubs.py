# SPDX-License-Identifier: EUPL-1.2
"""Hubs as they are met: those that let us in, those that do not want us, and those that misbehave."""

import asyncio
import contextlib
import logging
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.networks.directconnect.conftest import CLIENT, ScriptedHub, Stage

from police2peer.errors import BadInput, Unavailable
from police2peer.networks import Limits, SearchMatched
from police2peer.networks.directconnect import DirectConnect, HubAddress, HubSettings
from police2peer.networks.directconnect.identity import open_identity
from police2peer.networks.directconnect.message import from_base32, to_base32
from police2peer.networks.directconnect.wire import MOST_LINE_BYTES
from police2peer.warningfiles import tiger_many


async def test_a_hub_is_told_the_truth_about_us(stage: Stage) -> None:
    offers = stage.offers(stage.clip(), 3)
    async with stage.node(offers, limits=Limits(upload_slots=5)) as up:
        (said,) = up.hub.of("BINF NODE ID")
        fields = {word[:2]: word[2:] for word in said.split()[2:]}
        assert fields["AP"] == "police2peer"
        assert fields["NI"] == "unit"
        assert (fields["SS"], fields["SF"], fields["SL"]) == ("300000", "1", "5")  # three titles, one file
        assert fields["HN"] == fields["HR"] == fields["HO"] == "0"
        assert "UDP4" not in fields["SU"]  # nothing is asked for, so that nothing is taken in
        pid = from_base32(fields["PD"])
        assert to_base32(tiger_many(b"", pid, len(pid))) == fields["ID"]
        await up.until(lambda: "BINF NODE HN1" in up.hub.heard)
        await up.network.withdraw(offers[0])
        await up.network.withdraw(offers[1])
        await up.network.withdraw(offers[2])
        await up.until(lambda: up.hub.of("BINF NODE SS0 SF0"))


async def test_we_come_to_no_hub_before_something_is_offered(stage: Stage) -> None:
    async with stage.node([]) as up:
        await asyncio.sleep(0.2)
        assert up.hub.visits == 0
        assert not (await up.network.health()).ok


async def test_a_search_is_answered_through_the_hub_or_by_datagram_as_the_asker_can_take_it(stage: Stage) -> None:
    (offer,) = stage.offers(stage.clip())
    root = offer.hashes.tth
    fields = f"FN/files/sample-clip-000001.mp4 SI300000 SL4000 TR{root} TOq1"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
        ear.bind(("127.0.0.1", 0))
        ear.settimeout(0)
        async with stage.node([offer]) as up:
            up.hub.say("BSCH PEER ANsample ANclip TOq1")
            await up.until(lambda: up.hub.of("DRES"))
            assert up.hub.of("DRES") == [f"DRES NODE PEER {fields}"]
            up.hub.say(up.hub.peer(U4=str(ear.getsockname()[1]), SU="TCP4,UDP4"), f"FSCH PEER +TCP4 TR{root} TOq1")
            said = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(ear, 2000), 5)
            (about,) = up.hub.of("BINF NODE ID")
            assert said.decode() == f"URES {about.split()[2][2:]} {fields}\n"
            (matched,) = up.of(SearchMatched)  # the search by hash is no demand
            assert (matched.term, matched.answered) == ("S-0001", 1)
            assert "sample" not in repr(matched)


@pytest.mark.parametrize(
    "search",
    [
        "BSCH PEER ANsample TOq",
        "BSCH PEER TOq",
        "BSCH PEER ANsample ANclip TY2 TOq",
        "BSCH PEER ANsample ANclip GE300001",
        "BSCH PEER TRAAAA TOq",
        "BSCH OTHR ANsample ANclip",
        "BSCH PEER ANsample ANclip GEmany",
        "BSCH NODE ANsample ANclip",
    ],
)
async def test_what_does_not_fit_is_not_answered(search: str, stage: Stage) -> None:
    async with stage.node(stage.offers(stage.clip())) as up:
        up.hub.say(search, "BSCH PEER ANsample ANclip TOlast")
        await up.until(lambda: up.hub.of("DRES"))
        assert [line.split()[-1] for line in up.hub.of("DRES")] == ["TOlast"]


async def test_a_registered_nick_proves_its_password_and_never_sends_it(stage: Stage) -> None:
    secret, salt = stage.folder / "password", bytes(range(24))
    secret.write_text("correct horse\n")
    hub = ScriptedHub(greets=[f"IGPA {to_base32(salt)}"])
    async with stage.node(stage.offers(stage.clip()), hub, password=secret) as up:
        await up.until(lambda: hub.of("HPAS"))
        proof = b"correct horse" + salt
        assert hub.of("HPAS") == [f"HPAS {to_base32(tiger_many(b'', proof, len(proof)))}"]
        hub.say("BINF NODE NIunit")
        assert (await up.health_says("found")).ok
        await up.until(lambda: hub.of("BINF NODE HR1"))
        assert not [line for line in hub.heard if "horse" in line]


async def test_a_password_file_that_is_missing_is_said_and_can_be_put_right(stage: Stage) -> None:
    hub, secret = ScriptedHub(), stage.folder / "password"
    await hub.start()
    async with stage.node([], hub, password=secret) as up:
        await up.network.publish_many(stage.offers(stage.clip()))
        assert not (await up.health_says("the password file cannot be read")).ok
        secret.write_text("x")
        assert (await up.health_says("found")).ok


@pytest.mark.parametrize(
    ("greeting", "said"),
    [
        (r"ISTA 231 go\saway", "it banned us for good"),
        ("ISTA 223 no", "the password is wrong"),
        ("ISTA 226 members", "it takes registered users only"),
        ("IQUI NODE TL-1 MSbye", "it sent us away"),
        ("IGPA AAAA", "it takes registered users only"),
    ],
)
async def test_a_hub_that_does_not_want_us_is_not_tried_again(greeting: str, said: str, stage: Stage) -> None:
    hub = ScriptedHub(greets=[greeting])
    async with stage.node(stage.offers(stage.clip()), hub) as up:
        health = await up.health_says("it is not tried again")
        assert said in health.detail
        assert not health.ok
        await asyncio.sleep(0.3)
        assert hub.visits == 1


@pytest.mark.parametrize(
    "greeting",
    [
        r"ISTA 243 User\sis\snot\ssharing\senough,\sask\s198.51.100.7",
        "ISTA 232 banned TL2",
        "IQUI NODE MSkicked",
        "ISTA 211 full",
    ],
)
async def test_a_refusal_is_told_without_addresses_and_followed_by_a_long_pause(greeting: str, stage: Stage) -> None:
    hub = ScriptedHub(greets=[greeting])
    async with stage.node(stage.offers(stage.clip()), hub) as up:
        health = await up.health_says("it is tried again in 2 s")  # forty times the first pause
        assert not health.ok
        assert "198.51.100.7" not in health.detail
        await asyncio.sleep(0.4)
        assert hub.visits == 1


async def test_a_hub_that_was_away_is_joined_again_when_it_is_back(stage: Stage) -> None:
    hub = ScriptedHub()
    async with stage.node(stage.offers(stage.clip()), hub) as up:
        port = hub.port
        await hub.stop()
        await up.health_says("hub 1:")
        await hub.start(port)
        assert (await up.health_says("found")).ok
        assert hub.visits == 2


async def _pour(writer: asyncio.StreamWriter) -> int:
    """Send up to 1 GiB of one line; give what went out before the other side hung up."""
    poured, piece = 0, b"x" * (1 << 20)
    with contextlib.suppress(OSError):
        while poured < 1 << 30:
            writer.write(piece)
            poured += len(piece)
            await asyncio.wait_for(writer.drain(), 10)
    return poured


async def test_a_line_without_an_end_is_hung_up_on_and_never_held(stage: Stage) -> None:
    hub = ScriptedHub()
    async with stage.node(stage.offers(stage.clip()), hub, retry_s=30.0) as up:
        poured = await _pour(hub.writer)
        assert poured < 1 << 26  # what fits into the system's buffers
        assert f"longer than {MOST_LINE_BYTES} bytes" in (await up.health_says("a line is longer")).detail


async def test_a_hub_with_another_certificate_is_left_for_good_with_an_alarm(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    first = ScriptedHub(context=stage.hub_context("first"))
    offers = stage.offers(stage.clip())
    async with stage.node(offers, first) as up:
        assert (await up.network.health()).ok
        port = first.port
    second = ScriptedHub(context=stage.hub_context("second"))
    await second.start(port)
    async with stage.node([], second) as up:
        await up.network.publish_many(offers)
        health = await up.health_says("another certificate")
        assert not health.ok
        assert health.alarms == ("hub 1: the hub has another certificate than before, or than the settings name",)
        await asyncio.sleep(0.3)
        assert (second.visits, second.heard) == (1, [])  # not a word, not even who we are
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert str(port) not in caplog.text


async def test_a_flood_of_searches_is_counted_and_answered_within_bounds(stage: Stage) -> None:
    async with stage.node(stage.offers(stage.clip())) as up:
        up.hub.say(*["BSCH PEER ANsample ANclip TOq"] * 5000)
        await up.until(lambda: len(up.of(SearchMatched)) == 5000)
        answered = sum(event.answered for event in up.of(SearchMatched))
        assert 400 <= answered < 4000
        await up.until(lambda: len(up.hub.of("DRES")) == answered)
        up.hub.say(up.hub.peer(NI="renamed"))  # the hub is still heard
        await asyncio.sleep(1.1)
        up.hub.say("BSCH PEER ANsample ANclip TOafter")
        await up.until(lambda: any("TOafter" in line for line in up.hub.of("DRES")))


_IDLE = (
    r"BMSG PEER hello\sunit",
    "DMSG PEER NODE hello PMPEER",
    "IMSG welcome",
    "IGET blom / 0 -1 BK8 BH24",
    r"ICMD a TTHMSG\sx\n",
    "xx",
    "\xff",
    r"BINF PEER DE\bad",
    "BINF SELF NI",
    "BINF LONG ID" + "A" * 5000,
    "IQUI PEER",
    "BSCH PEER ANsample ANclip TOq",  # of somebody who has left
    "DCTM PEER NODE ADC/1.0 5 t",
    "DCTM GONE NODE ADC/1.0 5 t",
    "ISTA",
    "ISTA 1 x",
    "ISTA 100 Well\\smet",
)


async def test_chat_wishes_and_garbage_change_nothing(stage: Stage) -> None:
    async with stage.node(stage.offers(stage.clip())) as up:
        await up.until(lambda: "BINF NODE HN1" in up.hub.heard)
        heard = len(up.hub.heard)
        up.hub.say(*_IDLE)
        await asyncio.sleep(0.3)
        assert up.hub.heard[heard:] == []
        assert (await up.network.health()).ok


async def test_a_wish_in_another_protocol_is_refused_with_its_token(stage: Stage) -> None:
    async with stage.node(stage.offers(stage.clip())) as up:
        up.hub.say("DRCM PEER NODE ADC/9.9 t7")
        await up.until(lambda: up.hub.of("DSTA"))
        assert up.hub.of("DSTA") == [r"DSTA NODE PEER 141 Protocol\sunsupported TOt7 PRADC/9.9"]


async def test_many_hubs_at_once_and_one_that_is_away(stage: Stage) -> None:
    hubs = [ScriptedHub() for _ in range(3)]
    for hub in hubs:
        await hub.start()
    await hubs[2].stop()
    settings = stage.settings(*(HubSettings(HubAddress.parse(f"adc://127.0.0.1:{hub.port}"), "unit") for hub in hubs))
    network = DirectConnect(settings, terms=())
    await network.start()
    try:
        await network.publish_many(stage.offers(stage.clip()))
        async with asyncio.timeout(10):
            while "BINF NODE HN2" not in hubs[0].heard + hubs[1].heard:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        health = await network.health()
        assert health.detail.startswith("hub 3: it cannot be reached (ConnectionRefusedError)")
        assert health.counters["hubs.up"] == 2
    finally:
        await network.stop()
        for hub in hubs[:2]:
            await hub.stop()


async def test_a_port_that_is_taken_is_said_at_once(stage: Stage) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        network = DirectConnect(stage.settings(listen_port=taken.getsockname()[1]))
        with pytest.raises(Unavailable):
            await network.start()
        assert not (await network.health()).ok


def test_the_identity_is_drawn_once_and_only_its_owner_reads_it(stage: Stage) -> None:
    def draw(folder: Path) -> tuple[str, bytes]:
        identity = open_identity(folder, random_bytes=lambda count: bytes(range(count)), now=datetime.now(UTC))
        assert repr(identity) == "<identity>"
        return identity.cid, identity.keyprint

    folder = stage.folder / "state"
    first = draw(folder)
    assert draw(folder) == first
    assert draw(stage.folder / "other")[1] != first[1]
    assert first[0] != CLIENT  # the public id is a hash: the private one cannot be had from it
    for path in folder.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600
    (folder / "directconnect.pid").write_text("not an id")
    with pytest.raises(BadInput):
        draw(folder)
