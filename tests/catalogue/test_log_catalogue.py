# SPDX-License-Identifier: EUPL-1.2
"""The log of a real catalogue: published with it, watched by two partners, checked by verifier and outsiders."""

import hashlib
import shutil
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.catalogue.conftest import COUNT, NOW, Case
from tests.catalogue.logged import DAY, ORIGIN, Logged, begin, witnesses_of

from police2peer.campaign import read_signing_key
from police2peer.catalogue import Outcome, Registry, renew_trust
from police2peer.catalogue.log.audit import audit_log
from police2peer.catalogue.log.checkpoint import Checkpoint, open_checkpoint
from police2peer.catalogue.log.confirming import add_cosignatures
from police2peer.catalogue.log.cosignature import cosign
from police2peer.catalogue.log.naming import begin_log, name_witnesses
from police2peer.catalogue.log.note import Note, sign_note
from police2peer.catalogue.log.packs import PackList, read_pack_list
from police2peer.catalogue.log.publishing import open_catalogue_log
from police2peer.catalogue.log.standing import LogFolder, cosigned_name
from police2peer.catalogue.log.store import LogStore
from police2peer.catalogue.log.witness import Witness, begin_witness
from police2peer.catalogue.snapshot import FolderReader
from police2peer.errors import BadInput, NotAuthentic, NotPermitted


@pytest.fixture(scope="module")
def made(built: Case, tmp_path_factory: pytest.TempPathFactory) -> Logged:
    """A log with both partners named, both needed. Not to be changed by a test."""
    folder = tmp_path_factory.mktemp("logged")
    shutil.copytree(built.folder, folder / "home")
    case = replace(built, folder=folder / "home")
    begin(case)
    logged = Logged(case, witnesses_of(case, folder))
    logged.confirm(0)
    logged.confirm(1)
    name_witnesses(case.home, [each.public for each in logged.witnesses], 2, now=NOW)
    case.publish()
    return logged


@pytest.fixture
def logged(made: Logged, tmp_path: Path) -> Logged:
    """A copy that the test may change."""
    folder = tmp_path / "all"
    shutil.copytree(made.case.folder.parent, folder)
    return Logged(replace(made.case, folder=folder / "home"), (Witness(folder / "a"), Witness(folder / "b")))


def _add(case: Case, number: int, now: datetime = NOW) -> None:
    with Registry(case.folder) as registry:
        registry.add([case.drafts[number]], now=NOW.date())
    case.publish(now)


def test_a_catalogue_without_a_log_says_nothing_of_one(built: Case) -> None:
    assert [verdict.logged for verdict in built.ask_all(0)] == [None] * 3
    assert not (built.public / "log").exists()
    assert open_catalogue_log(built.home) is None


def test_every_answer_says_where_the_record_stands_and_who_confirmed_it(made: Logged) -> None:
    for number in (0, 1, COUNT - 1):
        for verdict in made.case.ask_all(number):
            assert verdict.outcome is Outcome.GENUINE
            assert verdict.logged is not None
            assert f"of {COUNT} in the public log {ORIGIN}, confirmed by police.example/a, police" in verdict.logged


def test_what_is_not_in_the_catalogue_is_still_not_one_of_ours(made: Logged) -> None:
    assert made.case.verifier.file(made.case.file(COUNT + 1)).outcome is Outcome.NOT_OURS


def test_publishing_without_a_change_keeps_the_checkpoint_with_its_cosignatures(logged: Logged) -> None:
    before = logged.checkpoint()
    logged.case.publish(NOW + timedelta(hours=1))
    assert logged.checkpoint() == before
    assert len(Note.parse(before).signatures) == 3


def test_a_withdrawn_record_is_a_new_entry_and_the_old_one_stays(logged: Logged) -> None:
    before = logged.checkpoint()
    logged.case.withdraw(3)
    logged.case.publish()
    assert logged.case.outcomes(3) == {Outcome.WITHDRAWN}
    audit = audit_log(logged.case.public, logged.policy.keys, since=before)
    assert (audit.signed.size, audit.records, audit.since) == (COUNT + 1, COUNT + 1, COUNT)


def test_what_is_newer_than_the_witnesses_counts_for_a_fortnight(logged: Logged) -> None:
    _add(logged.case, COUNT)
    verdict = logged.case.verifier.file(logged.case.file(COUNT))
    assert verdict.outcome is Outcome.GENUINE
    assert verdict.logged == f"entry {COUNT + 1} of {COUNT + 1} in the public log {ORIGIN}, signed by the log"
    later = logged.case.at(NOW + 15 * DAY)
    later.publish()
    answer = later.verifier.file(later.file(COUNT))
    assert answer.outcome is Outcome.CANNOT_TELL
    assert "fewer than 2 witnesses" in answer.reason
    assert later.verifier.file(later.file(0)).outcome is Outcome.GENUINE  # confirmed long ago, and still so


