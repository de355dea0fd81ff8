# SPDX-License-Identifier: EUPL-1.2
"""The attacks of test_attacks.py against both verifiers at once: they agree, and none says *genuine*.

Three questions are asked of each attacked catalogue: by file, by code, by link.
"""

import io
import json
import random
import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from PIL import Image
from tests.browsers import Script, in_every_browser
from tests.catalogue.conftest import HOUR, Case
from tests.catalogue.forgeries import forge_root, publish_with

from police2peer.catalogue import SeenFile, leave_agency
from police2peer.catalogue.freshness import record_keys
from police2peer.catalogue.packing import RecordKey
from police2peer.catalogue.trust import signer_of
from police2peer.warningfiles.credentials import CredentialState, check_credentials, new_identity
from police2peer.warningfiles.credentials.library import c2pa_library
from police2peer.warningfiles.credentials.signing import WARNING_ASSERTION

pytest_generate_tests = in_every_browser

_CANNOT_TELL = ["cannot_tell"] * 3


def _questions(case: Case, number: int) -> list[dict[str, object]]:
    draft = case.drafts[number]
    return [
        {"type": "file", "sha256": draft.sha256, "size": draft.size},
        {"type": "code", "code": draft.code},
        {"type": "link", "ids": [list(draft.network_ids[0])]},
    ]


def _files(case: Case) -> dict[str, bytes]:
    return {
        str(path.relative_to(case.public)): path.read_bytes() for path in case.public.rglob("*") if path.is_file()
    }


def _both(case: Case, script: Script, number: int, seen: Mapping[str, int] | None = None) -> list[str]:
    """Ask both verifiers, hold that they agree, and give the outcomes."""
    python = [verdict.outcome.name.lower() for verdict in case.ask_all(number)]
    asks = [{**each, "seen": dict(seen or {})} for each in _questions(case, number)]
    answers = script.ask(_files(case), [{}], asks, root=case.root, now=case.now)
    assert [outcome for outcome, _ in answers] == python
    return python


def test_what_is_sound_is_genuine(built: Case, script: Script) -> None:
    assert _both(built, script, 0) == ["genuine"] * 3


def test_a_flipped_byte_anywhere(built: Case, script: Script) -> None:
    draw = random.Random(14)
    base = _files(built)
    changes: list[dict[str, bytes | None]] = []
    for name, content in base.items():
        for position in {0, len(content) // 2, len(content) - 1, *(draw.randrange(len(content)) for _ in range(3))}:
            flipped = content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :]
            changes.append({name: flipped})
    answers = script.ask(base, changes, _questions(built, 0), root=built.root, now=built.now)
    by_change = [[outcome for outcome, _ in answers[at : at + 3]] for at in range(0, len(answers), 3)]
    assert not any("not_ours" in outcomes for outcomes in by_change)
    spoilt = [
        next(iter(change)) for change, outcomes in zip(changes, by_change, strict=True) if "cannot_tell" in outcomes
    ]
    for name in base:
        if name.startswith(("md/", "head/")) and name != "md/1.root.json":  # that one is pinned, and never fetched
            assert spoilt.count(name) == sum(name in change for change in changes), name
    assert {name.partition("/")[0] for name in spoilt} == {"md", "head", "idx", "rec"}


def test_a_rollback(case: Case, script: Script, tmp_path: Path) -> None:
    old = shutil.copytree(case.public, tmp_path / "old")
    case.withdraw(0)
    case.publish(case.now + HOUR)
    later = case.at(case.now + 2 * HOUR).remembering(SeenFile(tmp_path / "seen.json"))
    seen = {"root": 1, "timestamp": 2, "snapshot": 2, "targets": 1, "catalogue": 2}
    assert _both(later, script, 0, seen) == ["withdrawn"] * 3
    shutil.rmtree(case.public)
    old.rename(case.public)
    assert _both(later, script, 0, seen) == _CANNOT_TELL


def test_a_freeze(built: Case, script: Script) -> None:
    assert _both(built.at(built.now + 23 * HOUR), script, 0) == ["genuine"] * 3
    for hours in (24, 24 * 8, 24 * 400):  # timestamp, then snapshot and catalogue, then root and targets have expired
        assert _both(built.at(built.now + hours * HOUR), script, 0) == _CANNOT_TELL


def test_a_stale_mirror(case: Case, script: Script) -> None:
    stale = (case.public / "md/timestamp.json").read_bytes()
    case.withdraw(0)
    case.publish(case.now + HOUR)
    (case.public / "md/timestamp.json").write_bytes(stale)
    assert _both(case, script, 0) == ["genuine"] * 3  # who never saw the newer state meets the old one, for a day
    assert _both(case.at(case.now + 25 * HOUR), script, 0) == _CANNOT_TELL


