# SPDX-License-Identifier: EUPL-1.2
"""A ledger is written by a node that cannot read it, opened by the agency alone, and shows every change."""

import os
import random
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from tests.contacts.ledger_records import AT, contact_record, gap_record
from tests.contacts.ledgers import NODE_KEY, ORIGIN, evidence_key, open_ledger, write_ledger

from police2peer.catalogue.log import NoteKey, check_consistency, check_inclusion
from police2peer.contacts.ledger import LedgerReader, inspect_ledger, open_with_record_key, read_record
from police2peer.contacts.ledger.edge import Edge
from police2peer.contacts.ledger.frames import EntryKind, read_frames, write_frame
from police2peer.contacts.ledger.segment import SegmentHeader
from police2peer.contacts.ledger.states import open_state
from police2peer.contacts.ledger.wraps import WrappedKeys
from police2peer.errors import BadInput, NotAuthentic, Unavailable


def _payloads(count: int, start: int = 0) -> list[bytes]:
    return [contact_record(number).to_bytes() for number in range(start, start + count)]


def _contents(reader: LedgerReader) -> list[bytes]:
    return [reader.unseal(entry, evidence_key()) for entry in reader.entries() if entry.kind is EntryKind.RECORD]


def test_the_agency_opens_what_the_node_sealed(tmp_path: Path) -> None:
    payloads = [*_payloads(25), gap_record().to_bytes()]
    write_ledger(tmp_path / "ledger", [payloads[:10], payloads[10:20], payloads[20:]], segment_records=20)
    reader = LedgerReader(tmp_path / "ledger")
    assert _contents(reader) == payloads
    assert len(reader.segments()) == 2
    assert len(reader) == len(payloads) + 2
    assert [state.size for state in reader.states()] == [11, 21, 28]
    assert read_record(_contents(reader)[-1]) == gap_record()


def test_nothing_in_the_folder_shows_a_record_without_the_key(tmp_path: Path) -> None:
    write_ledger(tmp_path / "ledger", [_payloads(5)])
    everything = b"".join(path.read_bytes() for path in (tmp_path / "ledger").rglob("*") if path.is_file())
    assert b"sample-clip" not in everything
    assert b"127.1.0" not in everything
    reader = LedgerReader(tmp_path / "ledger")
    with pytest.raises(BadInput, match="sealed to this evidence key"):
        reader.unseal(reader.entry(1), evidence_key("another agency"))


def test_one_key_opens_one_record_and_no_other(tmp_path: Path) -> None:
    payloads = _payloads(5)
    write_ledger(tmp_path / "ledger", [payloads])
    reader = LedgerReader(tmp_path / "ledger")
    key = reader.record_key(reader.entry(3), evidence_key())
    assert open_with_record_key(reader.entry(3), key) == payloads[2]
    for other in (1, 2, 4, 5):
        with pytest.raises(NotAuthentic, match="not the key of this record"):
            open_with_record_key(reader.entry(other), key)
    with pytest.raises(BadInput, match="not sealed"):
        open_with_record_key(reader.entry(0), key)


def test_every_entry_and_every_growth_can_be_proved(tmp_path: Path) -> None:
    write_ledger(tmp_path / "ledger", [_payloads(n) for n in (1, 2, 5, 9)], segment_records=4)
    reader = LedgerReader(tmp_path / "ledger")
    states = list(reader.states())
    for state in states:
        for entry in reader.entries(0, state.size):
            proof = reader.inclusion_proof(entry.index, state.size)
            check_inclusion(entry.leaf_hash, entry.index, state.size, proof, state.root)
        for older in states:
            if older.size <= state.size:
                proof = reader.consistency_proof(older.size, state.size)
                check_consistency(older.size, older.root, state.size, state.root, proof)


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=70))
def test_the_edge_gives_the_root_of_the_whole_tree(leaves: list[bytes]) -> None:
    from police2peer.catalogue.log import hash_children, root_of  # noqa: PLC0415

    def hash_at(level: int, index: int) -> bytes:
        if level == 0:
            return leaves[index]
        return hash_children(hash_at(level - 1, 2 * index), hash_at(level - 1, 2 * index + 1))

    edge = Edge()
    edge.extend(leaves)
    assert edge.root() == root_of(len(leaves), hash_at)


