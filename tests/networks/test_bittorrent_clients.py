# SPDX-License-Identifier: EUPL-1.2
"""Real clients of others, by .torrent and by magnet: served byte for byte, recorded on the right rung, named.

Node and clients run together in a network namespace without a way out (`rehearse_clients.py`).
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from police2peer.lab.namespace import inside, is_usable

_INSIDE = Path(__file__).with_name("rehearse_clients.py")
_PROGRAMS = {"aria2c": "aria2", "transmission-daemon": "Transmission", "qbittorrent-nox": "qBittorrent"}


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], dict[str, Any]]:
    """Let every installed client fetch, all at once; give what was seen, by client and way."""
    if not is_usable():
        pytest.skip("needs network namespaces (unshare -rn), which this machine does not allow")
    there = [program for program in _PROGRAMS if shutil.which(program)]
    command = inside([sys.executable, str(_INSIDE), str(tmp_path_factory.mktemp("rehearsal")), *there])
    done = subprocess.run(command, capture_output=True, timeout=150, check=False, text=True)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return {(line["client"], line["way"]): line for line in map(json.loads, done.stdout.splitlines())}


@pytest.mark.parametrize("way", ["torrent", "magnet"])
@pytest.mark.parametrize("program", [pytest.param(program, marks=pytest.mark.peer(program)) for program in _PROGRAMS])
def test_a_real_client_is_served_whole_and_recorded_by_name_on_the_top_rung(
    program: str, way: str, rehearsed: dict[tuple[str, str], dict[str, Any]]
) -> None:
    seen = rehearsed[_PROGRAMS[program], way]
    assert seen["whole"], f"{program} got nothing in {seen['seconds']} s"
    contact = seen["contact"]
    assert contact["client"] == _PROGRAMS[program]
    assert contact["rung"] == 5
    assert contact["sent"] == contact["size"]
    assert contact["asked"] >= contact["size"]
