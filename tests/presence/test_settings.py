# SPDX-License-Identifier: EUPL-1.2
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from police2peer.errors import BadInput
from police2peer.networks import Limits
from police2peer.presence import read_settings
from police2peer.presence.network_settings import DirectConnectTable, Ed2kTable, HubEntry
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


def test_networks_that_are_not_written_down_are_not_set_up(tmp_path: Path) -> None:
    settings = read_settings(tmp_path)
    assert (settings.directconnect, settings.ed2k, settings.most_offers) == (None, None, None)
    assert settings.limits == Limits()


def test_every_table_of_a_network_is_read(tmp_path: Path) -> None:
    (tmp_path / "hub.password").write_text("sample\n")
    (tmp_path / "police2peer.toml").write_text(
        "[limits]\nupload_slots = 8\nconnections = 100\nupload_bytes_per_s = 1_000_000\n"
        "[following]\nmost_offers = 50\n"
        '[directconnect]\nport = 1412\ntls_port = 1413\npublic_host = "203.0.113.1"\ndescription = "sample"\n'
        '[[directconnect.hubs]]\naddress = "adcs://127.0.0.1:5000"\nnick = "sample"\npassword_file = "hub.password"\n'
        '[ed2k]\nservers = ["127.0.0.1:4661"]\nport = 4663\nnick = "n"\nfiles_a_server = 100\n'
        'public_host = "203.0.113.1"\n'
    )
    settings = read_settings(tmp_path)
    assert settings.limits == Limits(upload_slots=8, connections=100, upload_bytes_per_s=1_000_000)
    assert settings.most_offers == 50
    hub = HubEntry("adcs://127.0.0.1:5000", "sample", tmp_path / "hub.password")
    assert settings.directconnect == DirectConnectTable((hub,), 1412, 1413, "203.0.113.1", "sample")
    assert settings.ed2k == Ed2kTable(("127.0.0.1:4661",), 4663, "n", "203.0.113.1", 100)


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("[directconnect]\nport = 1412\n", "no hub is named"),
        ("[ed2k]\nport = 4663\n", "no server is named"),
        ('[ed2k]\nservers = ["127.0.0.1:1"]\nport = 6881\n', "the same port as node.port"),
        ('[[directconnect.hubs]]\naddress = "adc://127.0.0.1:1"\nnick = "n"\npassword_file = "x"\n', "no such file"),
        ("[limits]\nconnections = 0\n", "out of bounds"),
    ],
)
def test_a_network_that_cannot_be_joined_is_told(tmp_path: Path, text: str, facts: str) -> None:
    (tmp_path / "police2peer.toml").write_text(text)
    with pytest.raises(Problems, match=facts):
        read_settings(tmp_path)


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


def test_a_node_counts_for_itself_by_the_month_unless_it_is_told_otherwise(tmp_path: Path) -> None:
    assert (read_settings(tmp_path).counting_period, read_settings(tmp_path).period_key) == ("month", None)
    (tmp_path / "police2peer.toml").write_text('[counting]\nperiod = "week"\nperiod_key = "/run/period.key"\n')
    settings = read_settings(tmp_path)
    assert (settings.counting_period, settings.period_key) == ("week", Path("/run/period.key"))
    (tmp_path / "police2peer.toml").write_text('[counting]\nperiod = "year"\n')
    with pytest.raises(Problems, match="no counting period"):
        read_settings(tmp_path)
