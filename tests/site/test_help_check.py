# SPDX-License-Identifier: EUPL-1.2
"""What editors of the help directory are told."""

import dataclasses
import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from police2peer.cli import main
from police2peer.site import Directory, HelpService, HelpTask, check_directory, shipped_directory

_TODAY = date(2026, 11, 24)


def _one(**changed: object) -> Directory:
    """Give a directory of one complete, verified service that answers from anywhere, with some of it changed."""
    shipped = next(service for service in shipped_directory().services if service.place == "any")
    whole: dict[str, object] = {
        "id": "one",
        "hours": "Mon-Fri 9-17 CET",
        "languages": ("en",),
        "own_words": "We do not ask for your name.",
        "verified_on": _TODAY - timedelta(days=30),
        "verified_by": "An Editor",
        "next_check": _TODAY + timedelta(days=30),
    }
    service: HelpService = dataclasses.replace(shipped, **{**whole, **changed})  # type: ignore[arg-type] # by name
    return Directory((service,), ())


def _tasks(directory: Directory, entry: str = "one") -> list[HelpTask]:
    return [finding.task for finding in check_directory(directory, _TODAY) if finding.entry == entry]


def test_a_complete_entry_that_was_verified_lately_is_no_task() -> None:
    assert _tasks(_one()) == []


@pytest.mark.parametrize(
    ("changed", "tasks"),
    [
        ({"next_check": _TODAY - timedelta(days=1)}, [HelpTask.HIDDEN]),
        ({"next_check": _TODAY}, [HelpTask.DUE]),
        ({"verified_on": _TODAY + timedelta(days=1)}, [HelpTask.HIDDEN]),
        ({"verified_on": None, "verified_by": "", "next_check": None}, [HelpTask.UNVERIFIED]),
        ({"hours": ""}, [HelpTask.MISSING]),
        ({"contacts": ()}, [HelpTask.MISSING]),
    ],
)
def test_what_is_to_be_done_is_told(changed: dict[str, object], tasks: list[HelpTask]) -> None:
    assert _tasks(_one(**changed)) == tasks


def test_a_country_without_a_service_and_a_reader_without_one_are_told() -> None:
    directory = dataclasses.replace(_one(), no_service_known=("PL",))
    assert _tasks(directory, "PL") == [HelpTask.FALLBACK]
    assert _tasks(directory, "any") == [HelpTask.FALLBACK]  # nobody for those who were harmed


def test_every_shipped_entry_waits_to_be_verified() -> None:
    found = check_directory(shipped_directory(), _TODAY)
    unverified = {finding.entry for finding in found if finding.task is HelpTask.UNVERIFIED}
    assert unverified == {service.id for service in shipped_directory().services}


def test_the_command_tells_the_tasks_and_fails_when_something_is_hidden(tmp_path: Path) -> None:
    shipped = CliRunner().invoke(main, ["help", "check", "--on", "2026-11-24"])
    assert shipped.exit_code == 0
    assert "troubled-desire: nobody has confirmed it" in shipped.output
    own = tmp_path / "services.toml"
    own.write_text(
        'no_service_known = []\n[[services]]\nid = "one"\nname = "One"\nplace = "any"\ncost = "free"\n'
        'audiences = ["self"]\nconfidentiality = "anonymous"\nsource = "called"\nverified_on = "2026-06-01"\n'
        'verified_by = "An Editor"\nnext_check = "2026-08-01"\n'
        'contacts = [{ kind = "website", value = "one.example", seen = true }]\n'
    )
    told = CliRunner().invoke(main, ["help", "check", str(own), "--on", "2026-11-24", "--json"])
    assert told.exit_code == 1
    assert json.loads(told.stdout)["tasks"][0]["task"] == "hidden"
    dead = own.read_text().replace("2026-08-01", "2026-02-30")
    own.write_text(dead)
    refused = CliRunner().invoke(main, ["help", "check", str(own)])
    assert (refused.exit_code, "this is no date" in refused.output) == (2, True)
