# SPDX-License-Identifier: EUPL-1.2
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.contacts.evidence_twins import END, START
from tests.contacts.ledger_records import AT, contact_record, gap_record

from police2peer.contacts.evidence import CaseFrame, Disclosed, case_graph, ontology, write_case
from police2peer.contacts.evidence.case_checks import check_graph
from police2peer.contacts.ledger import ContactRecord, GapRecord
from police2peer.errors import BadInput

_NASTY = 'a\u202eb\x00\x1b[31m\ud7ff\u2066 "quoted" \\u{202E} 中文 \U0001f680\u200b</script>'
_FRAME = CaseFrame(
    request_id="no-2027-01-r1",
    request_sha256="ab" * 32,
    order_id="no-2027-01",
    authority="Example National Police",
    legal_ground="Section 1 of an invented act",
    ledger="node-1.example/ledger",
    ledger_size=20,
    ledger_root="cd" * 32,
    order_start=START,
    order_end=END,
)


def _sample() -> list[Disclosed]:
    nasty = replace(contact_record(2), client_name=_NASTY, file_name=_NASTY, title=_NASTY, language=None)
    six = replace(
        contact_record(3),
        connections=(
            replace(contact_record(3).connections[0], peer_host="2001:db8::7", our_host="", ended_at=AT),
            replace(contact_record(3).connections[0], peer_host="2001:db8::7", peer_port=50_001),
        ),
        acknowledged_bytes=None,
        clock=replace(contact_record().clock, offset_ms=None, uncertainty_ms=None),
    )
    named = replace(
        contact_record(4), connections=(replace(contact_record().connections[0], peer_host="b32.example"),)
    )
    records: list[ContactRecord | GapRecord] = [
        contact_record(1, event="began"),
        contact_record(1),
        nasty,
        six,
        named,
        gap_record(),
    ]
    return [Disclosed(index, record) for index, record in enumerate(records)]


def _nodes(disclosed: list[Disclosed], frame: CaseFrame = _FRAME) -> list[dict[str, Any]]:
    graph = json.loads(write_case(case_graph(frame, disclosed)))["@graph"]
    assert isinstance(graph, list)
    return graph


def _validate(case: bytes, folder: Path) -> subprocess.CompletedProcess[str]:
    (folder / "case.jsonld").write_bytes(case)
    (folder / "ontology.ttl").write_bytes(ontology())
    program = Path(sys.executable).parent / "case_validate"
    command: list[str | Path] = [program, "--ontology-graph", folder / "ontology.ttl", folder / "case.jsonld"]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=170)


def test_the_stock_validator_of_case_passes_the_sample(tmp_path: Path) -> None:
    done = _validate(write_case(case_graph(_FRAME, _sample())), tmp_path)
    assert (done.returncode, done.stdout) == (0, "Validation Report\nConforms: True\n"), done.stderr
    assert "Warning" not in done.stderr, "every term that we use is one of CASE, UCO or the extension"


def test_the_stock_validator_sees_a_contact_that_is_none(tmp_path: Path) -> None:
    case = write_case(case_graph(_FRAME, [Disclosed(0, contact_record())]))
    wrong = case.replace(
        b'"p2p:rung":{"@type":"xsd:integer","@value":"4"}', b'"p2p:rung":{"@type":"xsd:integer","@value":"2"}'
    )
    assert wrong != case
    assert _validate(wrong, tmp_path).returncode == 1


def test_the_same_pack_gives_the_same_graph_and_another_pack_other_ids() -> None:
    first, again = (write_case(case_graph(_FRAME, _sample())) for _ in range(2))
    assert first == again
    other = _nodes(_sample(), replace(_FRAME, request_sha256="ef" * 32))
    assert not {node["@id"] for node in other} & {node["@id"] for node in _nodes(_sample())}


def test_began_and_ended_of_one_visit_are_one_contact_with_both_entries() -> None:
    contacts = [node for node in _nodes(_sample()) if "p2p:rung" in node]
    assert len(contacts) == 4
    assert [entry["@value"] for entry in contacts[0]["p2p:ledgerEntry"]] == ["0", "1"]


def test_nothing_in_the_graph_joins_two_contacts_of_one_address() -> None:
    one, two = contact_record(1), replace(contact_record(1), visit_id="f" * 32, network="ed2k", offer_id="ed2k-1")
    nodes = _nodes([Disclosed(0, one), Disclosed(1, two)])
    addresses = [node for node in nodes if node["@type"] == "observable:IPv4Address"]
    assert len(addresses) == len({node["@id"] for node in addresses}) == 4
    used: dict[str, int] = {}
    for node in nodes:
        for facet in node.get("core:hasFacet", []):
            for end in ("observable:src", "observable:dst"):
                if end in facet:
                    used[facet[end]["@id"]] = used.get(facet[end]["@id"], 0) + 1
    assert set(used.values()) == {1}


def test_garbage_in_names_is_shown_and_steers_nothing() -> None:
    text = write_case(case_graph(_FRAME, _sample())).decode()
    assert not {"\u202e", "\u2066", "\u200b", "\x1b", "\x00"} & set(text)
    assert "\\u{202E}b\\u{0}\\u{1B}[31m" in text.replace("\\\\", "\\")
    assert "\\u{5C}u{202E}" in text.replace("\\\\", "\\"), "who writes the sign of an escape is escaped as well"


def test_a_finished_graph_holds_the_checks_that_the_shapes_leave_to_queries() -> None:
    check_graph(case_graph(_FRAME, _sample()))


@pytest.mark.parametrize("wrong", ["blank node", "no uuid", "shared facet", "double key"])
def test_each_check_on_the_graph_refuses_what_it_is_for(wrong: str) -> None:
    nodes = _nodes(_sample())
    connection = next(node for node in nodes if node["@type"] == "observable:NetworkConnection")
    match wrong:
        case "blank node":
            nodes[0]["@id"] = "_:b0"
        case "no uuid":
            nodes[0]["@id"] = "kb:investigation-1"
        case "shared facet":
            nodes.append({**connection, "@id": nodes[0]["@id"][:-1] + "0"})
        case "double key":
            protocols = connection["core:hasFacet"][0]["observable:protocols"]
            protocols["types:entry"] = [protocols["types:entry"], {**protocols["types:entry"]}]
    with pytest.raises(BadInput):
        check_graph(nodes)


@given(st.text(max_size=60))
def test_any_client_name_makes_a_sound_graph(name: str) -> None:
    nodes = _nodes([Disclosed(0, replace(contact_record(), client_name=name))])
    check_graph(nodes)
