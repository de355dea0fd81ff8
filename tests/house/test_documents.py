# SPDX-License-Identifier: EUPL-1.2
"""The documents say what is there: commands, settings, dependencies, decisions, links, targets, the picture."""

import ast
import re
import runpy
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from police2peer.cli import main
from police2peer.warningfiles.padding import READERS

_ROOT = Path(__file__).parents[2]
_DOCS = _ROOT / "docs"
_PAGES = sorted([*_ROOT.glob("*.md"), *_DOCS.rglob("*.md")])
_OPERATE = (_DOCS / "operate.md").read_text(encoding="utf-8")


def _nouns() -> list[str]:
    return main.list_commands(click.Context(main))


def _commands(noun: str) -> Iterator[str]:
    """`police2peer NOUN VERB` for each verb, or `police2peer NOUN` where the noun is a command itself."""
    command = main.get_command(click.Context(main), noun)
    assert command is not None
    if isinstance(command, click.Group):
        yield from (f"police2peer {noun} {verb}" for verb in command.list_commands(click.Context(command)))
    else:
        yield f"police2peer {noun}"


@pytest.mark.parametrize("noun", _nouns())
def test_each_command_stands_in_the_guide(noun: str) -> None:
    missing = [command for command in _commands(noun) if not re.search(rf"{re.escape(command)}(?![\w-])", _OPERATE)]
    assert missing == []


def test_the_documents_name_no_command_that_is_not_there() -> None:
    known = {command for noun in _nouns() for command in _commands(noun)} | {
        f"police2peer {noun}" for noun in _nouns()
    }
    unknown = []
    for page in _PAGES:
        for words in re.findall(
            r"(?:^|`|/)police2peer ([a-z][a-z -]*)", page.read_text(encoding="utf-8"), re.MULTILINE
        ):
            first, *rest = words.split()
            command = f"police2peer {first}"
            if not any(name.startswith(f"{command} ") for name in known):
                rest = []
            name = " ".join([command, *rest[:1]])
            if name not in known:
                unknown.append(f"{page.name}: {name}")
    assert unknown == []


_TABLES = {
    "evidence",
    "node",
    "page",
    "counting",
    "trust",
    "places",
    "limits",
    "directconnect",
    "hub",
    "ed2k",
    "following",
    "observation",
}


def _settings() -> Iterator[str]:
    """Each key that the settings of a machine take, read from the calls that take it."""
    presence = _ROOT / "src" / "police2peer" / "presence"
    sources = [presence / "settings.py", presence / "network_settings.py"]
    for node in (node for source in sources for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute | ast.Name):
            continue
        for argument in node.args:
            key = argument.value if isinstance(argument, ast.Constant) else None
            owner = ast.unparse(node.func).partition(".")[0]
            if isinstance(key, str) and (
                owner in _TABLES or owner in {"_hosts", "_optional_texts", "_optional_path"}
            ):
                yield key
                break


def test_each_setting_of_a_machine_stands_in_the_guide() -> None:
    keys = set(_settings())
    assert keys, "the settings are read from the source"
    assert [key for key in sorted(keys) if f"`{key}`" not in _OPERATE] == []


