# SPDX-License-Identifier: EUPL-1.2
"""Messages: six languages, complete, calm, with help in each; reviews hold for the words they were given for."""

import dataclasses
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from police2peer.campaign import (
    SHIPPED_LANGUAGES,
    SHIPPED_MESSAGES,
    Arm,
    FileFormat,
    Language,
    MessageWords,
    Review,
    ReviewState,
    Texts,
    direction,
    language_name,
    load_campaign,
    read_message,
    read_reviews,
    shipped_message,
    sign_review,
    write_public_key,
    write_reviews,
)
from police2peer.errors import BadInput
from police2peer.strict_toml import Problems

if TYPE_CHECKING:
    from tests.campaign.conftest import Ready

_ISSUERS = dict.fromkeys(SHIPPED_LANGUAGES, "Example Police")
_WITH_TEXT = [name for name in SHIPPED_MESSAGES if name != "blank"]
_EN = Language("en")


def _shipped(name: str) -> MessageWords:
    return shipped_message(name, SHIPPED_LANGUAGES, _ISSUERS)


@pytest.mark.parametrize("name", _WITH_TEXT)
def test_every_shipped_message_is_complete_in_every_language(name: str) -> None:
    words = _shipped(name)
    assert words.arm == name == words.id
    assert tuple(words.texts) == SHIPPED_LANGUAGES
    for texts in words.texts.values():
        assert all(text.strip() for _, text in texts.sentences())
        assert 3 <= len(texts.points) <= 5
        assert len(texts.subtitles) >= 5
        assert texts.issuer == "Example Police"
        assert texts.issuer in texts.who


@pytest.mark.parametrize("name", _WITH_TEXT)
def test_every_warning_carries_help_and_the_way_to_check_it(name: str) -> None:
    for texts in _shipped(name).texts.values():
        for part in (texts.help, texts.verify, texts.scam_note, texts.who, texts.body):
            assert part in texts.readme


@pytest.mark.parametrize("name", _WITH_TEXT)
def test_the_languages_of_a_message_say_the_same_number_of_things(name: str) -> None:
    words = _shipped(name)
    assert len({(len(texts.points), len(texts.subtitles)) for texts in words.texts.values()}) == 1


@pytest.mark.parametrize("name", _WITH_TEXT)
def test_texts_fit_a_card_and_subtitles_can_be_read_in_time(name: str) -> None:
    for texts in _shipped(name).texts.values():
        assert len(texts.title) <= 60
        assert all(len(point) <= 150 for point in texts.points)
        # 17 characters a second is what subtitlers count on; no line stays longer than seven seconds.
        assert all(len(line) <= 7 * 17 for line in texts.subtitles)
        assert not any("!" in text for _, text in texts.sentences())


def test_running_text_has_a_space_between_sentences_where_the_language_has_one() -> None:
    texts = _shipped("help").texts
    assert all("。 " not in texts[Language(tag)].body and "。" in texts[Language(tag)].body for tag in ("ja", "zh"))
    assert all(" ".join(texts[Language(tag)].points) == texts[Language(tag)].body for tag in ("en", "ko", "th"))


def test_shipped_texts_are_drafts() -> None:
    states = {texts.review.state for name in _WITH_TEXT for texts in _shipped(name).texts.values()}
    assert states == {ReviewState.DRAFT}


def test_arabic_and_hebrew_are_written_from_right_to_left() -> None:
    assert {language for language in SHIPPED_LANGUAGES if direction(language) == "rtl"} <= {"ar", "he"}
    assert direction(Language("ar")) == "rtl"
    assert direction(Language("he-IL")) == "rtl"
    assert [language_name(Language(tag)) for tag in ("de", "xx")] == ["Deutsch", "xx"]


def test_a_blank_has_no_text_and_a_format_of_its_own() -> None:
    assert shipped_message("blank", SHIPPED_LANGUAGES, _ISSUERS).texts == {}
    texted = {format_.extension for format_ in FileFormat if format_.carries_text}
    assert {format_.extension for format_ in FileFormat if not format_.carries_text} == texted
    assert FileFormat.BLANK_MP4.extension == "mp4"
    assert all(format_.extension == format_ for format_ in FileFormat if format_.carries_text)


