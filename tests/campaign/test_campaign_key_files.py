# SPDX-License-Identifier: EUPL-1.2
"""Private keys are locked with a pass phrase, opened by every command that signs, and nothing of it is shown."""

import os
import pty
import select
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from police2peer.campaign import (
    PassPhrases,
    TokenUri,
    change_pass_phrase,
    new_key_pair,
    new_signing_key,
    public_bytes,
    read_public_key,
    read_signing_key,
    using,
)
from police2peer.cli import main
from police2peer.errors import BadInput

if TYPE_CHECKING:
    from tests.campaign.conftest import Ready

PHRASE = "six words of no meaning at all"


def _run(*words: str | Path, environment: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words], env=environment)


def _secret(folder: Path, name: str = "phrase", text: str = PHRASE) -> Path:
    path = folder / name
    path.touch(0o600)
    path.write_text(f"{text}\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A locked key; making and opening one takes half a second each, on purpose. Not to be changed by a test."""
    path = tmp_path_factory.mktemp("locked") / "first.key"
    new_key_pair(path, PHRASE.encode())
    return path


def test_a_locked_key_opens_with_its_pass_phrase_alone(locked: Path, tmp_path: Path) -> None:
    assert locked.stat().st_mode & 0o777 == 0o600
    with using(PassPhrases({"": _secret(tmp_path)})):
        assert public_bytes(read_signing_key(locked)) == read_public_key(locked.with_suffix(".pub"))
    with using(PassPhrases({"": _secret(tmp_path, "other", "some other words")})), pytest.raises(BadInput) as caught:
        read_signing_key(locked)
    assert "does not open first.key" in str(caught.value)
    assert "other words" not in str(caught.value)
    with pytest.raises(BadInput, match="nobody is at a terminal"):
        read_signing_key(locked)


@pytest.mark.peer("openssl")
def test_openssl_reads_a_locked_key_and_calls_its_locks_by_their_names(locked: Path, tmp_path: Path) -> None:
    secret = _secret(tmp_path)
    shown = subprocess.run(
        ["openssl", "pkey", "-in", locked, "-passin", f"file:{secret}", "-pubout", "-outform", "DER"],
        capture_output=True,
        check=True,
    )
    assert shown.stdout[-32:] == read_public_key(locked.with_suffix(".pub"))
    parsed = subprocess.run(["openssl", "asn1parse", "-in", locked], capture_output=True, text=True, check=True)
    assert {"PBES2", "scrypt", "aes-256-cbc"} <= set(parsed.stdout.replace("\n", ":").split(":"))


def test_a_locked_key_is_asked_for_once_a_command(locked: Path) -> None:
    asked: list[str] = []

    def _answer(question: str) -> str:
        asked.append(question)
        return PHRASE

    with using(PassPhrases(ask=_answer)):
        assert read_signing_key(locked) is read_signing_key(locked)
    assert asked == ["pass phrase of first.key"]


def test_at_a_terminal_a_slip_of_the_finger_is_forgiven_twice(locked: Path) -> None:
    answers = iter(["", "wrong", PHRASE])
    with using(PassPhrases(ask=lambda _question: next(answers))):
        read_signing_key(locked)
    never_right = PassPhrases(ask=lambda _question: "wrong")
    assert never_right.tries("first") == 3


def test_letters_composed_in_two_ways_are_one_pass_phrase(tmp_path: Path) -> None:
    composed, apart = "Gr\u00fcne \u00c4pfel am Baum", "Gru\u0308ne A\u0308pfel am Baum"
    new_key_pair(tmp_path / "k.key", PassPhrases({"": _secret(tmp_path, "one", composed)}).new("k"))
    with using(PassPhrases({"": _secret(tmp_path, "two", apart)})):
        read_signing_key(tmp_path / "k.key")


def test_a_pass_phrase_file_for_one_key_comes_before_the_one_for_all(tmp_path: Path) -> None:
    source = PassPhrases({"": _secret(tmp_path, "all", "a"), "online": _secret(tmp_path, "one", "b")})
    names = ("online", "online.until-root-3", "root-1")
    assert [source.of(name, "") for name in names] == [b"b", b"b", b"a"]


@pytest.mark.parametrize(("text", "facts"), [("too short", "less than 12"), ("", "less than 12")])
def test_a_new_pass_phrase_is_long(tmp_path: Path, text: str, facts: str) -> None:
    with pytest.raises(BadInput, match=facts):
        PassPhrases({"": _secret(tmp_path, text=text)}).new("k")


def test_two_new_pass_phrases_that_differ_make_no_key() -> None:
    answers = iter([PHRASE, f"{PHRASE} "])
    with pytest.raises(BadInput, match="differ"):
        PassPhrases(ask=lambda _question: next(answers)).new("k")


def test_a_pass_phrase_file_that_others_read_is_refused(tmp_path: Path) -> None:
    path = _secret(tmp_path)
    path.chmod(0o640)
    with pytest.raises(BadInput, match="other users"):
        PassPhrases({"": path}).of("k", "")
    with pytest.raises(BadInput, match="cannot be read"):
        PassPhrases({"": tmp_path / "none"}).of("k", "")
    path.chmod(0o600)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(BadInput, match="not text"):
        PassPhrases({"": path}).of("k", "")


def test_a_pass_phrase_comes_through_a_descriptor() -> None:
    reads, writes = os.pipe()
    os.write(writes, f"{PHRASE}\nsecond line".encode())
    os.close(writes)
    try:
        assert PassPhrases({"": Path(f"/dev/fd/{reads}")}).of("k", "") == PHRASE.encode()
    finally:
        os.close(reads)


def test_a_key_is_locked_later_and_its_pass_phrase_is_changed(tmp_path: Path) -> None:
    path, new = tmp_path / "k.key", _secret(tmp_path, "new", "another few words here")
    public = public_bytes(new_signing_key(path))
    assert _run("key", "encrypt", path, "--new-passphrase-file", _secret(tmp_path)).exit_code == 0
    changed = _run("key", "encrypt", path, "--passphrase-file", tmp_path / "phrase", "--new-passphrase-file", new)
    assert changed.exit_code == 0
    assert path.stat().st_mode & 0o777 == 0o600
    assert _run("key", "show", path, "--passphrase-file", tmp_path / "phrase").exit_code == 2
    assert _run("key", "show", path, "--passphrase-file", f"k={new}").output.strip() == public.hex()
    assert _run("key", "show", path, environment={"POLICE2PEER_PASSPHRASE_FILE": str(new)}).exit_code == 0
    path.write_text("pkcs11:object=k")
    with pytest.raises(BadInput, match="in a token"):
        change_pass_phrase(path, b"x" * 12)


def test_an_order_is_signed_with_a_locked_key_and_without_its_pass_phrase_not(ready: "Ready", tmp_path: Path) -> None:
    key = ready.folder / "approvers/first.key"
    secret = _secret(tmp_path)
    assert _run("key", "encrypt", key, "--new-passphrase-file", secret).exit_code == 0
    refused = _run("order", "sign", ready.folder, "--key", key)
    assert refused.exit_code == 2
    assert "--passphrase-file" in refused.stderr
    wrong = _secret(tmp_path, "wrong", "words that are not it")
    refused = _run("order", "sign", ready.folder, "--key", key, "--passphrase-file", wrong)
    assert refused.exit_code == 2
    assert "does not open" in refused.stderr
    assert not (ready.folder / "order.json").exists()
    signed = _run("order", "sign", ready.folder, "--key", key, "--passphrase-file", secret)
    assert signed.exit_code == 0
    assert "signed by First Approver" in signed.output


def test_what_is_typed_at_a_terminal_is_never_shown(tmp_path: Path) -> None:
    path = tmp_path / "k.key"
    script = "import sys; from police2peer.cli import main; main(sys.argv[1:])"
    child, terminal = pty.fork()
    if child == 0:
        words = [sys.executable, "-c", script, "key", "new", "--encrypt", str(path)]
        os.execv(words[0], words)  # noqa: S606 - the child becomes the command
    seen = b""
    for question in (b"new pass phrase for k", b"the same again for k"):
        while question not in seen:
            assert select.select([terminal], [], [], 60)[0], seen
            seen += os.read(terminal, 1024)
        os.write(terminal, f"{PHRASE}\n".encode())
    try:
        while more := os.read(terminal, 1024):
            seen += more
    except OSError:  # how a terminal says that its program has ended
        pass
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, seen
    assert PHRASE.encode() not in seen
    with using(PassPhrases(ask=lambda _question: PHRASE)):
        assert isinstance(read_signing_key(path), Ed25519PrivateKey)


def test_the_address_of_a_token_key_is_read_and_written_alike() -> None:
    text = (
        "pkcs11:token=The%20keepers;serial=a1;object=root-1;id=%01%ff?pin-source=/run/pin&module-path=/usr/lib/x.so"
    )
    uri = TokenUri.parse(text)
    assert (uri.token, uri.serial, uri.object, uri.id) == ("The keepers", "a1", "root-1", b"\x01\xff")
    assert (uri.pin_file, uri.module) == (Path("/run/pin"), Path("/usr/lib/x.so"))
    assert str(uri) == text
    assert TokenUri.parse("PKCS11:type=private;object=k?pin-source=file:///run/pin").pin_file == Path("/run/pin")


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("pkcs11:", "neither object nor id"),
        ("pkcs11:token=a", "neither object nor id"),
        ("pkcs11:object=a;object=b", "twice"),
        ("pkcs11:object=", "without a value"),
        ("pkcs11:object=a;slot-id=1", "slot-id"),
        ("pkcs11:object=a;type=public", "another type"),
        ("pkcs11:object=a?pin-value=1234", "a PIN in the address"),
        ("pkcs11:object=a?pin-source=|cat%20pin", "begin at the root"),
        ("pkcs11:object=a b", "no address"),
        ("pkcs11:object=%zz", "no address"),
        ("pkcs11:object=%ff", "UTF-8"),
        ("pkcs11:object=%00", "control"),
        ("file:/tmp/key", "no address"),
    ],
)
def test_what_is_no_address_of_a_token_key_is_refused(text: str, facts: str) -> None:
    with pytest.raises(BadInput, match=facts) as caught:
        TokenUri.parse(text)
    assert "1234" not in str(caught.value)


_FOREIGN = st.one_of(
    st.text(),
    st.text().map("pkcs11:".__add__),
    st.text(alphabet="objectid=;?&%0aF-pnsourc/:|").map("pkcs11:".__add__),
)


@given(_FOREIGN)
def test_any_text_is_an_address_or_refused(text: str) -> None:
    try:
        uri = TokenUri.parse(text)
    except BadInput:
        return
    assert TokenUri.parse(str(uri)) == uri


_PEM = b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n"


@given(st.binary(max_size=400), st.sampled_from([b"", _PEM]))
def test_any_bytes_in_a_key_file_are_a_key_or_refused(
    tmp_path_factory: pytest.TempPathFactory, raw: bytes, before: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "foreign.key"
    path.touch(0o600)
    path.write_bytes(before + raw)
    with using(PassPhrases(ask=lambda _question: "x")), pytest.raises(BadInput):
        read_signing_key(path)
