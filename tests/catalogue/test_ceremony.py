# SPDX-License-Identifier: EUPL-1.2
"""Root and targets are signed by keepers apart; what is wrong, doubled, foreign or outdated installs nothing."""

import json
import re
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from police2peer import storage
from police2peer.campaign import new_key_pair, new_signing_key, read_signing_key
from police2peer.catalogue import (
    CeremonyRequest,
    CeremonySignature,
    Outcome,
    Registry,
    add_agency,
    begin_ceremony,
    begin_first_ceremony,
    ceremony,
    finish_ceremony,
    leave_agency,
    prepare_key,
    publish_catalogue,
    sha256_of,
    sign_request,
    summarise,
)
from police2peer.cli import main
from police2peer.errors import BadInput, NotAuthentic, NotPermitted, Police2PeerError, Unavailable

if TYPE_CHECKING:
    from tests.catalogue.conftest import Case

QUORUM = ("root-1", "root-3", "targets-1", "targets-2")


@dataclass(frozen=True)
class Apart:
    """A catalogue whose offline keys lie with their keepers."""

    case: "Case"
    keepers: Path

    @property
    def folder(self) -> Path:
        return self.case.folder

    def begin(self, *names: str, renew: bool = False) -> bytes:
        return begin_ceremony(self.folder, now=self.case.now, replace=names, renew=renew).to_bytes()

    def sign(self, request: bytes, *names: str) -> list[bytes]:
        keys = [read_signing_key(self.keepers / f"{name}.pem") for name in names]
        return [sign_request(request, key, now=self.case.now).to_bytes() for key in keys]

    def finish(self, request: bytes, signatures: Iterable[bytes]) -> dict[str, int]:
        return dict(finish_ceremony(self.folder, request, list(signatures), now=self.case.now).versions)

    def new_keeper(self, name: str) -> None:
        """A keeper makes a new key and hands over its public half; the old key stays with the old keeper."""
        (self.keepers / f"{name}.pem").rename(self.keepers / f"old-{name}.pem")
        key = self.keepers / f"{name}.pem"
        new_key_pair(self.keepers / "fresh.pem")
        (self.keepers / "fresh.pem").rename(key)
        (self.keepers / "fresh.pub").rename(key.with_suffix(".pub"))
        prepare_key(self.case.home, name, key.with_suffix(".pub"))

    def state(self) -> dict[str, bytes]:
        kept = [
            path for path in self.folder.rglob("*") if path.is_file() and path.suffix in {".json", ".pem", ".pub"}
        ]
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in sorted(kept)}


@pytest.fixture
def apart(case: "Case", tmp_path: Path) -> Apart:
    keepers = tmp_path / "keepers"
    keepers.mkdir()
    for path in case.home.keys.glob("*-[123].pem"):
        if not path.name.startswith("agency"):
            shutil.move(path, keepers / path.name)
    return Apart(case, keepers)


def test_keepers_apart_renew_root_and_targets(apart: Apart) -> None:
    later = replace(apart, case=apart.case.at(apart.case.now + timedelta(days=366)))
    with pytest.raises(NotPermitted, match="expired"):
        later.case.publish()
    request = later.begin()
    assert later.finish(request, later.sign(request, *QUORUM)) == {"root": 2, "targets": 3}
    later.case.publish()
    assert later.case.outcomes(0) == {Outcome.GENUINE}


