# SPDX-License-Identifier: EUPL-1.2
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from tests.contacts.evidence_twins import APPROVER, ASKER, NOW

from police2peer.campaign import public_bytes
from police2peer.catalogue import Witness, begin_witness
from police2peer.contacts.evidence import Act, Custody, CustodyEntry, begin_custody
from police2peer.contacts.evidence.ranges import read_ranges, write_ranges
from police2peer.errors import BadInput, NotAuthentic


def _entry(act: Act = Act.CONSULTATION, **more: object) -> CustodyEntry:
    return CustodyEntry(0, NOW, act, "Asking Person", "an invented case", **more)  # type: ignore[arg-type]  # tests


@pytest.fixture
def custody(tmp_path: Path) -> Custody:
    folder = tmp_path / "custody"
    begin_custody(folder, "police.example/custody")
    return Custody(folder)


def test_every_act_of_the_law_is_kept_with_who_when_why_and_to_whom(custody: Custody) -> None:
    for act in Act:
        custody.record(_entry(act, to=("PT Example Partner Police",)), ASKER, [7, 8, 9, 20])
    kept = list(custody.entries())
    assert [each.act for each in kept] == list(Act)
    assert {each.act.value for each in kept} == {
        "collection",
        "consultation",
        "alteration",
        "disclosure",
        "combination",
        "erasure",
    }
    assert all(each.at == NOW and each.public_key == public_bytes(ASKER) for each in kept)
    assert kept[3].subjects == "7-9,20"
    assert custody.subjects_of(kept[3]) == (7, 8, 9, 20)


def test_a_disclosure_without_a_recipient_and_an_act_without_a_reason_are_refused() -> None:
    with pytest.raises(BadInput, match="names no recipient"):
        _entry(Act.DISCLOSURE)
    with pytest.raises(BadInput, match="not who or not why"):
        CustodyEntry(0, NOW, Act.ERASURE, "Asking Person", " ")


def test_a_long_list_of_subjects_lies_beside_the_log_and_is_held_by_its_hash(custody: Custody) -> None:
    entry = custody.record(_entry(), ASKER, range(0, 20_000, 2))
    assert custody.subjects_of(entry) == tuple(range(0, 20_000, 2))
    path = custody.folder / "subjects" / entry.subjects_sha256
    path.write_bytes(path.read_bytes().replace(b"18", b"19", 1))
    with pytest.raises(NotAuthentic):
        list(custody.entries())


@pytest.mark.parametrize("attack", ["flip", "drop", "swap"])
def test_a_changed_log_is_seen(custody: Custody, attack: str) -> None:
    for number in range(4):
        custody.record(_entry(note=f"look {number}"), ASKER)
    path = next((custody.folder / "log" / "tile" / "entries").rglob("4"))
    raw = path.read_bytes()
    length = int.from_bytes(raw[:2], "big") + 2
    changed = {
        "flip": raw.replace(b"look 2", b"look 9"),
        "drop": raw[length:],
        "swap": raw[length:] + raw[:length],
    }[attack]
    assert changed != raw
    path.write_bytes(changed)
    with pytest.raises(NotAuthentic):
        list(custody.entries())


def test_cut_off_entries_are_seen_by_who_kept_a_checkpoint(custody: Custody) -> None:
    custody.record(_entry(), ASKER)
    log = custody.folder / "log"
    before = {path: path.read_bytes() for path in log.rglob("*") if path.is_file()}
    custody.record(_entry(), APPROVER)
    kept = (log / "checkpoint").read_bytes()
    for path in [path for path in log.rglob("*") if path.is_file()]:
        path.unlink()
    for path, content in before.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    assert len(list(custody.entries())) == 1, "the shorter log is sound in itself"
    with pytest.raises(NotAuthentic, match="does not begin with"):
        custody.check_since(kept)
    custody.record(_entry(), APPROVER)
    assert custody.check_since(before[log / "checkpoint"]).size == 1


def test_a_supervisory_authority_can_be_a_witness(custody: Custody, tmp_path: Path) -> None:
    custody.record(_entry(), ASKER)
    begin_witness(tmp_path / "witness", "authority.example/witness", custody.key)
    assert Witness(tmp_path / "witness").confirm(custody.folder / "log", NOW).size == 1
    custody.record(_entry(), ASKER)
    assert Witness(tmp_path / "witness").confirm(custody.folder / "log", NOW).size_before == 1


def test_an_entry_of_another_hand_is_seen(custody: Custody) -> None:
    entry = custody.record(_entry(), ASKER)
    forged = CustodyEntry.from_bytes(entry.to_bytes().replace(b"an invented case", b"an invented caSe"))
    with pytest.raises(NotAuthentic, match="signature"):
        forged.check()


def test_the_log_holds_no_key_and_no_record(custody: Custody) -> None:
    secret = Ed25519PrivateKey.generate()
    custody.record(_entry(), secret, [1])
    written = b"".join(path.read_bytes() for path in (custody.folder / "log").rglob("*") if path.is_file())
    assert secret.private_bytes_raw() not in written
    assert secret.private_bytes_raw().hex().encode() not in written


@given(st.sets(st.integers(0, 10_000), max_size=200))
def test_ranges_come_back_as_they_were(numbers: set[int]) -> None:
    assert read_ranges(write_ranges(numbers)) == tuple(sorted(numbers))


@given(st.text("0123456789,-x", max_size=20))
def test_another_spelling_of_ranges_is_refused(text: str) -> None:
    try:
        numbers = read_ranges(text)
    except ValueError:
        return
    assert write_ranges(numbers) == text


@given(st.binary(max_size=300))
def test_foreign_bytes_are_no_entry(raw: bytes) -> None:
    with pytest.raises(BadInput):
        CustodyEntry.from_bytes(raw)