_OWN = """
id = "own"
version = 2
arm = "help"
[en]
title = "You can stop"
lead = "This is not the file you were looking for."
body_title = "A way out"
points = ["You can stop now.", "There is help.", "It is confidential."]
subtitles = ["This file comes from the police."]
"""


def _own(folder: Path, text: str, languages: tuple[Language, ...] = (_EN,)) -> MessageWords:
    path = folder / "own.toml"
    path.write_text(text, encoding="utf-8")
    return read_message(path, languages, _ISSUERS, addresses=["https://police.example/help"])


def test_a_campaign_may_bring_a_message_of_its_own(tmp_path: Path) -> None:
    words = _own(tmp_path, _OWN)
    assert (words.id, words.version, words.arm) == ("own", 2, Arm.HELP)
    texts = words.texts[_EN]
    assert texts.body == "You can stop now. There is help. It is confidential."
    assert texts.help == _shipped("help").texts[_EN].help


@pytest.mark.parametrize(
    ("old", "new", "where", "told"),
    [
        ('title = "You', 'tittle = "You', "en.tittle", 'did you mean "title"?'),
        ('title = "You can stop"', "", "en.title", "missing"),
        ('title = "You can stop"', 'title = " "', "en.title", "blank"),
        ('title = "You can stop"', 'title = "You have 24 hours"', "en.title", "swindler"),
        ('title = "You can stop"', 'title = "Visit https://other.example/"', "en.title", "swindler"),
        ('title = "You can stop"', 'title = "By {name}"', "en.title", "placeholder"),
        ('title = "You can stop"', 'title = "By \\u202e"', "en.title", "direction"),
        ('title = "You can stop"', f'title = "{"x" * 700}"', "en.title", "700 characters"),
        (', "There is help.", "It is confidential."', "", "en.points", "three to five"),
        ('"There is help."', '"Pay now."', "en.points", "swindler"),
        ('"There is help."', '"You can stop now."', "en.points", "there twice"),
        ('arm = "help"', 'arm = "blank"', "arm", "has no text"),
        ('arm = "help"', 'arm = "halp"', "arm", 'did you mean "help"?'),
        ('id = "own"', 'id = "o/n"', "id", "plain name"),
        ("version = 2", "version = 0", "version", "out of bounds"),
        ("[en]", "[de]", "en", "language is missing"),
        ("[en]", 'body = "Pay now."\n[en]', "body", "unknown key"),
        ('lead = "', 'readme = "Pay now."\nlead = "', "en.readme", "swindler"),
    ],
)
def test_a_fault_in_a_message_of_ones_own_is_told(tmp_path: Path, old: str, new: str, where: str, told: str) -> None:
    assert old in _OWN
    with pytest.raises(Problems) as caught:
        _own(tmp_path, _OWN.replace(old, new, 1))
    problems = {one.where: f"{one.facts}; {one.remedy}" for one in caught.value.problems}
    assert told in problems[where]


def test_an_incomplete_language_tells_each_missing_text(tmp_path: Path) -> None:
    text = _OWN + '[de]\ntitle = "Hilfe"\n'
    with pytest.raises(Problems) as caught:
        _own(tmp_path, text, (_EN, Language("de")))
    assert {one.where for one in caught.value.problems} >= {"de.lead", "de.body_title", "de.points", "de.subtitles"}


def test_a_language_that_the_campaign_does_not_speak_is_left_alone(tmp_path: Path) -> None:
    assert tuple(_own(tmp_path, _OWN + '[de]\ntitle = "Hilfe"\n').texts) == (_EN,)


def test_a_campaign_file_names_the_lines_of_a_message_file(ready: "Ready") -> None:
    (ready.folder / "own.toml").write_text(_OWN.replace("You can stop now.", "Pay now."), encoding="utf-8")
    ready.change('languages = ["en", "de", "fr", "es", "pl", "ar"]', 'languages = ["en"]')
    ready.change('message = "help"', 'file = "own.toml"')
    with pytest.raises(Problems) as caught:
        load_campaign(ready.folder)
    told = str(caught.value)
    assert "own.toml:9: en.points: a swindler would write this (payment: 'pay');" in told


