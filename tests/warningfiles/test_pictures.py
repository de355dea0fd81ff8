# SPDX-License-Identifier: EUPL-1.2
import io
from pathlib import Path

import numpy as np
import pytest
import zxingcpp
from PIL import Image
from tests.warningfiles.openers import OPENERS, each_reader

from police2peer.campaign import FileFormat, Language, WarningMessage
from police2peer.warningfiles import Studio, VerifyCode, verify_address

_CODE = VerifyCode("FVPA-GSRR-NJ60")


def _picture(content: bytes) -> Image.Image:
    with Image.open(io.BytesIO(content)) as picture:
        return picture.convert("RGB")


@pytest.mark.parametrize("file_format", [FileFormat.GIF, FileFormat.WEBP])
def test_gif_and_webp_show_what_the_png_shows(
    studio: Studio, message: WarningMessage, file_format: FileFormat
) -> None:
    for language in (Language("en"), Language("ar")):
        plans = [studio.make(message, language, one, _CODE).plan for one in (FileFormat.PNG, file_format)]
        exact, shown = (_picture(plan.read(0, plan.size)) for plan in plans)
        assert shown.size == exact.size
        difference = np.abs(np.asarray(exact, np.int16) - np.asarray(shown, np.int16))
        assert difference.mean() < 1.5
        assert [one.text for one in zxingcpp.read_barcodes(shown)] == [verify_address(message.verify_url, _CODE)]


@pytest.mark.parametrize(("kind", "reader"), each_reader("jpg", "png", "gif", "webp"))
def test_a_picture_of_each_kind_is_whole(
    studio: Studio, message: WarningMessage, tmp_path: Path, kind: str, reader: str
) -> None:
    path = tmp_path / f"picture.{kind}"
    studio.make(message, next(iter(message.texts)), FileFormat(kind), _CODE).plan.write(path)
    OPENERS[reader](path)
