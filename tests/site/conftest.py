# SPDX-License-Identifier: EUPL-1.2
"""A published catalogue, the site built around it, a loopback server, and visitors who open its pages."""

import hashlib
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from police2peer.catalogue import RecordDraft, Registry, init_catalogue, publish_catalogue
from police2peer.site import SiteReport, build_site, serve_site
from police2peer.warningfiles import new_code

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
GENUINE, WITHDRAWN = 0, 1
_COUNT = 12
_LINKS_OF_ONE = 300  # enough index entries for one level of nodes
_ITERATIONS = 1_000  # the least that a head may ask for


@dataclass(frozen=True)
class World:
    """A catalogue at home, the files it is about, and the site."""

    home: Path
    site: Path
    drafts: tuple[RecordDraft, ...]
    contents: tuple[bytes, ...]
    report: SiteReport

    @property
    def root(self) -> bytes:
        return (self.home / "root.json").read_bytes()

    @property
    def catalogue(self) -> Path:
        return self.site / "catalogue"

    def code(self, number: int) -> str:
        code = self.drafts[number].code
        assert code is not None
        return code

    def magnet(self, number: int) -> str:
        return f"magnet:?xt=urn:btih:{self.drafts[number].network_ids[0][1]}&dn=sample-clip-07"

    def file(self, number: int) -> Path:
        path = self.home / f"sample-clip-{number:02}.mp4"
        path.write_bytes(self.contents[number])
        return path

    def unknown(self) -> Path:
        path = self.home / "unknown.bin"
        path.write_bytes(b"nobody issued this")
        return path


def _draft(number: int, agency: str, draw: random.Random, content: bytes) -> RecordDraft:
    return RecordDraft(
        id=f"W-{number:04}",
        agency=agency,
        code=new_code(draw.randbytes),
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
        network_ids=(
            ("btih", draw.randbytes(20).hex()),
            ("btmh", draw.randbytes(32).hex()),
            *(("btih", draw.randbytes(20).hex()) for _ in range(_LINKS_OF_ONE if number == _COUNT - 1 else 0)),
        ),
        format="mp4",
        language="nl",
        issued_on=NOW.date(),
    )


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A site with a catalogue of twelve files, one of them withdrawn; not to be changed by a test."""
    folder = tmp_path_factory.mktemp("world")
    draw = random.Random(11)
    home, site = folder / "home", folder / "site"
    agency = init_catalogue(home, agency="Police Unit A", country="NL", now=NOW, code_iterations=_ITERATIONS)
    contents = tuple(draw.randbytes(1000 + number) for number in range(_COUNT))
    drafts = tuple(_draft(number, agency, draw, content) for number, content in enumerate(contents))
    with Registry(home) as registry:
        registry.add(drafts, now=NOW.date())
        registry.withdraw(drafts[WITHDRAWN].id, now=NOW.date())
    publish_catalogue(home, now=NOW)
    report = build_site(
        site,
        catalogue=home / "public",
        root=(home / "root.json").read_bytes(),
        agency="Police Unit A",
        contact="contact@example.org",
        today=NOW.date(),
    )
    return World(home, site, drafts, contents, report)


@pytest.fixture
def own(built: World, tmp_path: Path) -> World:
    """A copy of the world that a test may change."""
    shutil.copytree(built.home, tmp_path / "home")
    shutil.copytree(built.site, tmp_path / "site")
    return World(tmp_path / "home", tmp_path / "site", built.drafts, built.contents, built.report)


@pytest.fixture(scope="session")
def url(built: World) -> Iterator[str]:
    with serve_site(built.site) as server:
        yield server.url


@dataclass
class Visit:
    """A page in a profile of its own, and everything that it asked for or complained about."""

    page: Page
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def hear_console(self, kind: str, text: str, place: str) -> None:
        """Keep complaints; TUF asks for the next root, and its absence is the answer."""
        if kind in {"error", "warning"} and not place.endswith(".root.json"):
            self.complaints.append(f"{kind}: {text}")

    def outcome(self) -> str:
        """Wait for the answer and give it."""
        card = self.page.locator(".verdict")
        card.wait_for()
        classes = str(card.get_attribute("class")).split()
        return next(name for name in classes if name != "verdict")

    def reason(self) -> str:
        """Give the reason that is shown with *cannot tell*."""
        return str(self.page.locator("[data-reason]:visible").get_attribute("data-reason"))

    def check_file(self, path: Path) -> str:
        self.page.set_input_files("#file", path)
        return self.outcome()

    def type_text(self, text: str) -> None:
        self.page.fill("#text", text)
        self.page.click("#by-text button >> nth=0")


Visitor = Callable[..., Visit]


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visitor]:
    """Open an address in a new profile: `visit(address, now=..., **options of a browser context)`."""
    contexts = []

    def open_page(address: str, *, now: datetime = NOW + timedelta(hours=1), **options: object) -> Visit:
        context = browser.new_context(**options)  # type: ignore[arg-type] # the test names playwright's options
        contexts.append(context)
        page = context.new_page()
        page.clock.set_fixed_time(now)
        opened = Visit(page)
        page.on("request", lambda request: opened.asked.append(request.url))
        page.on("console", lambda line: opened.hear_console(line.type, line.text, line.location["url"]))
        page.on("pageerror", lambda error: opened.complaints.append(str(error)))
        page.goto(address)
        return opened

    yield open_page
    for context in contexts:
        context.close()
