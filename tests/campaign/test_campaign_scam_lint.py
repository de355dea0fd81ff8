# SPDX-License-Identifier: EUPL-1.2
"""The scam lint: what a swindler writes is caught in every language, what we write passes in every language."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from police2peer.campaign import (
    SHIPPED_LANGUAGES,
    SHIPPED_MESSAGES,
    Language,
    ScamKind,
    has_scam_rules,
    scam_lint,
    shipped_message,
)
from police2peer.errors import BadInput

_D, _P, _R = ScamKind.DEADLINE, ScamKind.PAYMENT, ScamKind.REPLY

_SENTENCES = {
    Language(path.stem): tomllib.loads(path.read_text("utf-8"))
    for path in sorted((Path(__file__).parent / "swindles").glob("*.toml"))
}

_IN_ANY_LANGUAGE = [
    (_R, "someone@police.example"),
    (_R, "someone (at) police.example"),
    (_R, "https://police.example/pay"),
    (_R, "www.police.example"),
    (_R, "+47 22 33 44 55"),
    (_R, "0800 1000 900"),
    (_R, "WhatsApp"),
    (_R, "Te\u200blegram"),
    (_P, "500 €"),
    (_P, "0.01 BTC"),
    (_P, "NO93 8601 1117 9470 0"),
    (_D, "18:00"),
    (_D, "31.12.2027"),
]


@pytest.mark.parametrize(
    ("language", "kind", "text"),
    [(language, kind, text) for language, told in _SENTENCES.items() for kind in ScamKind for text in told[kind]],
)
def test_what_a_swindler_writes_is_caught(language: Language, kind: ScamKind, text: str) -> None:
    assert kind in {finding.kind for finding in scam_lint(text, language)}


@pytest.mark.parametrize("language", SHIPPED_LANGUAGES)
@pytest.mark.parametrize(("kind", "text"), _IN_ANY_LANGUAGE)
def test_addresses_numbers_and_sums_are_caught_in_any_language(language: Language, kind: ScamKind, text: str) -> None:
    assert kind in {finding.kind for finding in scam_lint(text, language)}


@pytest.mark.parametrize("language", SHIPPED_LANGUAGES)
def test_every_kind_is_tested_in_every_language(language: Language) -> None:
    assert all(_SENTENCES[language][kind] for kind in [*ScamKind, "lawful"])


@pytest.mark.parametrize("language", SHIPPED_LANGUAGES)
@pytest.mark.parametrize("name", SHIPPED_MESSAGES)
def test_no_shipped_text_is_taken_for_a_swindle(language: Language, name: str) -> None:
    words = shipped_message(name, [language], {language: "Police"})
    sentences = [text for texts in words.texts.values() for _, text in texts.sentences()]
    assert bool(sentences) is (name != "blank")
    assert {text: found for text in sentences if (found := scam_lint(text, language))} == {}
    # Not one by one only: a card shows them together.
    assert scam_lint(" ".join(sentences), language) == []


@pytest.mark.parametrize(
    ("language", "text"), [(one, text) for one, told in _SENTENCES.items() for text in told["lawful"]]
)
def test_lawful_words_pass(language: Language, text: str) -> None:
    assert scam_lint(text, language) == []


@pytest.mark.parametrize(
    "text",
    [
        *(
            "PAY NOW",
            "p\u0301ay",
            "pa\u200by",
            "p\u00ada\u00ady",
            "\uff50\uff41\uff59",
            "pay\u00a0now",
            "please\npay",
        ),
        *("pa\u0e34y", "pa\u0941y"),
        *("\U0001d40f\U0001d400\U0001d418", "\u24c5\u24b6\u24ce", "\uff30\uff21\uff39"),
    ],
)
def test_letters_in_disguise_are_seen_through(text: str) -> None:
    assert [finding.kind for finding in scam_lint(text, Language("en"))] == [ScamKind.PAYMENT]


@pytest.mark.parametrize(("kind", "text"), [*_IN_ANY_LANGUAGE, (_P, "500EUR"), (_D, "2027/12/31")])
@pytest.mark.parametrize("around", ["请{}前", "は{}まで", "ใน{}ที่", "в{}до"])
def test_what_stands_between_letters_without_a_space_is_seen(around: str, kind: ScamKind, text: str) -> None:
    assert kind in {finding.kind for finding in scam_lint(around.format(text), Language("en"))}


def test_the_help_and_verify_addresses_may_stand_in_a_text() -> None:
    text = "See https://police.example/help and https://police.example/."
    addresses = ("https://police.example/", "https://police.example/help")
    assert scam_lint(text, Language("en")) != []
    assert scam_lint(text, Language("en"), addresses=addresses) == []
    for hung_on in ("https://police.example/help@other.example", "https://police.example/.other.example/pay"):
        assert scam_lint(hung_on, Language("en"), addresses=addresses) != []


def test_a_language_without_rules_is_refused() -> None:
    for language in ("xx", "every", "../en", "", "EN-", "x" * 500):
        if not has_scam_rules(Language(language)):
            with pytest.raises(BadInput, match="no rules"):
                scam_lint("text", Language(language))
    assert not has_scam_rules(Language("every"))
    assert not has_scam_rules(Language("../en"))
    assert has_scam_rules(Language("de-AT"))


def test_every_finding_has_a_remedy() -> None:
    assert all(kind.remedy for kind in ScamKind)


@given(st.text(max_size=300), st.sampled_from(SHIPPED_LANGUAGES))
def test_any_text_can_be_checked(text: str, language: Language) -> None:
    for finding in scam_lint(text, language):
        assert finding.words
