# SPDX-License-Identifier: EUPL-1.2
"""The way of a log on the command line: begun by a programme, confirmed by two partners, audited by an outsider."""

import contextlib
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from police2peer.campaign import Arm, FileFormat, Language, Recipe
from police2peer.catalogue import Registry
from police2peer.cli import main
from police2peer.site.mirror import place_catalogue
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

ORIGIN = "example.org/warning-files"


@dataclass(frozen=True)
class Folder:
    """The working folder of the programme, the partners and the outsider."""

    path: Path

    def try_(self, *words: str) -> Result:
        with contextlib.chdir(self.path):
            return CliRunner(env={"HOME": str(self.path)}).invoke(main, list(words))

    def run(self, *words: str) -> str:
        done = self.try_(*words)
        assert (done.exit_code, done.stderr) == (0, ""), done.output
        return done.stdout

    def json(self, *words: str) -> dict[str, object]:
        value: dict[str, object] = json.loads(self.run(*words, "--json"))
        return value


def _make_files(folder: Path, count: int) -> None:
    store, files = store_in(folder / "files"), []
    for number in range(count):
        path = folder / f"clip-{number}.jpg"
        path.write_bytes(f"the bytes of sample-clip-{number}".encode())
        hashes = hash_file(path)
        recipe = Recipe("message-1", Arm.HELP, Language("en"), FileFormat.JPG, number)
        plan = FilePlan((Literal(path.read_bytes()),), store)
        code = new_code(os.urandom)
        files.append(WarningFile(WarningFile.id_for(hashes), recipe, code, "", plan, hashes, "0" * 64))
    write_manifest(folder / "files" / "manifest.json", Manifest("example", "0" * 64, {}, tuple(files)))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    folder = Folder(tmp_path_factory.mktemp("programme"))
    _make_files(folder.path, 3)
    folder.run("catalogue", "init", "--agency", "Police Unit A", "--country", "NL")
    folder.run("catalogue", "log", "init", ORIGIN)
    folder.run("catalogue", "add")
    folder.run("catalogue", "publish")
    for name in ("a", "b"):
        folder.run(
            *(
                "witness",
                "init",
                "--name",
                f"police.example/{name}",
                "--log-key",
                "catalogue/log.vkey",
                "--home",
                name,
            )
        )
        folder.run("witness", "cosign", "catalogue/public", "--home", name, "--to", f"from-{name}")
        folder.run("catalogue", "log", "add-cosignature", f"from-{name}", "--key", f"{name}/witness.vkey")
    folder.run("catalogue", "log", "witnesses", "a/witness.vkey", "b/witness.vkey", "--needed", "2")
    folder.run("catalogue", "publish")
    return folder


def test_an_answer_names_the_entry_and_the_witnesses(made: Folder) -> None:
    answer = made.json("verify", "clip-0.jpg")
    assert answer["outcome"] == "genuine"
    logged = str(answer["logged"])
    assert f"of 3 in the public log {ORIGIN}, confirmed by police.example/a, police.example/b, last on" in logged
    assert logged in made.run("verify", "clip-0.jpg")


def test_the_log_is_shown_with_what_each_witness_confirmed(made: Folder) -> None:
    told = made.json("catalogue", "log", "show")
    assert (told["name"], told["size"], told["needed"]) == (ORIGIN, 3, 2)
    made.run("catalogue", "log", "show", "--key-to", "again.vkey")
    assert (made.path / "again.vkey").read_bytes() == (made.path / "catalogue/log.vkey").read_bytes()
    assert made.json("witness", "follow", "again.vkey", "--home", "a")["log"] == ORIGIN
    assert "police.example/b confirmed 3 entries on" in made.run("catalogue", "log", "show")


