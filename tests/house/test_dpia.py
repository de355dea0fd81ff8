# SPDX-License-Identifier: EUPL-1.2
"""Each measure that the assessment names is held by a test that is there."""

import ast
import re
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_TEXT = (_ROOT / "docs" / "dpia.md").read_text(encoding="utf-8")
_NAMED = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", _TEXT)


def test_each_control_goal_of_the_directive_has_its_line() -> None:
    assert re.findall(r"^\| ([a-j])\. ", _TEXT, re.MULTILINE) == list("abcdefghij")
    assert len(_NAMED) >= 20


@pytest.mark.parametrize(("name", "test"), _NAMED)
def test_what_holds_a_measure_is_there(name: str, test: str) -> None:
    tree = ast.parse((_ROOT / name).read_text(encoding="utf-8"))
    there = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    assert not test or test in there
    assert any(each.startswith("test_") for each in there)
