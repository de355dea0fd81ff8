# SPDX-License-Identifier: EUPL-1.2
"""Attacks on the catalogue, each named after itself. None may end in *genuine* or in a false *not one of ours*."""

import json
import random
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.catalogue.forgeries import forge_root, publish_with

from police2peer.campaign import read_signing_key
from police2peer.catalogue import (
    Outcome,
    SeenFile,
    Verifier,
    init_catalogue,
    renew_trust,
)
from police2peer.catalogue.freshness import record_keys
from police2peer.catalogue.lookup import Alias, CodeStretch, lookup_key
from police2peer.catalogue.packing import RecordKey
from police2peer.catalogue.seal import open_entry, seal_entry
from police2peer.catalogue.snapshot import FolderReader, blob_name
from police2peer.catalogue.tree import Change, find_entries, levels_of
from police2peer.catalogue.trust import signer_of
from police2peer.errors import NotAuthentic

if TYPE_CHECKING:
    from tests.catalogue.conftest import Case

CANNOT_TELL = {Outcome.CANNOT_TELL}
HOUR = timedelta(hours=1)


class _NotingReader(FolderReader):
    """Notes which files a verification reads."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.read_names: set[str] = set()

    def read(self, name: str, limit_bytes: int) -> bytes | None:
        content = super().read(name, limit_bytes)
        if content is not None:
            self.read_names.add(name)
        return content


@pytest.fixture
def read_names(case: "Case", monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Give the names of the files that three questions about record 0 read."""
    reader = _NotingReader(case.public)
    with monkeypatch.context() as patch:
        patch.setattr("police2peer.catalogue.snapshot.FolderReader", lambda _folder: reader)
        case.ask_all(0)
    return reader.read_names


