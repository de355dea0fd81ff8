# SPDX-License-Identifier: EUPL-1.2
"""The house stands on one-way imports, and the charter on what is never imported or called.

The rules are read from the source with `ast`; nothing is run. Exceptions stand in the tables, with their reason.
"""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_SRC = _ROOT / "src"

# Lowest first; a package may import those before it. The root modules import nothing of ours but each other.
_ROOT_MODULES = ("errors", "storage", "toml_lines", "strict_toml")
_ORDER = (
    *_ROOT_MODULES,
    "campaign",
    "warningfiles",
    "catalogue",
    "networks",
    "contacts",
    "fleet",
    "presence",
    "measure",
    "site",
    "hub",
    "lab",
    "cli",
    "__main__",
)

# Besides a package's own `__init__`, these modules may be imported from outside; each is cheap or deliberately apart.
_FACES = {
    "police2peer.catalogue.log": "ledgers and their proofs are logs too, and need nothing else of the catalogue",
    "police2peer.catalogue.link": "a link is read before python-tuf is loaded",
    "police2peer.networks.memory": "a twin for tests and the lab",
    "police2peer.contacts.ledger": "only under an order that demands records",
    "police2peer.contacts.evidence": "only under an order that demands records",
    "police2peer.networks.bittorrent": "libtorrent loads only where BitTorrent is used",
    "police2peer.networks.ed2k": "only where eD2k is used",
    "police2peer.networks.ed2k.protocol": "the lab's server speaks the same protocol, and needs no engine",
    "police2peer.networks.directconnect": "loads only where Direct Connect is used",
    "police2peer.networks.observation": "only for who observes",
    "police2peer.warningfiles.cluster": "needs an extra",
    "police2peer.warningfiles.credentials": "needs an extra",
}

# What only these modules may import (a module covers what is inside it).
_ONLY_IN = {
    "asyncio": ("networks", "presence", "fleet", "lab", "site.server"),
    "socket": ("networks", "presence", "fleet", "lab", "site.server"),
    "subprocess": ("warningfiles", "lab"),
    "libtorrent": ("networks.bittorrent", "networks.observation", "lab"),
    "django": ("hub",),
    "typst": ("warningfiles",),
    "av": ("warningfiles",),
    "datasketches": ("contacts.sketches",),
    "pkcs11": ("campaign.token_key",),
    "tuf": ("catalogue",),
    "securesystemslib": ("catalogue",),
}

# Ways to ask somebody else for content. Nothing here may be imported anywhere; the charter says publish-only.
_FETCHERS = frozenset(
    {
        "urllib.request",
        "urllib3",
        "http.client",
        "httpx",
        "requests",
        "aiohttp",
        "ftplib",
        "telnetlib",
        "xmlrpc.client",
        "pycurl",
        "tuf.ngclient.urllib3_fetcher",
        "tuf.ngclient.requests_fetcher",
    }
)
_MAY_FETCH = {
    "police2peer.site.scan.sources": "pages of the one public site that an operator names, to check them",
}

_DOWNLOADER = "police2peer.lab.downloader"
_ADDS = frozenset({"add_torrent", "async_add_torrent"})
_READS_MAGNETS = frozenset({"parse_magnet_uri", "add_magnet_uri", "parse_magnet_uri_dict", "load_magnet"})
_UNSAFE = frozenset({"eval", "exec", "compile", "__import__"})
_UNSAFE_MODULES = frozenset({"pickle", "marshal", "shelve", "dill", "yaml"})


@dataclass(frozen=True, slots=True)
class _Module:
    name: str
    path: Path
    tree: ast.Module

    @property
    def package(self) -> str:
        """The part of the house: `campaign` for police2peer.campaign.order, empty for police2peer itself."""
        return self.name.split(".")[1] if "." in self.name else ""

    @property
    def where(self) -> str:
        return str(self.path.relative_to(_ROOT))


@dataclass(frozen=True, slots=True)
class _Import:
    """One imported thing: `from module import name`, or `import module` with no name."""

    module: str
    name: str | None
    line: int

    def reaches(self, target: str) -> bool:
        """Whether this brings in `target` or something inside it."""
        full = f"{self.module}.{self.name}" if self.name else self.module
        return any(f"{candidate}.".startswith(f"{target}.") for candidate in (self.module, full))