@pytest.mark.parametrize("role", ["snapshot", "catalogue"])
def test_mix_and_match(case: Case, script: Script, role: str) -> None:
    old = (case.public / f"md/1.{role}.json").read_bytes()
    case.withdraw(0)
    case.publish(case.now + HOUR)
    (case.public / f"md/2.{role}.json").write_bytes(old)
    assert _both(case.at(case.now + HOUR), script, 0) == _CANNOT_TELL


@pytest.mark.parametrize("days", [-3, 3, 400])
def test_a_wrong_clock(built: Case, script: Script, days: int) -> None:
    assert _both(built.at(built.now + timedelta(days=days)), script, 0) == _CANNOT_TELL
    assert _both(built.at(built.now + timedelta(days=days)), script, 40) == _CANNOT_TELL


def test_a_root_forged_with_one_of_two_keys(case: Case, script: Script) -> None:
    signer = signer_of(case.home, "root-1")
    forge_root(case, [signer])
    assert _both(case, script, 0) == _CANNOT_TELL
    path = case.public / "md/2.root.json"
    value = json.loads(path.read_bytes())
    other = next(each for each in json.loads(case.root)["signatures"] if each["keyid"] != signer.public_key.keyid)
    value["signatures"] += [dict(value["signatures"][0]), value["signatures"][0] | {"keyid": other["keyid"]}]
    path.write_bytes(json.dumps(value).encode())
    assert _both(case, script, 0) == _CANNOT_TELL


def test_an_agency_that_signs_for_another(case: Case, script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = record_keys(case.home)
    publish_with(case, monkeypatch, 40, case.agencies[1], keys[case.agencies[0]])
    assert _both(case, script, 40) == _CANNOT_TELL
    borrowed = RecordKey(keys[case.agencies[1]].key_id, keys[case.agencies[0]].private)
    publish_with(case, monkeypatch, 41, case.agencies[1], borrowed)
    assert _both(case, script, 41) == _CANNOT_TELL
    assert _both(case, script, 0) == ["genuine"] * 3


def test_a_copied_code_and_a_certificate_with_the_agencys_name(built: Case, script: Script, tmp_path: Path) -> None:
    forged = _sign_as(tmp_path / "own", "Police Unit A", built.code(0))
    new_identity(tmp_path / "genuine", "Police Unit A", now=datetime.now(UTC))
    roots = [(tmp_path / whose / "root.pem").read_bytes() for whose in ("own", "genuine")]
    states = [check_credentials(forged, [root]).state for root in roots]
    assert states == [CredentialState.TRUSTED, CredentialState.NOT_TRUSTED]
    assert built.verifier.file(forged).outcome.name == "NOT_OURS"
    content = forged.read_bytes()
    ask = {"type": "file", "sha256": sha256(content).hexdigest(), "size": len(content)}
    assert script.ask(_files(built), [{}], [ask], root=built.root, now=built.now) == [("not_ours", "")]


def _sign_as(folder: Path, name: str, code: str) -> Path:
    """Make a picture that claims a real code, signed under a root of one's own that bears the agency's name."""
    new_identity(folder, name, now=datetime.now(UTC))
    library = c2pa_library()
    chain, key = ((folder / part).read_bytes() for part in ("signer.pem", "signer.key"))
    signer = library.Signer.from_info(library.C2paSignerInfo(b"es256", chain, key, None))
    plain, signed = io.BytesIO(), io.BytesIO()
    Image.new("RGB", (320, 200), "white").save(plain, "PNG")
    source = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCreation"
    made = {"action": "c2pa.created", "digitalSourceType": source}
    claims = [
        {"label": "c2pa.actions.v2", "data": {"actions": [made]}},
        {"label": WARNING_ASSERTION, "data": {"code": code}},
    ]
    library.Builder({"title": "Warning file", "assertions": claims}).sign(signer, "image/png", plain, signed)
    path = folder / "sample-picture-07.png"
    path.write_bytes(signed.getvalue())
    return path


def test_an_agency_that_left(case: Case, script: Script) -> None:
    leave_agency(case.folder, case.agencies[0], now=case.now)
    case.publish(case.now + HOUR)
    later = case.at(case.now + HOUR)
    assert _both(later, script, 0) == _CANNOT_TELL
    assert _both(later, script, 1) == ["genuine"] * 3
    assert _both(later, script, 40) == ["not_ours", "not_ours", "cannot_tell"]


def test_a_withdrawal_of_one_file(case: Case, script: Script) -> None:
    case.withdraw(0)
    case.publish(case.now + HOUR)
    later = replace(case, now=case.now + HOUR)
    assert _both(later, script, 0) == ["withdrawn"] * 3
    assert _both(later, script, 2) == ["genuine"] * 3
