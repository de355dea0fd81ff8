# SPDX-License-Identifier: EUPL-1.2
"""The charter on Direct Connect: nothing is asked for, nobody is written to, nothing of a person is told."""

import ast
import asyncio
import logging
from pathlib import Path

import pytest
from tests.networks.directconnect.conftest import CLIENT, ScriptedPeer, Stage

from police2peer.networks import directconnect

_SOURCE = Path(directconnect.__file__).parent
_ASKING = frozenset({"GET", "GFI", "SCH", "MSG"})
_TO_HUBS = frozenset({"HSUP", "BINF", "HPAS", "DRES", "DCTM", "DSTA"})
_TO_PEERS = frozenset({"CSUP", "CINF", "CSND", "CSTA", "CRES"})


def test_no_code_writes_a_request_a_search_or_a_chat_message() -> None:
    written, raw = set(), []
    for path in sorted(_SOURCE.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Message" and len(node.args) > 1:
                written.add((path.name, ast.unparse(node.args[1])))
            if isinstance(node, ast.Constant) and isinstance(node.value, bytes):
                raw += [path.name for word in _ASKING if word.encode() in node.value]
    # Two calls write what they are given: the reader of the wire, and the one to a user, which is called below.
    names = {(file, name) for file, name in written if not name.startswith("'")}
    assert names == {("message.py", "command"), ("running.py", "command")}
    assert {name.strip("'") for _, name in written - names} == {"SUP", "INF", "PAS", "RES", "STA", "SND"}
    assert raw == []


def test_to_a_user_goes_only_where_to_connect_and_that_we_cannot() -> None:
    tree = ast.parse((_SOURCE / "running.py").read_text(encoding="utf-8"))
    calls = [
        ast.unparse(node.args[2])
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "self._to_user"
    ]
    assert sorted(calls) == ["'CTM'", "'STA'"]


async def test_over_the_wire_go_answers_only(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    came: asyncio.Future[ScriptedPeer] = asyncio.get_running_loop().create_future()

    def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up.writers.append(writer)
        came.set_result(ScriptedPeer(reader, writer))

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    (offer,) = stage.offers(stage.clip(1000))
    async with stage.node([offer]) as up:
        up.hub.say("BSCH PEER ANsample ANclip TOq", r"DMSG PEER NODE hello\sthere PMPEER", "DRCM PEER NODE X t")
        up.hub.say(f"DCTM PEER NODE ADC/1.0 {server.sockets[0].getsockname()[1]} tok")
        peer = await asyncio.wait_for(came, 10)
        peer.say(
            "CSUP ADBASE ADTIGR", f"CINF ID{CLIENT}", f"CGET file TTH/{offer.hashes.tth} 0 -1", "CGET file x 0 -1"
        )
        peer.say(f"CGFI file TTH/{offer.hashes.tth}", "CRES FN/a SI1", r"CMSG hello", "CSUP ADBAS0")
        await peer.reader.readuntil(b"CRES")
        await up.until(lambda: up.hub.of("DSTA"))
        said = {line[:4] for line in up.hub.heard if line}
        assert {"HSUP", "BINF", "DRES", "DSTA"} <= said <= _TO_HUBS
    server.close()
    assert [record for record in caplog.records if record.name.startswith("police2peer")] == []


async def test_what_a_peer_hears_are_answers_only(stage: Stage) -> None:
    (offer,) = stage.offers(stage.clip(1000))
    async with stage.node([offer]) as up:
        peer = await up.peer()
        heard = [
            await peer.ask(f"CGFI file TTH/{offer.hashes.tth}"),
            await peer.ask("CGET file nothing 0 -1"),
            await peer.ask(f"CGET file TTH/{offer.hashes.tth} 0 0"),
        ]
        peer.say("CMSG hello", "CSCH ANsample", "CQUI XXXX", "CSTA 100 fine")
        await asyncio.sleep(0.1)
        assert {line[:4] for line in heard} <= _TO_PEERS
        assert await peer.ask("CGET file nothing 0 -1") == r"CSTA 151 File\snot\savailable"
