# SPDX-License-Identifier: EUPL-1.2
"""What holds for every page, read from the files without a browser."""

import gzip
import itertools
import re
from collections.abc import Iterator
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.site.conftest import NOW, World

from police2peer.campaign import Language, direction
from police2peer.errors import BadInput, NotPermitted
from police2peer.site import SITE_LANGUAGES, build_site
from police2peer.site.builder import PAGE_BUDGET_BYTES
from police2peer.site.policy import WASM_SOURCE

_PAGES = (
    *("index", "about", "looks", "help", "accident", "scam"),
    *("press", "contact", "privacy", "accessibility", "offline"),
)
_VOID = frozenset({"meta", "link", "input", "br", "path", "circle", "rect", "img", "hr"})
_CHECKS = tuple(f"{language}/index.html" for language in SITE_LANGUAGES)
_ADDRESSES = frozenset({"href", "src", "action", "data", "poster", "srcset"})


class _Reader(HTMLParser):
    """Reads a page into what the tests ask about."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.faults: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes nothing")

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


def _pages(built: World) -> Iterator[tuple[str, str]]:
    for name in built.report.pages:
        yield name, (built.site / name).read_text("utf-8")


def test_every_language_has_every_page_and_two_pages_choose_a_language(built: World) -> None:
    assert built.report.languages == SITE_LANGUAGES
    expected = {f"{language}/{page}.html" for language in SITE_LANGUAGES for page in _PAGES}
    assert set(built.report.pages) == expected | {"index.html", "help/index.html"}


def test_each_page_is_well_formed_and_says_its_language_and_direction(built: World) -> None:
    for name, page in _pages(built):
        reader = _Reader(page)
        assert reader.faults == [], name
        assert reader.open == [], name
        html = reader.all("html")[0]
        expected = name.split("/")[0] if name.split("/")[0] in SITE_LANGUAGES else "en"
        assert (html["lang"], html["dir"]) == (expected, direction(Language(expected))), name


def test_nothing_of_the_workshop_shows_in_a_page(built: World) -> None:
    for name, page in _pages(built):
        assert (
            re.search(
                r"built-in|object at 0x|\{\{|\{%|\{[a-z_]+\}|None\b|Undefined",
                re.sub(r"<(script|style)>.*?</\1>", "", page, flags=re.DOTALL),
            )
            is None
        ), name


def test_each_page_has_one_first_heading_and_skips_no_level(built: World) -> None:
    for name, page in _pages(built):
        outside = re.sub(r"<template.*?</template>", "", page, flags=re.DOTALL)
        levels = [int(level) for level in re.findall(r"<h([1-6])[ >]", outside)]
        assert levels.count(1) == 1, name
        assert all(after <= before + 1 for before, after in itertools.pairwise(levels)), name


def test_ids_are_unique_and_each_reference_has_its_target(built: World) -> None:
    for name, page in _pages(built):
        elements = _Reader(page).elements
        ids = [attributes["id"] for _, attributes in elements if "id" in attributes]
        assert len(ids) == len(set(ids)), name
        for attribute in ("for", "aria-labelledby", "aria-describedby"):
            wanted = " ".join(attributes.get(attribute, "") for _, attributes in elements).split()
            assert set(wanted) <= set(ids), name


def test_every_link_leads_to_a_page_that_is_there(built: World) -> None:
    for name, page in _pages(built):
        reader = _Reader(page)
        ids = {attributes["id"] for _, attributes in reader.elements if "id" in attributes}
        for link in [*reader.all("a"), *reader.all("link")]:
            address = urlsplit(link["href"])
            if address.scheme in {"https", "tel"}:
                continue
            assert not address.scheme, name
            target = (built.site / name).parent / address.path if address.path else built.site / name
            assert target.resolve().is_file(), f"{name}: {link['href']}"
            assert not address.fragment or address.fragment in ids, f"{name}: {link['href']}"


def test_every_language_is_one_step_away_from_every_page(built: World) -> None:
    for name, page in _pages(built):
        tags = {link.get("hreflang") for link in _Reader(page).all("a")}
        assert tags >= set(SITE_LANGUAGES), name


def test_nothing_is_loaded_from_elsewhere_and_links_out_tell_nothing(built: World) -> None:
    for name, page in _pages(built):
        for tag, attributes in _Reader(page).elements:
            outside = [
                value for key, value in attributes.items() if key in _ADDRESSES and "//" in value and tag != "a"
            ]
            assert outside == [], name
            if tag == "a" and attributes["href"].startswith("https:"):
                assert {"noreferrer", "noopener"} <= set(attributes["rel"].split()), name
        assert '<meta name="referrer" content="no-referrer">' in page


def test_a_page_has_a_closed_policy_before_anything_else_and_no_inline_handlers(built: World) -> None:
    for name, page in _pages(built):
        policy = page.index("Content-Security-Policy")
        assert policy < page.index("<style>"), name
        content = _Reader(page).all("meta")[1]["content"]
        assert content.startswith("default-src 'none'; "), name
        assert "unsafe" not in content.replace(f" {WASM_SOURCE}", ""), name
        assert (WASM_SOURCE in content) == name.endswith(_CHECKS), name
        assert re.search(r"<[^>]+ (on[a-z]+|style)=", page) is None, name


def test_pages_without_the_check_have_no_script(built: World) -> None:
    for name, page in _pages(built):
        has_script = "<script" in page
        assert has_script == name.endswith("index.html"), name


def test_no_page_is_over_its_budget_and_the_verifier_is_small(built: World) -> None:
    for name, page in _pages(built):
        script = "".join(re.findall(r"<script>.*?</script>", page, flags=re.DOTALL))
        assert len(page.encode()) - len(script.encode()) < PAGE_BUDGET_BYTES, name
        assert len(gzip.compress(script.encode())) < 10_000, name


def test_right_to_left_needs_no_left_and_right_in_the_style(built: World) -> None:
    style = re.findall(r"<style>(.*?)</style>", (built.site / "ar/index.html").read_text("utf-8"), re.DOTALL)[0]
    assert re.findall(r"(?:margin|padding|border)-(?:left|right)|text-align:\s*(?:left|right)|float", style) == []


def test_no_page_says_tampered_or_fake(built: World) -> None:
    for name, page in _pages(built):
        assert re.search(r"tamper|\bfake|manipul|gefälscht|falsifi|sfałsz", page, re.IGNORECASE) is None, name


def test_the_headers_of_the_host_are_at_least_as_closed(built: World) -> None:
    headers = (built.site / "_headers").read_text("ascii")
    for needed in ("default-src 'none'", "frame-ancestors 'none'", "no-referrer", "nosniff", "same-origin"):
        assert needed in headers


def test_a_build_of_the_same_day_is_byte_for_byte_the_same(own: World, tmp_path: Path) -> None:
    again = tmp_path / "again"
    build_site(
        again,
        catalogue=own.home / "public",
        root=own.root,
        agency="Police Unit A",
        contact="contact@example.org",
        today=NOW.date(),
    )
    first = {path.relative_to(own.site): path.read_bytes() for path in own.site.rglob("*") if path.is_file()}
    second = {path.relative_to(again): path.read_bytes() for path in again.rglob("*") if path.is_file()}
    assert first == second


def test_a_final_build_refuses_drafts(own: World, tmp_path: Path) -> None:
    with pytest.raises(NotPermitted, match=rf"{len(SITE_LANGUAGES)} languages are drafts"):
        build_site(tmp_path / "out", catalogue=None, root=own.root, agency="A", today=NOW.date(), final=True)
    assert not (tmp_path / "out").exists()


def test_a_language_without_complete_texts_is_refused_by_name(own: World, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="xx"):
        build_site(
            tmp_path / "out",
            catalogue=None,
            root=own.root,
            agency="A",
            today=NOW.date(),
            languages=(Language("en"), Language("xx")),
        )


def test_an_agency_cannot_write_markup_into_a_page(own: World, tmp_path: Path) -> None:
    build_site(
        tmp_path / "out",
        catalogue=None,
        root=own.root,
        agency="<b>A & B</b>",
        contact="<script>",
        today=NOW.date() + timedelta(days=1),
    )
    page = (tmp_path / "out/en/privacy.html").read_text("utf-8")
    assert "&lt;b&gt;A &amp; B&lt;/b&gt;" in page
    assert "<b>" not in page
    assert "<script>" not in page