@pytest.mark.parametrize("names", [("root-2",), ("root-1", "root-2", "targets-1"), ("online",), ("agency-nl-1",)])
def test_replaced_keys_are_followed_from_the_first_root(apart: Apart, names: tuple[str, ...]) -> None:
    for name in names:
        if name.startswith(("root", "targets")):
            apart.new_keeper(name)
    before = apart.state()
    request = apart.begin(*names)
    assert {name: raw for name, raw in apart.state().items() if not name.startswith("prepared/")} == {
        name: raw for name, raw in before.items() if not name.startswith("prepared/")
    }
    outgoing = [path.stem for path in apart.keepers.glob("old-*.pem")]
    signers = dict.fromkeys([*QUORUM, *(name for name in names if name.startswith("root")), *outgoing])
    apart.finish(request, apart.sign(request, *signers))
    apart.case.publish()
    assert apart.case.outcomes(0) == apart.case.outcomes(1) == {Outcome.GENUINE}
    for name in names:
        assert (apart.case.home.keys / f"{name}.until-root-1.pub").is_file()


def test_with_a_new_root_key_the_keys_before_it_have_to_sign_as_well(apart: Apart) -> None:
    for name in ("root-1", "root-2"):
        apart.new_keeper(name)
    request = apart.begin("root-1", "root-2")
    with pytest.raises(NotPermitted, match="1 of the 2 keys that version 1 of the root asks for"):
        apart.finish(request, apart.sign(request, "root-1", "root-2", "root-3", "targets-1", "targets-2"))
    with pytest.raises(NotPermitted, match="1 of the 2 keys that version 2 of the root asks for"):
        apart.finish(request, apart.sign(request, "old-root-1", "old-root-2", "root-3", "targets-1", "targets-2"))


def test_a_change_of_targets_waits_for_the_keepers(apart: Apart) -> None:
    key = read_signing_key(apart.keepers / "root-1.pem").public_key().public_bytes_raw()
    with pytest.raises(NotPermitted, match="0 of the 2 keys") as caught:
        add_agency(apart.folder, key, agency="Police Unit C", country="NO", now=apart.case.now)
    assert "ceremony begin" in caught.value.remedy
    request = apart.begin()
    assert "  + agency-no-1: Police Unit C (NO) signs agency-no-1/*, 1 of 1" in summarise(
        CeremonyRequest.from_bytes(request)
    )
    assert apart.finish(request, apart.sign(request, "targets-1", "targets-3")) == {"targets": 3}
    apart.case.publish()
    assert apart.case.outcomes(0) == {Outcome.GENUINE}
    with pytest.raises(NotPermitted):
        leave_agency(apart.folder, "agency-no-1", now=apart.case.now)
    gone = CeremonyRequest.from_bytes(apart.begin())
    assert next(line for line in summarise(gone) if line.startswith("  -")).startswith("  - agency-no-1")


def test_an_agency_whose_key_changes_signs_its_records_anew(apart: Apart) -> None:
    request = apart.begin("agency-nl-1")
    apart.finish(request, apart.sign(request, *QUORUM))
    with Registry(apart.folder) as registry:
        assert registry.count()["waiting"] == 20
    (apart.case.home.keys / "agency-nl-1.until-root-1.pem").unlink()
    apart.case.publish()
    assert apart.case.outcomes(0) == {Outcome.GENUINE}


def test_a_first_catalogue_is_begun_by_keepers_who_never_meet(apart: Apart, tmp_path: Path) -> None:
    first = replace(apart, case=replace(apart.case, folder=tmp_path / "new"))
    names = [f"{role}-{number}" for role in ("root", "targets") for number in (1, 2, 3)]
    with pytest.raises(BadInput, match="no key was prepared for root-1"):
        begin_first_ceremony(first.folder, agency="Police Unit A", country="NL", now=first.case.now)
    for name in names:
        public = tmp_path / f"{name}.pub"
        key = read_signing_key(first.keepers / f"{name}.pem").public_key().public_bytes_raw()
        public.write_text(f"{key.hex()}\n")
        prepare_key(first.case.home, name, public)
    for _ in range(2):
        request = begin_first_ceremony(first.folder, agency="Police Unit A", country="NL", now=first.case.now)
    content = request.to_bytes()
    assert not first.case.home.exists
    with pytest.raises(NotPermitted, match="root is signed by 1 of the 2 keys"):
        first.finish(content, first.sign(content, "root-1", "targets-1", "targets-2"))
    assert not first.case.home.exists
    assert first.finish(content, first.sign(content, *QUORUM)) == {"root": 1, "targets": 1}
    assert publish_catalogue(first.folder, now=first.case.now).version == 1
    assert not list(first.case.home.keys.glob("root-*.pem"))


