# SPDX-License-Identifier: EUPL-1.2
import dataclasses
import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import av
import pytest
from click.testing import CliRunner, Result
from playwright.sync_api import Browser, sync_playwright

from police2peer.campaign import Campaign, FileFormat, Language, WarningMessage
from police2peer.cli import main
from police2peer.errors import BadInput
from police2peer.warningfiles import (
    GALLERY_FORMATS,
    BaseStore,
    Making,
    Studio,
    gallery_making,
    write_gallery,
    write_preview_film,
)
from police2peer.warningfiles.gallery import _NOTES

_AR, _EN = Language("ar"), Language("en")
_SHOWN = (FileFormat.MP4, FileFormat.JPG, FileFormat.PDF, FileFormat.ZIP, FileFormat.BLANK_PNG)


@pytest.fixture(scope="module")
def seeing(store: BaseStore) -> Studio:
    return Studio(store, gallery_making(Making(film_seconds=8, sizes={FileFormat.JPG: 9_000_000})))


@pytest.fixture(scope="module")
def page(seeing: Studio, message: WarningMessage, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gallery") / "ar"
    hostile = dataclasses.replace(message.texts[_AR], alt_card='"><script>x</script>', lead="<b>&amp;</b>")
    told = dataclasses.replace(message, texts={_AR: hostile})
    return write_gallery(seeing, told, _AR, folder, formats=_SHOWN)[0]


class _Reader(HTMLParser):
    """Notes every element and every address of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: set[str] = set()
        self.images: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        found = dict(attrs)
        assert not any(name.startswith("on") or name == "style" for name in found)
        self.addresses |= {value for name, value in attrs if name in {"href", "src", "poster"} and value}
        if tag == "img":
            self.images.append(found)


def _read(page: Path) -> _Reader:
    reader = _Reader()
    reader.feed(page.read_text("utf-8"))
    return reader


def test_the_gallery_has_every_file_and_leads_nowhere_else(page: Path) -> None:
    found = _read(page)
    beside = {path.name for path in page.parent.iterdir()}
    assert {address for address in found.addresses if not address.startswith("#")} == beside - {page.name}
    assert {"combined-ar.mp4", "combined-ar.jpg", "combined-ar.pdf", "combined-ar.zip", "blank.png"} < beside
    assert found.tags.count("video") == 1
    assert [image["src"] for image in found.images] == ["combined-ar.jpg", "combined-ar-pdf-still.png"]
    assert not {"script", "link", "iframe", "object", "form"} & set(found.tags)


def test_the_words_of_a_message_are_shown_in_the_gallery_and_never_run(page: Path) -> None:
    text = page.read_text("utf-8")
    assert "&lt;b&gt;&amp;amp;&lt;/b&gt;" in text
    assert _read(page).images[0]["alt"] == '"><script>x</script>'
    assert "Draft: nobody has reviewed these words." in text


def test_files_that_are_only_looked_at_are_small_and_unsigned(page: Path) -> None:
    assert (page.parent / "blank.png").stat().st_size == 4 * 1024**2
    assert (page.parent / "combined-ar.jpg").stat().st_size < 1_000_000


def test_a_gallery_is_not_put_among_other_files(seeing: Studio, message: WarningMessage, tmp_path: Path) -> None:
    (tmp_path / "report.txt").write_text("mine", "utf-8")
    with pytest.raises(BadInput, match="holds other files"):
        write_gallery(seeing, message, _EN, tmp_path, formats=())
    again = write_gallery(seeing, message, _EN, tmp_path / "new", formats=())
    assert again == write_gallery(seeing, message, _EN, tmp_path / "new", formats=())


def test_every_format_that_is_made_has_a_place_in_the_gallery() -> None:
    assert {one.extension for one in FileFormat} == set(_NOTES)
    assert {one for one in FileFormat if not one.carries_text} < set(GALLERY_FORMATS)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield launched
        launched.close()


_LOOK = """() => {
  const seen = [...document.querySelectorAll('h1,h2,h3,p,a,li,code,.size')].map(one => {
    const style = part => getComputedStyle(part);
    let ground = one;
    while (style(ground).backgroundColor === 'rgba(0, 0, 0, 0)') ground = ground.parentElement;
    return [style(one).color, style(ground).backgroundColor];
  });
  const film = document.querySelector('video');
  return {wide: document.documentElement.scrollWidth, seen: [...new Set(seen.map(String))],
    drawn: [...document.images].every(one => one.complete && one.naturalWidth > 0), ready: film.readyState};
}"""


def _contrast(pair: str) -> float:
    values = [int(one) / 255 for one in re.findall(r"\d+", pair)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in values]  # WCAG 2.2
    lights = [0.2126 * red + 0.7152 * green + 0.0722 * blue for red, green, blue in (linear[:3], linear[3:])]
    return (max(lights) + 0.05) / (min(lights) + 0.05)


@pytest.mark.peer("chromium")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_browser_shows_the_gallery_from_a_disk_on_a_telephone(browser: Browser, page: Path, scheme: str) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740}, color_scheme=scheme)  # type: ignore[arg-type] # two of its words
    shown = context.new_page()
    said: list[str] = []
    shown.on("console", lambda one: said.append(one.text))
    shown.goto(page.as_uri())
    shown.evaluate("() => [...document.images].forEach(one => one.loading = 'eager')")
    shown.wait_for_function("() => document.querySelector('video').readyState >= 1")
    shown.wait_for_function("() => [...document.images].every(one => one.complete)")
    told = shown.evaluate(_LOOK)
    context.close()
    assert said == []
    assert told["wide"] == 360
    assert told["drawn"]
    assert [pair for pair in told["seen"] if _contrast(pair) < 4.5] == []


def test_the_preview_film_plays_and_carries_a_code_that_is_never_issued(
    seeing: Studio, message: WarningMessage, tmp_path: Path
) -> None:
    path = tmp_path / "preview.mp4"
    write_preview_film(seeing, message, _EN, path)
    assert b"0000-0000-0000" in path.read_bytes()
    with av.open(str(path)) as film:
        assert film.streams.video[0].width == 1280
        assert film.duration is not None
        assert film.duration > 7_000_000


def _run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_preview_makes_a_film_and_draws_no_sheet_unless_asked(
    small_campaign: Campaign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = tmp_path / "one.mp4"
    monkeypatch.chdir(tmp_path)
    ended = _run("message", "preview", small_campaign.folder, "--film", film, "--language", "en")
    assert list(tmp_path.iterdir()) == [film]
    assert (ended.exit_code, ended.stdout) == (0, f"film of combined in en: {film}\n")
    assert film.stat().st_size > 100_000


def test_preview_says_when_nothing_is_left_to_show(small_campaign: Campaign, tmp_path: Path) -> None:
    ended = _run("message", "preview", small_campaign.folder, "--gallery", tmp_path / "g", "--message", "blank")
    assert ended.exit_code == 2
    assert "no message with text" in ended.stderr