def _modules() -> list[_Module]:
    found = []
    for path in sorted(_SRC.rglob("*.py")):
        parts = path.relative_to(_SRC).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found.append(_Module(name, path, ast.parse(path.read_text(encoding="utf-8"))))
    return found


_MODULES = _modules()
_BY_NAME = {module.name: module for module in _MODULES}


def _imports(module: _Module) -> Iterator[_Import]:
    """Every import of a module, at its top and inside its functions, and those given as text to importlib."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield _Import(alias.name, None, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield _Import(_absolute(module, node), alias.name, node.lineno)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module") and node.args:
            target = node.args[0]
            if isinstance(target, ast.Constant):
                yield _Import(str(target.value), None, node.lineno)


def _absolute(module: _Module, node: ast.ImportFrom) -> str:
    if node.level == 0:
        return node.module or ""
    here = module.name.split(".")
    if module.path.name != "__init__.py":
        here = here[:-1]
    base = here[: len(here) - node.level + 1]
    return ".".join([*base, node.module] if node.module else base)


def _of_ours(module: _Module) -> Iterator[_Import]:
    """The imports of this module that cross a border of the house."""
    for found in _imports(module):
        if found.module == "police2peer" and found.name is not None:
            found = _Import(f"police2peer.{found.name}", None, found.line)  # noqa: PLW2901 - the same import, spelt out
        parts = found.module.split(".")
        if parts[0] == "police2peer" and len(parts) > 1 and parts[1] != module.package:
            yield found


def _face(package: str) -> frozenset[str] | None:
    """The names in `__all__` of a package's `__init__`, or None when it declares none."""
    module = _BY_NAME.get(package)
    if module is None:
        return None
    for node in module.tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            assert isinstance(node, ast.Assign)
            return frozenset(ast.literal_eval(node.value))
    return None


def _inside(name: str, allowed: tuple[str, ...]) -> bool:
    return any(f"{name}.".startswith(f"police2peer.{place}.") for place in allowed)


def _calls(module: _Module, matches: Callable[[str], bool]) -> list[str]:
    found = []
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if matches(name):
                found.append(f"{module.where}:{node.lineno} {name}")
    return found


def _names(module: _Module) -> Iterator[tuple[str, int]]:
    """Every name and attribute that a module mentions."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute):
            yield node.attr, node.lineno
        elif isinstance(node, ast.Name):
            yield node.id, node.lineno
        elif isinstance(node, ast.alias):
            yield node.name.rpartition(".")[2], node.lineno


@pytest.mark.parametrize(
    "source",
    [
        "import police2peer.lab.downloader",
        "import police2peer.lab.downloader as d",
        "from police2peer.lab import downloader",
        "from police2peer.lab.downloader import main",
        "from police2peer.lab.downloader.fetch import main",
        "from .downloader import main",
        "from . import downloader",
        "def later():\n    from police2peer.lab import downloader",
        "import importlib\nimportlib.import_module('police2peer.lab.downloader')",
    ],
)
def test_an_import_is_seen_however_it_is_written(source: str) -> None:
    module = _Module("police2peer.lab.demo", _SRC / "police2peer" / "lab" / "demo.py", ast.parse(source))
    assert any(found.reaches(_DOWNLOADER) for found in _imports(module))


def test_every_package_has_its_place_in_the_order() -> None:
    packages = {module.package for module in _MODULES} - {""}
    assert packages <= set(_ORDER)


def test_imports_point_one_way_only() -> None:
    rank = {name: place for place, name in enumerate(_ORDER)}
    upward = []
    for module in _MODULES:
        for found in _of_ours(module):
            target = found.module.split(".")[1]
            among_roots = module.package in _ROOT_MODULES and target in _ROOT_MODULES
            if module.package and not among_roots and rank[target] > rank[module.package]:
                upward.append(f"{module.where}:{found.line} imports {found.module}")
    assert upward == []


def test_the_root_package_imports_nothing_of_ours() -> None:
    assert [found.module for found in _of_ours(_BY_NAME["police2peer"])] == []


def test_only_the_face_of_a_package_is_imported_from_outside() -> None:
    """`from police2peer.campaign import Title`, with Title in `__all__`; nothing deeper, nothing private."""
    behind = []
    for module in _MODULES:
        for found in _of_ours(module):
            place = f"{module.where}:{found.line}"
            full = f"{found.module}.{found.name}" if found.name else found.module
            if found.module.split(".")[1] in _ROOT_MODULES or full in _FACES:
                continue
            if found.module.count(".") > 1 and found.module not in _FACES:
                behind.append(f"{place} reaches into {found.module}")
                continue
            face = _face(found.module)
            if face is None:
                behind.append(f"{place} imports {found.module}, which has no __all__")
            elif found.name is not None and found.name not in face:
                behind.append(f"{place} imports {found.name}, which is not in {found.module}.__all__")
    assert behind == []


def test_every_face_that_is_an_exception_exists_and_declares_itself() -> None:
    assert [name for name in _FACES if _face(name) is None] == []


@pytest.mark.parametrize("library", sorted(_ONLY_IN))
def test_a_library_stays_in_its_place(library: str) -> None:
    strays = [
        f"{module.where}:{found.line}"
        for module in _MODULES
        for found in _imports(module)
        if found.reaches(library) and not _inside(module.name, _ONLY_IN[library])
    ]
    assert strays == []


def _stays_inside(module: _Module, target: ast.expr) -> bool:
    """Whether a computed name begins with the module's own package, as a face that loads its names on first use."""
    first = target.values[0] if isinstance(target, ast.JoinedStr) and target.values else target
    return isinstance(first, ast.Constant) and str(first.value).startswith(f"{module.name}.")