def test_one_witness_of_two_is_not_enough_and_the_second_may_confirm_another_state(logged: Logged) -> None:
    _add(logged.case, COUNT)
    logged.confirm(0)
    _add(logged.case, COUNT + 1)
    assert "signed by the log" in (logged.case.verifier.file(logged.case.file(COUNT)).logged or "")
    logged.confirm(1)
    assert "confirmed by police.example/a, police" in (
        logged.case.verifier.file(logged.case.file(COUNT)).logged or ""
    )


def test_a_record_that_the_log_does_not_have_cannot_be_told(logged: Logged) -> None:
    shutil.rmtree(logged.log / "pack")
    for verdict in logged.case.ask_all(0):
        assert verdict.outcome is Outcome.CANNOT_TELL
        assert "not in the public log" in verdict.reason


def test_a_copy_without_its_log_cannot_be_told(logged: Logged) -> None:
    shutil.rmtree(logged.log)
    verdict = logged.case.verifier.file(logged.case.file(0))
    assert verdict.outcome is Outcome.CANNOT_TELL
    assert "log/" in verdict.what_to_do


def test_any_changed_file_of_the_log_never_makes_another_answer(logged: Logged) -> None:
    path = logged.case.file(0)
    for each in sorted(each for each in logged.log.rglob("*") if each.is_file() and "entries" not in each.parts):
        raw = each.read_bytes()
        for at in {0, len(raw) // 2, len(raw) - 1}:
            each.write_bytes(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :])
            verdict = logged.case.verifier.file(path)
            assert verdict.outcome in {Outcome.GENUINE, Outcome.CANNOT_TELL}
            if verdict.outcome is Outcome.GENUINE:
                assert verdict.logged is not None
        each.write_bytes(b"")
        assert logged.case.verifier.file(path).outcome in {Outcome.GENUINE, Outcome.CANNOT_TELL}
        each.write_bytes(raw)


def test_a_log_of_somebody_else_is_not_taken(logged: Logged) -> None:
    thief = read_signing_key(logged.case.home.keys / "online.pem")
    text = Note.parse(logged.checkpoint()).text
    (logged.log / "checkpoint").write_bytes(Note(text, (sign_note(text, ORIGIN, thief),)).to_bytes())
    assert logged.case.outcomes(0) == {Outcome.CANNOT_TELL}


def test_an_old_copy_of_the_log_beside_a_new_catalogue_cannot_be_told(logged: Logged, tmp_path: Path) -> None:
    shutil.copytree(logged.log, tmp_path / "old")
    _add(logged.case, COUNT)
    logged.confirm(0)
    shutil.rmtree(logged.log)
    shutil.copytree(tmp_path / "old", logged.log)
    assert logged.case.verifier.file(logged.case.file(COUNT)).outcome is Outcome.CANNOT_TELL


def test_a_log_that_hides_entries_is_seen_by_its_witness_and_by_an_outsider(logged: Logged, tmp_path: Path) -> None:
    """The keeper himself, with all keys, shows a log in which one record never was."""
    seen = logged.checkpoint()
    home = logged.case.home
    shutil.rmtree(logged.log)
    shutil.move(home.folder / "log", tmp_path / "true")
    forged = LogStore(logged.log, ORIGIN, [read_signing_key(home.keys / "log.pem")])
    forged.append(hashlib.sha256(bytes([number])).digest() for number in range(COUNT + 5))
    forged.sign()
    witness = logged.witnesses[0]
    with pytest.raises(NotAuthentic, match="was forked") as caught:
        witness.confirm(logged.case.public, NOW)
    kept = sorted(path.read_bytes() for path in (tmp_path / "all" / "a" / "forks").iterdir())
    states = [open_checkpoint(raw, *logged.policy.keys) for raw in kept]  # both are signed by the log itself
    assert {each.size for each in states} == {COUNT, COUNT + 5}
    assert "other witnesses" in caught.value.remedy
    with pytest.raises(NotAuthentic, match="does not begin with"):
        audit_log(logged.case.public, logged.policy.keys, since=seen)


def test_two_states_of_one_size_are_a_fork(logged: Logged) -> None:
    text = Checkpoint(ORIGIN, COUNT, bytes(32)).text()
    key = read_signing_key(logged.case.home.keys / "log.pem")
    (logged.log / "checkpoint").write_bytes(Note(text, (sign_note(text, ORIGIN, key),)).to_bytes())
    with pytest.raises(NotAuthentic, match="was forked"):
        logged.witnesses[0].confirm(logged.log, NOW)


