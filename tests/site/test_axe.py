# SPDX-License-Identifier: EUPL-1.2
"""axe-core finds nothing on any page in any language: WCAG 2.2 A and AA, best practices too; nothing is cut off.

Every page is examined in a language of each direction, one light and one dark; in every other language axe
looks at two pages. Nothing may be cut off on a screen 320 pixels wide, on any page in any language. `P2P_AXE=all`
examines every page in every language with every rule, light and dark; the whole check (.ci/run) does that.
"""

import os
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from tests.site.conftest import GENUINE, NOW, World

from police2peer.site import SITE_LANGUAGES, build_help_site, serve_site

pytestmark = pytest.mark.peer("chromium")

_AXE = (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
_ALL = [(language, scheme) for language in SITE_LANGUAGES for scheme in ("light", "dark")]
_WHOLLY = _ALL if os.environ.get("P2P_AXE") == "all" else [("en", "light"), ("ar", "dark")]
_IN_BRIEF = ("index.html", "help.html")
_NARROW = {"width": 320, "height": 640}
_COLOURS = ("color-contrast", "target-size")  # the same in every language
_RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
_ASK = """
async ([runOnly, without]) => {
  const rules = Object.fromEntries(without.map((each) => [each, { enabled: false }]));
  const found = await axe.run(document, { runOnly, rules, resultTypes: ["violations"], iframes: false });
  return found.violations.map((each) => [each.id, each.nodes[0].html.slice(0, 120)]);
}
"""


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """Give one page, in which axe-core is at hand wherever it goes."""
    context = browser.new_context()
    context.add_init_script(_AXE)
    yield context.new_page()
    context.close()


def _pages(built: World, language: str) -> list[str]:
    names = [name for name in built.report.pages if name.startswith(f"{language}/")]
    assert len(names) > 1
    return names


def _violations(page: Page, without: tuple[str, ...] = ()) -> object:
    return page.evaluate(_ASK, [list(_RULES), list(without)])


@pytest.mark.parametrize(("language", "scheme"), _WHOLLY)
def test_axe_finds_nothing_on_any_page(built: World, url: str, page: Page, language: str, scheme: str) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    found = {}
    for name in _pages(built, language):
        page.goto(f"{url}{name}")
        page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        found[name] = _violations(page)
    assert {name: each for name, each in found.items() if each} == {}


@pytest.fixture(scope="module")
def narrow(browser: Browser) -> Iterator[Page]:
    """Give a page of a small screen, with axe-core at hand."""
    context = browser.new_context(viewport=_NARROW)  # type: ignore[arg-type] # playwright's own shape
    context.add_init_script(_AXE)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("language", SITE_LANGUAGES)
def test_axe_finds_nothing_and_nothing_is_cut_off_on_a_small_screen(
    built: World, url: str, narrow: Page, language: str
) -> None:
    found = {}
    for name in _pages(built, language):
        narrow.goto(f"{url}{name}")
        found[name] = [narrow.evaluate("document.documentElement.scrollWidth <= 320")]
        if name.endswith(_IN_BRIEF):
            found[name].append(_violations(narrow, _COLOURS) == [])
    assert [name for name, each in found.items() if not all(each)] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_an_answer_or_where_a_language_is_chosen(
    built: World, url: str, page: Page, scheme: str
) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.goto(f"{url}de/index.html")
    page.set_input_files("#file", built.file(GENUINE))
    page.wait_for_selector(".verdict")
    assert _violations(page) == []
    page.goto(url)
    assert _violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_the_help_part(tmp_path: Path, page: Page, scheme: str) -> None:
    build_help_site(tmp_path, agency="Foundation H", contact="hello@example.org", today=NOW.date())
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    with serve_site(tmp_path) as server:
        for name in ("index.html", "de/index.html", "ar/privacy.html"):
            page.goto(f"{server.url}{name}")
            assert _violations(page) == [], name


def test_axe_would_find_something(url: str, page: Page) -> None:
    page.goto(f"{url}en/about.html")
    page.evaluate("document.querySelector('html').removeAttribute('lang')")
    found = _violations(page)
    assert isinstance(found, list)
    assert [rule for rule, _ in found] == ["html-has-lang"]
