# SPDX-License-Identifier: EUPL-1.2
import dataclasses
import io
import subprocess
from pathlib import Path

import av
import numpy as np
import pypdfium2  # type: ignore[import-untyped]
import pytest
import zxingcpp
from PIL import Image
from tests.warningfiles.openers import OPENERS

from police2peer.campaign import FileFormat, Filler, FormatKind, Language, WarningMessage
from police2peer.errors import BadInput
from police2peer.warningfiles import BaseStore, FilePlan, Making, Studio, VerifyCode, WarningFile, verify_address
from police2peer.warningfiles.makers import BLANK_MAKERS
from police2peer.warningfiles.padding import READERS
from police2peer.warningfiles.workshop import Workshop

_CODE = VerifyCode("FVPA-GSRR-NJ60")
_OTHER = VerifyCode("4P4C-YQV2-RQ36")
_BLANKS = [one for one in FileFormat if not one.carries_text]
_DARKEST = 24


@pytest.fixture
def blank(message: WarningMessage) -> WarningMessage:
    return dataclasses.replace(message, id="blank", texts={})


def _content(file: WarningFile) -> bytes:
    return file.plan.read(0, file.plan.size)


def _shown(path: Path, kind: FormatKind) -> list[Image.Image]:
    """Give all that a person sees of a film, a picture or a document."""
    if kind is FormatKind.FILM:
        with av.open(str(path), options={"err_detect": "explode"}) as film:
            return [Image.fromarray(frame.to_ndarray(format="rgb24"), "RGB") for frame in film.decode(video=0)]
    if kind is FormatKind.PICTURE:
        with Image.open(path) as picture:
            return [picture.convert("RGB")]
    document = pypdfium2.PdfDocument(path)
    shown = [page.render().to_pil().convert("RGB") for page in document]
    assert [page.get_textpage().get_text_bounded() for page in document] == [""]
    document.close()
    return shown


def test_every_format_has_a_blank() -> None:
    assert {one.extension for one in BLANK_MAKERS} == set(READERS) == {one.extension for one in FileFormat}


@pytest.mark.parametrize("filler", list(Filler))
@pytest.mark.parametrize("file_format", _BLANKS)
def test_a_blank_shows_and_says_nothing(
    store: BaseStore, blank: WarningMessage, tmp_path: Path, file_format: FileFormat, filler: Filler
) -> None:
    making = Making(blank_bytes=2_000_000, filler=filler)
    file = Studio(store, making).make(blank, None, file_format, _CODE)
    assert (file.code, file.language, file.plan.size) == (None, None, 2_000_000)
    path = tmp_path / f"blank.{file_format.extension}"
    file.plan.write(path)
    assert _CODE.encode() not in path.read_bytes()
    if file_format.kind is FormatKind.ARCHIVE:
        return
    shown = _shown(path, file_format.kind)
    assert len(shown) == (25 if file_format.kind is FormatKind.FILM else 1)
    for picture in shown:
        pixels = np.asarray(picture)
        if file_format is FileFormat.BLANK_PDF:
            assert pixels.min() == 255
        else:
            assert pixels.max() < _DARKEST


@pytest.mark.peer("7z")
@pytest.mark.parametrize("file_format", [FileFormat.BLANK_ZIP, FileFormat.BLANK_SEVEN_ZIP, FileFormat.BLANK_RAR])
def test_a_blank_archive_has_one_member_without_words(
    store: BaseStore, blank: WarningMessage, tmp_path: Path, file_format: FileFormat
) -> None:
    path = tmp_path / f"blank.{file_format.extension}"
    Studio(store, Making(blank_bytes=500_000)).make(blank, None, file_format, _CODE).plan.write(path)
    subprocess.run(["7z", "x", f"-o{tmp_path}/out", str(path)], check=True, capture_output=True)
    found = {one.name: one.read_bytes() for one in (tmp_path / "out").iterdir()}
    if file_format is FileFormat.BLANK_RAR:
        assert set(found) == {"padding.bin"}
        assert not any(found["padding.bin"][:-32])
    else:
        assert found == {"blank": b""}


