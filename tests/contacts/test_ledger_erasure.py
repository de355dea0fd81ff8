# SPDX-License-Identifier: EUPL-1.2
"""What is erased cannot be opened by anyone, the ledger says so, and every proof of the rest still holds."""

import dataclasses
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.contacts.ledger_records import AT
from tests.contacts.ledgers import evidence_key, open_ledger, write_ledger

from police2peer.catalogue.log import check_inclusion
from police2peer.contacts.ledger import (
    LedgerReader,
    SealedEntry,
    due_segments,
    erase_records,
    erase_segments,
    inspect_ledger,
    keys_of_the_rest,
    prove_erasures,
)
from police2peer.contacts.ledger.erasure import read_notice
from police2peer.contacts.ledger.frames import EntryKind
from police2peer.errors import BadInput, NotAuthentic

_LATER = AT + timedelta(days=200)


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """Three segments of three records each."""
    write_ledger(tmp_path / "ledger", [[b"%d" % n for n in range(i, i + 3)] for i in (0, 3, 6)], segment_records=3)
    return tmp_path / "ledger"


def _opened(folder: Path) -> dict[int, bytes | None]:
    reader, found = LedgerReader(folder), dict[int, bytes | None]()
    for entry in reader.entries():
        if entry.kind is EntryKind.RECORD:
            try:
                found[entry.index] = reader.unseal(entry, evidence_key())
            except BadInput:
                found[entry.index] = None
    return found


def test_a_segment_s_records_are_erased_and_the_rest_is_as_before(ledger: Path) -> None:
    before, wrapped = LedgerReader(ledger).head(), (ledger / "keys" / "00000002").read_bytes()
    with open_ledger(ledger) as opened:
        erase_segments(opened, [2], why="the person asked for it", by="Data protection officer", now=_LATER)
    assert [value for value in _opened(ledger).values() if value] == [b"0", b"1", b"2", b"6", b"7", b"8"]
    everything = b"".join(path.read_bytes() for path in ledger.rglob("*") if path.is_file())
    assert wrapped[200:260] not in everything
    reader = LedgerReader(ledger)
    (proof,) = prove_erasures(reader)
    assert proof.keys_gone
    assert (proof.notice.segments, proof.notice.by) == ((2,), "Data protection officer")
    check_inclusion(reader.entry(proof.index).leaf_hash, proof.index, len(reader), proof.proof, reader.head().root)
    assert reader.root(before.size) == before.root
    report = inspect_ledger(reader)
    assert (report.erased_segments, report.warnings) == ((2,), ())


def test_one_record_is_erased_and_the_others_of_its_segment_open_still(ledger: Path) -> None:
    reader = LedgerReader(ledger)
    erased = next(entry.index for entry in reader.entries() if entry.segment == 2 and entry.kind is EntryKind.RECORD)
    old = (ledger / "keys" / "00000002").read_bytes()
    rest = keys_of_the_rest(reader, 2, {erased}, evidence_key(), [evidence_key().public])
    with open_ledger(ledger) as opened:
        opened.commit([b"9"], _LATER)
        erase_records(opened, 2, {erased}, rest, why="a wrong contact", by="An officer", now=_LATER)
    found = _opened(ledger)
    assert found.pop(erased) is None
    assert sorted(value for value in found.values() if value) == [
        b"0",
        b"1",
        b"2",
        b"4",
        b"5",
        b"6",
        b"7",
        b"8",
        b"9",
    ]
    assert (ledger / "keys" / "00000002").read_bytes() != old
    (proof,) = prove_erasures(LedgerReader(ledger))
    assert (proof.notice.records, proof.keys_gone) == ((erased,), True)
    assert inspect_ledger(LedgerReader(ledger)).erased_records == 1


def test_an_erasure_that_was_interrupted_is_noticed_and_finished_by_running_it_again(ledger: Path) -> None:
    kept = (ledger / "keys" / "00000001").read_bytes()
    with open_ledger(ledger) as opened:
        erase_segments(opened, [1], why="w", by="b", now=_LATER)
    (ledger / "keys" / "00000001").write_bytes(kept)  # as if the machine had died behind the notice
    assert "not finished" in inspect_ledger(LedgerReader(ledger)).warnings[0]
    with open_ledger(ledger) as opened:
        erase_segments(opened, [1], why="w", by="b", now=_LATER)
    assert inspect_ledger(LedgerReader(ledger)).warnings == ()


def test_what_is_due_is_found_by_its_date(ledger: Path) -> None:
    day = LedgerReader(ledger).segments()[0].erase_by
    assert day == (AT + timedelta(minutes=5, days=180)).date()
    with open_ledger(ledger) as opened:
        assert due_segments(opened, day - timedelta(days=1)) == ()
        assert due_segments(opened, day) == (1, 2, 3)
        erase_segments(opened, due_segments(opened, day), by="the node", now=_LATER)
        assert due_segments(opened, day) == ()
        assert due_segments(opened, date(2099, 1, 1)) == (4,)
    assert not any(_opened(ledger).values())


def test_keys_that_vanish_without_a_notice_are_told(ledger: Path) -> None:
    (ledger / "keys" / "00000003").unlink()
    assert "no notice says why" in inspect_ledger(LedgerReader(ledger)).warnings[0]


def test_segments_that_are_not_there_and_keys_of_another_segment_are_refused(ledger: Path) -> None:
    reader = LedgerReader(ledger)
    rest = keys_of_the_rest(reader, 2, set(), evidence_key(), [evidence_key().public])
    whole = (ledger / "keys" / "00000001").read_bytes()
    with open_ledger(ledger) as opened:
        for bad in ([], [9]):
            with pytest.raises(BadInput, match="no such segments"):
                erase_segments(opened, bad, why="w", by="b", now=_LATER)
        for segment, keys in ((1, rest), (1, whole)):
            with pytest.raises(BadInput, match="another segment"):
                erase_records(opened, segment, {1}, keys, why="w", by="b", now=_LATER)
    assert all(_opened(ledger).values())
    assert prove_erasures(LedgerReader(ledger)) == ()


@given(st.binary(max_size=120))
def test_foreign_bytes_are_no_notice(raw: bytes) -> None:
    with pytest.raises(NotAuthentic):
        read_notice(SealedEntry(0, 1, b"\x00\x03" + raw))


def test_a_notice_says_what_it_said(ledger: Path) -> None:
    with open_ledger(ledger) as opened:
        erase_segments(opened, [3, 1], why="w", by="b", now=_LATER)
    reader = LedgerReader(ledger)
    entry = next(entry for entry in reader.entries() if entry.kind is EntryKind.ERASURE)
    notice = read_notice(entry)
    assert dataclasses.replace(notice) == notice
    assert (notice.segments, notice.at) == ((1, 3), _LATER)
