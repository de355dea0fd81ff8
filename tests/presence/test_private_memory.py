# SPDX-License-Identifier: EUPL-1.2
"""The node's memory reaches no disk, and holds no address after the visits; each attempt works without the care."""

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from police2peer.presence.private_memory import PrivateMemory, wiping_environment

_ROOT = Path(__file__).parents[2]
_HOLDS = Path(__file__).with_name("hold_addresses.py")
_COUNT = 100_000 if os.environ.get("P2P_SOAK") == "1" else 2_000
_CRASHES = """
import os, resource, sys
_, hard = resource.getrlimit(resource.RLIMIT_CORE)
resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
if sys.argv[1] == "private":
    from police2peer.presence.private_memory import keep_memory_private
    print(keep_memory_private(), flush=True)
    print(open("/proc/self/status").read(), flush=True)
os.abort()
"""


def _environment(**more: str) -> dict[str, str]:
    plain = {name: value for name, value in os.environ.items() if name not in {"PYTHONMALLOC", "MALLOC_PERTURB_"}}
    return {**plain, "PYTHONPATH": f"{_ROOT / 'src'}{os.pathsep}{_ROOT}", **more}


def _hold(folder: Path, environment: dict[str, str]) -> dict[str, Any]:
    command = [sys.executable, str(_HOLDS), str(folder), str(_COUNT)]
    done = subprocess.run(command, env=environment, capture_output=True, check=False, timeout=1500)
    assert done.returncode == 0, done.stderr.decode()
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.soak
def test_no_address_outlives_its_visit_in_memory_that_is_wiped(tmp_path: Path) -> None:
    wiping = wiping_environment(_environment())
    assert wiping is not None
    found = _hold(tmp_path, wiping)
    assert found["before"]["dotted"] == _COUNT, "the search finds what is there"
    after = found["after"]
    # Four bytes may be any four bytes: a few of so many addresses stand in random data by chance.
    by_chance = _COUNT // 100
    assert after.pop("raw") <= by_chance
    assert after.pop("raw, low byte first") <= by_chance
    assert after == dict.fromkeys(after, 0)
    assert found["swapped_kb"] == 0


def test_without_wiping_most_addresses_stay(tmp_path: Path) -> None:
    found = _hold(tmp_path, _environment())
    assert found["after"]["dotted"] > _COUNT // 2


def _crash(folder: Path, how: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-c", _CRASHES, how],
        cwd=folder,
        env=_environment(),
        capture_output=True,
        check=False,
        text=True,
    )
    return done.returncode, done.stdout


def _cores_are_plain_files() -> bool:
    pattern = Path("/proc/sys/kernel/core_pattern").read_text(encoding="utf-8")
    return "/" not in pattern and "|" not in pattern and resource.getrlimit(resource.RLIMIT_CORE)[1] != 0


def test_a_crash_writes_no_core_and_without_the_care_it_does(tmp_path: Path) -> None:
    code, said = _crash(tmp_path, "private")
    assert code == -signal.SIGABRT
    assert list(tmp_path.iterdir()) == []
    assert "dumpable=False" in said
    if _cores_are_plain_files():
        code, _ = _crash(tmp_path, "plain")
        assert code == -signal.SIGABRT
        assert [path.name[:4] for path in tmp_path.iterdir()] == ["core"]


def test_memory_is_locked_where_the_system_allows_it(tmp_path: Path) -> None:
    _, said = _crash(tmp_path, "private")
    status = dict(line.split(":", 1) for line in said.splitlines() if ":" in line and "=" not in line)
    locked = int(status["VmLck"].split()[0])
    assert ("locked=True" in said) == (locked > 0)
    assert int(status["VmSwap"].split()[0]) == 0


@pytest.mark.parametrize(
    ("memory", "word"),
    [
        (PrivateMemory(dumpable=False, locked=True, swap=True), ""),
        (PrivateMemory(dumpable=False, locked=False, swap=False), ""),
        (PrivateMemory(dumpable=False, locked=False, swap=True), "MemorySwapMax=0"),
        (PrivateMemory(dumpable=True, locked=True, swap=False), "LimitCORE=0"),
    ],
)
def test_what_is_missing_is_said_with_what_to_set(memory: PrivateMemory, word: str) -> None:
    assert (word in memory.warning) if word else memory.warning == ""


def test_the_environment_is_left_as_it_is_where_it_decides() -> None:
    assert wiping_environment({"PYTHONMALLOC": "malloc", "MALLOC_PERTURB_": "0"}) is None
    assert wiping_environment({"A": "1", "MALLOC_PERTURB_": "7"}) == {
        "A": "1",
        "MALLOC_PERTURB_": "7",
        "PYTHONMALLOC": "malloc",
    }


def test_a_node_starts_itself_anew_once_with_its_arguments_and_wiped_memory(tmp_path: Path) -> None:
    script = (
        "import os, sys; from police2peer.presence import start_anew_wiping; print('begun', os.getpid(), flush=True);"
        "start_anew_wiping(); print(os.environ['PYTHONMALLOC'], os.environ['MALLOC_PERTURB_'], sys.argv[1:])"
    )
    command = [sys.executable, "-c", script, "up", "a folder"]
    done = subprocess.run(command, env=_environment(), capture_output=True, check=True, text=True, cwd=tmp_path)
    first, second, last = done.stdout.splitlines()
    assert first == second, "the same process, so that whoever started it still holds it"
    assert last == "malloc 165 ['up', 'a folder']"
