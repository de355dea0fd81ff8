# SPDX-License-Identifier: EUPL-1.2
"""`police2peer catalogue` and `police2peer verify`, as an operator types them."""

import contextlib
import hashlib
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from police2peer.campaign import Arm, FileFormat, Language, Recipe
from police2peer.cli import main
from police2peer.warningfiles import (
    FilePlan,
    Literal,
    Manifest,
    WarningFile,
    hash_file,
    new_code,
    store_in,
    write_manifest,
)

_EXITS = {"genuine": 0, "not one of ours": 1, "withdrawn": 3, "cannot tell": 4}


@dataclass(frozen=True)
class Unit:
    """A working folder with a published catalogue in it."""

    folder: Path
    code: str

    def run(self, *arguments: str) -> Result:
        with contextlib.chdir(self.folder):
            return CliRunner(env={"HOME": str(self.folder)}).invoke(main, list(arguments))

    def verify(self, *arguments: str) -> dict[str, object]:
        """Verify with --json, and hold the exit code against the answer."""
        done = self.run("verify", "--json", *arguments)
        answer: dict[str, object] = json.loads(done.stdout)
        assert done.exit_code == _EXITS[str(answer["outcome"])]
        return answer


def _make_files(folder: Path) -> list[str]:
    codes: list[str] = []
    store, files = store_in(folder / "files"), []
    for number in range(3):
        path = folder / f"clip-{number}.jpg"
        path.write_bytes(f"the bytes of sample-clip-{number}".encode())
        code = new_code(os.urandom)
        hashes = hash_file(path)
        recipe = Recipe("message-1", Arm.HELP, Language("en"), FileFormat.JPG, number)
        plan = FilePlan((Literal(path.read_bytes()),), store)
        files.append(WarningFile(WarningFile.id_for(hashes), recipe, code, "", plan, hashes, "0" * 64))
        codes.append(code)
    write_manifest(folder / "files" / "manifest.json", Manifest("example", "0" * 64, {}, tuple(files)))
    ids = {files[0].hashes.sha256: [["btih", "ab" * 20]]}
    (folder / "network-ids.json").write_text(json.dumps(ids))
    return codes


@pytest.fixture(scope="module")
def unit(tmp_path_factory: pytest.TempPathFactory) -> Unit:
    """Three files, the third of them withdrawn."""
    folder = tmp_path_factory.mktemp("unit")
    codes = _make_files(folder)
    made = Unit(folder, codes[0])
    for words in (
        ("catalogue", "init", "--agency", "Police Unit A", "--country", "NL"),
        ("catalogue", "add"),
        ("catalogue", "publish"),
        ("catalogue", "withdraw", codes[2].lower()),
        ("catalogue", "publish"),
    ):
        done = made.run(*words)
        assert (done.exit_code, done.stderr) == (0, "")
    return made


def test_a_file_a_code_and_a_link_are_genuine(unit: Unit) -> None:
    for what in ("clip-0.jpg", unit.code, "magnet:?xt=urn:btih:" + "ab" * 20):
        answer = unit.verify(what)
        assert answer["outcome"] == "genuine"
        assert answer["agency"] == {"role": "agency-nl-1", "name": "Police Unit A", "country": "NL"}


def test_the_text_says_what_why_and_what_to_do(unit: Unit) -> None:
    done = unit.run("verify", "clip-0.jpg")
    assert done.stdout.startswith("genuine\n  this file, byte for byte, is a warning file of Police Unit A (NL), jpg")
    assert "what to do:" in done.stdout
    assert hashlib.sha256((unit.folder / "catalogue/root.json").read_bytes()).hexdigest() in done.stdout


def test_withdrawn_absent_and_wrong_use_have_their_own_codes(unit: Unit) -> None:
    assert unit.verify("clip-2.jpg")["outcome"] == "withdrawn"
    assert unit.verify("network-ids.json")["outcome"] == "not one of ours"
    assert unit.verify("magnet:?xt=urn:btih:" + "00" * 20)["outcome"] == "cannot tell"
    for what in ("nothing-there.bin", ".", "", "magnet:?dn=x"):
        done = unit.run("verify", what)
        assert done.exit_code == 2
        assert "what to do:" in done.stderr
        assert "Traceback" not in done.stderr


