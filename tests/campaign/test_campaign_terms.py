# SPDX-License-Identifier: EUPL-1.2
"""Terms are masked, normalised and compared word by word."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from police2peer.campaign import Term, load_campaign, new_campaign, read_terms, words_of
from police2peer.errors import BadInput
from police2peer.strict_toml import Problems


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


def test_terms_are_numbered_and_their_order_of_words_makes_no_difference(tmp_path: Path) -> None:
    path = tmp_path / "terms.txt"
    path.write_text("# remark\nSample Clip\n\nsample-picture 07\n")
    terms = read_terms(path)
    assert [term.id for term in terms] == ["S-0001", "S-0002"]
    assert terms[1].term.reveal() == {"sample", "picture", "07"}


def test_the_same_term_twice_is_told_with_its_line_and_never_shown(tmp_path: Path) -> None:
    path = tmp_path / "terms.txt"
    path.write_text("zebra clip\nclip, ZEBRA\n---\n")
    with pytest.raises(Problems) as told:
        read_terms(path)
    assert [(one.line, one.facts) for one in told.value.problems] == [
        (2, "the same term as S-0001"),
        (3, "the term holds no word"),
    ]
    assert "zebra" not in str(told.value).lower()


def test_terms_are_part_of_what_the_order_approves_and_may_be_absent(tmp_path: Path) -> None:
    path = new_campaign(tmp_path / "unit", now=datetime(2026, 11, 23, tzinfo=UTC))
    for name in ("first", "second"):
        (path.parent / "approvers").mkdir(exist_ok=True)
        (path.parent / "approvers" / f"{name}.pub").write_text(("a1" if name == "first" else "b2") * 32)
    with_terms = load_campaign(path)
    (path.parent / "terms.txt").write_text("sample clip\n")
    fewer = load_campaign(path)
    path.write_text(path.read_text().replace('terms = "terms.txt"\n', ""))
    none = load_campaign(path)
    assert len({with_terms.sha256, fewer.sha256, none.sha256}) == 3
    assert [len(one.terms) for one in (with_terms, fewer, none)] == [3, 1, 0]