def test_no_import_hides_behind_a_computed_name() -> None:
    hidden = [
        f"{module.where}:{node.lineno}"
        for module in _MODULES
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module") and node.args
        if not isinstance(node.args[0], ast.Constant) and not _stays_inside(module, node.args[0])
    ]
    assert hidden == []


def test_only_the_lab_starts_the_downloader() -> None:
    naming = [
        f"{module.where}:{node.lineno}"
        for module in _MODULES
        if module.package != "lab"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "lab.downloader" in node.value
    ]
    assert naming == []


def test_nobody_but_itself_imports_the_downloader_of_the_lab() -> None:
    strays = [
        f"{module.where}:{found.line}"
        for module in _MODULES
        for found in _imports(module)
        if found.reaches(_DOWNLOADER) and not f"{module.name}.".startswith(f"{_DOWNLOADER}.")
    ]
    assert strays == []


def test_nothing_asks_anybody_for_content() -> None:
    asking = [
        f"{module.where}:{found.line} {fetcher}"
        for module in _MODULES
        for found in _imports(module)
        for fetcher in _FETCHERS
        if found.reaches(fetcher) and module.name not in _MAY_FETCH
    ]
    assert asking == []


def test_torrents_are_added_in_one_place_and_by_the_downloader_of_the_lab_only() -> None:
    adding = [module for module in _MODULES if _calls(module, _ADDS.__contains__)]
    elsewhere = [
        module.where for module in adding if not _inside(module.name, ("networks.bittorrent", "lab.downloader"))
    ]
    assert elsewhere == []
    assert len([module for module in adding if _inside(module.name, ("networks.bittorrent",))]) <= 1


def test_no_magnet_link_is_ever_followed_outside_the_downloader_of_the_lab() -> None:
    following = [
        f"{module.where}:{line} {name}"
        for module in _MODULES
        if not _inside(module.name, ("lab.downloader",))
        for name, line in _names(module)
        if name in _READS_MAGNETS
    ]
    assert following == []


def test_nothing_that_can_run_foreign_text_is_used() -> None:
    unsafe = [
        f"{module.where}:{found.line} {found.module}"
        for module in _MODULES
        for found in _imports(module)
        if any(found.reaches(name) for name in _UNSAFE_MODULES)
    ]
    for module in _MODULES:
        calls = (node for node in ast.walk(module.tree) if isinstance(node, ast.Call))
        unsafe += [
            f"{module.where}:{node.lineno} {node.func.id}"
            for node in calls
            if isinstance(node.func, ast.Name) and node.func.id in _UNSAFE
        ]
    assert unsafe == []
