# SPDX-License-Identifier: EUPL-1.2
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from police2peer.errors import BadInput
from police2peer.lab import checks
from police2peer.lab.browser import ask_browser
from police2peer.lab.demo import run_demo
from police2peer.lab.report import Check, ClientResult, MissionReport, NetworkResult, ShownFile, write_report
from police2peer.lab.view import ladder_table
from police2peer.measure import Bar

_CLIENT = ClientResult("aria2", "magnet", 1, 1000, 1.5, identical=True, rung="received everything", named_as="aria2")
_CHECK = Check("command line", "a film <that> was fetched", "genuine", expected=True)


def _report(client: ClientResult = _CLIENT, check: Check = _CHECK) -> MissionReport:
    return MissionReport(
        campaign_id="sample-campaign",
        authority="Example & Sons",
        finished_at=datetime(2026, 11, 23, 12, tzinfo=UTC),
        seconds=85.2,
        figures=(("Offers", "240"),),
        steps=(("Order", "in force", 1.0),),
        shown=(ShownFile("mp4, en", "en", b"\x89PNG"),),
        ladder=(Bar("asked for data", 7),),
        networks=(NetworkResult("directconnect", 240, 2, 1, 3), NetworkResult("ed2k", 240, 1, 1, None)),
        clients=(client,),
        checks=(check,),
        commands=("police2peer order check .",),
    )


def test_a_report_is_one_file_that_loads_nothing(tmp_path: Path) -> None:
    write_report(tmp_path / "report.html", _report())
    page = (tmp_path / "report.html").read_text()
    assert "data:image/png;base64," in page
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org/2000/svg", "")
    assert "&lt;that&gt;" in page
    assert "Example &amp; Sons" in page
    assert "<script" not in page
    assert "directconnect" in page
    assert "not seen here" in page


def test_a_wrong_answer_or_other_bytes_are_not_as_it_should_be() -> None:
    assert _report().is_as_it_should_be
    assert not _report(ClientResult("aria2", "magnet", 1)).is_as_it_should_be
    assert not _report(check=Check("public page", "a code", "cannot tell", expected=False)).is_as_it_should_be


def test_a_client_that_is_not_here_or_left_early_on_purpose_is_no_fault() -> None:
    assert _report(ClientResult("aria2", "magnet", skipped="aria2c is not installed")).is_as_it_should_be
    assert _report(ClientResult("stand-in", "torrent", 1, is_whole=False)).is_as_it_should_be


def test_a_demo_touches_no_folder_that_it_did_not_make(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(BadInput, match="no demo made"):
        run_demo(tmp_path, Console(quiet=True))
    assert (tmp_path / "mine.txt").read_text() == "keep"


def test_the_ladder_of_an_empty_mission_is_drawn() -> None:
    assert ladder_table({}).row_count == 4


def test_a_forger_copies_the_code_and_gets_other_bytes(tmp_path: Path) -> None:
    genuine = tmp_path / "sample-clip-01.mp4"
    genuine.write_bytes(b"bytes")
    assert checks.other_bytes(genuine, tmp_path).read_bytes() != genuine.read_bytes()


@pytest.mark.peer("chromium")
def test_a_browser_answers_once_the_page_has_something_to_say() -> None:
    page = "data:text/html,<p id=a></p><script>setTimeout(()=>a.textContent='done',300)</script>"
    assert ask_browser(page, "document.querySelector('#a').textContent") == "done"
    assert ask_browser(page, "''", limit_s=3) == ""
