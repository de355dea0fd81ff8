# SPDX-License-Identifier: EUPL-1.2
import json
import subprocess
import sys
import urllib.request
from pathlib import Path

from click.testing import CliRunner
from tests.site.conftest import World

from police2peer.cli import main


def test_the_command_builds_from_the_agencys_own_folder(own: World, tmp_path: Path) -> None:
    arguments = ["site", "build", str(tmp_path), "--catalogue", str(own.home), "--agency", "Police Unit A"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    assert "50 pages, 6 languages" in result.output
    assert "drafts    en, de, fr, es, pl, ar" in result.output
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
