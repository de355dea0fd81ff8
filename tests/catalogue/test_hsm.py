# SPDX-License-Identifier: EUPL-1.2
"""Keys in a PKCS #11 token (SoftHSM) do what keys in files do, and never leave it.

A PKCS #11 library belongs to a process, so there is one folder of tokens for all tests of this module.
"""

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.catalogue.conftest import make_draft

from police2peer.campaign import PassPhrases, TokenUri, new_key_pair, read_public_key, read_signing_key, using
from police2peer.catalogue import (
    CeremonyRequest,
    Outcome,
    Registry,
    Verifier,
    begin_ceremony,
    init_catalogue,
    prepare_key,
    publish_catalogue,
    renew_trust,
)
from police2peer.catalogue.home import Home
from police2peer.cli import main
from police2peer.errors import BadInput, NotPermitted

pytestmark = pytest.mark.peer("softhsm2-util")

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PIN = "246813"
_LIBRARIES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so")


def _new_token(label: str) -> None:
    words = ["softhsm2-util", "--init-token", "--free", "--label", label, "--so-pin", "97531864", "--pin", PIN]
    subprocess.run(words, check=True, capture_output=True)


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Tokens called keepers and spare in a folder of their own; gives a file with their PIN."""
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    settings = folder / "softhsm2.conf"
    settings.write_text(
        f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n"
    )
    library = next(path for path in _LIBRARIES if Path(path).is_file())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(settings))
        patch.setenv("POLICE2PEER_PKCS11_MODULE", library)
        _new_token("keepers")
        _new_token("spare")
        pin = folder / "pin"
        pin.touch(0o600)
        pin.write_text(f"{PIN}\n")
        yield pin


@pytest.fixture
def pin(token: Path) -> Iterator[Path]:
    with using(PassPhrases({"": token})):
        yield token


def _run(*words: str | Path) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def _run_alone(*words: str) -> "subprocess.CompletedProcess[str]":
    """Run a command in a process of its own, which is logged in to no token."""
    script = "import sys; from police2peer.cli import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", script, *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)


def _make(folder: Path, pin: Path, name: str) -> Path:
    path = folder / f"{name}.pem"
    made = _run("key", "new", path, "--token", f"pkcs11:token=keepers;object={name}", "--passphrase-file", pin)
    assert made.exit_code == 0, made.output
    assert PIN not in made.output
    return path


def test_a_key_is_made_in_the_token_and_named_by_a_file(pin: Path, tmp_path: Path) -> None:
    path = _make(tmp_path, pin, "first")
    assert path.read_text() == "pkcs11:token=keepers;object=first\n"
    assert path.stat().st_mode & 0o777 == 0o600
    key = read_signing_key(path)
    key.public_key().verify(key.sign(b"anything"), b"anything")
    assert key.public_key().public_bytes_raw() == read_public_key(path.with_suffix(".pub"))
    for show in (key.private_bytes_raw, key.private_bytes):
        with pytest.raises(NotPermitted, match="never shows"):
            show()  # type: ignore[call-arg] # whatever is asked for
    shown = _run("key", "show", "pkcs11:token=keepers;object=first", "--passphrase-file", pin)
    assert shown.output.strip() == path.with_suffix(".pub").read_text().strip()
    again = _run("key", "new", tmp_path / "x.pem", "--token", "pkcs11:token=keepers;object=first")
    assert again.exit_code == 2
    assert "has a key called first" in again.stderr
    named = _run("key", "new", tmp_path / "y.pem", "--existing", "--token", "pkcs11:token=keepers;object=first")
    assert named.exit_code == 0
    assert (tmp_path / "y.pub").read_bytes() == path.with_suffix(".pub").read_bytes()


@pytest.mark.peer("pkcs11-tool")
def test_a_key_that_another_program_made_in_the_token_is_used(pin: Path) -> None:
    words = ["pkcs11-tool", "--module", os.environ["POLICE2PEER_PKCS11_MODULE"], "--login", "--pin", PIN]
    made = [*words, "--token-label", "spare", "--keypairgen", "--key-type", "EC:edwards25519", "--label", "theirs"]
    subprocess.run([*made, "--id", "0a0b"], check=True, capture_output=True)
    uri = TokenUri.parse(f"pkcs11:token=spare;id=%0a%0b?pin-source=file:{pin}")
    with using(PassPhrases()):
        key = read_signing_key(uri)
    key.public_key().verify(key.sign(b"anything"), b"anything")


def test_root_targets_online_and_agency_keys_live_in_the_token(pin: Path, tmp_path: Path) -> None:
    folder = tmp_path / "home"
    home = Home(folder)
    names = ("root-1", "root-2", "targets-1", "targets-3", "online")
    for name in names:
        _make(tmp_path, pin, name)
        prepare_key(home, name, TokenUri.parse(f"pkcs11:token=keepers;object={name}"))
    role = init_catalogue(folder, agency="Police Unit A", country="NL", now=NOW, code_iterations=1_000)
    for path in (*home.keys.glob("root-3.*"), *home.keys.glob("targets-2.*")):
        path.unlink()
    _make(tmp_path, pin, "agency-1")
    prepare_key(home, role, tmp_path / "agency-1.pem")
    renew_trust(folder, now=NOW, replace=[role])
    held = {path.stem for path in home.keys.glob("*.pem") if path.read_bytes().startswith(b"pkcs11:")}
    assert held == {*names, role}
    content = b"sample-clip-07"
    draft = make_draft(1, role, random.Random(7), content)
    with Registry(folder) as registry:
        registry.add([draft], now=NOW.date())
    for path in home.keys.glob("*.until-root-1.pem"):
        path.unlink()
    assert publish_catalogue(folder, now=NOW).records == 1
    (tmp_path / "clip.bin").write_bytes(content)
    verifier = Verifier(home.public, home.pinned_root.read_bytes(), lambda: NOW, None)
    assert verifier.file(tmp_path / "clip.bin").outcome is Outcome.GENUINE


def test_a_keeper_signs_a_ceremony_with_a_token(pin: Path, tmp_path: Path) -> None:
    folder, home = tmp_path / "home", Home(tmp_path / "home")
    init_catalogue(folder, agency="Police Unit A", country="NL", now=datetime.now(UTC), code_iterations=1_000)
    _make(tmp_path, pin, "keeper-2")
    prepare_key(home, "root-2", tmp_path / "keeper-2.pub")
    request = begin_ceremony(folder, now=datetime.now(UTC), replace=["root-2"]).to_bytes()
    (tmp_path / "request.json").write_bytes(request)
    keys = {name: home.keys / f"{name}.pem" for name in ("root-1", "root-3", "targets-1", "targets-2")}
    signatures = []
    held: dict[str, str | Path] = {**keys, "root-2": "pkcs11:token=keepers;object=keeper-2"}
    for name, key in held.items():
        signatures.append(tmp_path / f"{name}.json")
        words = ("sign", tmp_path / "request.json", "--key", key, "-o", signatures[-1], "--yes")
        assert _run("catalogue", "ceremony", *words, "--passphrase-file", pin).exit_code == 0
    done = _run("catalogue", "ceremony", "finish", tmp_path / "request.json", *signatures, "--home", folder)
    assert done.exit_code == 0, done.output
    assert "root-2" in done.output
    assert CeremonyRequest.from_bytes(begin_ceremony(folder, now=datetime.now(UTC)).to_bytes()).root is not None


def test_an_order_is_signed_with_a_token(pin: Path, tmp_path: Path) -> None:
    folder = tmp_path / "campaign"
    assert _run("campaign", "new", folder).exit_code == 0
    (folder / "approvers").mkdir(exist_ok=True)
    _make(folder / "approvers", pin, "approver")
    (folder / "approvers/approver.pub").rename(folder / "approvers/first.pub")
    new_key_pair(folder / "approvers/second.key")
    address = "pkcs11:token=keepers;object=approver"
    signed = _run("order", "sign", folder, "--key", address, "--passphrase-file", pin)
    assert signed.exit_code == 0, signed.output
    assert "signed by First Approver" in signed.output


@pytest.mark.parametrize(
    ("address", "facts"),
    [
        ("pkcs11:token=nowhere;object=first", "0 tokens fit"),
        ("pkcs11:object=first", "2 tokens fit"),
        ("pkcs11:token=keepers;object=nobody", "0 private Ed25519 keys"),
        ("pkcs11:token=keepers;object=first?module-path=/nowhere.so", "is not there"),
        ("pkcs11:token=keepers;object=first?module-path=/bin/true", "speaks to no token"),
    ],
)
def test_a_token_or_key_that_is_not_there_is_told(pin: Path, address: str, facts: str) -> None:
    assert pin.is_file()
    with pytest.raises(BadInput, match=facts) as caught:
        read_signing_key(TokenUri.parse(address))
    assert caught.value.remedy


def test_a_wrong_pin_is_told_and_not_shown(token: Path, tmp_path: Path) -> None:
    _new_token("guarded")
    wrong = tmp_path / "wrong"
    wrong.touch(0o600)
    wrong.write_text("000000\n")
    words = ["key", "show", "pkcs11:token=guarded;object=k", "--passphrase-file", str(wrong)]
    done = _run_alone(*words)
    assert done.returncode == 2
    assert "this PIN does not open the token of k" in done.stderr
    assert "000000" not in done.stderr
    assert token.is_file()


def test_without_a_pin_nothing_is_tried(token: Path) -> None:
    assert token.is_file()
    words = ["key", "show", "pkcs11:token=spare;object=first"]
    done = _run_alone(*words)
    assert done.returncode == 2
    assert "--passphrase-file" in done.stderr