def test_a_request_that_was_overtaken_installs_nothing(apart: Apart) -> None:
    old = apart.begin()
    signed = apart.sign(old, *QUORUM)
    newer = replace(apart, case=apart.case.at(apart.case.now + timedelta(days=1)))
    request = newer.begin()
    newer.finish(request, newer.sign(request, *QUORUM))
    before = apart.state()
    with pytest.raises(NotPermitted, match="another root is in force"):
        apart.finish(old, signed)
    with pytest.raises(NotPermitted, match="is for another request"):
        newer.finish(newer.begin(), signed)
    assert apart.state() == before


def test_finishing_again_completes_what_a_power_cut_interrupted(
    apart: Apart, monkeypatch: pytest.MonkeyPatch
) -> None:
    apart.new_keeper("root-2")
    request = apart.begin("root-2")
    signatures = apart.sign(request, *QUORUM)

    class PowerCutError(BaseException):
        pass

    real = storage.write_whole
    for name in ("2.root.json", None):

        def _write(path: Path, content: bytes, cut: str | None = name) -> None:
            if path.name == cut:
                raise PowerCutError
            real(path, content)

        monkeypatch.setattr(ceremony, "write_whole", _write)
        if name is not None:
            with pytest.raises(PowerCutError):
                apart.finish(request, signatures)
    assert apart.finish(request, signatures) == apart.finish(request, signatures) == {"root": 2, "targets": 3}
    apart.case.publish()
    assert apart.case.outcomes(0) == {Outcome.GENUINE}
    assert (apart.case.home.keys / "root-2.pub").read_text() == (apart.keepers / "root-2.pub").read_text()


def test_a_full_disk_leaves_everything_as_it_was(apart: Apart, monkeypatch: pytest.MonkeyPatch) -> None:
    request = apart.begin()
    before, real = apart.state(), storage.write_whole

    def _write(path: Path, content: bytes) -> None:
        if path.name == "2.root.json":
            raise Unavailable("no room", remedy="make some")
        real(path, content)

    monkeypatch.setattr(ceremony, "write_whole", _write)
    with pytest.raises(Unavailable):
        apart.finish(request, apart.sign(request, *QUORUM))
    assert apart.state() == before


def _doubled(apart: Apart, request: bytes) -> list[bytes]:
    return [*apart.sign(request, *QUORUM), *apart.sign(request, "root-1")]


def _too_few(apart: Apart, request: bytes) -> list[bytes]:
    return apart.sign(request, "root-1", "root-2", "root-3", "targets-3")


def _changed(apart: Apart, request: bytes) -> list[bytes]:
    good = CeremonySignature.from_bytes(apart.sign(request, "root-1")[0])
    raw = bytearray(good.signatures["root"])
    raw[7] ^= 1
    return [replace(good, signatures={"root": bytes(raw)}).to_bytes(), *apart.sign(request, *QUORUM[1:])]


def _by_a_stranger(apart: Apart, request: bytes) -> list[bytes]:
    stranger = new_signing_key(apart.keepers / "stranger.pem")
    payload = CeremonyRequest.from_bytes(request).to_sign["root"]
    public = stranger.public_key().public_bytes_raw()
    return [CeremonySignature(sha256_of(request), public, {"root": stranger.sign(payload)}).to_bytes()]


def _targets_by_a_root_key(apart: Apart, request: bytes) -> list[bytes]:
    key = read_signing_key(apart.keepers / "root-1.pem")
    payload = CeremonyRequest.from_bytes(request).to_sign["targets"]
    public = key.public_key().public_bytes_raw()
    return [CeremonySignature(sha256_of(request), public, {"targets": key.sign(payload)}).to_bytes()]


