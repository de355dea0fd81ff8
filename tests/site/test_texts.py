# SPDX-License-Identifier: EUPL-1.2
import copy
import re
from collections.abc import Iterator, Mapping

import pytest

from police2peer.campaign import Language
from police2peer.site.help_directory import Audience, Confidentiality, Cost, Kind, Limit
from police2peer.site.texts import SITE_LANGUAGES, complete_texts, differences, load_texts


def _leaves(tree: object, where: str = "") -> Iterator[tuple[str, str]]:
    match tree:
        case Mapping():
            for key, value in tree.items():
                yield from _leaves(value, f"{where}.{key}")
        case list():
            for index, value in enumerate(tree):
                yield from _leaves(value, f"{where}[{index}]")
        case _:
            yield where, str(tree)


@pytest.mark.parametrize("language", SITE_LANGUAGES)
def test_each_shipped_language_is_complete(language: Language) -> None:
    english, texts = load_texts(Language("en")), load_texts(language)
    assert english is not None
    assert texts is not None
    assert differences(english.words, texts.words) == []


@pytest.mark.parametrize("language", [each for each in SITE_LANGUAGES if each != "en"])
def test_no_english_sentence_was_left_in_a_translation(language: Language) -> None:
    english, texts = load_texts(Language("en")), load_texts(language)
    assert english is not None
    assert texts is not None
    theirs = dict(_leaves(texts.words))
    same = [where for where, text in _leaves(english.words) if theirs[where] == text and text.count(" ") > 1]
    assert same == []


def test_arabic_texts_are_in_arabic_letters() -> None:
    texts = load_texts(Language("ar"))
    assert texts is not None
    foreign = [where for where, text in _leaves(texts.words) if not re.search(r"[\u0600-\u06ff]", text)]
    assert foreign == []


def test_a_language_with_one_text_missing_or_blank_is_not_complete() -> None:
    english = load_texts(Language("en"))
    assert english is not None
    shape = copy.deepcopy(dict(english.words))
    changes: list[dict[str, object]] = [{"nav": {}}, {"nav": {"verify": " "}}, {"nav": "text"}, {"nav": []}]
    for broken in changes:
        assert differences(shape, {**shape, **broken}) != []
    assert differences({"a": "by {agency}"}, {"a": "by nobody"}) == [".a: other places to fill in"]
    assert differences({"a": ["x", "y"]}, {"a": ["x"]}) == [".a: 1 items, not 2"]


def test_an_unknown_language_is_left_out() -> None:
    assert [each.tag for each in complete_texts((Language("en"), Language("xx")), agency="A")] == ["en"]


def test_the_publishers_name_keeps_its_direction_in_right_to_left_text() -> None:
    (arabic,) = complete_texts((Language("ar"),), agency="Police Unit A")
    assert "\u2068Police Unit A\u2069" in arabic.of("common", "published_by")


def test_the_words_of_the_help_page_cover_every_kind_of_entry() -> None:
    english = load_texts(Language("en"))
    assert english is not None
    groups = {
        "kind_names": Kind,
        "cost_names": Cost,
        "audience_names": Audience,
        "confidentiality_names": Confidentiality,
        "limit_names": Limit,
    }
    for group, members in groups.items():
        for member in members:
            assert english.of("help", group, member.value)


def test_a_text_asked_for_by_a_wrong_name_is_an_error() -> None:
    english = load_texts(Language("en"))
    assert english is not None
    for keys in (("nav",), ("nav", "nothing"), ("nav", "verify", "deeper")):
        with pytest.raises(KeyError):
            english.of(*keys)