def _headings(page: Path) -> set[str]:
    """The anchors of a page, as the common renderers of Markdown make them."""
    found = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: str(page.relative_to(_ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        address, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        place = (page.parent / address) if address else page
        if not place.exists() or (anchor and anchor not in _headings(place)):
            broken.append(target)
    assert broken == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    seen: set[Path] = set()
    waiting = [_ROOT / "README.md"]
    while waiting:
        page = waiting.pop().resolve()
        if page in seen or page.suffix != ".md":
            continue
        seen.add(page)
        targets = re.findall(r"\]\(([^)\s#]+)", page.read_text(encoding="utf-8"))
        waiting += [page.parent / target for target in targets if "://" not in target]
    assert [str(page.relative_to(_ROOT)) for page in _PAGES if page.resolve() not in seen] == []


def test_the_map_of_folders_in_the_readme_is_the_tree() -> None:
    text = (_ROOT / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\| `src/police2peer/(\w+)/`", text, re.MULTILINE))
    there = {path.parent.name for path in (_ROOT / "src" / "police2peer").glob("*/__init__.py")}
    assert named == there


def test_the_picture_is_what_its_script_draws() -> None:
    drawn = runpy.run_path(str(_DOCS / "draw_picture.py"))["draw"]()
    assert (_DOCS / "picture.svg").read_text(encoding="utf-8") == drawn, "run docs/draw_picture.py"


def test_every_decision_is_listed_once_and_has_its_parts() -> None:
    index = (_DOCS / "adr" / "README.md").read_text(encoding="utf-8")
    pages = sorted((_DOCS / "adr").glob("[0-9]*.md"))
    assert [page.name[:4] for page in pages] == [f"{number:04}" for number in range(1, len(pages) + 1)]
    for page in pages:
        text = page.read_text(encoding="utf-8")
        title = text.partition("\n")[0]
        assert title == f"# {page.name[:4]} {title[7:]}"
        assert f"[{page.name[:4]}]({page.name}) | {title[7:]} |" in index
        for part in ("\nStatus: ", "\n## Situation\n", "\n## Decision\n", "\n## What follows\n"):
            assert part in text, f"{page.name} lacks {part.strip()}"


def _direct() -> set[str]:
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [*project["project"]["dependencies"]]
    for extra in project["project"].get("optional-dependencies", {}).values():
        wanted += extra
    for group in project["dependency-groups"].values():
        wanted += [entry for entry in group if isinstance(entry, str)]
    return {re.split(r"[^A-Za-z0-9._-]", entry)[0].lower() for entry in wanted}


def test_each_direct_dependency_has_one_line_with_purpose_licence_keeper_and_size() -> None:
    text = (_DOCS / "dependencies.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([\w.-]+)` \| [^|]+ \| [^|]+ \| [^|]+ \| [\d.]+ [kM]B \|$", text, re.MULTILINE)
    assert sorted(rows) == sorted(_direct())


def _locked(name: str) -> dict[str, list[str]]:
    """Each pinned requirement with its hashes."""
    pinned: dict[str, list[str]] = {}
    current = ""
    for line in (_ROOT / name).read_text(encoding="utf-8").splitlines():
        if match := re.match(r"([a-z0-9._-]+)==([^\s;\\]+)", line):
            current = match[0]
            pinned[current] = []
        elif match := re.fullmatch(r"    --hash=sha256:([0-9a-f]{64})(?: \\)?", line):
            pinned[current].append(match[1])
        else:
            assert not line or line.startswith("#"), f"{name}: {line}"
    return pinned


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_everything_that_is_installed_is_pinned_by_hash_and_by_no_index(name: str) -> None:
    pinned = _locked(name)
    assert pinned
    assert [package for package, hashes in pinned.items() if not hashes] == []


def test_the_locks_cover_every_direct_dependency_and_agree() -> None:
    unit, full = _locked("requirements.lock"), _locked("requirements-dev.lock")
    assert {package.partition("==")[0] for package in full} >= _direct()
    assert set(unit) <= set(full)


def test_make_alone_describes_every_target() -> None:
    makefile = (_ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    targets = {target for line in phony for target in line.split()}
    run = subprocess.run(["make", "--no-print-directory"], cwd=_ROOT, capture_output=True, text=True, check=True)
    described = dict(line.split(None, 2)[1:] for line in run.stdout.splitlines())
    assert set(described) == targets
    assert all(described.values())


def test_the_readme_gives_the_two_commands_and_they_exist() -> None:
    text = (_ROOT / "README.md").read_text(encoding="utf-8")
    makefile = (_ROOT / "Makefile").read_text(encoding="utf-8")
    for target in ("demo", "test"):
        assert f"make {target}" in text
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


def test_the_guide_names_the_readers_with_which_each_kind_was_checked() -> None:
    text = (_DOCS / "warning-files.md").read_text(encoding="utf-8")
    missing = [kind for kind, readers in READERS.items() if f"| `{kind}` | {', '.join(readers)} |" not in text]
    assert missing == []