def _single_commit(tmp_path: Path) -> tuple[Path, Path]:
    write_ledger(tmp_path / "ledger", [_payloads(3), _payloads(3, 3), _payloads(3, 6)], segment_records=6)
    return tmp_path / "ledger", tmp_path / "ledger" / "segments" / "00000001"


def _refused(ledger: Path) -> None:
    with pytest.raises(NotAuthentic):
        inspect_ledger(LedgerReader(ledger))


def test_a_flipped_bit_anywhere_is_noticed(tmp_path: Path) -> None:
    ledger, segment = _single_commit(tmp_path)
    good = segment.read_bytes()
    chosen = random.Random(5)
    places = [
        *range(0, 600, 7),
        *(chosen.randrange(len(good)) for _ in range(150)),
        *range(len(good) - 40, len(good)),
    ]
    for place in places:
        changed = bytearray(good)
        changed[place] ^= 1 << chosen.randrange(8)
        segment.write_bytes(changed)
        _refused(ledger)
    segment.write_bytes(good)
    assert len(list(LedgerReader(ledger).entries())) == 11


@pytest.mark.parametrize("attack", ["delete", "duplicate", "reorder", "truncate", "insert"])
def test_an_entry_deleted_doubled_moved_cut_or_slipped_in_is_noticed(tmp_path: Path, attack: str) -> None:
    ledger, segment = _single_commit(tmp_path)
    raw = segment.read_bytes()
    frames = [raw[frame.begin : frame.end] for frame in read_frames(raw)]
    match attack:
        case "delete":
            frames.pop(2)
        case "duplicate":
            frames.insert(2, frames[2])
        case "reorder":
            frames[1], frames[2] = frames[2], frames[1]
        case "truncate":
            frames = frames[:5]
        case _:
            frames.insert(3, write_frame(b"\x00\x02" + bytes(60)))
    segment.write_bytes(b"".join(frames))
    _refused(ledger)


def test_a_segment_taken_out_or_doubled_is_noticed(tmp_path: Path) -> None:
    ledger, segment = _single_commit(tmp_path)
    good = segment.read_bytes()
    segment.unlink()
    _refused(ledger)
    segment.write_bytes(good)
    shutil.copy(segment, ledger / "segments" / "00000003")
    _refused(ledger)


def test_a_whole_commit_cut_off_a_ledger_is_noticed_when_its_state_was_seen(tmp_path: Path) -> None:
    write_ledger(tmp_path / "ledger", [_payloads(3), _payloads(3, 3)])
    segment = tmp_path / "ledger" / "segments" / "00000001"
    frames = list(read_frames(segment.read_bytes()))
    os.truncate(segment, next(frame.end for frame in frames if not frame.is_entry))
    with pytest.raises(NotAuthentic, match="missing or damaged"):
        open_ledger(tmp_path / "ledger")


def test_a_ledger_copied_from_another_node_is_not_continued(tmp_path: Path) -> None:
    write_ledger(tmp_path / "ledger", [_payloads(3)])
    shutil.copytree(tmp_path / "ledger", tmp_path / "copy")
    other = Ed25519PrivateKey.generate()
    with pytest.raises(NotAuthentic, match="another node"):
        open_ledger(tmp_path / "copy", key=other)
    (tmp_path / "copy" / "ledger.vkey").unlink()
    with pytest.raises(NotAuthentic, match="lost the name"):
        open_ledger(tmp_path / "copy", key=other)
    with pytest.raises(NotAuthentic, match="another node"):
        LedgerReader(tmp_path / "ledger", NoteKey.parse(_public(other)))
    write_ledger(tmp_path / "fresh", [_payloads(1)])
    shutil.copy(tmp_path / "fresh" / "segments" / "00000001", tmp_path / "ledger" / "segments" / "00000002")
    _refused(tmp_path / "ledger")


def _public(key: Ed25519PrivateKey) -> str:
    from police2peer.catalogue.log import KeyType  # noqa: PLC0415

    return NoteKey(ORIGIN, KeyType.ED25519, key.public_key().public_bytes_raw()).text()


def test_one_program_writes_at_a_time(tmp_path: Path) -> None:
    with (
        open_ledger(tmp_path / "ledger"),
        pytest.raises(Unavailable, match="another program"),
        open_ledger(tmp_path / "ledger"),
    ):
        pass
    open_ledger(tmp_path / "ledger").abandon()