@pytest.mark.parametrize(
    ("forge", "error", "facts"),
    [
        (_doubled, NotPermitted, "root-1 signed twice"),
        (_too_few, NotPermitted, "targets is signed by 1 of the 2 keys"),
        (_changed, NotAuthentic, "the signature of root-1 does not hold"),
        (_by_a_stranger, NotPermitted, "by a key that does not count"),
        (_targets_by_a_root_key, NotPermitted, "by a key that does not count"),
        (lambda _apart, _request: [], NotPermitted, "signed by 0 of the 2 keys"),
        (lambda _apart, _request: [b"{}"], BadInput, "not of the form"),
    ],
)
def test_signatures_that_do_not_count_install_nothing(
    apart: Apart, forge: Callable[[Apart, bytes], list[bytes]], error: type[Police2PeerError], facts: str
) -> None:
    request = apart.begin()
    signatures, before = forge(apart, request), apart.state()
    with pytest.raises(error, match=facts) as caught:
        apart.finish(request, signatures)
    assert caught.value.remedy
    assert apart.state() == before


def test_a_key_that_the_request_does_not_name_signs_nothing(apart: Apart) -> None:
    stranger = new_signing_key(apart.keepers / "stranger.pem")
    with pytest.raises(NotPermitted, match="counts for nothing"):
        sign_request(apart.begin(), stranger, now=apart.case.now)


def test_a_request_with_a_forged_state_in_force_is_not_shown(apart: Apart) -> None:
    request = CeremonyRequest.from_bytes(apart.begin())
    assert request.root is not None
    value = json.loads(request.root)
    value["signed"]["expires"] = "2029-01-01T00:00:00Z"
    forged = replace(request, root=json.dumps(value).encode()).to_bytes()
    with pytest.raises(NotAuthentic, match="not signed by its keys"):
        CeremonyRequest.from_bytes(forged)


def test_a_request_that_jumps_a_version_or_has_expired_is_refused(apart: Apart) -> None:
    request = CeremonyRequest.from_bytes(apart.begin())
    later = replace(request, to_sign={"targets": request.to_sign["targets"].replace(b'"version":3', b'"version":4')})
    with pytest.raises(BadInput):
        CeremonyRequest.from_bytes(later.to_bytes())
    with pytest.raises(BadInput):
        CeremonyRequest.from_bytes(replace(request, made_at=request.made_at + timedelta(days=400)).to_bytes())
    spaced = replace(request, to_sign={"targets": request.to_sign["targets"] + b" "})
    with pytest.raises(BadInput):
        CeremonyRequest.from_bytes(spaced.to_bytes())


def test_a_signature_that_expired_on_its_way_installs_nothing(apart: Apart) -> None:
    request = apart.begin()
    signatures = apart.sign(request, *QUORUM)
    late = replace(apart, case=apart.case.at(apart.case.now + timedelta(days=366)))
    with pytest.raises(NotPermitted, match="has expired meanwhile"):
        late.finish(request, signatures)


def _run(*words: str | Path, typed: str | None = None) -> Result:
    return CliRunner().invoke(main, ["catalogue", "ceremony", *map(str, words)], input=typed)


