# SPDX-License-Identifier: EUPL-1.2
"""A machine joins the networks that its settings name, with its own limits, and leaves the rest to others."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from police2peer.errors import BadInput
from police2peer.networks import Limits
from police2peer.presence import read_settings
from police2peer.presence.joining import join_networks

_ALL = ("bittorrent", "directconnect", "ed2k")


def _now() -> datetime:
    return datetime(2026, 11, 23, tzinfo=UTC)


def _write(folder: Path, text: str) -> Path:
    (folder / "police2peer.toml").write_text(text)
    return folder


def test_every_network_that_is_set_up_is_joined_with_the_limits_of_the_machine(tmp_path: Path) -> None:
    text = (
        "[limits]\nconnections = 77\n[ed2k]\nservers = ['127.0.0.1:4661']\n"
        "[[directconnect.hubs]]\naddress = 'adc://127.0.0.1:1511'\nnick = 'sample'\n"
    )
    joined, left_out = join_networks(_ALL, read_settings(_write(tmp_path, text)), (), _now)
    assert {name: network.name for name, network in joined.items()} == dict(zip(_ALL, _ALL, strict=True))
    assert {network.limits for network in joined.values()} == {Limits(connections=77)}
    assert left_out == ()


def test_a_network_without_its_table_is_left_out(tmp_path: Path) -> None:
    joined, left_out = join_networks(_ALL, read_settings(tmp_path), (), _now)
    assert list(joined) == ["bittorrent"]
    assert left_out == ("directconnect", "ed2k")


def test_a_release_of_which_nothing_can_be_offered_here_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"none of the networks .* \(ed2k, gnutella\)"):
        join_networks(["ed2k", "gnutella"], read_settings(tmp_path), (), _now)


@pytest.mark.parametrize(
    "text",
    [
        "[ed2k]\nservers = ['a-name:4661']\n",
        "[[directconnect.hubs]]\naddress = 'http://127.0.0.1:1511'\nnick = 'sample'\n",
    ],
)
def test_a_server_or_hub_that_cannot_be_read_is_told(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadInput):
        join_networks(_ALL, read_settings(_write(tmp_path, text)), (), _now)
