# SPDX-License-Identifier: EUPL-1.2
"""Starts a rehearsal for each network, each in a namespace of its own and all at once, and reads what was seen."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.networks.conformance.rehearsing import Seen

from police2peer.lab.namespace import inside
from police2peer.lab.rigs import rig_names

_ROOT: Final = Path(__file__).parents[3]
_MODULE: Final = "tests.networks.conformance.rehearsing"
_LIMIT_S: Final = 170.0
NEEDS_NO_NAMESPACE: Final = frozenset({"memory"})


class Rehearsals:
    """What each network's rehearsal saw; started at once, waited for when asked."""

    def __init__(self, folder: Path, networks: tuple[str, ...] = rig_names()) -> None:
        self._started: Mapping[str, subprocess.Popen[str]] = {one: _start(one, folder / one) for one in networks}
        self._seen: dict[str, list[Seen]] = {}

    def of(self, network: str) -> list[Seen]:
        if network not in self._seen:
            out, err = self._started[network].communicate(timeout=_LIMIT_S)
            assert self._started[network].returncode == 0, err
            assert not err
            self._seen[network] = [Seen(**json.loads(line)) for line in out.splitlines()]
        return self._seen[network]

    def end(self) -> None:
        for process in self._started.values():
            if process.poll() is None:
                process.kill()
                process.communicate()


def _start(network: str, folder: Path) -> subprocess.Popen[str]:
    folder.mkdir(parents=True)
    command = [sys.executable, "-m", _MODULE, network, str(folder)]
    if network not in NEEDS_NO_NAMESPACE:
        command = inside(command)
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=_ROOT)
