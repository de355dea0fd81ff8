# SPDX-License-Identifier: EUPL-1.2
"""The pages with pictures and contacts, and the help part alone."""

import io
import random
import re
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image
from tests.site.conftest import NOW, World

from police2peer.campaign import FileFormat, Language, load_campaign, new_campaign, new_key_pair
from police2peer.errors import BadInput
from police2peer.site import SITE_LANGUAGES, build_help_site, build_site
from police2peer.site.builder import PAGE_BUDGET_BYTES
from police2peer.warningfiles import Making, Manifest, Studio, new_code, store_in, write_manifest

_LANGUAGES = (Language("de"), Language("ar"))


@pytest.fixture(scope="module")
def warning_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a sheet in two languages and a blank film, as `police2peer make` leaves them."""
    folder = tmp_path_factory.mktemp("files")
    campaign = tmp_path_factory.mktemp("sample") / "campaign"
    new_campaign(campaign, now=NOW)
    for name in ("first", "second"):
        new_key_pair(campaign / f"approvers/{name}.key")
    message = next(each for each in load_campaign(campaign).messages if each.id == "combined")
    studio, draw = Studio(store_in(folder), Making(film_seconds=8)), random.Random(5)
    made = [studio.make(message, each, FileFormat.JPG, new_code(draw.randbytes)) for each in _LANGUAGES]
    made.append(studio.make(message, None, FileFormat.BLANK_MP4, new_code(draw.randbytes)))
    for each in made[:2]:
        still = Image.open(io.BytesIO(each.still_png())).resize((1080, 1528))
        assert zxingcpp.read_barcodes(still), "the still itself holds a code that a telephone reads"
    write_manifest(folder / "manifest.json", Manifest("sample", "0" * 64, {}, tuple(made)))
    return folder


def _build(
    own: World, out: Path, files: Path | None, languages: tuple[Language, ...] = _LANGUAGES
) -> tuple[str, ...]:
    report = build_site(
        out,
        catalogue=None,
        root=own.root,
        agency="Police Unit A",
        contact="contact@example.org",
        data_authority="Authority B",
        oversight="Board C",
        today=NOW.date(),
        languages=languages,
        warning_files=files,
    )
    return tuple(map(str, report.without_pictures))


def test_pictures_are_of_real_files_in_the_pages_language_and_hold_no_code(
    own: World, tmp_path: Path, warning_files: Path
) -> None:
    assert _build(own, tmp_path, warning_files, (*_LANGUAGES, Language("en"))) == ("en",)
    assert {path.name for path in (tmp_path / "pictures").iterdir()} == {
        "de-sheet.webp",
        "ar-sheet.webp",
        "blank.webp",
    }
    for language in _LANGUAGES:
        page = (tmp_path / language / "looks.html").read_text("utf-8")
        assert re.findall(r'src="([^"]+)"', page) == [f"../pictures/{language}-sheet.webp", "../pictures/blank.webp"]
        assert all(re.findall(r'alt="([^"]+)"', page))
        picture = Image.open(tmp_path / f"pictures/{language}-sheet.webp")
        for factor in (1, 2, 4):
            assert zxingcpp.read_barcodes(picture.resize((picture.width * factor, picture.height * factor))) == []
        weight = sum(path.stat().st_size for path in (tmp_path / "pictures").glob(f"{language}-*"))
        assert len(page.encode()) + weight < PAGE_BUDGET_BYTES
    assert "<img" not in (tmp_path / "en/looks.html").read_text("utf-8")


def test_a_build_without_files_takes_old_pictures_away(own: World, tmp_path: Path, warning_files: Path) -> None:
    _build(own, tmp_path, warning_files)
    _build(own, tmp_path, None)
    assert list((tmp_path / "pictures").iterdir()) == []
    assert "<img" not in (tmp_path / "de/looks.html").read_text("utf-8")


def test_a_folder_without_warning_files_is_refused(own: World, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no manifest"):
        _build(own, tmp_path / "out", tmp_path)


def test_the_page_on_complaints_names_those_who_were_given(own: World, tmp_path: Path) -> None:
    _build(own, tmp_path, None)
    page = (tmp_path / "de/contact.html").read_text("utf-8")
    for body in ("Police Unit A", "contact@example.org", "Authority B", "Board C"):
        assert body in page


def test_the_help_part_has_nothing_of_the_police_and_says_that_it_is_independent(tmp_path: Path) -> None:
    report = build_help_site(tmp_path, agency="Foundation H", contact="hello@example.org", today=NOW.date())
    assert len(report.pages) == 3 * len(SITE_LANGUAGES) + 1
    assert {path.name for path in tmp_path.iterdir()} == {*SITE_LANGUAGES, "index.html", "_headers", "icon.svg"}
    for name in report.pages:
        page = (tmp_path / name).read_text("utf-8")
        assert re.search(r"data-root|catalogue|never\.json|scam\.html|accident\.html|wss?:", page) is None, name
        assert len(page.encode()) < PAGE_BUDGET_BYTES, name
    assert "no affiliation with the police" in (tmp_path / "en/index.html").read_text("utf-8")
    for name in ("privacy", "accessibility"):
        words = re.sub(r"<style>.*?</style>|<[^>]+>", "", (tmp_path / f"en/{name}.html").read_text("utf-8"))
        assert re.search(r"\b(files?|codes?|programs?|JavaScript)\b", words) is None, name


def test_the_help_part_is_not_built_over_a_whole_site(own: World, tmp_path: Path) -> None:
    _build(own, tmp_path, None)
    with pytest.raises(BadInput, match="whole site"):
        build_help_site(tmp_path, agency="Foundation H", today=NOW.date())