def test_a_segment_ends_with_its_time_its_number_and_a_clock_that_went_back(tmp_path: Path) -> None:
    with open_ledger(tmp_path / "ledger", segment_records=10) as ledger:
        for seconds in (0, 60, 301, 302, 200, 201):
            ledger.commit(_payloads(1), AT + timedelta(seconds=seconds))
        ledger.commit(_payloads(10), AT + timedelta(seconds=202))
        ledger.commit(_payloads(1), AT + timedelta(seconds=203))
    headers = LedgerReader(tmp_path / "ledger").segments()
    opened = [(header.opened_at - AT).total_seconds() for header in headers]
    assert opened == [0, 301, 200, 203]
    assert len({header.key_commitment for header in headers}) == 4


def test_a_key_that_is_not_the_one_committed_to_is_refused(tmp_path: Path) -> None:
    write_ledger(tmp_path / "a", [_payloads(1)])
    write_ledger(tmp_path / "b", [_payloads(1)])
    shutil.copy(tmp_path / "b" / "keys" / "00000001", tmp_path / "a" / "keys" / "00000001")
    reader = LedgerReader(tmp_path / "a")
    with pytest.raises(NotAuthentic, match="committed"):
        reader.unseal(reader.entry(1), evidence_key())
    (tmp_path / "a" / "keys" / "00000001").unlink()
    reader = LedgerReader(tmp_path / "a")
    with pytest.raises(BadInput, match="not here"):
        reader.unseal(reader.entry(1), evidence_key())


def test_an_entry_that_is_not_there_is_said(tmp_path: Path) -> None:
    write_ledger(tmp_path / "ledger", [_payloads(2)])
    reader = LedgerReader(tmp_path / "ledger")
    for ask in (
        lambda: reader.entry(3),
        lambda: reader.inclusion_proof(3, 3),
        lambda: reader.consistency_proof(2, 9),
        lambda: reader.root(4),
    ):
        with pytest.raises(BadInput):
            ask()
    with pytest.raises(BadInput, match="no ledger"):
        LedgerReader(tmp_path / "nowhere")


_KEY = NoteKey.parse(_public(NODE_KEY))
_EMPTY: list[bytes] = []


@given(st.binary(max_size=400))
def test_foreign_bytes_end_reading_and_never_break_it(raw: bytes) -> None:
    list(read_frames(raw))
    for read in (
        lambda: SegmentHeader.read(b"\x00\x01" + raw),
        lambda: WrappedKeys.from_bytes(raw),
        lambda: open_state(raw, _KEY),
    ):
        with pytest.raises(NotAuthentic):
            read()


@given(st.binary(max_size=400), st.integers(0, 3))
def test_a_file_of_foreign_bytes_is_no_segment(
    tmp_path_factory: pytest.TempPathFactory, raw: bytes, cut: int
) -> None:
    from police2peer.contacts.ledger.examination import examine_segment  # noqa: PLC0415

    folder = tmp_path_factory.getbasetemp() / "foreign"
    if not _EMPTY:
        write_ledger(folder, [_payloads(1)])
        _EMPTY.append((folder / "segments" / "00000001").read_bytes())
    good = _EMPTY[0]
    with pytest.raises(NotAuthentic):
        examine_segment(raw, _KEY)
    whole = examine_segment(good + raw + good[: cut * 50], _KEY)
    assert whole.good_bytes == len(good)
    assert bool(whole.fault) == bool(raw or cut)


@given(
    st.dictionaries(st.sampled_from(["segment", "first", "edge", "origin", "erase_by"]), st.none() | st.integers())
)
def test_a_header_with_foreign_values_is_refused(values: dict[str, object]) -> None:
    import json  # noqa: PLC0415

    header = SegmentHeader(
        *(ORIGIN, 1, 0, (), AT, "no-2027-01", "5c" * 32, bytes(32), ("ab" * 8,)),
        *(contact_record().erase_by, "0.1.0", "ef" * 32),
    ).content()
    plain = json.loads(header[2:]) | values
    raw = header[:2] + json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()
    if raw == header:
        assert SegmentHeader.read(raw).content() == raw
        return
    try:
        assert SegmentHeader.read(raw).content() == raw
    except NotAuthentic:
        return