def test_a_damaged_or_older_copy_is_no_accusation(logged: Logged, tmp_path: Path) -> None:
    shutil.copytree(logged.log, tmp_path / "older")
    _add(logged.case, COUNT)
    for tile in (logged.log / "tile/0").rglob("*"):
        if tile.is_file():
            tile.write_bytes(bytes(tile.stat().st_size))
    with pytest.raises(NotAuthentic, match="damaged"):
        logged.witnesses[0].confirm(logged.case.public, NOW)
    logged.case.publish(NOW + timedelta(hours=1))
    shutil.rmtree(logged.log)
    logged.case.publish(NOW + timedelta(hours=2))  # the master is in the private folder
    logged.confirm(0)
    with pytest.raises(NotAuthentic, match="confirmed here before"):
        logged.witnesses[0].confirm(tmp_path / "older", NOW)
    assert not (logged.case.folder.parent / "a" / "forks").exists()


def test_a_witness_confirms_again_what_it_confirmed(logged: Logged) -> None:
    done = logged.witnesses[0].confirm(logged.case.public, NOW + DAY)
    assert (done.size, done.size_before) == (COUNT, COUNT)
    assert len(done.note.signatures) == 2


def test_an_interrupted_publication_is_done_again_and_the_log_only_grows(logged: Logged) -> None:
    before = logged.checkpoint()
    with Registry(logged.case.folder) as registry:
        registry.add([logged.case.drafts[COUNT]], now=NOW.date())
    online = logged.case.home.keys / "online.pem"
    online.rename(online.with_suffix(".away"))
    with pytest.raises(NotPermitted):
        logged.case.publish()  # packs are written, nothing is signed
    online.with_suffix(".away").rename(online)
    logged.case.publish()
    assert logged.case.outcomes(COUNT) == {Outcome.GENUINE}
    audit = audit_log(logged.case.public, logged.policy.keys, since=before)
    assert audit.signed.size == COUNT + 1


def test_the_same_pack_is_entered_once(logged: Logged) -> None:
    log = open_catalogue_log(logged.case.home)
    assert log is not None
    for path in (logged.case.public / "rec").glob("??/*"):
        listed = read_pack_list(LogFolder(FolderReader(logged.case.public)), path.name)
        if listed is None:
            continue  # from before the log began
        log.add_pack(path.read_bytes(), listed.lengths)
    assert log.publish_to(logged.case.public).size == COUNT


def test_an_old_copy_of_the_private_folder_does_not_fork_the_log(logged: Logged, tmp_path: Path) -> None:
    shutil.copytree(logged.case.folder / "log", tmp_path / "backup")
    _add(logged.case, COUNT)
    shutil.rmtree(logged.case.folder / "log")
    shutil.copytree(tmp_path / "backup", logged.case.folder / "log")
    with pytest.raises(NotAuthentic, match="never begin a log anew"):
        _add(logged.case, COUNT + 1)
    restored = open_catalogue_log(logged.case.home)  # where the register is as old as the log
    assert restored is not None
    with pytest.raises(NotAuthentic, match="old copy"):
        restored.publish_to(logged.case.public)
    shutil.rmtree(logged.case.folder / "log")
    shutil.copytree(logged.log, logged.case.folder / "log")
    logged.case.publish()
    assert logged.case.outcomes(COUNT + 1) == {Outcome.GENUINE}


def test_a_new_key_of_the_log_is_followed(logged: Logged) -> None:
    renew_trust(logged.case.folder, now=NOW, replace=["log"])
    next(logged.case.home.keys.glob("log.until-root-*.pem")).unlink()  # stolen: not to sign the passage
    _add(logged.case, COUNT)
    assert logged.case.outcomes(0) == logged.case.outcomes(COUNT) == {Outcome.GENUINE}
    verdict = logged.case.verifier.file(logged.case.file(0))
    assert "confirmed by police.example/a, police" in (verdict.logged or "")
    witness, new = logged.witnesses[0], logged.policy.keys[0]
    with pytest.raises(NotAuthentic):  # the partners are told of the new key by hand
        witness.confirm(logged.case.public, NOW)
    for other in (witness.public, replace(new, name="example.org/other")):
        with pytest.raises(BadInput, match="not a key of the log"):
            witness.follow(other)
    witness.follow(new)
    again = Witness(logged.case.folder.parent / "a")
    assert again.log == new
    assert again.confirm(logged.case.public, NOW).size_before == COUNT
    again.follow(new)
    assert again.confirm(logged.case.public, NOW).size_before == COUNT + 1


