# SPDX-License-Identifier: EUPL-1.2
"""A small real catalogue of two agencies, made once and copied for each test, and what a thief of keys would do."""

import hashlib
import json
import random
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from police2peer.catalogue import Outcome, RecordDraft, Registry, Verdict, Verifier, init_catalogue, publish_catalogue
from police2peer.catalogue.freshness import sign_state
from police2peer.catalogue.home import Home
from police2peer.catalogue.metadata import Versions, walk_metadata
from police2peer.catalogue.public_folder import PublicFolder
from police2peer.catalogue.seen import Memory
from police2peer.catalogue.tree import Change, apply_changes
from police2peer.storage import write_whole
from police2peer.warningfiles import new_code

if TYPE_CHECKING:
    from tests.catalogue.programme import Programme

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
COUNT = 40
ITERATIONS = 1_000  # the least that a head may ask for; the default costs 0.3 s a code


@dataclass(frozen=True, repr=False)
class Case:
    """A catalogue folder and what is in it."""

    folder: Path
    agencies: tuple[str, str]
    drafts: tuple[RecordDraft, ...]
    now: datetime = NOW
    memory: Memory | None = None
    contents: tuple[bytes, ...] = field(default=())

    @property
    def home(self) -> Home:
        return Home(self.folder)

    @property
    def public(self) -> Path:
        return self.home.public

    @property
    def root(self) -> bytes:
        return self.home.pinned_root.read_bytes()

    @property
    def verifier(self) -> Verifier:
        return Verifier(self.public, self.root, lambda: self.now, self.memory)

    def at(self, now: datetime) -> "Case":
        return replace(self, now=now)

    def remembering(self, memory: Memory) -> "Case":
        return replace(self, memory=memory)

    def file(self, number: int) -> Path:
        path = self.folder / f"file-{number}.bin"
        path.write_bytes(self.contents[number])
        return path

    def code(self, number: int) -> str:
        code = self.drafts[number].code
        assert code is not None
        return code

    def magnet(self, number: int) -> str:
        return f"magnet:?xt=urn:btih:{self.drafts[number].network_ids[0][1]}&dn=sample-clip-07"

    def ask_all(self, number: int) -> list[Verdict]:
        """Ask about one record by its file, its code and its link."""
        return [
            self.verifier.file(self.file(number)),
            self.verifier.code(self.code(number)),
            self.verifier.link(self.magnet(number)),
        ]

    def outcomes(self, number: int) -> set[Outcome]:
        return {verdict.outcome for verdict in self.ask_all(number)}

    def publish(self, now: datetime | None = None) -> None:
        publish_catalogue(self.folder, now=now or self.now)

    def withdraw(self, number: int) -> None:
        with Registry(self.folder) as registry:
            registry.withdraw(self.drafts[number].id, now=NOW.date())

    def sign_head(self, head: bytes) -> None:
        """Publish any bytes as the head, as a thief of the online key could."""
        versions = self.versions()
        state = sign_state(self.home, head, versions, self.now)
        for name, content in state.files.items():
            write_whole(self.public / name, content)
        write_whole(self.public / "md/timestamp.json", state.timestamp)

    def versions(self) -> Versions:
        """Give the versions that the newest timestamp has, whatever its head is."""
        timestamp = json.loads((self.public / "md/timestamp.json").read_bytes())["signed"]["version"]
        return Versions(1, timestamp, timestamp, 1, timestamp)

    def change_index(self, changes: Iterable[Change]) -> None:
        """Publish a changed index, as a thief of the online key could."""
        store = PublicFolder(self.public)
        head = walk_metadata(store, self.root, self.now, Versions()).head
        root, _ = apply_changes(store, head.root, head.levels, sorted(changes, key=lambda change: change.lookup_key))
        self.sign_head(replace(head, root=root).to_bytes())


def make_draft(number: int, agency: str, draw: random.Random, content: bytes) -> RecordDraft:
    return RecordDraft(
        id=f"W-{number:04}",
        agency=agency,
        code=new_code(draw.randbytes),
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
        hashes={"sha1": hashlib.sha1(content, usedforsecurity=False).hexdigest()},
        network_ids=(
            *(("btih", draw.randbytes(20).hex()) for _ in range(4)),
            ("btmh", draw.randbytes(32).hex()),
        ),
        format="mp4",
        language="nl",
        issued_on=date(2026, 11, 20),
    )


def _build(folder: Path) -> Case:
    draw = random.Random(7)
    first = init_catalogue(folder, agency="Police Unit A", country="NL", now=NOW, code_iterations=ITERATIONS)
    second = init_catalogue(folder, agency="Police Unit B", country="FR", now=NOW)
    contents = tuple(draw.randbytes(50 + number) for number in range(COUNT + 5))
    drafts = tuple(
        make_draft(number, (first, second)[number % 2], draw, content) for number, content in enumerate(contents)
    )
    with Registry(folder) as registry:
        registry.add(drafts[:COUNT], now=NOW.date())
    publish_catalogue(folder, now=NOW)
    return Case(folder, (first, second), drafts, contents=contents)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Records 0 to 39 are published, 40 to 44 are not even entered. Not to be changed by a test."""
    return _build(tmp_path_factory.mktemp("catalogue") / "home")


@pytest.fixture
def case(built: Case, tmp_path: Path) -> Case:
    """Give a copy that the test may change."""
    folder = tmp_path / "home"
    shutil.copytree(built.folder, folder)
    return replace(built, folder=folder)


@pytest.fixture
def flip() -> Callable[[Path, int], None]:
    """Flip one bit of one byte."""

    def _flip(path: Path, position: int) -> None:
        content = bytearray(path.read_bytes())
        content[position] ^= 1
        path.write_bytes(content)

    return _flip


HOUR = timedelta(hours=1)


@pytest.fixture(scope="session")
def built_programme(tmp_path_factory: pytest.TempPathFactory) -> "Programme":
    """Files 0 to 3 of each are published, 4 and 5 are not even entered. Not to be changed by a test."""
    from tests.catalogue.programme import build_programme  # noqa: PLC0415 - it uses what stands here

    return build_programme(tmp_path_factory.mktemp("programme"))


@pytest.fixture
def programme(built_programme: "Programme", tmp_path: Path) -> "Programme":
    """Give a copy that the test may change."""
    shutil.copytree(built_programme.folder, tmp_path / "p")
    return replace(built_programme, folder=tmp_path / "p")
