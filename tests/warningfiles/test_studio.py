# SPDX-License-Identifier: EUPL-1.2
import dataclasses
import io
from pathlib import Path

import pypdfium2  # type: ignore[import-untyped]
import pytest
from PIL import Image

from police2peer.campaign import FileFormat, Language, WarningMessage
from police2peer.errors import BadInput
from police2peer.warningfiles import BaseStore, Studio, VerifyCode, draw_contact_sheet

_CODE = VerifyCode("FVPA-GSRR-NJ60")
_EN, _PL = Language("en"), Language("pl")


def _with(message: WarningMessage, language: Language, **changed: object) -> WarningMessage:
    texts = dataclasses.replace(message.texts[language], **changed)  # type: ignore[arg-type]  # fields by name
    return dataclasses.replace(message, texts={language: texts})


def test_a_letter_that_the_font_lacks_is_named_with_its_language(studio: Studio, message: WarningMessage) -> None:
    strange = _with(message, _PL, lead="Dzień \u4e00 dobry", help="ok \u2602")
    findings = studio.check(strange)
    assert {finding.language for finding in findings} == {_PL}
    assert any("lead" in finding.facts and "\u4e00" in finding.facts for finding in findings)
    assert any("help" in finding.facts and "\u2602" in finding.facts for finding in findings)
    for file_format in (FileFormat.JPG, FileFormat.MP4, FileFormat.PDF):
        with pytest.raises(BadInput, match=r"'pl'.*lead has '\u4e00'"):
            studio.make(strange, _PL, file_format, _CODE)


def test_a_text_that_does_not_fit_is_named(studio: Studio, message: WarningMessage) -> None:
    long = _with(message, _EN, help="A sentence that goes on. " * 60)
    facts = [finding.facts for finding in studio.check(long)]
    assert facts == [
        "the text help in 'en' is too long for the help",
        "the text help in 'en' is too long for the sheet",
    ]
    wide = _with(message, _EN, title="W" * 60)
    assert any("title" in finding.facts for finding in studio.check(wide))


def test_operator_text_is_shown_and_never_run(studio: Studio, message: WarningMessage) -> None:
    literal = '#panic("x") *b* $x$ @preview/a:1 = h \\ `c` <l> // no'
    hostile = _with(message, _EN, lead=literal)
    assert studio.check(hostile) == ()
    content = studio.make(hostile, _EN, FileFormat.PDF, _CODE).plan
    text = pypdfium2.PdfDocument(content.read(0, content.size))[0].get_textpage().get_text_bounded()
    assert literal in " ".join(text.split())


def test_a_badge_that_is_no_picture_is_refused(studio: Studio, message: WarningMessage) -> None:
    broken = dataclasses.replace(message, badge_svg=b"<svg nothing")
    with pytest.raises(BadInput, match="badge"):
        studio.make(broken, _EN, FileFormat.JPG, _CODE)


def test_a_badge_cannot_read_files_of_this_machine(studio: Studio, message: WarningMessage, tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    Image.new("RGB", (8, 8), (255, 0, 0)).save(secret)
    markup = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 8 8">'
        f'<image xlink:href="{secret}" width="8" height="8"/><rect width="1" height="1" fill="#fff"/></svg>'
    )
    reading = dataclasses.replace(message, badge_svg=markup.encode())
    try:
        shown = studio.preview(reading, _EN)[0]
    except BadInput:
        return
    red = (shown[:, :, 0] > 200) & (shown[:, :, 1] < 60) & (shown[:, :, 2] < 60)
    assert not red.any()


def test_an_address_too_long_for_a_qr_code_is_refused(studio: Studio, message: WarningMessage) -> None:
    long = dataclasses.replace(_with(message, _EN), verify_url="https://p2p.police.example/" + "v" * 900)
    assert any("too long for a QR code" in finding.facts for finding in studio.check(long))


def test_a_language_that_the_message_lacks_is_refused(studio: Studio, message: WarningMessage) -> None:
    with pytest.raises(BadInput, match="no texts in 'sv'"):
        studio.make(message, Language("sv"), FileFormat.PNG, _CODE)
    with pytest.raises(BadInput, match="without a language"):
        studio.make(message, None, FileFormat.PNG, _CODE)


def test_a_card_keeps_its_contrast(studio: Studio, message: WarningMessage) -> None:
    card = studio.preview(message, _EN)[0]
    assert tuple(card[2, 2]) == (0x0C, 0x23, 0x40)
    assert (card.reshape(-1, 3) == 255).all(axis=1).any()


def test_right_to_left_cards_are_mirrored(studio: Studio, message: WarningMessage) -> None:
    def white_centre(language: Language) -> float:
        panel = (studio.preview(message, language)[3] == 255).all(axis=2)
        columns = panel.sum(axis=0)
        return float((columns * range(len(columns))).sum() / columns.sum())

    assert white_centre(Language("ar")) < 640 < white_centre(_EN)


def test_a_still_shows_what_the_file_looks_like(studio: Studio, message: WarningMessage) -> None:
    for file_format, shape in ((FileFormat.MP4, (480, 270)), (FileFormat.PDF, (339, 480))):
        with Image.open(io.BytesIO(studio.make(message, _EN, file_format, _CODE).still_png())) as still:
            assert still.size == shape


def test_the_contact_sheet_has_a_row_for_each_language(studio: Studio, message: WarningMessage) -> None:
    with Image.open(io.BytesIO(draw_contact_sheet(studio, [(message, _EN), (message, _PL)]))) as sheet:
        assert sheet.height == 2 * (360 + 34 + 16) + 16
    with pytest.raises(BadInput, match="no message"):
        draw_contact_sheet(studio, [])


def test_a_studio_is_refused_on_another_thread(store: BaseStore, message: WarningMessage) -> None:
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - only here

    studio = Studio(store)
    with ThreadPoolExecutor(1) as pool, pytest.raises(RuntimeError, match="thread"):
        pool.submit(studio.check, message).result()
