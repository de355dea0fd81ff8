# SPDX-License-Identifier: EUPL-1.2
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from police2peer.errors import BadInput, Unavailable
from police2peer.presence.status import NetworkStatus, NodeStatus, is_stale, read_status, write_status

_NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def _status() -> NodeStatus:
    return NodeStatus(
        node="node-1",
        campaign_id="sample",
        release_number=1,
        order_id="order-1",
        order_ends_at=_NOW + timedelta(days=30),
        started_at=_NOW,
        written_at=_NOW,
        state="present",
        networks=(
            NetworkStatus("bittorrent", ok=False, detail="1 of 1 trackers do not answer; retrying", offers_up=3),
        ),
        contacts_by_rung={"3": 2, "5": 1},
        crawlers=4,
        gaps=0,
        alarms=(),
    )


def test_a_status_reads_back_as_it_was_written(tmp_path: Path) -> None:
    write_status(tmp_path / "status.json", _status())
    assert read_status(tmp_path / "status.json") == _status()


def test_an_old_status_is_stale_and_a_fresh_one_is_not() -> None:
    assert not is_stale(_status(), _NOW + timedelta(seconds=5))
    assert is_stale(_status(), _NOW + timedelta(seconds=60))


def test_a_folder_in_which_no_node_ran_is_told_as_that(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="no node has run"):
        read_status(tmp_path / "status.json")


@given(st.binary(max_size=200) | st.just(b'{"networks": 3}') | st.just(b'{"networks": [{"name": 1}], "alarms": []}'))
def test_any_bytes_are_a_status_or_bad_input(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("status") / "status.json"
    path.write_bytes(content)
    with pytest.raises(BadInput):
        read_status(path)
