# SPDX-License-Identifier: EUPL-1.2
"""The stranger fetches from the lab, and from nobody else. Started as users start it: as a program."""

import hashlib
import subprocess
from pathlib import Path

import pytest

from police2peer.errors import BadInput, NotPermitted
from police2peer.lab.hashes import read_hashes
from police2peer.lab.places import check_in_lab, endpoint, is_in_lab
from police2peer.lab.stranger import downloader_command
from police2peer.networks.bittorrent import bencode

_PIECES = hashlib.sha1(b"x" * 100, usedforsecurity=False).digest()
_INFO: bencode.Value = {b"length": 100, b"name": b"sample-clip-07.mp4", b"piece length": 16_384, b"pieces": _PIECES}
_HASH = hashlib.sha1(bencode.encode(_INFO), usedforsecurity=False).hexdigest()


def _torrent(folder: Path, **more: bencode.Value) -> str:
    path = folder / "a.torrent"
    path.write_bytes(bencode.encode({b"info": _INFO, **{name.encode(): value for name, value in more.items()}}))
    return str(path)


def _run(folder: Path, *arguments: str, allowed: str = _HASH) -> subprocess.CompletedProcess[str]:
    (folder / "allow.txt").write_text(allowed + "\n")
    command = downloader_command(
        [*arguments, "--allow", str(folder / "allow.txt"), "--into", str(folder / "got"), "--limit-s", "0.3"]
    )
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def test_a_file_that_is_not_on_the_list_is_refused(tmp_path: Path) -> None:
    done = _run(tmp_path, _torrent(tmp_path), allowed="0" * 40)
    assert (done.returncode, done.stdout) == (2, "")
    assert "not one of the lab's files" in done.stderr
    assert not (tmp_path / "got").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("--bind", "0.0.0.0"),  # noqa: S104 - that it is refused is the point
        ("--bind", "198.51.100.7"),
        ("--peer", "198.51.100.7:6881"),
        ("--peer", "127.0.0.1:0"),
        ("--peer", "localhost:6881"),
        ("--dht", "router.bittorrent.com:6881"),
    ],
)
def test_an_address_outside_of_the_lab_is_refused(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = _run(tmp_path, _torrent(tmp_path), *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("refused: ")


def test_a_tracker_outside_of_the_lab_is_refused(tmp_path: Path) -> None:
    assert _run(tmp_path, _torrent(tmp_path, announce=b"http://tracker.example/announce")).returncode == 2
    link = f"magnet:?xt=urn:btih:{_HASH}&tr=udp%3A%2F%2F198.51.100.7%3A1"
    assert _run(tmp_path, link).returncode == 2
    assert _run(tmp_path, f"magnet:?xt=urn:btih:{_HASH}&x.pe=198.51.100.7:1").returncode == 2


def test_what_is_no_torrent_is_refused(tmp_path: Path) -> None:
    (tmp_path / "b.torrent").write_bytes(b"no torrent")
    assert _run(tmp_path, str(tmp_path / "b.torrent")).returncode == 2
    assert _run(tmp_path, "magnet:?dn=nothing").returncode == 2


def test_nobody_serving_ends_at_the_limit_with_nothing(tmp_path: Path) -> None:
    done = _run(tmp_path, _torrent(tmp_path, **{"url-list": b"http://198.51.100.7/"}))
    assert done.returncode == 1
    assert '"whole": false' in done.stdout
    assert '"bytes_received": 0' in done.stdout


@pytest.mark.parametrize("text", ["", "\n\n", "xyz", "0" * 39, "0" * 41, "0" * 40 + " and more", "é" * 40])
def test_a_list_of_hashes_that_is_none_is_bad_input(tmp_path: Path, text: str) -> None:
    (tmp_path / "h.txt").write_text(text)
    with pytest.raises(BadInput):
        read_hashes(tmp_path / "h.txt")


def test_a_missing_list_of_hashes_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        read_hashes(tmp_path / "none.txt")


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("127.0.0.1", True), ("127.255.1.2", True), ("203.0.113.7", True), ("203.0.114.7", False), ("::1", False),
        ("128.0.0.1", False), ("localhost", False), ("", False), ("127.1", False), ("::ffff:127.0.0.1", False),
    ],
)  # fmt: skip
def test_the_lab_knows_its_places(host: str, *, ours: bool) -> None:
    assert is_in_lab(host) is ours
    if not ours:
        with pytest.raises(NotPermitted):
            check_in_lab(host)


def test_an_endpoint_is_a_place_and_a_port() -> None:
    assert endpoint("127.0.0.1:6881") == ("127.0.0.1", 6881)
    with pytest.raises(NotPermitted):
        endpoint("127.0.0.1:65536")
