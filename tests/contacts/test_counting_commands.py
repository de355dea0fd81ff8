# SPDX-License-Identifier: EUPL-1.2
import json
import os
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from tests.contacts.conftest import NOON, Desk

from police2peer.cli import main
from police2peer.contacts.period import lies_in_memory, read_period_key

if TYPE_CHECKING:
    from tests.contacts.conftest import Peer

_MEMORY = Path("/dev/shm")  # noqa: S108 - a file of our own is made in it


def _filled(folder: Path, peer: "type[Peer]", hosts: int) -> Path:
    folder.mkdir()
    desk = Desk(folder, seed=hosts)
    desk.contacts.begin(NOON)
    for number in range(hosts):
        one = peer(f"127.0.7.{number + 1}")
        for event in (one.connects(), one.is_named(), one.asks(0, 32_768), one.gets(0, 32_768), one.leaves()):
            desk.contacts.feed(event)
    looker = peer("127.0.8.1")
    for event in (looker.connects(), looker.leaves()):
        desk.contacts.feed(event)
    desk.contacts.close(NOON + timedelta(hours=3))
    desk.store.close()
    return folder / "tallies.sqlite"


def test_what_nodes_counted_is_shown_together_and_small_numbers_are_not(tmp_path: Path, peer: "type[Peer]") -> None:
    paths = [str(_filled(tmp_path / name, peer, hosts)) for name, hosts in (("one", 25), ("two", 4))]
    done = CliRunner().invoke(main, ["counting", "show", *paths, "--by", "country", "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.output)
    assert told["reached"] == {"NO": {"1": 31, "2": 29, "3": 29, "4": 29}}
    assert told["crawlers"] == {"handshake only": 2}
    assert told["gaps"] == 0
    assert sorted((row["count"] or 0, row["below"] or 0) for row in told["periods"]) == [(0, 10), (25, 0)]
    assert {row["nodes"] for row in told["periods"]} == {1}
    plain = CliRunner().invoke(main, ["counting", "show", *paths])
    assert plain.exit_code == 0
    assert "fewer than 10 different" in plain.output
    assert "25 (25-25) different" in plain.output
    assert "127.0" not in plain.output + done.output


def test_a_file_that_is_no_tally_is_said_with_a_remedy(tmp_path: Path) -> None:
    path = tmp_path / "tallies.sqlite"
    path.write_bytes(b"this is no database, and longer than a header of one would be" * 9)
    done = CliRunner().invoke(main, ["counting", "show", str(path)])
    assert done.exit_code == 1
    assert "cannot be used to count" in done.output


def test_a_period_key_is_drawn_into_memory_only(tmp_path: Path) -> None:
    if not (_MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and lies_in_memory(_MEMORY)):
        assert not lies_in_memory(tmp_path)
        return
    path = _MEMORY / f"p2p-test-{os.getpid()}.key"
    try:
        command = ["counting", "key", str(path), "--from", "2026-12-01", "--until", "2027-01-01"]
        done = CliRunner().invoke(main, command)
        assert done.exit_code == 0, done.output
        period = read_period_key(path).period
        assert period.id in done.output
        assert json.loads(path.read_bytes())["secret"] not in done.output
    finally:
        path.unlink(missing_ok=True)


@pytest.mark.parametrize("until", ["2026-11-01", "tomorrow"])
def test_a_period_that_is_none_is_wrong_use(until: str) -> None:
    command = ["counting", "key", str(_MEMORY / "never-written.key"), "--from", "2026-12-01", "--until", until]
    assert CliRunner().invoke(main, command).exit_code == 2
    assert not (_MEMORY / "never-written.key").exists()
