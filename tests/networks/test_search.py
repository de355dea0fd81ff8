# SPDX-License-Identifier: EUPL-1.2
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from police2peer.campaign import ApprovedTerm, Term, TermId, Title
from police2peer.networks import Offer, OfferId
from police2peer.networks.search import Search, SearchIndex

if TYPE_CHECKING:
    from tests.networks.conftest import Workshop


def _index(offers: list[Offer], *terms: str) -> SearchIndex:
    index = SearchIndex(ApprovedTerm(TermId(f"S-{n:04d}"), Term.parse(term)) for n, term in enumerate(terms, 1))
    for offer in offers:
        index.add(offer)
    return index


@pytest.fixture
def offers(workshop: "Workshop") -> list[Offer]:
    """Five titles, each on a file of its own."""
    made = workshop.offers(workshop.clip(1000), 5)
    return [replace(offer, hashes=replace(offer.hashes, tth=f"{n:A>39}")) for n, offer in enumerate(made)]


def _titles(found: tuple[Offer, ...]) -> list[str]:
    return sorted(offer.title_id for offer in found)


def test_a_search_that_holds_an_approved_term_finds_the_titles_that_fit_it(offers: list[Offer]) -> None:
    index = _index(offers, "sample clip")
    assert index.answer(Search(("sample", "clip", "000003")), 10) == ("S-0001", (offers[2],))
    term, found = index.answer(Search(("CLIP", "Sample")), 10)
    assert (term, _titles(found)) == ("S-0001", ["T-0001", "T-0002", "T-0003", "T-0004", "T-0005"])


@pytest.mark.parametrize("words", [("sample",), ("clip",), ("sampleclip",), ("other",), ("samp", "clip"), ()])
def test_a_search_without_an_approved_term_is_not_answered(words: tuple[str, ...], offers: list[Offer]) -> None:
    assert _index(offers, "sample clip").answer(Search(words), 10) == (None, ())


def test_without_approved_terms_nothing_is_answered(offers: list[Offer]) -> None:
    assert _index(offers).answer(Search(("sample", "clip")), 10) == (None, ())


def test_a_search_that_no_title_fits_is_counted_and_not_answered(offers: list[Offer]) -> None:
    index = _index(offers, "sample clip")
    assert index.answer(Search(("sample", "clip", "holiday")), 10) == ("S-0001", ())


def test_names_are_approved_titles_and_never_made_from_the_search(offers: list[Offer]) -> None:
    _, found = _index(offers, "sample clip").answer(Search(("sample clip 000002", "mp4")), 10)
    assert found == ()
    _, found = _index(offers, "sample clip").answer(Search(("sample-clip-000002", "mp4")), 10)
    assert [offer.file_name() for offer in found] == ["sample-clip-000002.mp4"]


def test_excluded_words_extensions_and_sizes_are_kept(offers: list[Offer]) -> None:
    index, words = _index(offers, "sample clip"), ("sample", "clip")
    assert _titles(index.answer(Search(words, excluded=("00000",)), 10)[1]) == []
    assert len(index.answer(Search(words, excluded=("000001",)), 10)[1]) == 4
    assert len(index.answer(Search(words, extensions=("AVI", "MP4")), 10)[1]) == 5
    assert index.answer(Search(words, extensions=("avi",)), 10)[1] == ()
    assert len(index.answer(Search(words, least_bytes=1000, most_bytes=1000), 10)[1]) == 5
    assert index.answer(Search(words, least_bytes=1001), 10)[1] == ()
    assert index.answer(Search(words, most_bytes=999), 10)[1] == ()


def test_of_several_terms_the_one_of_most_words_counts(offers: list[Offer]) -> None:
    index = _index(offers, "clip", "sample clip", "sample")
    assert index.matched(("sample", "clip", "7")) == "S-0002"
    assert index.matched(("sample",)) == "S-0003"
    assert index.matched(("picture",)) is None


def test_a_withdrawn_offer_is_found_no_more_and_a_new_one_at_once(offers: list[Offer]) -> None:
    index, search = _index(offers[:4], "sample clip"), Search(("sample", "clip"))
    assert len(index.answer(search, 10)[1]) == 4
    index.remove(offers[0].id)
    index.remove(OfferId("never there"))
    assert _titles(index.answer(search, 10)[1]) == ["T-0002", "T-0003", "T-0004"]
    index.add(offers[4])
    assert len(index.answer(search, 10)[1]) == len(index) == 4


def test_one_answer_holds_one_title_of_a_file(workshop: "Workshop") -> None:
    same = workshop.offers(workshop.clip(1000), 5)
    index = _index(same, "sample clip")
    assert [len(index.answer(Search(("sample", "clip")), 10)[1]) for _ in range(5)] == [1] * 5


def test_every_title_is_shown_equally_often(offers: list[Offer]) -> None:
    index, shown = _index(offers, "sample clip"), Counter[str]()
    for _ in range(100):
        shown.update(offer.title_id for offer in index.answer(Search(("sample", "clip")), 2)[1])
    assert set(shown.values()) == {40}


def test_titles_in_other_letters_are_found_however_they_are_typed(offers: list[Offer]) -> None:
    wide = "\uff23\uff2c\uff29\uff30"  # CLIP in full-width letters
    title = replace(offers[0], title=Title.parse(f"Straße-{wide}"))
    index = _index([title], "strasse clip")
    assert index.answer(Search(("STRASSE", "clip")), 5)[1] == (title,)


@given(st.lists(st.text(max_size=20), max_size=80), st.lists(st.text(max_size=5), max_size=3), st.integers(0, 12))
def test_whatever_is_searched_is_answered_within_the_limit(words: list[str], excluded: list[str], limit: int) -> None:
    index = SearchIndex([ApprovedTerm(TermId("S-0001"), Term.parse("a"))])
    term, found = index.answer(Search(tuple(words), tuple(excluded)), limit)
    assert found == ()
    assert term in (None, "S-0001")
