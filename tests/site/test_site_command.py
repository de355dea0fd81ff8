# SPDX-License-Identifier: EUPL-1.2
import hashlib
import json
import subprocess
import sys
import urllib.request
from pathlib import Path

from click.testing import CliRunner
from tests.site.conftest import World

from police2peer.cli import main
from police2peer.site import SITE_LANGUAGES

_PAGES = 11  # in each language


def test_the_command_builds_from_the_agencys_own_folder(own: World, tmp_path: Path) -> None:
    arguments = ["site", "build", str(tmp_path), "--catalogue", str(own.home), "--agency", "Police Unit A"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    count = len(SITE_LANGUAGES)
    assert f"{_PAGES * count + 2} pages, {count} languages" in result.output
    assert f"drafts    {', '.join(SITE_LANGUAGES)}: " in result.output
    assert "NOT SIGNED" in result.output
    assert "described in words only" in result.output
    assert (tmp_path / "root.json").read_bytes() == own.root


def test_the_report_can_be_read_by_programs(own: World, tmp_path: Path) -> None:
    arguments = ["site", "build", str(tmp_path), "--catalogue", str(own.home), "--agency", "A", "--json"]
    report = json.loads(CliRunner().invoke(main, [*arguments, "--language", "pl"]).output)
    assert report["languages"] == ["pl"]
    assert report["script_sha256"] == own.report.script_sha256


def test_public_files_alone_do_not_bring_their_own_root(own: World, tmp_path: Path) -> None:
    arguments = ["site", "build", str(tmp_path), "--catalogue", str(own.home / "public"), "--agency", "A"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert "--root" in result.output
    with_root = [*arguments, "--root", str(own.home / "root.json")]
    assert CliRunner().invoke(main, with_root).exit_code == 0


def test_the_command_serves_on_loopback_until_interrupted(own: World) -> None:
    command = [sys.executable, "-m", "police2peer", "site", "serve", str(own.site), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[0]
        assert url.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(url) as response:  # noqa: S310 - our own loopback address
            assert response.status == 200
        process.terminate()


def test_the_help_part_is_built_without_a_catalogue_and_refuses_one(own: World, tmp_path: Path) -> None:
    arguments = ["site", "build", str(tmp_path / "help"), "--agency", "A", "--only", "help", "--language", "de"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    assert result.output.startswith("4 pages, 1 languages")
    assert "SIGNED" not in result.output
    assert CliRunner().invoke(main, [*arguments, "--catalogue", str(own.home)]).exit_code == 2
    whole = CliRunner().invoke(main, [each for each in arguments if each not in {"--only", "help"}])
    assert whole.exit_code == 2
    assert "--catalogue" in whole.output


def test_the_list_of_what_police_never_do_is_signed_with_the_key_that_is_given(own: World, tmp_path: Path) -> None:
    key = next((own.home / "keys").glob("agency-*.pem"))
    arguments = ["site", "build", str(tmp_path), "--catalogue", str(own.home), "--agency", "A", "--language", "de"]
    result = CliRunner().invoke(main, [*arguments, "--never-key", str(key)])
    assert result.exit_code == 0, result.output
    assert "NOT SIGNED" not in result.output
    assert hashlib.sha256((tmp_path / "never.pem").read_bytes()).hexdigest() in result.output