def test_witnesses_are_named_only_when_they_have_confirmed(built: Case, tmp_path: Path) -> None:
    shutil.copytree(built.folder, tmp_path / "home")
    case = replace(built, folder=tmp_path / "home")
    begin(case)
    witnesses = witnesses_of(case, tmp_path)
    logged = Logged(case, witnesses)
    publics = [each.public for each in witnesses]
    with pytest.raises(NotPermitted, match="0 of these"):
        name_witnesses(case.home, publics, 1, now=NOW)
    logged.confirm(0)
    with pytest.raises(BadInput, match="cannot be asked for"):
        name_witnesses(case.home, publics, 3, now=NOW)
    assert name_witnesses(case.home, publics, 1, now=NOW).needed == 1
    with pytest.raises(BadInput, match="has a log"):
        begin_log(case.home, ORIGIN, now=NOW)


def test_a_confirmation_of_nobody_known_or_of_another_state_is_not_taken(logged: Logged, tmp_path: Path) -> None:
    home, key = logged.case.home, logged.policy.keys[0]
    begin_witness(tmp_path / "c", "police.example/c", key)
    raw = Witness(tmp_path / "c").confirm(logged.case.public, NOW).note.to_bytes()
    with pytest.raises(BadInput, match="no witness that is known"):
        add_cosignatures(home, raw)
    text = Checkpoint(ORIGIN, 5, bytes(32)).text()
    forged = Note(text, (sign_note(text, ORIGIN, read_signing_key(home.keys / "log.pem")),)).to_bytes()
    with pytest.raises(NotAuthentic, match="never had"):
        add_cosignatures(home, forged)


def test_an_older_confirmation_does_not_take_the_place_of_a_newer_one(logged: Logged) -> None:
    older = logged.confirm(0)
    _add(logged.case, COUNT)
    logged.confirm(0)
    add_cosignatures(logged.case.home, older)
    kept = (logged.log / cosigned_name(logged.witnesses[0].public)).read_bytes()
    assert open_checkpoint(kept, *logged.policy.keys).size == COUNT + 1


def test_an_audit_finds_a_pack_that_is_not_logged_and_an_entry_that_was_changed(logged: Logged) -> None:
    public, keys = logged.case.public, logged.policy.keys
    extra = b"a sealed record that was never entered"
    name = hashlib.sha256(extra).hexdigest()
    path = public / "rec" / name[:2] / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(extra)
    assert name in audit_log(public, keys).unlogged
    (public / "log/pack" / name[:2]).mkdir(exist_ok=True)
    (public / "log/pack" / name[:2] / name).write_bytes(PackList(0, (len(extra),)).to_bytes())
    with pytest.raises(NotAuthentic, match="does not hold"):
        audit_log(public, keys)
    path.unlink()
    bundle = public / f"log/tile/entries/000.p/{COUNT}"
    bundle.write_bytes(bundle.read_bytes()[:-1] + b"\0")
    with pytest.raises(NotAuthentic, match="what the log's entries make"):
        audit_log(public, keys)


def test_an_audit_counts_what_it_checked(made: Logged) -> None:
    audit = audit_log(made.case.public, made.policy.keys)
    assert (audit.records, audit.without_pack, audit.since) == (COUNT, 0, None)
    assert audit.packs + len(audit.unlogged) == len(list((made.case.public / "rec").glob("??/*")))


def test_a_list_that_leads_to_another_entry_cannot_be_told(logged: Logged) -> None:
    for path in (logged.log / "pack").glob("??/*"):
        listed = PackList.from_bytes(path.read_bytes())
        path.write_bytes(replace(listed, first=listed.first + 1).to_bytes())
    verdict = logged.case.verifier.file(logged.case.file(0))
    assert verdict.outcome is Outcome.CANNOT_TELL
    assert "proof of inclusion" in verdict.reason


def test_a_fork_that_a_witness_confirmed_cannot_be_told(logged: Logged) -> None:
    text = Checkpoint(ORIGIN, 5, bytes(32)).text()
    log = sign_note(text, ORIGIN, read_signing_key(logged.case.home.keys / "log.pem"))
    private = read_signing_key(logged.case.folder.parent / "a" / "witness.pem")
    public = logged.witnesses[0].public
    note = Note(text, (log, cosign(text, public.name, private, NOW)))
    (logged.log / cosigned_name(public)).write_bytes(note.to_bytes())
    verdict = logged.case.verifier.file(logged.case.file(0))
    assert verdict.outcome is Outcome.CANNOT_TELL
    assert "does not begin with what was seen" in verdict.reason


def test_a_log_behind_its_witnesses_cannot_be_told(logged: Logged) -> None:
    before = logged.checkpoint()
    _add(logged.case, COUNT)
    logged.confirm(0)
    (logged.log / "checkpoint").write_bytes(before)
    verdict = logged.case.verifier.file(logged.case.file(0))
    assert verdict.outcome is Outcome.CANNOT_TELL
    assert "older than what a witness confirmed" in verdict.reason
