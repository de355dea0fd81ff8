# SPDX-License-Identifier: EUPL-1.2
"""The commands campaign, key and order, as a person types them."""

import json
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from police2peer.campaign import (
    new_key_pair,
    new_signing_key,
    parse_public_key,
    public_bytes,
    read_public_key,
    read_public_keys,
    read_signing_key,
    read_trusted,
)
from police2peer.cli import main
from police2peer.errors import BadInput, NotPermitted

if TYPE_CHECKING:
    from tests.campaign.conftest import Ready


def _run(*words: str | Path, typed: str | None = None) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words], input=typed)


def test_from_nothing_to_a_signed_order_and_its_end(tmp_path: Path) -> None:
    folder = tmp_path / "campaign"
    first, second = folder / "approvers/first.key", folder / "approvers/second.key"
    assert _run("campaign", "new", folder).exit_code == 0
    assert _run("campaign", "check", folder).exit_code == 2
    for key in (first, second):
        assert _run("key", "new", key).exit_code == 0
    checked = _run("campaign", "check", folder)
    assert checked.exit_code == 0
    assert "240 under 40 titles" in checked.output
    assert "sample-clip" not in checked.output
    assert "still to sign: Second Approver" in _run("order", "sign", folder, "--key", first).output
    assert _run("order", "check", folder).exit_code == 1
    (folder / "trust").mkdir()
    keys = [f"{key.with_suffix('.pub').read_text().strip()} # {key.stem}\n" for key in (first, second)]
    (folder / "trust/approvers.pub").write_text("# trusted here\n" + "".join(keys))
    assert "not signed by Second Approver" in _run("order", "check", folder).output
    assert _run("order", "sign", folder, "--key", second).exit_code == 0
    assert "permits this campaign until" in _run("order", "check", folder).output
    told = json.loads(_run("order", "check", folder, "--json", "--trust", folder / "trust/approvers.pub").output)
    assert told["permitted"] is True
    assert told["approvers"] == ["First Approver", "Second Approver"]
    assert _run("order", "check", folder, "--trust", first.with_suffix(".pub")).exit_code == 1
    assert _run("order", "withdraw", folder, "--key", second, "--reason", "over").exit_code == 0
    ended = _run("order", "check", folder)
    assert ended.exit_code == 1
    assert "withdrawn by Second Approver" in ended.output
    assert "what to do" in ended.output


def test_the_commands_work_in_the_folder_of_the_campaign(ready: "Ready", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ready.folder)
    assert _run("campaign", "check").exit_code == 0
    told = json.loads(_run("order", "sign", "--key", "approvers/first.key", "--json").output)
    assert told["missing"] == ["Second Approver"]


def test_check_prints_all_problems_as_json(ready: "Ready") -> None:
    ready.change('country = "NO"', 'contry = "NO"')
    result = _run("campaign", "check", ready.folder, "--json")
    assert result.exit_code == 2
    told = json.loads(result.output)
    assert told["ok"] is False
    assert [(one["file"], one["where"]) for one in told["problems"]] == [
        ("campaign.toml", "order.country"),
        ("campaign.toml", "order.contry"),
    ]
    assert all(one["line"] and one["remedy"] for one in told["problems"])


def test_check_prints_the_campaign_as_json_without_titles(ready: "Ready") -> None:
    output = _run("campaign", "check", ready.folder, "--json").output
    told = json.loads(output)
    assert (told["ok"], told["offers"], told["files"], told["titles"]) == (True, 240, 121, 40)
    assert "sample-clip" not in output


