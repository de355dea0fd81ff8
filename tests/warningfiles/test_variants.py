# SPDX-License-Identifier: EUPL-1.2
"""A thousand files, no two of one name; and each still shows what it should."""

import io
import random
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pypdfium2  # type: ignore[import-untyped]
import pytest
import zxingcpp
from PIL import Image

from police2peer.campaign import FileFormat, Language, WarningMessage
from police2peer.errors import BadInput
from police2peer.warningfiles import (
    BaseStore,
    FileHashes,
    FilePlan,
    Making,
    MidStates,
    Studio,
    VerifyCode,
    WarningFile,
    variant_of,
    verify_address,
)
from police2peer.warningfiles.makers import MAKERS
from police2peer.warningfiles.variants import LONGEST_TOKEN_BYTES

Pixels = npt.NDArray[np.uint8]

_EN = Language("en")
_PICTURES = tuple(one for one in (FileFormat.JPG, FileFormat.PNG, FileFormat.GIF, FileFormat.WEBP) if one in MAKERS)
_FILMS = 160
_OF_EACH_PICTURE = 10
_METADATA_ONLY = 1000 - _FILMS - _OF_EACH_PICTURE * len(_PICTURES)
_DECODED = 50
_NAMES = ("sha256", "sha1", "md5", "bt_pieces", "bt2_root", "ed2k", "ed2k_parts", "aich", "tth")


@pytest.fixture(scope="module")
def brief(message: WarningMessage) -> WarningMessage:
    """Give the message without the officer, whose speech makes a film long."""
    return replace(message, officer=False)


@pytest.fixture(scope="module")
def quick(store: BaseStore) -> Studio:
    return Studio(store, Making(film_seconds=4))


def _content(plan: FilePlan) -> bytes:
    return plan.read(0, plan.size)


def _film_pictures(content: bytes) -> list[Pixels]:
    """Decode every picture and sound with errors fatal; give the first picture and the last."""
    with av.open(io.BytesIO(content), "r", options={"err_detect": "explode"}) as film:
        shown = [frame for frame in film.decode(video=0, audio=0) if isinstance(frame, av.VideoFrame)]
        return [frame.to_ndarray(format="gray").astype(np.uint8) for frame in (shown[0], shown[-1])]


def _picture(content: bytes) -> Pixels:
    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image.convert("RGB"))


def _shown(file_format: FileFormat, content: bytes) -> list[Pixels]:
    return _film_pictures(content) if file_format.extension == "mp4" else [_picture(content)]


def _assert_all_differ(hashes: Sequence[FileHashes]) -> None:
    for name in _NAMES:
        assert len({getattr(one, name) for one in hashes}) == len(hashes), name


def test_a_thousand_files_have_a_thousand_names_and_lead_to_their_own_codes(
    quick: Studio, brief: WarningMessage, draw_code: Callable[[], VerifyCode]
) -> None:
    """The hashes are made from mid-states; those of the files decoded are made once more from all their bytes."""
    formats = [FileFormat.MP4] * _FILMS + [one for one in _PICTURES for _ in range(_OF_EACH_PICTURE)]
    files = [quick.make(brief, _EN, one, draw_code()) for one in formats]
    known, chance = MidStates(), random.Random(7)
    tokens = [chance.randbytes(16) for _ in range(_METADATA_ONLY)]
    variants = [variant_of(files[0].plan, FileFormat.MP4, token) for token in tokens]
    hashes = [file.hashes for file in files] + [variant.hashes(known) for variant in variants]
    assert len(hashes) == 1000
    _assert_all_differ(hashes)
    for file in chance.sample(files, _DECODED):
        _check_whole(file, verify_address(brief.verify_url, file.code or VerifyCode("")))
    for number in chance.sample(range(len(variants)), 5):
        assert variants[number].hashes() == hashes[len(files) + number]


def _check_whole(file: WarningFile, address: str) -> None:
    assert file.plan.hashes() == file.hashes
    last = _shown(file.format, _content(file.plan))[-1]
    assert [found.text for found in zxingcpp.read_barcodes(last)] == [address]


@pytest.mark.parametrize("file_format", [FileFormat.MP4, *_PICTURES])
def test_a_variant_shows_the_very_picture_of_the_file_it_varies(
    quick: Studio, brief: WarningMessage, draw_code: Callable[[], VerifyCode], file_format: FileFormat
) -> None:
    file = quick.make(brief, _EN, file_format, draw_code())
    variant = _content(variant_of(file.plan, file_format, b"token"))
    pairs = zip(_shown(file_format, _content(file.plan)), _shown(file_format, variant), strict=True)
    assert all(np.array_equal(first, second) for first, second in pairs)


def test_a_variant_of_a_pdf_and_of_a_zip_opens(
    quick: Studio, brief: WarningMessage, draw_code: Callable[[], VerifyCode]
) -> None:
    pdf = variant_of(quick.make(brief, _EN, FileFormat.PDF, draw_code()).plan, FileFormat.PDF, b"token")
    assert len(pypdfium2.PdfDocument(_content(pdf))) == 1
    packed = variant_of(quick.make(brief, _EN, FileFormat.ZIP, draw_code()).plan, FileFormat.ZIP, b"token")
    with zipfile.ZipFile(io.BytesIO(_content(packed))) as archive:
        assert archive.testzip() is None
        assert "README.txt" in archive.namelist()


@pytest.mark.peer("7z")
@pytest.mark.parametrize(
    "file_format", [one for one in (FileFormat.ZIP, FileFormat.SEVEN_ZIP, FileFormat.RAR) if one in MAKERS]
)
def test_7z_reads_a_variant_of_every_archive(
    tmp_path: Path,
    quick: Studio,
    brief: WarningMessage,
    draw_code: Callable[[], VerifyCode],
    file_format: FileFormat,
) -> None:
    path = tmp_path / f"sample-clip-07.{file_format.extension}"
    variant_of(quick.make(brief, _EN, file_format, draw_code()).plan, file_format, b"token").write(path)
    ran = subprocess.run([shutil.which("7z") or "7z", "t", str(path)], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout


@pytest.mark.parametrize("file_format", list(MAKERS))
def test_the_same_token_gives_the_same_file_and_another_one_another(
    quick: Studio, brief: WarningMessage, file_format: FileFormat
) -> None:
    plan = quick.make(brief, _EN, file_format, VerifyCode("FVPA-GSRR-NJ60")).plan
    first, second, other = (variant_of(plan, file_format, token) for token in (b"one", b"one", b"two"))
    assert _content(first) == _content(second)
    assert first.size == other.size
    _assert_all_differ([plan.hashes(), first.hashes(), other.hashes()])


@pytest.mark.parametrize("token", [b"", bytes(LONGEST_TOKEN_BYTES + 1)])
def test_a_token_of_no_bytes_or_too_many_is_refused(
    quick: Studio, brief: WarningMessage, draw_code: Callable[[], VerifyCode], token: bytes
) -> None:
    plan = quick.make(brief, _EN, FileFormat.MP4, draw_code()).plan
    with pytest.raises(BadInput, match="token"):
        variant_of(plan, FileFormat.MP4, token)


def test_a_variant_written_is_the_variant_planned(
    tmp_path: Path, quick: Studio, brief: WarningMessage, draw_code: Callable[[], VerifyCode]
) -> None:
    """Stored ranges are copied by the kernel; what lies around them is not."""
    variant = variant_of(quick.make(brief, _EN, FileFormat.MP4, draw_code()).plan, FileFormat.MP4, b"token")
    variant.write(tmp_path / "variant.mp4")
    assert (tmp_path / "variant.mp4").read_bytes() == _content(variant)
