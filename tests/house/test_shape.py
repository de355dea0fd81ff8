# SPDX-License-Identifier: EUPL-1.2
"""What every file of the house has, and what none may hold."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_PARTS = ("src", "tests", "benchmarks", "docs", "examples", ".ci")
_SPDX = "SPDX-License-Identifier: EUPL-1.2"
_SOURCES = frozenset({".go", ".py", ".js", ".mjs", ".css", ".html", ".j2", ".typ", ".sh", ".svg", ".toml"})
_NOT_OURS_TO_MARK = frozenset({"__pycache__", "node_modules"})

_MODULE_LINES = 400
_FUNCTION_LINES = 60
# What is longer, with the reason why splitting would make it worse.
_LONGER_MODULES: dict[str, str] = {
    "src/police2peer/contacts/evidence/verify_pack.py": "travels alone inside every evidence pack, as one file",
}
_LONGER_FUNCTIONS: dict[str, str] = {}

# Traces of the machine on which something was written; spelt so that this file does not hold them itself.
_MACHINE_PATH = re.compile(r"(?<![\w.:/-])/(?:home|root|Users|work|workspace|builds)/[\w.-]")
_REGISTRY = re.compile(
    r"(?<!no-emit-)index-url\s*[= ]|extra-index|--find-links|registry\s*=\s*[\"']?https?:"
    r"|//pypi\.|files\.pythonhosted\.|//registry\.",
    re.IGNORECASE,
)
_NEUTRAL_TITLE = re.compile(r"sample-(?:clip|picture|file|document|archive)-\d+")


def _files() -> Iterator[Path]:
    """Every file of ours, without what is made or installed."""
    yield from (path for path in _ROOT.iterdir() if path.is_file() and path.name != ".git")
    for part in _PARTS:
        for path in sorted((_ROOT / part).rglob("*")):
            if path.is_file() and not _NOT_OURS_TO_MARK.intersection(path.parts) and path.suffix != ".pyc":
                yield path


def _name(path: Path) -> str:
    return str(path.relative_to(_ROOT))


def _texts() -> Iterator[tuple[Path, str]]:
    for path in _files():
        try:
            yield path, path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def _functions(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def test_every_source_file_names_its_licence_at_its_top() -> None:
    unmarked = [
        _name(path)
        for path, text in _texts()
        if (path.suffix in _SOURCES and path.name != "pyproject.toml")
        and text
        and _SPDX not in "\n".join(text.splitlines()[:3])
    ]
    assert unmarked == []


@pytest.mark.parametrize("name", ["Makefile", ".ci/run"])
def test_scripts_without_a_suffix_name_their_licence_too(name: str) -> None:
    assert _SPDX in "\n".join((_ROOT / name).read_text(encoding="utf-8").splitlines()[:3])


def test_the_licence_is_whole() -> None:
    text = (_ROOT / "LICENSE").read_text(encoding="utf-8")
    assert text.startswith("EUROPEAN UNION PUBLIC LICENCE v. 1.2\nEUPL © the European Union 2007, 2016")
    articles = [int(number) for number in re.findall(r"^(\d+)\.[A-Z]", text, re.MULTILINE)]
    assert articles == list(range(1, 16))
    assert text.endswith(
        "All other changes or additions to this Appendix require the production of a new EUPL version.\n"
    )


def test_no_file_holds_a_path_of_the_machine_it_was_written_on() -> None:
    here = str(_ROOT)
    found = [
        f"{_name(path)}:{number}"
        for path, text in _texts()
        for number, line in enumerate(text.splitlines(), 1)
        if _MACHINE_PATH.search(line) or (here in line and here != "/")
    ]
    assert found == []


def test_no_file_names_a_package_registry() -> None:
    found = [
        f"{_name(path)}:{number}"
        for path, text in _texts()
        if path != Path(__file__)
        for number, line in enumerate(text.splitlines(), 1)
        if _REGISTRY.search(line)
    ]
    assert found == []


def test_a_module_is_no_longer_than_can_be_kept_in_mind() -> None:
    long = [
        f"{_name(path)} {len(text.splitlines())}"
        for path, text in _texts()
        if path.suffix in {".py", ".js", ".mjs"} and _name(path) not in _LONGER_MODULES
        if len(text.splitlines()) > _MODULE_LINES
    ]
    assert long == []


def test_a_function_fits_on_a_screen() -> None:
    long = [
        f"{_name(path)}:{name} {lines}"
        for path, text in _texts()
        if path.suffix == ".py"
        for name, lines in _functions(ast.parse(text))
        if lines > _FUNCTION_LINES and f"{_name(path)}:{name}" not in _LONGER_FUNCTIONS
    ]
    assert long == []


def test_nothing_is_left_open_for_later() -> None:
    marks = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b")
    found = [
        f"{_name(path)}:{number}"
        for path, text in _texts()
        if path.suffix in {".py", ".js", ".css", ".html", ".j2", ".typ", ".md"}
        for number, line in enumerate(text.splitlines(), 1)
        if marks.search(line)
    ]
    assert found == []


def _values(value: object, key: str) -> Iterator[str]:
    """Every text under `key` anywhere in a TOML document."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == key and isinstance(inner, str):
                yield inner
            elif name == key and isinstance(inner, list):
                yield from (entry for entry in inner if isinstance(entry, str))
            yield from _values(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from _values(inner, key)


def test_the_titles_of_the_example_are_plainly_neutral() -> None:
    files = sorted((_ROOT / "examples").rglob("*title*"))
    assert files, "the example has a titles file"
    titles = []
    for path in files:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".toml":
            document = tomllib.loads(text)
            titles += [*_values(document, "title"), *_values(document, "titles")]
        else:
            titles += [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    assert titles
    assert [title for title in titles if not _NEUTRAL_TITLE.fullmatch(title)] == []


def test_titles_written_in_the_source_are_plainly_neutral() -> None:
    found = [
        f"{_name(path)}:{node.lineno}"
        for path, text in _texts()
        if path.suffix == ".py" and path.is_relative_to(_ROOT / "src")
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Title.parse" and node.args
        if isinstance(node.args[0], ast.Constant) and not _NEUTRAL_TITLE.fullmatch(str(node.args[0].value))
    ]
    assert found == []
