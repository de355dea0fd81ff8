# SPDX-License-Identifier: EUPL-1.2
"""Real browsers with empty profiles, and the verifier's script in them without the page around it.

A module that names `in_every_browser` as its `pytest_generate_tests` runs in Chromium and in Firefox ESR.
"""

import base64
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from importlib.resources import files
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_BROWSER_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def in_every_browser(metafunc: pytest.Metafunc) -> None:
    """Run each test that needs a browser in every one that we promise."""
    if "browser" in metafunc.fixturenames:
        programs = [pytest.param(name, marks=pytest.mark.peer(name)) for name in ("chromium", "firefox-esr")]
        metafunc.parametrize("browser", programs, indirect=True, scope="module")


@contextmanager
def start_browser(name: str, *, scripts: bool = True) -> "Iterator[Browser]":
    """Start a browser of the system. Firefox is spoken to over WebDriver BiDi, which knows one switch for scripts."""
    program = shutil.which(name)
    assert program is not None
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - most tests need no browser

    with sync_playwright() as playwright:
        if name == "chromium":
            launched = playwright.chromium.launch(executable_path=program, args=list(_BROWSER_FLAGS))
        else:
            preferences = {"javascript.enabled": scripts}
            launched = playwright.firefox.launch(
                executable_path=program, channel="moz-firefox", firefox_user_prefs={**preferences}
            )
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def browser(request: pytest.FixtureRequest) -> "Iterator[Browser]":
    """Start a browser for one module: playwright keeps an event loop, in which other tests could start none."""
    with start_browser(getattr(request, "param", "chromium")) as started:
        yield started


@pytest.fixture(scope="session")
def verifier_source() -> str:
    """The scripts of the verifier without the page around them."""
    from police2peer.site.policy import compact_script  # noqa: PLC0415 - as above

    folder = files("police2peer.site") / "assets"
    return compact_script(
        *((folder / name).read_text("utf-8") for name in ("sha256.js", "code.js", "verifier.js", "copy.js"))
    )


_RUN = """
async ([root, now, catalogues, asks]) => {
  SOURCE
  const bytes = (text) => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  const base = new Map(Object.entries(catalogues.base).map(([name, text]) => [name, bytes(text)]));
  const answers = [];
  for (const change of catalogues.changes) {
    const changed = new Map(Object.entries(change).map(([name, text]) => [name, text === null ? null : bytes(text)]));
    for (const ask of asks) {
      const fetch = async (path) => (changed.has(path) ? changed.get(path) : base.get(path)) || null;
      const digest = async () => [ask.sha256, ask.size];
      const answer = await verify({ ...ask, digest }, { root: bytes(root), now, seen: ask.seen || {}, fetch });
      answers.push([answer.outcome, answer.reason || ""]);
    }
  }
  return answers;
}
"""


class Script:
    """The verifier's script in a page, asked without the page around it."""

    def __init__(self, page: "Page", source: str) -> None:
        self._page = page
        self._source = source

    def run(self, expression: str, argument: object) -> object:
        return self._page.evaluate(expression.replace("SOURCE", self._source), argument)

    def ask(
        self,
        base: Mapping[str, bytes],
        changes: Sequence[Mapping[str, bytes | None]],
        asks: Sequence[Mapping[str, object]],
        *,
        root: bytes,
        now: datetime,
    ) -> list[tuple[str, str]]:
        """Ask everything of every change of a catalogue; a change of None takes the file away.

        A question may hold `seen`, the versions that were seen before.
        """

        def packed(files: Mapping[str, bytes | None]) -> dict[str, str | None]:
            return {
                name: None if content is None else base64.b64encode(content).decode()
                for name, content in files.items()
            }

        catalogues = {"base": packed(base), "changes": [packed(change) for change in changes]}
        given = [base64.b64encode(root).decode(), now.timestamp() * 1000, catalogues, list(asks)]
        answers = self.run(_RUN, given)
        assert isinstance(answers, list)
        return [(str(outcome), str(reason)) for outcome, reason in answers]


@pytest.fixture(scope="module")
def script(browser: "Browser", verifier_source: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Script]:
    """Give the script in an empty page of a disk, which browsers trust as much as one of HTTPS."""
    path = tmp_path_factory.mktemp("page") / "empty.html"
    path.write_text("<!doctype html><title>empty</title>", encoding="utf-8")
    context = browser.new_context()
    page = context.new_page()
    page.goto(path.as_uri())
    yield Script(page, verifier_source)
    context.close()
