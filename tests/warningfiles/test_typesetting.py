# SPDX-License-Identifier: EUPL-1.2
import dataclasses
import hashlib
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from police2peer.campaign import SHIPPED_LANGUAGES, Campaign, Language, WarningMessage, shipped_message
from police2peer.errors import BadInput
from police2peer.warningfiles import BaseStore, Studio, VerifyCode
from police2peer.warningfiles.fonts import face_of, fonts_for
from police2peer.warningfiles.painting import Pixels
from police2peer.warningfiles.typesetting import Typesetter
from police2peer.warningfiles.wording import Wording
from police2peer.warningfiles.workshop import FILM_CARDS, Workshop

_EN, _AR, _JA, _KO, _TH, _ZH = map(Language, ("en", "ar", "ja", "ko", "th", "zh"))
_CODE = VerifyCode("FVPA-GSRR-NJ60")
_TEMPLATES = Path(__file__).parents[2] / "src/police2peer/warningfiles/templates"
_SETTINGS = {*map(Language, ("ar", "de", "el", "fi", "he", "hi", "ja", "ko", "th", "zh"))}
_HAS_CJK = importlib.util.find_spec("noto_cjk_sans_jp_bold") is not None
_ARMS = ("combined", "traceability", "legality", "help")
_LEAST_CONTRAST = 7.0  # WCAG 2.2, 1.4.6 (AAA)
_ROUNDING = 3
# 「This is not the file that you were looking for」, as languages without spaces would say it.
_LONG = {
    _JA: "これはあなたが探していたファイルではありません",
    _ZH: "这不是您要找的文件这不是您要找的文件这不是您要找的文件",
    _TH: "นี่ไม่ใช่ไฟล์ที่คุณกำลังมองหานี่ไม่ใช่ไฟล์ที่คุณกำลังมองหา",
    _KO: "이것은 찾으시던 파일이 아닙니다",
}


def _needs_font(language: Language) -> None:
    if face_of(language).script.needs_cjk and not _HAS_CJK:
        pytest.skip(f"{language} needs the extra cjk, which is not installed")


def _in(message: WarningMessage, language: Language, **changed: object) -> WarningMessage:
    """Give the message in a language, in the arm with the longest words there."""
    arms = [shipped_message(arm, [language], {language: "Example National Police"}).texts for arm in _ARMS]
    longest = max(arms, key=lambda texts: sum(len(text) for _, text in texts[language].sentences()))
    return dataclasses.replace(message, texts={language: dataclasses.replace(longest[language], **changed)})  # type: ignore[arg-type]  # fields by name


def _as(message: WarningMessage, language: Language, **changed: object) -> Wording:
    """Give English words set as another language would be, so that no translation is needed to test its setting."""
    texts = dataclasses.replace(message.texts[_EN], language=language, **changed)  # type: ignore[arg-type]  # fields by name
    return Wording.of(dataclasses.replace(message, texts={language: texts}), language)


def _colours_of(picture: Pixels, least: int = 1) -> list[tuple[int, int, int]]:
    """Give the colours that at least so many pixels have."""
    packed = picture.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], dtype=np.uint32)
    colours, counts = np.unique(packed, return_counts=True)
    return [(int(one) >> 16, int(one) >> 8 & 255, int(one) & 255) for one in colours[counts >= least]]


@pytest.mark.parametrize("language", SHIPPED_LANGUAGES)
def test_every_language_fits_and_has_every_letter(
    language: Language, studio: Studio, message: WarningMessage
) -> None:
    _needs_font(language)
    assert studio.check(_in(message, language)) == ()


# One of each script, and the languages with the longest words.
@pytest.mark.parametrize("language", sorted(_SETTINGS & set(SHIPPED_LANGUAGES)))
def test_no_word_stands_over_the_margin(language: Language, studio: Studio, message: WarningMessage) -> None:
    _needs_font(language)
    for number, picture in enumerate(studio.preview(_in(message, language), language)):
        margin = 60 if number == 0 else 76  # the drawn officer stands a little nearer to the edge
        for side in (picture[:, :margin], picture[:, -margin:]):
            # Nothing but the grounds: navy, and the deeper blue under the lower half of the sheet.
            assert len(_colours_of(side)) <= 2, number