@pytest.mark.parametrize("filler", list(Filler))
@pytest.mark.parametrize("file_format", _BLANKS)
def test_no_two_blanks_are_alike_and_each_is_made_the_same_again(
    store: BaseStore, blank: WarningMessage, tmp_path: Path, file_format: FileFormat, filler: Filler
) -> None:
    making = Making(blank_bytes=1_000_000, filler=filler)
    first = Studio(store, making).make(blank, None, file_format, _CODE)
    other = Studio(store, making).make(blank, None, file_format, _OTHER)
    for name in ("sha256", "sha1", "md5", "ed2k", "aich", "tth", "bt_pieces", "bt2_root"):
        assert getattr(first.hashes, name) != getattr(other.hashes, name)
    # Another studio over an empty store: nothing is remembered.
    again = Studio(BaseStore(tmp_path / "store"), making).make(blank, None, file_format, _CODE)
    assert again.hashes == first.hashes


@pytest.mark.parametrize("file_format", _BLANKS)
def test_a_blank_too_small_for_its_content_is_refused_with_the_size_that_is_enough(
    store: BaseStore, blank: WarningMessage, file_format: FileFormat
) -> None:
    with pytest.raises(BadInput, match="too few for this blank") as refused:
        Studio(store, Making(blank_bytes=100)).make(blank, None, file_format, _CODE)
    enough = int(refused.value.remedy.split()[1])
    assert enough < 64 * 1024  # the least that a campaign file accepts
    made = Studio(store, Making(blank_bytes=enough)).make(blank, None, file_format, _CODE)
    assert made.plan.size == enough


@pytest.fixture(scope="module")
def holding(store: BaseStore, message: WarningMessage) -> Studio:
    held = dataclasses.replace(message, texts={Language("en"): message.texts[Language("en")]})
    return Studio(store, Making(blank_bytes=1_000_000, filler=Filler.KEYSTREAM, blank_holds=held))


@pytest.mark.parametrize("file_format", _BLANKS)
def test_a_blank_may_hold_a_picture_that_leads_to_its_code(
    holding: Studio, blank: WarningMessage, message: WarningMessage, tmp_path: Path, file_format: FileFormat
) -> None:
    file = holding.make(blank, None, file_format, _CODE)
    assert (file.code, file.plan.size) == (_CODE, 1_000_000)
    content = _content(file)
    begin = content.rindex(b"\xff\xd8\xff\xe0")
    found = io.BytesIO(_unpacked(content[begin:]) if file_format is FileFormat.BLANK_MPG else content[begin:])
    with Image.open(found) as picture:
        assert [one.text for one in zxingcpp.read_barcodes(picture)] == [verify_address(message.verify_url, _CODE)]
    if file_format.kind is not FormatKind.ARCHIVE:
        path = tmp_path / f"blank.{file_format.extension}"
        file.plan.write(path)
        for shown in _shown(path, file_format.kind):
            assert zxingcpp.read_barcodes(shown) == []


def _unpacked(packets: bytes) -> bytes:
    """Join what lies in padding packets of an mpg; the first header is missing."""
    content, rest = packets[:0xFFFF], packets[0xFFFF:]
    while rest.startswith(b"\0\0\1\xbe"):
        length = int.from_bytes(rest[4:6], "big")
        content, rest = content + rest[6 : 6 + length], rest[6 + length :]
    return content


@pytest.mark.peer("7z")
@pytest.mark.parametrize("file_format", [FileFormat.BLANK_ZIP, FileFormat.BLANK_SEVEN_ZIP, FileFormat.BLANK_RAR])
def test_a_picture_in_a_blank_archive_is_a_member(store: BaseStore, tmp_path: Path, file_format: FileFormat) -> None:
    picture = b"\xff\xd8\xff a picture"
    making = Making(blank_bytes=100_000, blank_inside=picture)
    path = tmp_path / f"blank.{file_format.extension}"
    BLANK_MAKERS[file_format](Workshop(store), _CODE, making).write(path)
    OPENERS["7z"](path)
    subprocess.run(["7z", "x", f"-o{tmp_path}/out", str(path)], check=True, capture_output=True)
    assert (tmp_path / "out" / "picture.jpg").read_bytes() == picture


@pytest.mark.parametrize("file_format", _BLANKS)
def test_a_blank_of_700_megabytes_takes_no_room(store: BaseStore, tmp_path: Path, file_format: FileFormat) -> None:
    plan = BLANK_MAKERS[file_format](Workshop(store), _CODE, Making())
    again = FilePlan.from_json(plan.to_json(), store)
    again.write(tmp_path / "blank")
    found = (tmp_path / "blank").stat()
    assert found.st_size == 700_000_000
    assert found.st_blocks * 512 < 64 * 1024