def test_a_mistyped_code_is_answered_with_a_question(unit: Unit) -> None:
    wrong = unit.code[:-1] + ("X" if unit.code[-1] != "X" else "Y")
    answer = unit.verify(wrong)
    assert answer["outcome"] == "cannot tell"
    assert answer["suggestion"] == unit.code


def test_a_copy_of_the_public_files_needs_a_root_given_apart(unit: Unit) -> None:
    refused = unit.run("verify", "clip-0.jpg", "--catalogue", "catalogue/public")
    assert refused.exit_code == 2
    assert "--root" in refused.stderr
    answer = unit.verify("clip-0.jpg", "--catalogue", "catalogue/public", "--root", "catalogue/root.json")
    assert answer["outcome"] == "genuine"


def test_a_root_laid_beside_a_copy_is_not_taken(unit: Unit, tmp_path: Path) -> None:
    (tmp_path / "root.json").write_bytes((unit.folder / "catalogue/root.json").read_bytes())
    (tmp_path / "public").symlink_to(unit.folder / "catalogue/public")
    assert unit.run("verify", "clip-0.jpg", "--catalogue", str(tmp_path)).exit_code == 2


def test_a_broken_note_of_what_was_seen_cannot_be_told(unit: Unit, tmp_path: Path) -> None:
    for content in (b"{", b"[]", b'{"root": "x"}', b'{"other": 1}', b"\xff"):
        note = tmp_path / "seen.json"
        note.write_bytes(content)
        answer = unit.verify("clip-0.jpg", "--seen", str(note))
        assert answer["outcome"] == "cannot tell"
        assert "remove" in str(answer["what_to_do"])


def test_what_nobody_foresaw_is_cannot_tell_and_never_exit_code_1(unit: Unit, tmp_path: Path) -> None:
    (tmp_path / "md").mkdir()
    (tmp_path / "md/timestamp.json").symlink_to("/proc/self/mem")  # reading it fails as no file on a disk does
    done = unit.run("verify", "clip-0.jpg", "--catalogue", str(tmp_path), "--root", "catalogue/root.json")
    assert done.exit_code == 4


def test_adding_again_changes_nothing_and_publishing_again_refreshes(unit: Unit) -> None:
    assert json.loads(unit.run("catalogue", "add", "--json", "files/manifest.json").stdout) == {
        "added": 0,
        "files": 3,
        "genuine": 2,
        "withdrawn": 1,
        "waiting": 0,
    }
    told = json.loads(unit.run("catalogue", "publish", "--json").stdout)
    assert told["records"] == 0
    assert abs((datetime.now(UTC) - datetime.fromisoformat(told["at"])).total_seconds()) < 60


def test_a_second_agency_must_be_named_when_files_are_entered(unit: Unit, tmp_path: Path) -> None:
    home = str(tmp_path / "home")
    for name, country in (("Police Unit A", "NL"), ("Police Unit B", "FR")):
        assert unit.run("catalogue", "init", "--agency", name, "--country", country, "--home", home).exit_code == 0
    done = unit.run("catalogue", "add", "--home", home)
    assert done.exit_code == 2
    assert "agency-fr-1 (Police Unit B, FR)" in done.stderr
    assert unit.run("catalogue", "add", "--home", home, "--agency", "agency-fr-1").exit_code == 0


def test_renewing_keeps_what_was_published_genuine(unit: Unit) -> None:
    assert unit.run("catalogue", "renew", "--replace", "online").exit_code == 0
    assert unit.run("catalogue", "renew", "--replace", "root-9").exit_code == 2
    assert unit.run("catalogue", "publish").exit_code == 0
    assert unit.verify("clip-0.jpg")["outcome"] == "genuine"


@pytest.mark.parametrize("verb", ["add", "withdraw X", "publish", "renew"])
def test_without_a_catalogue_every_verb_says_how_to_begin_one(tmp_path: Path, verb: str) -> None:
    done = Unit(tmp_path, "").run("catalogue", *verb.split())
    assert done.exit_code == 2
    assert "catalogue init" in done.stderr


