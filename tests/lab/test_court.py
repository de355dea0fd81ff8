# SPDX-License-Identifier: EUPL-1.2
"""The court kit, run as a court would run it; and its known-error figures, held against what repeats them."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from police2peer.errors import NotPermitted
from police2peer.lab import run_court
from police2peer.lab.known_errors import KnownError, read_known_errors
from police2peer.lab.namespace import is_closed, is_usable

_ROOT = Path(__file__).parents[2]


@pytest.mark.peer("unshare")
@pytest.mark.peer("aria2c")
def test_the_replay_agrees_with_the_wire(tmp_path: Path) -> None:
    if not is_usable():
        pytest.skip("this machine allows no network namespaces")
    command = [sys.executable, "-m", "police2peer", "lab", "court", "court", "--json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=170)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["holds"]
    assert told["records"] == 2
    assert told["agree"] == told["compared"] >= 12
    assert told["unrecorded"] == []
    assert told["recorded_without_asking"] == 0
    page = (tmp_path / "court" / "court.html").read_text()
    assert "program “aria2" in page
    assert "http" not in page.replace("http-equiv", ""), "the page needs nothing else"
    assert (tmp_path / "court" / "statement.pdf").read_bytes().startswith(b"%PDF")


def test_outside_a_closed_network_nothing_is_replayed(tmp_path: Path) -> None:
    if is_closed():
        pytest.skip("this machine has no network anyway")
    with pytest.raises(NotPermitted):
        run_court(tmp_path / "court", lambda _: None)


@pytest.mark.parametrize("known", read_known_errors(), ids=lambda known: known.test)
def test_each_known_error_figure_is_repeated_where_it_says(known: KnownError) -> None:
    name, _, test = known.test.partition("::")
    tree = ast.parse((_ROOT / name).read_text(encoding="utf-8"))
    found = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert test in {node.name for node in found}
    numbers = {
        node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, int)
    }
    assert known.trials in numbers, "the number of trials stands in that file"
    assert 0 <= known.wrong < known.trials
