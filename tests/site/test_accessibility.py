# SPDX-License-Identifier: EUPL-1.2
"""Key checks of WCAG 2.2 AA in a real browser: contrast, reflow, target size, names, focus, print.

The numbers in the tests are those of the success criteria: 1.4.3, 1.4.10, 1.4.11, 2.4.7, 2.5.8.
"""

import pytest
from tests.site.conftest import GENUINE, Visitor, World

pytestmark = pytest.mark.peer("chromium")

_PAGES = ("index", "help", "looks", "scam", "contact", "offline")

# Every visible text against the first opaque ground behind it.
_FAINT = """
() => {
  const parse = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((each) => each / 255)
    .map((each) => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4)
    .reduce((sum, each, index) => sum + each * [0.2126, 0.7152, 0.0722][index], 0);
  const ground = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const colour = parse(getComputedStyle(each).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const ratio = (one, two) => {
    const [high, low] = [light(one), light(two)].sort((a, b) => b - a);
    return (high + 0.05) / (low + 0.05);
  };
  const faint = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility() || element.closest(".unseen, .skip")) continue;
    const style = getComputedStyle(element);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const found = ratio(parse(style.color), ground(element));
    if (found < (large ? 3 : 4.5)) faint.push([walker.currentNode.data.trim().slice(0, 30), found]);
  }
  for (const element of document.querySelectorAll("input[type=text], button, .state, #drop")) {
    if (!element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const found = ratio(parse(style.borderTopColor), ground(element.parentElement));
    if (found < 3) faint.push([element.id || element.className, found]);
  }
  return faint;
}
"""

_SMALL_TARGETS = """
() => [...document.querySelectorAll("a, button, summary, label.button")]
  .filter((each) => each.checkVisibility() && !each.closest("p:not(.go), dd, .skip") && !each.matches(".skip"))
  .map((each) => [each.textContent.trim(), each.getBoundingClientRect()])
  .filter(([, box]) => box.height < 24 || box.width < 24)
  .map(([text]) => text)
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["de", "ar"])
def test_every_text_and_control_stands_out_from_its_ground(
    built: World, url: str, visit: Visitor, scheme: str, language: str
) -> None:
    seen = visit(f"{url}{language}/index.html", color_scheme=scheme)
    seen.check_file(built.file(GENUINE))
    assert seen.page.evaluate(_FAINT) == []
    for outcome in ("withdrawn", "not_ours", "cannot_tell"):
        seen.page.evaluate(
            "(id) => document.getElementById('verdict').replaceChildren("
            "document.getElementById(id).content.cloneNode(true))",
            f"answer-{outcome}",
        )
        assert seen.page.evaluate(_FAINT) == []
    seen.type_text("no code at all")
    assert seen.page.evaluate(_FAINT) == []
    for page in _PAGES[1:]:
        seen.page.goto(f"{url}{language}/{page}.html")
        assert seen.page.evaluate(_FAINT) == []
    seen.page.goto(url)
    assert seen.page.evaluate(_FAINT) == []
    assert seen.complaints == []


@pytest.mark.parametrize(
    "browser",
    ["chromium", pytest.param("firefox-esr", marks=pytest.mark.peer("firefox-esr"))],
    indirect=True,
    scope="module",
)
@pytest.mark.parametrize("language", ["en", "de", "pl", "ar"])
def test_nothing_is_cut_off_or_too_small_to_touch_at_320_pixels(
    built: World, url: str, visit: Visitor, language: str
) -> None:
    seen = visit(f"{url}{language}/index.html", viewport={"width": 320, "height": 640})
    seen.check_file(built.file(GENUINE))
    for page in _PAGES:
        if page != "index":
            seen.page.goto(f"{url}{language}/{page}.html")
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= 320, page
        assert seen.page.evaluate(_SMALL_TARGETS) == [], page


def test_every_control_has_a_name_and_the_problem_belongs_to_its_field(url: str, visit: Visitor) -> None:
    seen = visit(f"{url}en/index.html")
    page = seen.page
    assert page.get_by_label("Choose a file").count() == 1
    assert page.get_by_label("Code, magnet link or ed2k link").count() == 1
    seen.type_text("hello")
    described = page.get_attribute("#text", "aria-describedby") or ""
    assert "text-problem" in described.split()
    assert page.locator("#text-problem").get_attribute("role") == "alert"
    assert page.evaluate("document.activeElement.id") == "text"


def test_the_focus_can_be_seen_on_every_stop_of_the_tab_key(url: str, visit: Visitor) -> None:
    seen = visit(f"{url}en/index.html")
    stops = []
    for _ in range(16):
        seen.page.keyboard.press("Tab")
        stops.append(
            seen.page.evaluate(
                """() => {
                  const at = document.activeElement;
                  const shown = at.id === "file" ? at.nextElementSibling : at;
                  const style = getComputedStyle(shown);
                  return [at.tagName, style.outlineStyle, parseFloat(style.outlineWidth)];
                }"""
            )
        )
    assert "INPUT" in {tag for tag, _, _ in stops}
    assert [stop for stop in stops if stop[1] != "solid" or stop[2] < 2] == []


def test_the_answer_is_announced_while_it_is_looked_up(url: str, visit: Visitor) -> None:
    seen = visit(f"{url}en/index.html")
    assert seen.page.locator("#status").get_attribute("role") == "status"
    assert seen.page.locator("#status").get_attribute("data-reading") == "Reading the file …"


def test_a_printed_page_keeps_the_text_and_drops_what_is_only_for_clicking(url: str, visit: Visitor) -> None:
    seen = visit(f"{url}en/help.html")
    seen.page.emulate_media(media="print")
    assert seen.page.is_visible("article.service >> nth=0")
    assert not seen.page.is_visible("nav.pages")
    assert not seen.page.is_visible("nav.languages")


def test_an_answer_printed_from_a_dark_screen_stands_out_on_white_paper(
    built: World, url: str, visit: Visitor
) -> None:
    seen = visit(f"{url}en/index.html", color_scheme="dark")
    seen.check_file(built.file(GENUINE))
    seen.page.emulate_media(media="print")
    assert seen.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert seen.page.evaluate(_FAINT) == []


def test_text_at_twice_the_size_is_not_cut_off(url: str, visit: Visitor) -> None:
    seen = visit(f"{url}de/index.html", viewport={"width": 640, "height": 800})
    seen.page.evaluate("document.documentElement.style.fontSize = '212.5%'")
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= 640