@given(st.binary(max_size=300))
def test_any_bytes_of_a_message_file_give_problems(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_bytes(content)
    with pytest.raises(Problems):
        read_message(path, SHIPPED_LANGUAGES, _ISSUERS)


_REVIEWER = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)


def _review_all(ready: "Ready") -> None:
    write_public_key(ready.folder / "reviewer.pub", _REVIEWER.public_key().public_bytes_raw())
    text = ready.file.read_text(encoding="utf-8")
    ready.file.write_text(
        text + '\n[[reviewers]]\nname = "A Reviewer"\npublic_key = "reviewer.pub"\n', encoding="utf-8"
    )
    campaign = load_campaign(ready.folder, for_review=True)
    reviews = [
        sign_review(message.id, texts, reviewer="A Reviewer", reviewed_on=date(2027, 2, 1), key=_REVIEWER)
        for message in campaign.messages
        for texts in message.texts.values()
    ]
    write_reviews(ready.folder / "reviews.json", reviews)


def _for_production(ready: "Ready") -> None:
    ready.change("production = false", "production = true")
    ready.change("p2p.police.example", "p2p.police.invalid.eu", count=2)


def test_production_begins_when_every_text_is_reviewed(ready: "Ready") -> None:
    _for_production(ready)
    _review_all(ready)
    campaign = load_campaign(ready.folder)
    assert campaign.production
    assert campaign.drafts() == ()
    reviews = {texts.review for message in campaign.messages for texts in message.texts.values()}
    assert reviews == {Review(ReviewState.SIGNED, "A Reviewer", date(2027, 2, 1))}


def test_a_review_holds_for_the_same_words_without_an_officer_and_moving(ready: "Ready") -> None:
    _for_production(ready)
    _review_all(ready)
    ready.change(
        'message = "help"\n',
        'message = "help"\n\n[[messages]]\nmessage = "help"\nofficer = false\nmoving = true\n'
        '\n[[messages]]\nmessage = "help"\nmoving = true\n',
    )
    campaign = load_campaign(ready.folder)
    assert {"help", "help-text-moving", "help-moving"} < {message.id for message in campaign.messages}
    assert {message.words_id for message in campaign.messages if message.arm is Arm.HELP} == {"help"}
    assert campaign.drafts() == ()


def test_a_word_changed_after_the_review_is_a_draft_again(ready: "Ready") -> None:
    _for_production(ready)
    _review_all(ready)
    ready.change("Policía Nacional de Ejemplo", "Policía de Ejemplo")
    problems = ready.problems()
    assert len(problems) == 4
    assert all("texts in es are a draft" in one.facts for one in problems)


def test_a_review_by_somebody_else_counts_for_nothing(ready: "Ready") -> None:
    _review_all(ready)
    write_public_key(ready.folder / "reviewer.pub", bytes(32))
    assert len(load_campaign(ready.folder).drafts()) == 24


def test_a_forged_review_is_told(ready: "Ready") -> None:
    _review_all(ready)
    path = ready.folder / "reviews.json"
    document = json.loads(path.read_bytes())
    document[0]["reviewed_on"] = "2027-02-02"
    path.write_text(json.dumps(document))
    assert "does not hold" in ready.problem("reviews.json").facts


@given(st.binary(max_size=100))
def test_any_bytes_are_reviews_or_bad_input(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "reviews.json"
    path.write_bytes(content)
    try:
        assert read_reviews(path) == ()
    except BadInput:
        return


def test_reviews_come_back_as_they_were_written(tmp_path: Path) -> None:
    texts = _shipped("help").texts[_EN]
    review = sign_review(
        "help", texts, reviewer="A", reviewed_on=datetime(2027, 1, 1, tzinfo=UTC).date(), key=_REVIEWER
    )
    write_reviews(tmp_path / "reviews.json", [review])
    assert read_reviews(tmp_path / "reviews.json") == (review,)
    assert read_reviews(tmp_path / "none.json") == ()


def test_every_text_of_the_dataclass_is_checked_and_signed() -> None:
    texts = _shipped("combined").texts[_EN]
    fields = {field.name for field in dataclasses.fields(Texts)} - {"language", "review"}
    assert {name.partition("[")[0] for name, _ in texts.sentences()} == fields
