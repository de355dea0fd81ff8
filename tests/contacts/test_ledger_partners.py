# SPDX-License-Identifier: EUPL-1.2
"""Witnesses and time stamps: what others say of a ledger that they cannot read, as people type it."""

import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from tests.contacts.ledger_records import AT
from tests.contacts.ledgers import NODE_KEY, open_ledger, write_ledger
from tests.contacts.stamping import openssl, stamp_reply

from police2peer.catalogue import Witness, begin_witness, read_key_file
from police2peer.catalogue.log import NoteKey, WitnessRequest
from police2peer.cli import main
from police2peer.contacts.ledger import (
    LedgerReader,
    add_confirmation,
    add_stamp,
    ask_stamp,
    ask_witness,
    inspect_ledger,
    read_authorities,
    stamps_of,
)
from police2peer.errors import BadInput, NotAuthentic


def _witness(folder: Path, ledger: Path, name: str = "partner.example/witness") -> tuple[Witness, NoteKey]:
    public = begin_witness(folder, name, read_key_file(ledger / "ledger.vkey"))
    return Witness(folder), public


def _go_on(ledger: Path, *payloads: bytes) -> None:
    with open_ledger(ledger) as opened:
        opened.commit(payloads, AT + timedelta(minutes=1))


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    write_ledger(tmp_path / "ledger", [[b"1", b"2"], [b"3"]])
    return tmp_path / "ledger"


def test_a_witness_confirms_a_ledger_that_only_grew_without_seeing_it(ledger: Path, tmp_path: Path) -> None:
    witness, public = _witness(tmp_path / "witness", ledger)
    for size in (4, 7):
        reader = LedgerReader(ledger)
        request = ask_witness(reader, public)
        assert len(request) < 1500
        answer = witness.answer(request, AT)
        found = add_confirmation(reader, answer.note.to_bytes(), [public])
        assert (found.size, len(reader)) == (size, size)
        assert inspect_ledger(reader, witnesses=[public], needed=1).confirmed == size
        _go_on(ledger, b"4", b"5")
    report = inspect_ledger(LedgerReader(ledger), witnesses=[public], needed=1)
    assert (report.size, report.confirmed) == (10, 7)


def test_what_a_witness_confirmed_cannot_be_rewritten_by_a_thief_of_the_node_s_key(
    ledger: Path, tmp_path: Path
) -> None:
    witness, public = _witness(tmp_path / "witness", ledger)
    reader = LedgerReader(ledger)
    add_confirmation(reader, witness.answer(ask_witness(reader, public), AT).note.to_bytes(), [public])
    write_ledger(tmp_path / "forged", [[b"1", b"other"], [b"3", b"4"]])  # the same key, another history
    shutil.copytree(ledger / "cosigned", tmp_path / "forged" / "cosigned")
    with pytest.raises(NotAuthentic, match="does not have"):
        inspect_ledger(LedgerReader(tmp_path / "forged"), witnesses=[public], needed=1)
    forged = LedgerReader(tmp_path / "forged")
    proof = tuple(forged.consistency_proof(4, len(forged)))
    with pytest.raises(NotAuthentic, match="does not begin"):
        witness.answer(WitnessRequest(4, proof, forged.head().to_bytes()).to_bytes(), AT)
    write_ledger(tmp_path / "same-size", [[b"1", b"other"], [b"3"]])
    twin = LedgerReader(tmp_path / "same-size")
    with pytest.raises(NotAuthentic, match="forked"):
        witness.answer(WitnessRequest(4, (), twin.head().to_bytes()).to_bytes(), AT)
    assert len(list((tmp_path / "witness" / "forks").iterdir())) == 2


def test_a_tail_that_nobody_confirmed_is_counted_as_such(ledger: Path, tmp_path: Path) -> None:
    first, one = _witness(tmp_path / "one", ledger, "one.example/w")
    _, two = _witness(tmp_path / "two", ledger, "two.example/w")
    reader = LedgerReader(ledger)
    add_confirmation(reader, first.answer(ask_witness(reader, one), AT).note.to_bytes(), [one, two])
    assert inspect_ledger(reader, witnesses=[one, two], needed=1).confirmed == 4
    assert inspect_ledger(reader, witnesses=[one, two], needed=2).confirmed == 0


def test_a_request_from_elsewhere_a_stranger_s_answer_and_a_log_s_key_are_refused(
    ledger: Path, tmp_path: Path
) -> None:
    witness, public = _witness(tmp_path / "witness", ledger)
    _, stranger = _witness(tmp_path / "stranger", ledger, "stranger.example/w")
    reader = LedgerReader(ledger)
    answer = witness.answer(ask_witness(reader, public), AT).note.to_bytes()
    with pytest.raises(NotAuthentic, match="none of the known"):
        add_confirmation(reader, answer, [stranger])
    with pytest.raises(BadInput, match="goes on from 0 entries, and 4"):
        witness.answer(ask_witness(reader, public), AT)
    with pytest.raises(BadInput, match="key of a log"):
        ask_witness(reader, reader.key)


@given(st.binary(max_size=200) | st.binary(max_size=100).map(lambda raw: b"old 1\n" + raw + b"\n\nx"))
def test_foreign_bytes_are_no_request_or_say_what_they_said(raw: bytes) -> None:
    try:
        request = WitnessRequest.parse(raw)
    except NotAuthentic:
        return
    assert WitnessRequest.parse(request.to_bytes()) == request


