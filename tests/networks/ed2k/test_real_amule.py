# SPDX-License-Identifier: EUPL-1.2
"""A real aMule finds our files by search and fetches them whole: obfuscated, through a low id, one part and two.

Engine, server and aMule run together in a network namespace without a way out (`rehearse_amule.py`).
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.networks.ed2k.rehearse_amule import SCENARIOS

from police2peer.lab.namespace import inside, is_usable

pytestmark = [pytest.mark.peer("amuled"), pytest.mark.peer("amulecmd")]
_ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    if not is_usable():
        pytest.skip("needs network namespaces (unshare -rn), which this machine does not allow")
    module = "tests.networks.ed2k.rehearse_amule"
    command = inside([sys.executable, "-m", module, str(tmp_path_factory.mktemp("amule"))])
    done = subprocess.run(command, capture_output=True, timeout=170, check=False, text=True, cwd=_ROOT)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return {one["name"]: one for one in map(json.loads, done.stdout.splitlines())}


@pytest.mark.parametrize("name", [scenario.name for scenario in SCENARIOS])
def test_a_real_amule_finds_by_search_and_fetches_whole_and_every_byte_is_told_once(
    name: str, seen: dict[str, dict[str, Any]]
) -> None:
    one = seen[name]
    assert one["searches"] >= 1
    assert one["whole"], f"not whole after {one['seconds']} s"
    assert one["sent"] == one["size"]
    assert one["client"] == "aMule 2.3.3"
    assert one["proved"]


def test_it_obfuscates_where_it_can(seen: dict[str, dict[str, Any]]) -> None:
    assert seen["two parts, obfuscated"]["obfuscated"] >= 1
    assert seen["two parts, blank"]["obfuscated"] == 0


def test_it_is_called_by_us_where_a_server_cannot_reach_us(seen: dict[str, dict[str, Any]]) -> None:
    assert seen["one part, low id"]["calls"] >= 1
    assert seen["two parts, blank"]["calls"] == 0


def test_it_asks_for_the_hashes_of_the_parts_where_there_are_several(seen: dict[str, dict[str, Any]]) -> None:
    assert seen["two parts, obfuscated"]["hash_sets"] >= 1
    assert seen["two parts, blank"]["hash_sets"] >= 1
    assert seen["one part, low id"]["hash_sets"] == 0
