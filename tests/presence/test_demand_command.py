# SPDX-License-Identifier: EUPL-1.2
"""`police2peer demand show` prints ids and counts."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from click.testing import CliRunner

from police2peer.cli import main
from police2peer.contacts import Asked, DemandRow, DemandStore, hour_of
from police2peer.presence import DEMAND_FILE


def _searched(folder: Path) -> None:
    now, long_ago = datetime.now(UTC), datetime.now(UTC) - timedelta(days=40)
    with DemandStore(folder / "node" / DEMAND_FILE) as store:
        store.add(
            {
                DemandRow(hour_of(now), "directconnect", "S-0001", "NO"): Asked(5, 4),
                DemandRow(hour_of(now), "directconnect", "S-0002", "DK"): Asked(7, 0),
                DemandRow(hour_of(long_ago), "directconnect", "S-0001", "NO"): Asked(100, 100),
            }
        )


def test_searches_are_shown_by_term_and_network_with_the_most_asked_first(tmp_path: Path) -> None:
    _searched(tmp_path)
    lines = CliRunner().invoke(main, ["demand", "show", str(tmp_path)]).output.splitlines()
    assert [line.split() for line in lines] == [
        ["term", "network", "searches", "answered"],
        ["S-0002", "directconnect", "7", "0"],
        ["S-0001", "directconnect", "5", "4"],
    ]


def test_searches_are_given_as_json_by_what_is_asked_for_and_as_far_back(tmp_path: Path) -> None:
    _searched(tmp_path)
    given = ["demand", "show", str(tmp_path), "--by", "country", "--days", "60", "--json"]
    assert json.loads(CliRunner().invoke(main, given).output) == {
        "days": 60,
        "searches": [
            {"country": "DK", "searches": 7, "answered": 0},
            {"country": "NO", "searches": 105, "answered": 104},
        ],
    }


def test_without_a_node_there_is_nothing_to_show(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["demand", "show", str(tmp_path)])
    assert done.exit_code == 1
    assert "no node has counted searches" in done.output
