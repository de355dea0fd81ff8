# SPDX-License-Identifier: EUPL-1.2
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.site.conftest import NOW, World

from police2peer.site import read_directory, shipped_directory
from police2peer.site.help_directory import ANYWHERE, YOUNG
from police2peer.strict_toml import Problems

_PATH = Path("services.toml")
_TODAY = NOW.date()
_ENTRY = """
[[services]]
id = "one"
name = "One"
place = "NL"
languages = ["nl"]
cost = "free"
audiences = ["self"]
confidentiality = "anonymous"
source = "a page"
contacts = [{ kind = "website", value = "example.org", seen = true }]
"""


def _checked(on: date, until: date) -> str:
    return f'{_ENTRY}verified_on = "{on}"\nverified_by = "officer 7"\nnext_check = "{until}"\n'


def test_every_entry_that_ships_is_unverified() -> None:
    assert all(service.verified_on is None for service in shipped_directory().services)


def test_what_was_only_remembered_is_not_shown_before_it_is_verified() -> None:
    shown = [contact for service in shipped_directory().services for contact in service.shown_contacts()]
    assert all(contact.seen or not contact.value for contact in shown)
    assert any(not contact.seen for contact in shown)


def test_a_service_whose_phone_was_switched_off_is_not_listed() -> None:
    directory = shipped_directory()
    assert "ES" not in directory.countries(_TODAY)
    assert "ES" in directory.countries_without(_TODAY)


def test_there_is_always_help_from_any_country_and_for_the_young() -> None:
    directory = shipped_directory()
    assert directory.at(ANYWHERE, _TODAY)
    assert directory.at(YOUNG, _TODAY)


def test_a_verified_entry_hides_itself_when_its_next_check_is_due() -> None:
    directory = read_directory(_checked(_TODAY, _TODAY + timedelta(days=60)).encode(), _PATH)
    assert directory.countries(_TODAY + timedelta(days=60)) == ("NL",)
    assert directory.countries(_TODAY + timedelta(days=61)) == ()
    assert directory.countries_without(_TODAY + timedelta(days=61)) == ("NL",)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (_checked(_TODAY, _TODAY + timedelta(days=91)), "at most 90 days"),
        (_ENTRY + 'verified_on = "2026-11-23"\n', "a check is told in part"),
        (_ENTRY + 'verified_on = "soon"\n', "this is no date"),
        (_ENTRY.replace('"NL"', '"Holland"'), "ISO 3166-1"),
        (_ENTRY.replace("example.org", "http://example.org?x=1"), "example.org/path"),
        (_ENTRY.replace('"website"', '"chat"'), "list it in `kinds`"),
        (_ENTRY.replace("cost", "costs"), 'did you mean "cost"'),
        (_ENTRY + _ENTRY, "two services have the same id"),
        (_ENTRY.replace('value = "example.org", ', ""), "write what was seen"),
        ("services = 3", "[[services]]"),
    ],
)
def test_what_is_wrong_in_a_directory_is_told_with_its_remedy(content: str, told: str) -> None:
    with pytest.raises(Problems) as caught:
        read_directory(content.encode(), _PATH)
    assert told in str(caught.value)


@given(st.binary(max_size=400))
@example(b"[[services]]\nid=1\ncontacts=[1]")
def test_any_bytes_are_a_directory_or_a_problem(content: bytes) -> None:
    try:
        read_directory(content, _PATH)
    except Problems as problems:
        assert problems.problems  # noqa: PT017 - either way is right, and nothing else may happen


@pytest.mark.parametrize("language", ["en", "ar"])
def test_the_page_shows_every_entry_as_not_yet_checked(built: World, language: str) -> None:
    page = (built.site / language / "help.html").read_text("utf-8")
    directory = shipped_directory()
    shown = [service for service in directory.services if service.is_shown(_TODAY)]
    twice = ["one-in-four-ie"]  # for who worries and for who was harmed, in a country with both kinds
    assert page.count('<article class="service">') == len(shown) + len(twice)
    assert page.count('<p class="state">') == len(shown) + len(twice)
    assert built.report.unverified_services == len(shown)
    assert "900 440 443" not in page
    assert "020-66 77 88" not in page


def test_the_page_says_that_the_services_are_not_the_police(built: World) -> None:
    page = (built.site / "en/help.html").read_text("utf-8")
    assert "no affiliation with the police" in page
    assert "Poland" in page[page.index('id="none"') :]


def test_a_country_shows_both_kinds_of_service_or_leads_to_the_other(built: World) -> None:
    page = (built.site / "en/help.html").read_text("utf-8")
    ireland = page[page.index('id="ie"') : page.index('id="it"')]
    worried, _, harmed = ireland.partition("<h3>Under 18, or harmed by others</h3>")
    assert "<h3>If you worry about yourself or about somebody close to you</h3>" in worried
    assert "Stop It Now" in worried
    assert "One in Four" in worried
    assert "One in Four" in harmed
    assert "Stop It Now" not in harmed
    italy = page[page.index('id="it"') : page.index('id="nl"')]
    assert '<a href="#young">' in italy
    assert '<a href="#young">' not in ireland