def test_a_flipped_byte_in_any_file_that_is_read_cannot_be_told(
    case: "Case", read_names: set[str], flip: Callable[[Path, int], None]
) -> None:
    draw = random.Random(1)
    assert len(read_names) >= 7
    for name in read_names:
        path = case.public / name
        size = path.stat().st_size
        for position in {0, size // 2, size - 1, *(draw.randrange(size) for _ in range(5))}:
            flip(path, position)
            outcomes = {verdict.outcome for verdict in case.ask_all(0)}
            flip(path, position)
            assert Outcome.CANNOT_TELL in outcomes, (name, position)
            assert Outcome.NOT_OURS not in outcomes, (name, position)
            if name.startswith(("md/", "head/")):
                assert outcomes == CANNOT_TELL, (name, position)


def test_a_flipped_byte_in_what_is_not_read_changes_nothing(
    case: "Case", read_names: set[str], flip: Callable[[Path, int], None]
) -> None:
    names = {str(path.relative_to(case.public)) for path in case.public.rglob("*") if path.is_file()}
    for name in sorted(names - read_names)[:20]:
        flip(case.public / name, 0)
    assert case.outcomes(0) == {Outcome.GENUINE}


def test_a_flipped_byte_makes_an_absent_file_absent_or_unknown_only(
    case: "Case", flip: Callable[[Path, int], None]
) -> None:
    for path in [path for path in case.public.rglob("*") if path.is_file()]:
        flip(path, path.stat().st_size // 2)
        outcome = case.verifier.file(case.file(41)).outcome
        assert outcome in {Outcome.NOT_OURS, Outcome.CANNOT_TELL}
        flip(path, path.stat().st_size // 2)


def test_every_file_cut_short_emptied_doubled_or_removed_is_noticed(case: "Case", read_names: set[str]) -> None:
    for name in read_names:
        path = case.public / name
        content = path.read_bytes()
        for other in (content[:-1], content[: len(content) // 2], b"", content * 2, content + b"\n"):
            path.write_bytes(other)
            outcomes = case.outcomes(0)
            assert Outcome.NOT_OURS not in outcomes, name
            # White space around signed JSON changes nothing that is signed; only the timestamp is not held by a hash.
            assert Outcome.CANNOT_TELL in outcomes or name == "md/timestamp.json", name
        path.unlink()
        assert Outcome.CANNOT_TELL in case.outcomes(0), name
        path.write_bytes(content)
    assert case.outcomes(0) == {Outcome.GENUINE}


def test_a_rolled_back_copy_is_noticed_by_who_saw_a_newer_one(case: "Case", tmp_path: Path) -> None:
    old = tmp_path / "old"
    shutil.copytree(case.public, old)
    case.withdraw(0)
    case.publish(case.now + HOUR)
    later = case.at(case.now + 2 * HOUR).remembering(SeenFile(tmp_path / "seen.json"))
    assert later.outcomes(0) == {Outcome.WITHDRAWN}
    shutil.rmtree(case.public)
    old.rename(case.public)
    assert later.outcomes(0) == CANNOT_TELL
    assert "older than one seen here before" in later.verifier.file(case.file(0)).reason


def test_a_frozen_copy_cannot_be_told_after_a_day(case: "Case") -> None:
    assert case.at(case.now + 23 * HOUR).outcomes(0) == {Outcome.GENUINE}
    frozen = case.at(case.now + 24 * HOUR)
    assert frozen.outcomes(0) == CANNOT_TELL
    verdict = frozen.verifier.file(case.file(0))
    assert "out of date" in verdict.reason
    assert "on 2026-11-23 12:00 UTC it said: genuine" in verdict.reason


def test_an_old_timestamp_over_a_newer_mirror_is_the_old_state_or_cannot_be_told(case: "Case") -> None:
    old = (case.public / "md/timestamp.json").read_bytes()
    case.withdraw(0)
    case.publish(case.now + HOUR)
    (case.public / "md/timestamp.json").write_bytes(old)
    assert case.outcomes(0) == {Outcome.GENUINE}  # a first-time reader sees the old state whole, for a day at most
    assert case.at(case.now + 25 * HOUR).outcomes(0) == CANNOT_TELL


@pytest.mark.parametrize("days", [-3, 3, 400])
def test_a_clock_days_off_cannot_be_told_and_names_the_clock(case: "Case", days: int) -> None:
    wrong = case.at(case.now + timedelta(days=days))
    assert wrong.outcomes(0) == CANNOT_TELL
    assert wrong.outcomes(40) == CANNOT_TELL
    verdict = wrong.verifier.file(case.file(0))
    assert "clock" in verdict.reason
    assert "clock" in verdict.what_to_do


@pytest.mark.parametrize("role", ["snapshot", "catalogue"])
def test_a_mixture_of_two_states_cannot_be_told(case: "Case", role: str) -> None:
    old = (case.public / f"md/1.{role}.json").read_bytes()
    case.withdraw(0)
    case.publish(case.now + HOUR)
    (case.public / f"md/2.{role}.json").write_bytes(old)
    assert case.at(case.now + HOUR).outcomes(0) == CANNOT_TELL


def test_a_root_forged_with_one_of_three_keys_cannot_be_told(case: "Case") -> None:
    forge_root(case, [signer_of(case.home, "root-1")])
    assert case.outcomes(0) == CANNOT_TELL


def test_one_root_key_that_signs_twice_counts_once(case: "Case") -> None:
    signer = signer_of(case.home, "root-1")
    forge_root(case, [signer])
    path = case.public / "md/2.root.json"
    value = json.loads(path.read_bytes())
    other = next(each for each in json.loads(case.root)["signatures"] if each["keyid"] != signer.public_key.keyid)
    value["signatures"] += [dict(value["signatures"][0]), value["signatures"][0] | {"keyid": other["keyid"]}]
    path.write_bytes(json.dumps(value).encode())
    assert case.outcomes(0) == CANNOT_TELL


def test_a_root_forged_with_two_other_roles_keys_cannot_be_told(case: "Case") -> None:
    forge_root(case, [signer_of(case.home, name) for name in ("targets-1", "targets-2", "online")])
    assert case.outcomes(0) == CANNOT_TELL


def test_a_root_that_skips_a_version_cannot_be_told(case: "Case") -> None:
    renew_trust(case.folder, now=case.now)
    renew_trust(case.folder, now=case.now)
    case.publish()
    third = (case.public / "md/3.root.json").read_bytes()
    (case.public / "md/2.root.json").write_bytes(third)
    assert case.outcomes(0) == CANNOT_TELL


def test_targets_signed_by_one_key_cannot_be_told(case: "Case") -> None:
    path = case.home.trust / "2.targets.json"
    value = json.loads(path.read_bytes())
    value["signatures"] = value["signatures"][:1]
    path.write_bytes(json.dumps(value).encode())
    for name in ("targets-1", "targets-2", "targets-3"):
        (case.home.keys / f"{name}.pem").unlink()
    with pytest.raises(NotAuthentic):
        case.publish()
    assert case.outcomes(0) == {Outcome.GENUINE}  # the old state stands


def test_a_wrong_pinned_root_cannot_be_told(case: "Case", tmp_path: Path) -> None:
    init_catalogue(tmp_path / "other", agency="Police Unit A", country="NL", now=case.now)
    other = (tmp_path / "other/root.json").read_bytes()
    for pinned in (other, b"", b"{}", b"\xff", case.root[:-20]):
        assert Verifier(case.public, pinned, lambda: case.now).file(case.file(0)).outcome is Outcome.CANNOT_TELL


def test_a_record_signed_by_another_agency_cannot_be_told(case: "Case", monkeypatch: pytest.MonkeyPatch) -> None:
    keys = record_keys(case.home)
    publish_with(case, monkeypatch, 40, case.agencies[1], keys[case.agencies[0]])
    assert case.outcomes(40) == CANNOT_TELL
    # The other agency's key id does not help either.
    borrowed = RecordKey(keys[case.agencies[1]].key_id, keys[case.agencies[0]].private)
    publish_with(case, monkeypatch, 41, case.agencies[1], borrowed)
    assert case.outcomes(41) == CANNOT_TELL
    assert case.outcomes(0) == {Outcome.GENUINE}


def test_a_record_signed_by_the_online_key_cannot_be_told(case: "Case", monkeypatch: pytest.MonkeyPatch) -> None:
    online = RecordKey(
        bytes.fromhex(signer_of(case.home, "online").public_key.keyid),
        read_signing_key(case.home.keys / "online.pem"),
    )
    for number, agency in ((40, "catalogue"), (41, case.agencies[0]), (42, "agency-xx-1")):
        publish_with(case, monkeypatch, number, agency, online)
        assert case.outcomes(number) == CANNOT_TELL


def test_an_entry_that_leads_to_another_files_record_cannot_be_told(case: "Case") -> None:
    genuine = Alias("sha256", case.drafts[0].sha256)
    head_root, levels = _root_of(case)
    entry = find_entries(FolderReader(case.public), head_root, levels, lookup_key(genuine))[0]
    place = open_entry(genuine, entry)
    salt = CodeStretch(1000, bytes.fromhex(json.loads(_head_of(case))["code"]["salt"]))
    forged = [Alias("sha256", case.drafts[40].sha256), Alias("code", salt.value(case.code(40)))]
    forged += [Alias(*case.drafts[40].network_ids[0])]
    entries = [seal_entry(alias, place, random.Random(3).randbytes) for alias in forged]
    case.change_index([Change(each[:16], None, each) for each in entries])
    assert case.outcomes(40) == CANNOT_TELL
    assert case.outcomes(0) == {Outcome.GENUINE}


def test_an_entry_moved_under_another_lookup_key_cannot_be_told(case: "Case") -> None:
    root, levels = _root_of(case)
    genuine = lookup_key(Alias("sha256", case.drafts[0].sha256))
    entry = find_entries(FolderReader(case.public), root, levels, genuine)[0]
    moved = lookup_key(Alias("sha256", case.drafts[40].sha256)) + entry[16:]
    case.change_index([Change(moved[:16], None, moved)])
    assert case.verifier.file(case.file(40)).outcome is Outcome.CANNOT_TELL


def _head_of(case: "Case") -> bytes:
    newest = max(case.public.glob("head/*"), key=lambda path: path.stat().st_mtime_ns)
    return bytes(newest.read_bytes())


def _root_of(case: "Case") -> tuple[bytes, tuple[int, ...]]:
    idx = json.loads(_head_of(case))["idx"]
    return bytes.fromhex(idx["root"]), levels_of(idx["depth"])


def test_who_holds_only_the_catalogue_learns_no_hash_code_or_link(case: "Case") -> None:
    everything = b"".join(path.read_bytes() for path in case.public.rglob("*") if path.is_file())
    for draft in case.drafts[:40]:
        secrets = [
            draft.sha256,
            str(draft.code),
            draft.id,
            *draft.hashes.values(),
            *(v for _, v in draft.network_ids),
        ]
        for secret in secrets:
            assert secret.encode() not in everything
            if len(secret) in {40, 64}:
                assert bytes.fromhex(secret) not in everything


def test_a_name_that_climbs_out_of_the_folder_is_never_read(case: "Case") -> None:
    metadata = json.loads((case.public / "md/1.catalogue.json").read_bytes())
    assert metadata["signed"]["targets"].keys() == {"head.json"}
    for name in ("../../etc/passwd", "a" * 63, "A" * 64, "a" * 63 + "/", "a" * 64 + "\n"):
        with pytest.raises(NotAuthentic):
            blob_name("idx", name)
