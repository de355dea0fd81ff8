# SPDX-License-Identifier: EUPL-1.2
"""The verifiers of browser and command line say the same, and never *genuine* of a changed catalogue."""

import hashlib
import json
import random
import shutil
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from secrets import token_bytes

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.browsers import Script, in_every_browser
from tests.catalogue.conftest import Case
from tests.site.conftest import GENUINE, NOW, WITHDRAWN, World

from police2peer.catalogue import (
    Home,
    Record,
    Registry,
    SeenNothing,
    Status,
    Verifier,
    Versions,
    agencies_of,
    begin_log,
    publish_catalogue,
    renew_trust,
)
from police2peer.catalogue.examination import Examination, FileQuestion
from police2peer.catalogue.lookup import Alias, lookup_key
from police2peer.catalogue.metadata import walk_metadata
from police2peer.catalogue.public_folder import PublicFolder
from police2peer.catalogue.seal import Place, Signature, open_entry, seal_entry, seal_record
from police2peer.catalogue.snapshot import FolderReader
from police2peer.catalogue.tree import Change, find_entries

pytest_generate_tests = in_every_browser

_HOUR = timedelta(hours=1)


def _read(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _asks(world: World) -> list[dict[str, object]]:
    """What is asked in the form of the script: two files, an unknown one, codes and links."""
    files = [(draft.sha256, draft.size) for draft in (world.drafts[GENUINE], world.drafts[WITHDRAWN])]
    files.append((hashlib.sha256(b"nobody issued this").hexdigest(), 18))
    links = [[list(world.drafts[number].network_ids[0])] for number in (GENUINE, WITHDRAWN)]
    codes = [world.code(GENUINE), world.code(WITHDRAWN), "FVPA-GSRR-NJ60"]
    links.append([["btih", "ab" * 20]])
    asks: list[dict[str, object]] = [{"type": "file", "sha256": sha256, "size": size} for sha256, size in files]
    asks += [{"type": "code", "code": code} for code in codes]
    asks += [{"type": "link", "ids": ids} for ids in links]
    return asks


def _ask_python(world: World, catalogue: Path, root: bytes, now: datetime) -> list[str]:
    verifier = Verifier(catalogue, root, lambda: now)
    verdicts = [
        *(verifier.file(world.file(number)) for number in (GENUINE, WITHDRAWN)),
        verifier.file(world.unknown()),
        *(verifier.code(world.code(number)) for number in (GENUINE, WITHDRAWN)),
        verifier.code("FVPA-GSRR-NJ60"),
        *(verifier.link(world.magnet(number)) for number in (GENUINE, WITHDRAWN)),
        verifier.link("magnet:?xt=urn:btih:" + "ab" * 20),
    ]
    return [verdict.outcome.name.lower() for verdict in verdicts]


def _both(world: World, script: Script, catalogue: Path, *, now: datetime, root: bytes | None = None) -> list[str]:
    """Ask both verifiers everything, hold that they agree, and give the outcomes."""
    pinned = root or world.root
    python = _ask_python(world, catalogue, pinned, now)
    answers = script.ask(_read(catalogue), [{}], _asks(world), root=pinned, now=now)
    assert [outcome for outcome, _ in answers] == python
    return python


_EXPECTED = [
    *("genuine", "withdrawn", "not_ours"),
    *("genuine", "withdrawn", "not_ours"),
    *("genuine", "withdrawn", "cannot_tell"),
]


def test_both_verifiers_agree_on_a_sound_catalogue(built: World, script: Script) -> None:
    assert _both(built, script, built.catalogue, now=NOW + _HOUR) == _EXPECTED


def test_both_verifiers_agree_on_a_catalogue_with_a_log(own: World, script: Script) -> None:
    begin_log(Home(own.home), "example.org/log", now=NOW)
    with Registry(own.home) as registry:
        registry.sign_again(agencies_of(own.home))
    publish_catalogue(own.home, now=NOW)
    assert (own.home / "public/log/checkpoint").is_file()
    assert _both(own, script, own.home / "public", now=NOW + _HOUR) == _EXPECTED


def _depth(catalogue: Path) -> int:
    head = json.loads(next((catalogue / "head").glob("*.json")).read_bytes())
    return int(head["idx"]["depth"])


def test_the_catalogue_of_these_tests_has_nodes_above_its_shards(built: World) -> None:
    assert _depth(built.catalogue) == 1


def test_both_verifiers_walk_a_deeper_index(own: World, script: Script) -> None:
    draw = random.Random(12)
    links = tuple(("btih", draw.randbytes(20).hex()) for _ in range(4_200))
    with Registry(own.home) as registry:
        registry.add(
            [replace(own.drafts[5], id="W-9001", code=None, sha256="ab" * 32, network_ids=links)], now=NOW.date()
        )
    shutil.rmtree(own.catalogue)
    publish_catalogue(own.home, own.catalogue, now=NOW)
    assert _depth(own.catalogue) == 2
    assert _both(own, script, own.catalogue, now=NOW + _HOUR) == _EXPECTED
    asks = [{"type": "link", "ids": [list(link)]} for link in links[:20]]
    answers = script.ask(_read(own.catalogue), [{}], asks, root=own.root, now=NOW + _HOUR)
    assert answers == [("genuine", "")] * 20


@pytest.mark.parametrize("days", [2, 8, 400, -2])
def test_both_verifiers_agree_on_a_wrong_clock(built: World, script: Script, days: int) -> None:
    assert set(_both(built, script, built.catalogue, now=NOW + timedelta(days=days))) == {"cannot_tell"}


def test_both_verifiers_follow_a_rotated_root_from_the_first(own: World, script: Script) -> None:
    renew_trust(own.home, now=NOW, replace=["root-1", "online", own.drafts[0].agency])
    publish_catalogue(own.home, now=NOW)
    assert _both(own, script, own.home / "public", now=NOW + _HOUR) == _EXPECTED


def test_both_verifiers_refuse_the_catalogue_of_another_programme(built: World, own: World, script: Script) -> None:
    foreign = json.loads(own.root)
    key = next(iter(foreign["signed"]["keys"].values()))
    key["keyval"]["public"] = "00" * 32
    assert set(_both(built, script, built.catalogue, now=NOW + _HOUR, root=json.dumps(foreign).encode())) == {
        "cannot_tell"
    }


def test_both_verifiers_refuse_metadata_under_its_threshold(own: World, script: Script) -> None:
    catalogue = own.catalogue
    root = json.loads(own.root)
    root["signatures"] = root["signatures"][:1] * 2
    answer = _both(own, script, catalogue, now=NOW + _HOUR, root=json.dumps(root).encode())
    assert set(answer) == {"cannot_tell"}


@pytest.mark.parametrize("part", ["timestamp.json", "1.snapshot.json", "1.targets.json", "idx", "rec", "head"])
def test_both_verifiers_agree_when_a_part_is_missing(own: World, script: Script, part: str) -> None:
    gone = own.catalogue / ("md" if part.endswith(".json") else "") / part
    shutil.rmtree(gone) if gone.is_dir() else gone.unlink()
    outcomes = _both(own, script, own.catalogue, now=NOW + _HOUR)
    assert "genuine" not in outcomes
    assert outcomes[0] == "cannot_tell"


def _alias(world: World, number: int) -> Alias:
    return Alias("sha256", world.drafts[number].sha256)


def _entry(world: World, number: int) -> bytes:
    reader = FolderReader(world.home / "public")
    head = walk_metadata(reader, world.root, NOW, Versions()).head
    return find_entries(reader, head.root, head.levels, lookup_key(_alias(world, number)))[0]


def _lead_to(world: World, place: Place) -> None:
    """Let the entry of the first file lead elsewhere, as a thief of the online key could."""
    agency = world.drafts[0].agency
    case = Case(world.home, (agency, agency), world.drafts, NOW, contents=world.contents)
    forged = seal_entry(_alias(world, GENUINE), place, token_bytes)
    case.change_index([Change(forged[:16], _entry(world, GENUINE), forged)])


def test_both_verifiers_refuse_an_entry_that_leads_to_the_record_of_another_file(own: World, script: Script) -> None:
    _lead_to(own, open_entry(_alias(own, 3), _entry(own, 3)))
    outcomes = _both(own, script, own.home / "public", now=NOW + _HOUR)
    assert outcomes == ["cannot_tell", *_EXPECTED[1:]]


def test_both_verifiers_refuse_a_record_that_no_agency_signed(own: World, script: Script) -> None:
    record = Record(draft=own.drafts[GENUINE], rev=9, status=Status.GENUINE, since=NOW.date())
    raw = record.to_bytes()
    roles = json.loads((own.catalogue / "md/1.targets.json").read_bytes())["signed"]["delegations"]["roles"]
    agency_key = next(role["keyids"][0] for role in roles if role["name"] == own.drafts[GENUINE].agency)
    thief = Ed25519PrivateKey.generate().sign(b"p2pw-record-v1\n" + raw)
    for signatures in ((Signature(bytes.fromhex(agency_key), thief),), ()):
        key = token_bytes(32)
        pack = seal_record(raw, signatures, key, token_bytes)
        sha256 = PublicFolder(own.home / "public").put("rec", pack)
        _lead_to(own, Place(key, sha256, 0, len(pack)))
        outcomes = _both(own, script, own.home / "public", now=NOW + _HOUR)
        assert outcomes == ["cannot_tell", *_EXPECTED[1:]]


def _mutate(content: bytes, draw: random.Random) -> bytes:
    """Change a file as accidents and attackers do: flip, cut, repeat, insert, take out, replace, change numbers."""
    at = draw.randrange(len(content))
    flipped = bytes([content[at] ^ (1 << draw.randrange(8))])
    others = (b"", b"{}", b"null", b"[]", b'{"signed":{},"signatures":[]}', b"\xff", b"0")
    number = draw.choice((b"2", b"1.5", b"-1", b"1e1", b"null"))
    return draw.choice(
        (
            content[:at] + flipped + content[at + 1 :],
            content[:at],
            content[:at] + content[at:] * 2,
            content[:at] + draw.randbytes(draw.randrange(1, 40)) + content[at:],
            content[:at] + content[at + draw.randrange(1, 60) :],
            draw.choice(others),
            content.replace(b"1", number, draw.randrange(1, 4)),
        )
    )


class _Listening(FolderReader):
    """Notes which files a verification reads."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.names: set[str] = set()

    def read(self, name: str, limit_bytes: int) -> bytes | None:
        content = super().read(name, limit_bytes)
        if content is not None:
            self.names.add(name)
        return content


def _used(world: World) -> list[str]:
    """Name the files on which the answer about the first file rests."""
    reader = _Listening(world.catalogue)
    question = FileQuestion(lambda: (world.drafts[GENUINE].sha256, world.drafts[GENUINE].size))
    Examination(reader, world.root, NOW, SeenNothing()).answer(question)
    return sorted(reader.names)


def test_no_changed_catalogue_out_of_hundreds_makes_a_file_genuine(built: World, script: Script) -> None:
    draw = random.Random(5)
    base = _read(built.catalogue)
    names = _used(built)
    assert len(names) == 8  # timestamp, snapshot, targets, catalogue, head, node, shard, pack
    changes: list[dict[str, bytes | None]] = []
    while len(changes) < 400:
        name = draw.choice(names)
        content = _mutate(base[name], draw)
        if content != base[name]:
            changes.append({name: content})
    asks = _asks(built)[:1]
    answers = script.ask(base, changes, asks, root=built.root, now=NOW + _HOUR)
    outcomes = {outcome for outcome, _ in answers}
    # A timestamp with other white space says the same and may stay genuine; none of these changes is of that kind.
    assert outcomes == {"cannot_tell"}
    assert {reason for _, reason in answers} <= {"broken", "expired"}


def test_no_changed_next_root_is_followed(built: World, script: Script) -> None:
    draw = random.Random(6)
    base = _read(built.catalogue)
    changes: list[dict[str, bytes | None]] = [{"md/2.root.json": _mutate(built.root, draw)} for _ in range(60)]
    answers = script.ask(base, changes, _asks(built)[:1], root=built.root, now=NOW + _HOUR)
    assert {outcome for outcome, _ in answers} == {"cannot_tell"}