def _run(*words: str | Path) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def test_the_way_of_a_confirmation_as_people_type_it(ledger: Path, tmp_path: Path) -> None:
    home, request, answer = tmp_path / "w", tmp_path / "request", tmp_path / "answer"
    made = _run("witness", "init", "--name", "p.example/w", "--log-key", ledger / "ledger.vkey", "--home", home)
    assert made.exit_code == 0, made.output
    vkey = home / "witness.vkey"
    assert _run("ledger", "verify", ledger, "--witness", vkey).exit_code == 1
    assert _run("ledger", "ask-witness", ledger, "--witness", vkey, "--to", request).exit_code == 0
    assert _run("witness", "answer", request, "--home", home, "--to", answer).exit_code == 0
    assert _run("ledger", "add-confirmation", ledger, "--witness", vkey, "--answer", answer).exit_code == 0
    verified = _run("ledger", "verify", ledger, "--witness", vkey, "--key", ledger / "ledger.vkey", "--json")
    assert verified.exit_code == 0
    assert json.loads(verified.output)["confirmed_entries"] == 4
    told = _run("ledger", "verify", ledger, "--witness", vkey)
    assert "confirmed   4 entries by 1; 0 newer ones" in told.output
    assert json.loads(_run("ledger", "status", ledger, "--json").output)["entries"] == 4
    assert "4 entries, 1 segments" in _run("ledger", "status", ledger).output
    assert _run("ledger", "verify", ledger, "--needed", "1").exit_code == 2
    assert _run("witness", "answer", tmp_path / "nothing", "--home", home).exit_code == 2


def test_a_damaged_ledger_and_an_empty_folder_are_said(ledger: Path, tmp_path: Path) -> None:
    segment = ledger / "segments" / "00000001"
    changed = bytearray(segment.read_bytes())
    changed[900] ^= 1
    segment.write_bytes(changed)
    said = _run("ledger", "verify", ledger)
    assert said.exit_code == 1
    assert "what to do" in said.output
    assert _run("ledger", "verify", tmp_path / "w").exit_code == 2


@pytest.mark.peer("openssl")
def test_a_time_stamp_by_a_real_service_is_checked_and_kept(ledger: Path, authority: Path, tmp_path: Path) -> None:
    reader = LedgerReader(ledger)
    trusted = read_authorities(authority / "root.pem")
    size, request = ask_stamp(reader)
    reply = stamp_reply(authority, request, tmp_path)
    assert add_stamp(reader, reply, trusted).size == size == 4
    assert [stamp.size for stamp in stamps_of(reader, trusted)] == [4]
    assert inspect_ledger(reader, authorities=trusted).stamps[0].size == 4
    note = (ledger / "stamps" / "4.note").read_bytes()
    (tmp_path / "text").write_bytes(note.partition(b"\n\n")[0] + b"\n")
    where = ("-CAfile", authority / "root.pem", "-data", tmp_path / "text")
    openssl("ts", "-verify", "-in", ledger / "stamps" / "4.tsr", *where)


@pytest.mark.peer("openssl")
def test_a_stamp_of_another_text_another_service_or_changed_is_refused(
    ledger: Path, authority: Path, tmp_path: Path
) -> None:
    reader = LedgerReader(ledger)
    trusted = read_authorities(authority / "root.pem")
    with pytest.raises(NotAuthentic, match="no time stamp was asked"):
        add_stamp(reader, b"", trusted)
    _, request = ask_stamp(reader)
    other = bytearray(request)
    other[30] ^= 1
    with pytest.raises(NotAuthentic, match="does not hold"):
        add_stamp(reader, stamp_reply(authority, bytes(other), tmp_path), trusted)
    reply = stamp_reply(authority, request, tmp_path)
    changed = bytearray(reply)
    changed[-5] ^= 1
    for bad in (bytes(changed), reply[:-1], b"", b"x" * 100):
        with pytest.raises(NotAuthentic, match="does not hold"):
            add_stamp(reader, bad, trusted)
    openssl(
        *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
        *("-keyout", tmp_path / "k", "-out", tmp_path / "other.pem", "-subj", "/CN=Example TSA root"),
    )
    with pytest.raises(NotAuthentic, match="does not hold"):
        add_stamp(reader, reply, read_authorities(tmp_path / "other.pem"))
    with pytest.raises(BadInput, match="no certificates"):
        read_authorities(tmp_path / "k")


@pytest.mark.peer("openssl")
def test_the_way_of_a_stamp_as_people_type_it(ledger: Path, authority: Path, tmp_path: Path) -> None:
    assert _run("ledger", "ask-stamp", ledger, "--to", tmp_path / "ask").exit_code == 0
    (tmp_path / "reply").write_bytes(stamp_reply(authority, (tmp_path / "ask").read_bytes(), tmp_path))
    root = authority / "root.pem"
    added = _run("ledger", "add-stamp", ledger, "--reply", tmp_path / "reply", "--authority", root)
    assert added.exit_code == 0, added.output
    verified = _run("ledger", "verify", ledger, "--authority", root)
    assert "stamped     4 entries" in verified.output


def test_a_copy_is_verified_as_well_as_the_ledger(ledger: Path, tmp_path: Path) -> None:
    shutil.copytree(ledger, tmp_path / "copy")
    assert inspect_ledger(LedgerReader(tmp_path / "copy")).size == 4
    _go_on(ledger, b"4")
    shutil.copy(ledger / "checkpoint", tmp_path / "copy" / "checkpoint")
    with pytest.raises(NotAuthentic, match="shorter"):
        inspect_ledger(LedgerReader(tmp_path / "copy"))
    assert NODE_KEY
