# SPDX-License-Identifier: EUPL-1.2
"""A real hub with rules of its own: what it wants is told to the operator, and it is not hammered."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from police2peer.lab.namespace import inside, is_usable

_INSIDE = Path(__file__).with_name("rehearse_hub_rules.py")
pytestmark = pytest.mark.peer("uhub", "uhub-passwd", "openssl")


@pytest.fixture(scope="module")
def met(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    if not is_usable():
        pytest.skip("needs network namespaces (unshare -rn), which this machine does not allow")
    command = inside([sys.executable, str(_INSIDE), str(tmp_path_factory.mktemp("hubs"))])
    done = subprocess.run(command, capture_output=True, timeout=150, check=False, text=True)
    assert done.returncode == 0, done.stderr
    return {line["case"]: line for line in map(json.loads, done.stdout.splitlines())}


@pytest.mark.parametrize("case", ["open", "padded", "members, member", "tls, first"])
def test_a_hub_whose_rules_we_keep_lets_us_in(case: str, met: dict[str, dict[str, Any]]) -> None:
    assert met[case]["ok"], met[case]["detail"]


@pytest.mark.parametrize(
    ("case", "why", "then"),
    [
        ("too small", "User is not sharing enough", "it is tried again in 600 s"),
        ("members, stranger", "", "tried again"),
        ("members, wrong password", "the password is wrong", "it is not tried again"),
    ],
)
def test_a_hub_whose_rules_we_do_not_keep_is_told(
    case: str, why: str, then: str, met: dict[str, dict[str, Any]]
) -> None:
    assert not met[case]["ok"]
    assert why in met[case]["detail"]
    assert then in met[case]["detail"]


@pytest.mark.parametrize("case", ["tls, another certificate", "tls, pinned"])
def test_a_hub_that_is_not_who_it_should_be_rings_the_alarm(case: str, met: dict[str, dict[str, Any]]) -> None:
    assert not met[case]["ok"]
    assert "another certificate" in met[case]["alarms"][0]
