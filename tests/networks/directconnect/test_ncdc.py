# SPDX-License-Identifier: EUPL-1.2
"""ncdc browses the list of our files and fetches from it; the list itself is no contact."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from police2peer.lab.namespace import inside, is_usable

_INSIDE = Path(__file__).with_name("rehearse_browsing.py")


@pytest.mark.peer("uhub", "ncdc", "openssl")
def test_a_real_client_browses_our_list_and_fetches_what_it_shows(tmp_path: Path) -> None:
    if not is_usable():
        pytest.skip("needs network namespaces (unshare -rn), which this machine does not allow")
    command = inside([sys.executable, str(_INSIDE), str(tmp_path)])
    done = subprocess.run(command, capture_output=True, timeout=150, check=False, text=True)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["shown"]
    assert seen["equal"]
    assert seen["lists"] == 1
    assert seen["kinds"][:2] == ["PeerConnected", "ClientNamed"]  # with the file, not with the list before it
    assert {"DataRequested", "DataSent"} <= set(seen["kinds"])
