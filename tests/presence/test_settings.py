# SPDX-License-Identifier: EUPL-1.2
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from police2peer.errors import BadInput
from police2peer.presence import read_settings
from police2peer.strict_toml import Problems


def test_without_a_settings_file_everything_stays_on_loopback(tmp_path: Path) -> None:
    settings = read_settings(tmp_path)
    assert settings.listen_hosts == ("127.0.0.1",)
    assert settings.page_host == "127.0.0.1"
    assert settings.trackers == ()
    assert not settings.closed_network


def test_every_key_is_read(tmp_path: Path) -> None:
    (tmp_path / "police2peer.toml").write_text(
        '[node]\nname = "n"\nlisten = ["127.0.0.2"]\nport = 7000\ntrackers = ["http://127.0.0.1:1/announce"]\n'
        'dht = false\ndht_bootstrap = ["127.0.0.1:2"]\n[page]\nserve = false\nport = 9000\n[places]\ndata = "d"\n'
    )
    settings = read_settings(tmp_path)
    assert (settings.node_name, settings.port, settings.page_port) == ("n", 7000, 9000)
    assert settings.trackers == ("http://127.0.0.1:1/announce",)
    assert settings.data == tmp_path / "d"
    assert not settings.page_enabled
    assert not settings.dht_enabled


def test_an_unknown_key_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "police2peer.toml").write_text('[node]\ntrackrs = ["http://127.0.0.1/announce"]\n')
    with pytest.raises(Problems, match='did you mean "trackers"'):
        read_settings(tmp_path)


def test_everything_wrong_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "police2peer.toml").write_text('[node]\nlisten = ["here"]\nport = 0\n[page]\nlisten = "there"\n')
    with pytest.raises(Problems) as caught:
        read_settings(tmp_path)
    assert [problem.line for problem in caught.value.problems] == [2, 3, 5]


def test_a_machine_that_trusts_nobody_says_so(tmp_path: Path) -> None:
    (tmp_path / "trust").mkdir()
    (tmp_path / "trust" / "approvers.pub").write_text("# nobody yet\n")
    with pytest.raises(BadInput, match="trusts nobody"):
        read_settings(tmp_path).trusted_approvers()


@given(st.binary(max_size=200))
def test_any_bytes_are_settings_or_problems(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("settings")
    (folder / "police2peer.toml").write_bytes(content)
    try:
        read_settings(folder)
    except Problems as problems:
        assert problems.problems  # noqa: PT017 - either way is right
