# SPDX-License-Identifier: EUPL-1.2
"""From inside: what a decoder that was taken over by its clip could still do."""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest
from tests.warningfiles.foreign_clips import grey, write_clip

from police2peer.warningfiles.clips.confinement import Wall
from police2peer.warningfiles.clips.framing import Header, Picture
from police2peer.warningfiles.clips.limits import DecoderTask, Limits
from police2peer.warningfiles.clips.watching import copy_of, decode, sha256_of

_TRIES = """
import json, os, resource, signal, socket, sys
from police2peer.warningfiles.clips.confinement import Wall, confine, leave_network
from police2peer.warningfiles.clips.limits import Limits

neighbour = int(sys.argv[1])
here = os.getpid()
tries = {
    "socket": lambda: socket.socket(),
    "unix socket": lambda: socket.socket(socket.AF_UNIX),
    "open": lambda: os.open("/etc/hostname", os.O_RDONLY),
    "new file": lambda: os.open("new", os.O_WRONLY | os.O_CREAT),
    "memory file": lambda: os.memfd_create("new"),
    "more descriptors": lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)),
    "pipe": lambda: os.pipe(),
    "second descriptor": lambda: os.dup(0),
    "fork": lambda: os.fork(),
    "program": lambda: os.execv("/bin/true", ["true"]),
    "signal": lambda: os.kill(neighbour, 0),
    "folder": lambda: os.listdir("/"),
    "look up": lambda: os.stat("/etc/hostname"),
    "remove": lambda: os.unlink("there"),
    "memory": lambda: bytearray(3 << 30),
}
leave_network()
walls = confine(Limits())
found = {"walls": int(walls)}
if not walls & Wall.CALLS:
    del tries["program"]  # it would begin, and end at its first library
for name, attempt in tries.items():
    try:
        attempt()
        found[name] = "done"
    except (OSError, MemoryError, ValueError) as error:
        found[name] = type(error).__name__
    if os.getpid() != here:
        os._exit(0)
os.write(1, json.dumps(found).encode())
os._exit(0)
"""
# What falls when only the limits stand, as on a processor whose calls we have no list of.
_BY_CALLS = frozenset({"fork", "signal", "look up", "remove"})


def test_from_inside_the_walls_nothing_can_be_opened_reached_started_or_signalled(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("still", "utf-8")
    done = subprocess.run(
        [sys.executable, "-I", "-B", "-c", _TRIES, str(os.getpid())],
        capture_output=True,
        cwd=tmp_path,
        env={"OPENBLAS_NUM_THREADS": "1"},
        timeout=60,
        check=True,
    )
    found = json.loads(done.stdout)
    walls = Wall(found.pop("walls"))
    assert Wall.LIMITS in walls
    if platform.machine() == "x86_64":
        assert Wall.CALLS in walls
    open_ways = {name for name, outcome in found.items() if outcome == "done"}
    assert open_ways <= (set() if Wall.CALLS in walls else _BY_CALLS)
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


def test_a_decoder_tells_which_walls_stand_and_is_gone_when_nobody_listens(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", [grey(90, 128, 72)] * 250)
    me, limits = psutil.Process(), Limits()
    before = set(me.children(recursive=True))
    with copy_of(clip, sha256_of(clip, limits), tmp_path / "incoming", limits) as copy:
        records = decode(copy, DecoderTask(1280, 720, limits))
        header = next(records)
        assert isinstance(header, Header)
        assert Wall.LIMITS in Wall(header.walls)
        assert isinstance(next(records), Picture)
        (decoder,) = set(me.children(recursive=True)) - before
        assert decoder.environ() == {"OPENBLAS_NUM_THREADS": "1"}
        assert decoder.num_threads() == 1
        assert list(Path(decoder.cwd()).iterdir()) == []
        assert os.getpgid(decoder.pid) == decoder.pid
        if Wall.NETWORK in Wall(header.walls):
            assert _network(decoder.pid) != _network(os.getpid())
        records.close()  # type: ignore[attr-defined]
        assert not decoder.is_running()
    assert list((tmp_path / "incoming").iterdir()) == []


def _network(pid: int) -> str:
    try:
        return str(Path(f"/proc/{pid}/ns/net").readlink())
    except PermissionError:
        return pytest.skip("another user's namespaces cannot be read here")