def test_an_outsider_audits_with_the_pinned_root_or_the_logs_key_and_an_old_checkpoint(made: Folder) -> None:
    shutil.copy(made.path / "catalogue/public/log/checkpoint", made.path / "kept")
    for key in (("--root", "catalogue/root.json"), ("--log-key", "catalogue/log.vkey")):
        told = made.json("catalogue", "audit", "catalogue/public", *key, "--since", "kept")
        assert (told["size"], told["records"], told["since"]) == (3, 3, 3)
    text = made.run("catalogue", "audit", "catalogue/public", "--root", "catalogue/root.json", "--since", "kept")
    assert text.startswith(f"{ORIGIN} holds: 3 entries; records: 3, packs: 1; root ")
    assert "begins with the 3 entries" in text
    assert made.try_("catalogue", "audit", "catalogue/public").exit_code == 2


def test_the_copy_beside_the_pages_has_the_log_and_follows_it(made: Folder, tmp_path: Path) -> None:
    public = made.path / "catalogue/public"
    copied = shutil.copytree(public, tmp_path / "public")
    place_catalogue(copied, tmp_path / "site")
    checkpoint = tmp_path / "site/catalogue/log/checkpoint"
    assert checkpoint.read_bytes() == (public / "log/checkpoint").read_bytes()
    changed = bytearray(checkpoint.read_bytes())
    changed[-3] ^= 1
    (copied / "log/checkpoint").write_bytes(changed)  # as long as before, and still copied again
    place_catalogue(copied, tmp_path / "site")
    assert checkpoint.read_bytes() == changed
    made.run("catalogue", "audit", str(public), "--log-key", "catalogue/log.vkey")


def test_a_forked_log_stops_the_witness_with_the_two_files(made: Folder, tmp_path: Path) -> None:
    shutil.copytree(made.path, tmp_path / "all")
    folder = Folder(tmp_path / "all")
    shutil.rmtree(folder.path / "catalogue/log")  # begun anew: a keeper who hides what was issued
    shutil.rmtree(folder.path / "catalogue/public")
    refused = folder.try_("catalogue", "publish")
    assert (refused.exit_code, "never begin a log anew" in refused.stderr) == (1, True)
    with Registry(folder.path / "catalogue") as registry:
        registry.set("log_size", "0")
        registry.set_published(1, [], "")
    folder.run("catalogue", "publish")
    done = folder.try_("witness", "cosign", "catalogue/public", "--home", "a")
    assert done.exit_code == 1
    assert "was forked" in done.stderr
    assert len(list((folder.path / "a/forks").iterdir())) == 2
    assert not (folder.path / "a/confirmations").exists()


@pytest.mark.parametrize(
    "words",
    [
        "catalogue log init ADDRESS",
        "catalogue log init has+plus",
        "catalogue log show --home elsewhere",
        "catalogue log add-cosignature clip-0.jpg --home elsewhere",
        "catalogue log add-cosignature nothing-there",
        "catalogue log witnesses clip-0.jpg --needed 1",
        "catalogue log witnesses a/witness.vkey --needed 2",
        "catalogue log witnesses catalogue/log.vkey --needed 1",
        "catalogue audit catalogue/public --log-key clip-0.jpg",
        "catalogue audit catalogue/public --root nothing-there",
        "witness init --name a --log-key a/witness.vkey --home c",
        "witness init --name a+b --log-key catalogue/log.vkey --home c",
        "witness init --name a --log-key catalogue/log.vkey --home a",
        "witness cosign catalogue/public --home nobody",
        "witness cosign files --home a",
    ],
)
def test_wrong_use_is_told_with_a_remedy(made: Folder, words: str) -> None:
    done = made.try_(*words.split())
    assert done.exit_code == 2, done.output
    assert "what to do:" in done.stderr


def test_a_checkpoint_that_is_none_is_not_authentic(made: Folder) -> None:
    done = made.try_("catalogue", "log", "add-cosignature", "clip-0.jpg")
    assert (done.exit_code, "cannot be read" in done.stderr) == (1, True)
