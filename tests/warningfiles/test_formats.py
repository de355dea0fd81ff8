# SPDX-License-Identifier: EUPL-1.2
import dataclasses
import io
import subprocess
import unicodedata
import zipfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pypdfium2  # type: ignore[import-untyped]
import pytest
import zxingcpp
from PIL import Image

from police2peer.campaign import SHIPPED_LANGUAGES, FileFormat, FormatKind, Language, WarningMessage, direction
from police2peer.warningfiles import (
    BaseStore,
    Making,
    Studio,
    VerifyCode,
    WarningFile,
    verify_address,
)
from police2peer.warningfiles.makers import MAKERS

Pixels = npt.NDArray[np.uint8]

_CODE = VerifyCode("FVPA-GSRR-NJ60")
_OTHER = VerifyCode("4P4C-YQV2-RQ36")
_EN, _AR = Language("en"), Language("ar")
# Films in other containers than mp4 are held to the same in test_containers.py, with shorter ones.
_TEXT_FORMATS = [one for one in MAKERS if one.kind is not FormatKind.FILM or one is FileFormat.MP4]


def _content(file: WarningFile) -> bytes:
    return file.plan.read(0, file.plan.size)


def _bare(text: str) -> str:
    """Leave out spaces, for a line breaks where some scripts have none, and take composed letters apart."""
    return "".join(unicodedata.normalize("NFKD", text).split())


def _qr_texts(picture: Image.Image | Pixels) -> list[str]:
    return [found.text for found in zxingcpp.read_barcodes(picture)]


@pytest.mark.parametrize("file_format", _TEXT_FORMATS)
@pytest.mark.parametrize("language", [_EN, _AR])
def test_the_same_inputs_give_the_same_bytes(
    tmp_path: Path, studio: Studio, message: WarningMessage, language: Language, file_format: FileFormat
) -> None:
    first = studio.make(message, language, file_format, _CODE)
    # Another studio over an empty store: nothing is remembered, everything is made anew.
    anew = Studio(BaseStore(tmp_path), Making(film_seconds=8)).make(message, language, file_format, _CODE)
    assert anew.hashes == first.hashes
    assert anew.id == first.id


@pytest.mark.parametrize("file_format", [FileFormat.JPG, FileFormat.PNG])
@pytest.mark.parametrize("language", SHIPPED_LANGUAGES)
def test_a_picture_opens_and_its_qr_code_leads_to_its_code(
    studio: Studio, everywhere: WarningMessage, language: Language, file_format: FileFormat
) -> None:
    with Image.open(io.BytesIO(_content(studio.make(everywhere, language, file_format, _CODE)))) as picture:
        assert picture.size == (1080, 1528)
        assert not picture.info.get("exif")
        assert _qr_texts(picture.convert("RGB")) == [verify_address(everywhere.verify_url, _CODE)]


@pytest.mark.parametrize("language", SHIPPED_LANGUAGES)
def test_a_document_is_one_page_of_real_text(studio: Studio, everywhere: WarningMessage, language: Language) -> None:
    content = _content(studio.make(everywhere, language, FileFormat.PDF, _CODE))
    document = pypdfium2.PdfDocument(content)
    assert len(document) == 1
    text = document[0].get_textpage().get_text_bounded()
    texts = everywhere.texts[language]
    flowing = " ".join(text.split())
    if direction(language) == "rtl" or language in {"hi", "th"}:
        # This reader mixes what stands side by side on a right-to-left page, and gives clusters of Hindi and Thai
        # as they are drawn, some twice; the words, or at least the letters, of the script must be there.
        found = [word in flowing for _, words in texts.sentences() for word in words.split()]
        assert found.count(True) > len(found) // 3 or set(texts.body) <= set(text)
    else:
        assert _CODE in flowing
        assert "p2p.police.example/help" in flowing
        assert all(_bare(point) in _bare(text) for point in texts.points)
    assert document.get_metadata_value("Title") == texts.document_title
    picture = document[0].render(scale=2).to_pil().convert("RGB")
    assert _qr_texts(picture) == [verify_address(everywhere.verify_url, _CODE)]
    for active in (b"/JavaScript", b"/JS", b"/URI", b"/Launch", b"/AcroForm", b"/EmbeddedFile"):
        assert active not in content


def test_an_archive_opens_and_holds_readme_document_and_picture(studio: Studio, message: WarningMessage) -> None:
    content = _content(studio.make(message, _EN, FileFormat.ZIP, _CODE))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["README.txt", "message.pdf", "message.jpg"]
        assert {entry.date_time[:3] for entry in archive.infolist()} == {(2026, 1, 1)}
        readme = archive.read("README.txt").decode("utf-8-sig")
    assert verify_address(message.verify_url, _CODE) in readme
    assert message.help_url in readme
    assert message.texts[_EN].help in readme or message.texts[_EN].help_label in readme


@pytest.mark.peer("ffmpeg")
@pytest.mark.parametrize("file_format", [FileFormat.MP4, FileFormat.BLANK_MP4])
def test_ffmpeg_finds_no_fault_in_a_film(
    studio: Studio, message: WarningMessage, tmp_path: Path, file_format: FileFormat
) -> None:
    made = message if file_format.carries_text else dataclasses.replace(message, id="blank", texts={})
    file = studio.make(made, _AR if file_format.carries_text else None, file_format, _CODE)
    path = tmp_path / "film.mp4"
    file.plan.write(path)
    command = ["ffmpeg", "-v", "warning", "-xerror", "-err_detect", "explode", "-i", str(path), "-f", "null", "-"]
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.peer("7z")
def test_7z_finds_no_fault_in_an_archive(studio: Studio, message: WarningMessage, tmp_path: Path) -> None:
    path = tmp_path / "archive.zip"
    studio.make(message, _AR, FileFormat.ZIP, _CODE).plan.write(path)
    assert subprocess.run(["7z", "t", str(path)], check=False, capture_output=True).returncode == 0