@pytest.mark.parametrize("language", _LONG)
def test_a_sentence_without_spaces_is_broken_and_not_taken_for_a_word(
    language: Language, store: BaseStore, message: WarningMessage
) -> None:
    _needs_font(language)
    shop = Workshop(store)
    opening = shop.film_card(_as(message, language, title=_LONG[language]), "opening")
    white = opening[110:600, 60:800].min(axis=2) > 250
    assert not white[:, 724:].any()
    # At most the whole width at the largest size would be one line of some 60 pixels; there are several.
    rows = np.flatnonzero(white.any(axis=1))
    assert rows[-1] - rows[0] > 100


@pytest.mark.skipif(not _HAS_CJK, reason="needs the extra cjk, which is not installed")
def test_chinese_japanese_and_korean_take_their_own_shape_of_a_sign(
    store: BaseStore, message: WarningMessage
) -> None:
    shop = Workshop(store)
    shown = {
        language: shop.film_card(_as(message, language, title="直令次入"), "opening") for language in (_JA, _KO, _ZH)
    }
    assert (shown[_JA] != shown[_ZH]).any()
    assert (shown[_JA] != shown[_KO]).any()
    assert (shown[_KO] != shown[_ZH]).any()


@pytest.mark.skipif(not _HAS_CJK, reason="needs the extra cjk, which is not installed")
def test_latin_words_among_chinese_are_set_as_elsewhere(store: BaseStore, message: WarningMessage) -> None:
    shop = Workshop(store)
    chinese, english = (shop.film_card(_as(message, one, footer="Police"), "points") for one in (_ZH, _EN))
    foot = np.s_[655:, 80:400]
    rows = [np.flatnonzero((picture[foot].min(axis=2) > 150).any(axis=0)) for picture in (chinese, english)]
    assert rows[0].tolist() == rows[1].tolist()


def test_a_language_without_its_font_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="'zh' is set with Noto Sans CJK JP") as caught:
        fonts_for(face_of(_ZH), tmp_path, ("no-such-font-package",))
    assert "police2peer[cjk]" in caught.value.remedy
    fonts_for(face_of(_EN), tmp_path, ("no-such-font-package",))


def test_a_missing_letter_is_named_with_language_and_fonts(studio: Studio, message: WarningMessage) -> None:
    facts = [finding.facts for finding in studio.check(_in(message, _EN, lead="A \u4e00 b"))]
    assert facts == ["lead has '\u4e00', which FiraGO does not have"]
    if _HAS_CJK:
        words = dataclasses.replace(message.texts[_EN], language=_JA, lead="\u1780")
        facts = [one.facts for one in studio.check(dataclasses.replace(message, texts={_JA: words}))]
        assert facts == ["lead has '\u1780', which FiraGO and Noto Sans CJK JP do not have"]


def test_a_text_too_long_names_field_language_and_card(store: BaseStore, message: WarningMessage) -> None:
    shop = Workshop(store)
    for language, field, card in ((_EN, "lead", "opening"), (_AR, "verify", "verify"), (_TH, "title", "opening")):
        long = _as(message, language, **{field: "A sentence that goes on. " * 60})
        with pytest.raises(BadInput, match=f"the text {field} in '{language}' is too long for the {card}"):
            shop.film_card(long, card)
    with pytest.raises(BadInput, match="the text title in 'en' is too long for the sheet"):
        shop.sheet(_as(message, _EN, title="W" * 60))


def test_a_word_that_cannot_be_broken_is_too_long_in_languages_that_break_elsewhere(
    store: BaseStore, message: WarningMessage
) -> None:
    for language in (_TH, _ZH) if _HAS_CJK else (_TH,):
        with pytest.raises(BadInput, match=f"the text title in '{language}' is too long"):
            Workshop(store).film_card(_as(message, language, title="W" * 60), "opening")


def _luminance(colour: tuple[int, ...]) -> float:
    """Give the relative luminance of WCAG 2.2."""
    shares = [value / 255 for value in colour]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _colours() -> dict[str, tuple[int, ...]]:
    text = (_TEMPLATES / "shared.typ").read_text("utf-8")
    found = re.findall(r'#let ([a-z-]+) = rgb\("#([0-9a-f]{6})"\)', text)
    return {name: tuple(bytes.fromhex(digits)) for name, digits in found} | {"white": (255, 255, 255)}


