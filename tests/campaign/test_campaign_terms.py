# SPDX-License-Identifier: EUPL-1.2
"""Terms are masked, normalised and compared word by word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from police2peer.campaign import Term, words_of
from police2peer.errors import BadInput


def test_a_term_prints_masked() -> None:
    term = Term.parse("sample clip")
    assert f"{term} {term!r}" == "<term> <term>"
    assert term == Term.parse("CLIP, sample")
    assert hash(term) == hash(Term.parse("CLIP sample"))


@pytest.mark.parametrize("raw", ["", " _-. ", "x" * 81])
def test_a_term_without_words_or_too_long_is_refused_without_showing_it(raw: str) -> None:
    with pytest.raises(BadInput) as told:
        Term.parse(raw)
    assert raw == "" or raw not in str(told.value)


@given(st.text())
def test_words_stay_the_same_when_read_again(text: str) -> None:
    words = words_of(text)
    assert all(words)
    assert words_of(" ".join(words)) == words
