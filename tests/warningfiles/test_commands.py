# SPDX-License-Identifier: EUPL-1.2
import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from PIL import Image

from police2peer.campaign import Campaign
from police2peer.cli import main
from police2peer.warningfiles import read_manifest


def _run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def folder(small_campaign: Campaign, tmp_path: Path) -> Path:
    return Path(shutil.copytree(small_campaign.folder, tmp_path / "campaign"))


def test_make_puts_the_files_beside_the_campaign_and_counts_them(folder: Path) -> None:
    ended = _run("make", folder, "--jobs", "1", "--json")
    assert ended.exit_code == 0, ended.output
    told = json.loads(ended.stdout)
    assert told["files"] == len(read_manifest(folder / "files").files) == 11
    assert told["formats"] == {"blank-mp4": 1, "jpg": 2, "mp4": 2, "pdf": 2, "png": 2, "zip": 2}
    again = _run("make", folder, "--jobs", "1")
    assert again.stdout.startswith("11 warning files in ")


def test_make_says_what_to_do_where_there_is_no_campaign(tmp_path: Path) -> None:
    ended = _run("make", tmp_path / "nothing")
    assert ended.exit_code == 2
    assert "what to do:" in ended.stderr
    assert "Traceback" not in ended.output


def test_preview_draws_every_language_of_a_message(folder: Path) -> None:
    out = folder / "sheet.png"
    ended = _run("message", "preview", folder, "-o", out, "--message", "combined", "--language", "ar")
    assert (ended.exit_code, ended.stdout) == (0, f"1 row in {out}\n")
    with Image.open(out) as sheet:
        assert sheet.width > 4 * 640


def test_captions_tell_every_sentence_of_each_language(folder: Path, small_campaign: Campaign) -> None:
    ended = _run("message", "captions", folder, "-o", folder / "captions")
    assert (ended.exit_code, ended.stdout) == (0, f"2 captions files in {folder / 'captions'}\n")
    for language, texts in small_campaign.messages[0].texts.items():
        told = (folder / f"captions/combined-{language}.vtt").read_text("utf-8")
        assert told.startswith("WEBVTT\n\n00:00:0")
        assert [line for line in told.splitlines() if line in texts.subtitles] == list(texts.subtitles)


def test_check_says_how_many_texts_it_tried(folder: Path) -> None:
    ended = _run("message", "check", folder, "--json")
    assert ended.exit_code == 0, ended.output
    assert json.loads(ended.stdout) == {"checked": 2, "findings": []}


def test_check_names_what_cannot_be_shown(folder: Path) -> None:
    path = folder / "campaign.toml"
    path.write_text(path.read_text("utf-8").replace("Example National Police", "Example \u2602 Police"), "utf-8")
    ended = _run("message", "check", folder)
    assert ended.exit_code == 1
    assert "combined/en: who has '\u2602', which FiraGO does not have" in ended.stdout