def _is_between(colour: tuple[int, ...], one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Tell whether a colour is a blend of two grounds, at the edge of one over the other."""
    return all(
        low <= value <= high
        for value, (low, high) in zip(colour, map(sorted, zip(one, other, strict=True)), strict=True)
    )


def _is_one_of(colour: tuple[int, ...], known: set[tuple[int, ...]]) -> bool:
    """Tell whether a colour is one of these, give or take the rounding of the one who draws."""
    return any(max(abs(one - other) for one, other in zip(colour, each, strict=True)) <= _ROUNDING for each in known)


@pytest.mark.parametrize("language", [_EN, _AR])
def test_all_text_on_cards_and_sheets_stands_out_seven_to_one(
    language: Language, studio: Studio, message: WarningMessage
) -> None:
    named = _colours()
    grounds, texts = {named["navy"], named["deep"]}, {named["white"], named["pale"], named["gold"]}
    # The line is no text; the badge of the example draws with a gold and a navy of its own.
    beside = {named["line-blue"], (0xC8, 0xB2, 0x73)}
    shown = dataclasses.replace(_in(message, language), officer=False)
    for picture in studio.preview(shown, language):
        # What fills areas; the blends at the edges of letters are each rare.
        flat = _colours_of(picture, least=picture.size // 3 // 1500)
        assert any(_is_one_of(colour, texts) for colour in flat)
        others = [colour for colour in flat if not _is_one_of(colour, grounds | texts | beside)]
        assert [colour for colour in others if not _is_between(colour, named["deep"], named["navy"])] == []
    for ground in grounds:
        for text in texts:
            assert _contrast(text, ground) >= _LEAST_CONTRAST
    assert _contrast(named["navy"], named["white"]) >= _LEAST_CONTRAST


def test_text_over_a_clip_stands_out_on_the_brightest_picture() -> None:
    found = re.search(r'#let glass = rgb\("#([0-9a-f]{8})"\)', (_TEMPLATES / "film.typ").read_text("utf-8"))
    assert found is not None
    *glass, cover = bytes.fromhex(found[1])
    over_white = tuple(round((value * cover + 255 * (255 - cover)) / 255) for value in glass)
    assert _contrast((255, 255, 255), over_white) >= _LEAST_CONTRAST


_MAKE = """
import sys, hashlib
from pathlib import Path
from police2peer.campaign import FileFormat, Language, load_campaign
from police2peer.warningfiles import BaseStore, Studio, VerifyCode
campaign = load_campaign(Path(sys.argv[1]))
message = next(one for one in campaign.messages if one.id == "combined")
studio = Studio(BaseStore(Path(sys.argv[2])))
for name in ("png", "pdf"):
    plan = studio.make(message, Language("ar"), FileFormat(name), VerifyCode(sys.argv[3])).plan
    print(hashlib.sha256(plan.read(0, plan.size)).hexdigest())
"""


def test_pictures_and_documents_are_the_same_bytes_in_a_fresh_process(
    sample: Campaign, studio: Studio, store: BaseStore, message: WarningMessage, tmp_path: Path
) -> None:
    from police2peer.campaign import FileFormat  # noqa: PLC0415 - only here

    arguments = [sys.executable, "-c", _MAKE, str(sample.folder), str(tmp_path), _CODE]
    fresh = subprocess.run(arguments, capture_output=True, text=True, check=True).stdout.split()
    for one in (studio, Studio(store)):  # one that has set many things before, and a new one
        here = [one.make(message, _AR, file_format, _CODE).plan for file_format in (FileFormat.PNG, FileFormat.PDF)]
        assert [hashlib.sha256(plan.read(0, plan.size)).hexdigest() for plan in here] == fresh


def test_what_was_set_before_leaves_no_trace_in_the_next_document(store: BaseStore, message: WarningMessage) -> None:
    shop = Workshop(store)
    other = VerifyCode("0000-0000-0000")
    english, arabic = Wording.of(message, _EN), Wording.of(message, _AR)
    first = shop.document(english, _CODE)
    shop.document(arabic, other)
    shop.film_card(arabic, FILM_CARDS[0])
    assert shop.document(english, other) != first
    assert shop.document(english, _CODE) == first == Workshop(store).document(english, _CODE)


def test_the_words_on_their_way_to_typst_are_removed_with_the_typesetter(tmp_path: Path) -> None:
    typesetter = Typesetter(tmp_path)
    folder = typesetter.folder
    assert (folder / "warning.typ").is_file()
    assert folder.stat().st_mode & 0o077 == 0
    del typesetter
    assert not folder.exists()