def test_verifying_loads_neither_python_tuf_nor_what_makes_films(unit: Unit) -> None:
    script = (
        "import sys; sys.argv = ['police2peer', 'verify', sys.argv[1]]\n"
        "from police2peer.cli import main\n"
        "try: main()\n"
        "finally: print(sorted({'tuf', 'av', 'typst', 'libtorrent', 'rich', 'sqlite3'} & sys.modules.keys()))"
    )
    for what in ("clip-0.jpg", unit.code):
        environment = os.environ | {"HOME": str(unit.folder)}
        done = subprocess.run(
            [sys.executable, "-c", script, what],
            cwd=unit.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout.splitlines()[-1] == "[]", done.stdout + done.stderr


def test_the_golden_values_of_the_format_are_ours() -> None:
    from police2peer.catalogue.lookup import Alias, CodeStretch, entry_key, lookup_key  # noqa: PLC0415 - one use

    page = (Path(__file__).parents[2] / "docs/catalogue-format.md").read_text(encoding="utf-8")
    hashed = "4bd9354bb652233497a0f42647464b81b83a83654fcf1511263a5d0120d74c91"
    stretched = CodeStretch(600_000, bytes(range(16))).value("FVPA-GSRR-NJ60")
    for alias in (Alias("sha256", hashed), Alias("code", stretched)):
        for value in (alias.value, lookup_key(alias).hex(), entry_key(alias).hex()):
            assert re.search(rf"`{value}`", page)


def test_a_programme_of_two_folders_as_its_keepers_type_it(unit: Unit, tmp_path: Path) -> None:
    hub, own = str(tmp_path / "hub"), str(tmp_path / "own")
    assert unit.run("catalogue", "init", "--agency", "Unit A", "--country", "NL", "--home", hub).exit_code == 0
    assert unit.run("catalogue", "agency", "new", "--home", own).exit_code == 0
    naming = ("--key", f"{own}/keys/agency.pub", "--agency", "Police Unit B", "--country", "FR", "--home", hub)
    assert "agency-fr-1" in unit.run("catalogue", "agency", "add", *naming).stdout
    out = str(tmp_path / "b.contribution")
    for words in (
        ("publish", "--home", hub),
        ("agency", "join", f"{hub}/public", "--root", f"{hub}/root.json", "--home", own),
        ("add", "--home", own),
        ("contribute", "-o", out, "--home", own),
        ("accept", out, "--home", hub),
        ("publish", "--home", hub),
    ):
        done = unit.run("catalogue", *words)
        assert (done.exit_code, done.stderr) == (0, ""), words
    asked = (
        "clip-0.jpg",
        "--catalogue",
        f"{hub}/public",
        "--root",
        f"{hub}/root.json",
        "--seen",
        str(tmp_path / "s"),
    )
    assert unit.verify(*asked)["outcome"] == "genuine"
    assert "nothing waits" in unit.run("catalogue", "contribute", "-o", out, "--home", own).stdout
    assert unit.run("catalogue", "contribute", "-o", out, "--again", "1", "--home", own).exit_code == 0
    refused = unit.run("catalogue", "accept", out, "--home", hub)
    assert (refused.exit_code, "does not follow" in refused.stderr) == (2, True)
    assert unit.run("catalogue", "publish", "--home", own).exit_code == 2
    new_key = json.loads(unit.run("catalogue", "agency", "new-key", "--home", own, "--json").stdout)["public"]
    for words in (
        ("agency", "key", "agency-fr-1", "--key", new_key, "--home", hub),
        ("contribute", "-o", out, "--home", own),
        ("accept", out, "--home", hub),
        ("publish", "--home", hub),
    ):
        assert unit.run("catalogue", *words).exit_code == 0, words
    assert unit.verify(*asked)["outcome"] == "genuine"
    assert json.loads(unit.run("catalogue", "agency", "list", "--home", hub, "--json").stdout).keys() == {
        "agency-nl-1",
        "agency-fr-1",
    }
    for words in (("agency", "leave", "agency-fr-1", "--home", hub), ("publish", "--home", hub)):
        assert unit.run("catalogue", *words).exit_code == 0
    assert unit.verify(*asked)["outcome"] == "cannot tell"