def test_the_whole_ceremony_as_people_type_it(apart: Apart, tmp_path: Path) -> None:
    home, request = ("--home", apart.folder), tmp_path / "request.json"
    shown = _run("begin", "-o", request, *home)
    assert shown.exit_code == 0, shown.output
    digits = "".join(re.findall(r"SHA-256 of the request: ([0-9a-f ]+)", shown.output)[0].split())
    assert digits == sha256_of(request.read_bytes())
    assert json.loads(_run("show", request, "--json").output)["request_sha256"] == digits
    assert json.loads(_run("show", request, "--full").output)["root"]["version"] == 2
    signatures = []
    for name in QUORUM:
        signatures.append(tmp_path / f"{name}.json")
        key = ("--key", apart.keepers / f"{name}.pem", "-o", signatures[-1])
        refused = _run("sign", request, *key, "--sha256", "00" * 32, "--yes")
        assert refused.exit_code == 1
        assert _run("sign", request, *key, typed="n\n").exit_code == 1
        assert not signatures[-1].exists()
        assert _run("sign", request, *key, "--sha256", digits, typed="y\n").exit_code == 0
    few = _run("finish", request, *signatures[:3], *home)
    assert few.exit_code == 1
    assert "carry the request to 1 more of: targets-2, targets-3" in few.stderr
    done = json.loads(_run("finish", request, *signatures, *home, "--json").output)
    assert done == {"versions": {"root": 2, "targets": 3}, "signed_by": sorted(QUORUM)}
    assert _run("begin", "-o", request, *home, "--agency", "X").exit_code == 2
    unknown = _run("begin", "-o", request, *home, "--replace", "root-9")
    assert unknown.exit_code == 2
    assert "known are: agency-fr-1, agency-nl-1, online, root-1" in unknown.stderr


def test_offline_keys_are_locked_from_the_first_day_and_opened_by_their_keepers(tmp_path: Path) -> None:
    folder, phrase = tmp_path / "home", tmp_path / "phrase"
    phrase.touch(0o600)
    phrase.write_text("six words of no meaning at all\n")
    words = ["catalogue", "init", "--agency", "Police Unit A", "--country", "NL", "--home", str(folder), "--encrypt"]
    assert CliRunner().invoke(main, words).exit_code == 2
    assert not (folder / "root.json").exists()
    begun = CliRunner().invoke(main, [*words, "--passphrase-file", str(phrase)])
    assert begun.exit_code == 0, begun.output
    locked = {path.stem for path in (folder / "keys").glob("*.pem") if b"ENCRYPTED" in path.read_bytes()}
    assert locked == {f"{role}-{number}" for role in ("root", "targets") for number in (1, 2, 3)}
    renew = ["catalogue", "renew", "--home", str(folder)]
    refused = CliRunner().invoke(main, renew)
    assert refused.exit_code == 2
    assert "root-1 asks for a pass phrase" in refused.stderr
    assert CliRunner().invoke(main, ["catalogue", "publish", "--home", str(folder)]).exit_code == 0
    again = CliRunner().invoke(main, [*words, "--passphrase-file", str(phrase)])
    assert again.exit_code == 2
    assert "there is a catalogue" in again.stderr


def test_a_first_catalogue_is_begun_as_people_type_it(apart: Apart, tmp_path: Path) -> None:
    folder, request = tmp_path / "new", tmp_path / "request.json"
    keys: list[str | Path] = []
    for role in ("root", "targets"):
        for number in (1, 2, 3):
            public = tmp_path / f"{role}-{number}.pub"
            key = read_signing_key(apart.keepers / f"{role}-{number}.pem")
            public.write_text(f"{key.public_key().public_bytes_raw().hex()}\n")
            keys += ["--key", f"{role}-{number}={public}"]
    home = ("--home", folder)
    begun = _run("begin", "-o", request, "--agency", "Police Unit A", "--country", "NL", *keys, *home)
    assert begun.exit_code == 0, begun.output
    assert "ROOT: version 1" in begun.output
    signatures = [tmp_path / f"{name}.json" for name in QUORUM]
    for name, path in zip(QUORUM, signatures, strict=True):
        signed = _run("sign", request, "--key", apart.keepers / f"{name}.pem", "-o", path, "--yes")
        assert signed.exit_code == 0, signed.output
    assert _run("finish", request, *signatures, *home).exit_code == 0
    assert CliRunner().invoke(main, ["catalogue", "publish", "--home", str(folder)]).exit_code == 0