def test_a_reviewer_reads_the_words_and_signs_them(ready: "Ready", tmp_path: Path) -> None:
    key = tmp_path / "reviewer.key"
    public = public_bytes(new_key_pair(key)).hex()
    words = (
        "message",
        "review",
        ready.folder,
        "--message",
        "help",
        "--language",
        "de",
        "--reviewer",
        "R",
        "--key",
        key,
    )
    assert "names no such reviewer" in _run(*words, "--yes").output
    text = ready.file.read_text(encoding="utf-8")
    ready.file.write_text(f'{text}\n[[reviewers]]\nname = "R"\npublic_key = "{public}"\n', encoding="utf-8")
    declined = _run(*words, typed="n\n")
    assert declined.exit_code == 1
    assert "Sie können jetzt aufhören." in declined.output
    assert len(json.loads(_run("campaign", "check", ready.folder, "--json").output)["drafts"]) == 24
    assert _run(*words, typed="y\n").exit_code == 0
    told = json.loads(_run("campaign", "check", ready.folder, "--json").output)
    assert told["reviewed"] == 1
    assert "help/de" not in told["drafts"]
    wrong = (
        "message",
        "review",
        ready.folder,
        "--message",
        "blank",
        "--language",
        "de",
        "--reviewer",
        "R",
        "--key",
        key,
    )
    assert _run(*wrong).exit_code == 2


def test_a_key_is_for_its_owner_only_and_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "keys/own.key"
    told = json.loads(_run("key", "new", path, "--json").output)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert told["public_key"] == path.with_suffix(".pub").read_text().strip()
    before = path.read_bytes()
    again = _run("key", "new", path)
    assert again.exit_code == 2
    assert path.read_bytes() == before
    path.with_suffix(".pub").unlink()
    assert _run("key", "new", path).exit_code == 2
    assert path.read_bytes() == before
    assert _run("key", "new", tmp_path / "own.pub").exit_code == 2


def test_key_show_prints_the_public_key_of_either_file_and_no_more(tmp_path: Path) -> None:
    path = tmp_path / "own.key"
    public = public_bytes(new_key_pair(path)).hex()
    for shown in (path, path.with_suffix(".pub")):
        assert _run("key", "show", shown).output == f"{public}\n"
    assert json.loads(_run("key", "show", path, "--json").output) == {"public_key": public}


def test_a_private_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "own.key"
    new_signing_key(path)
    path.chmod(0o640)
    with pytest.raises(BadInput, match="other users"):
        read_signing_key(path)


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\xff\xfe", b"-----BEGIN PRIVATE KEY-----\nAAAA\n"])
def test_what_is_no_private_key_is_bad_input(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "own.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(BadInput, match="not a private key"):
        read_signing_key(path)
    assert _run("key", "show", path).exit_code == 2


@pytest.mark.parametrize("text", ["", "ab" * 31, "ab" * 33, "zz" * 32, "٣" * 64, "a b" * 21 + "a"])
def test_what_is_no_public_key_is_bad_input(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadInput):
        parse_public_key(text)
    path = tmp_path / "own.pub"
    path.write_text(f"{text}\n", encoding="utf-8")
    with pytest.raises(BadInput):
        read_public_key(path)


def test_a_list_of_public_keys_names_the_wrong_line(tmp_path: Path) -> None:
    path = tmp_path / "approvers.pub"
    path.write_text(f"# names\n{'ab' * 32} # One\n\n{'cd' * 31}\n")
    with pytest.raises(BadInput, match=r"approvers\.pub:4"):
        read_public_keys(path)
    path.write_text(f"{'ab' * 32} # One\n{'CD' * 32}\n")
    assert read_public_keys(path) == (b"\xab" * 32, b"\xcd" * 32)
    with pytest.raises(BadInput, match="holds 2 keys"):
        read_public_key(path)


def test_a_machine_that_trusts_nobody_permits_nothing(tmp_path: Path) -> None:
    with pytest.raises(NotPermitted, match="trusts no approver"):
        read_trusted([])
    (tmp_path / "none.pub").write_text("# nobody\n")
    with pytest.raises(NotPermitted, match="trusts no approver"):
        read_trusted([tmp_path / "none.pub"])
    with pytest.raises(BadInput, match="cannot be read"):
        read_trusted([tmp_path / "missing.pub"])


def test_the_private_key_is_nowhere_in_what_is_printed(tmp_path: Path) -> None:
    path = tmp_path / "own.key"
    output = _run("key", "new", path).output + _run("key", "show", path).output
    secret = read_signing_key(path).private_bytes_raw().hex()
    assert secret not in output
    assert path.read_text().splitlines()[1] not in output
