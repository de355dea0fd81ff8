# SPDX-License-Identifier: EUPL-1.2
import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from police2peer.campaign import FileFormat, Language, WarningMessage
from police2peer.warningfiles import Studio, VerifyCode

_CODE, _OTHER = VerifyCode("FVPA-GSRR-NJ60"), VerifyCode("0123-4567-89AG")


def _still(studio: Studio, message: WarningMessage, language: Language, code: VerifyCode) -> Image.Image:
    png = studio.make(message, language, FileFormat.PNG, code).still_png()
    return Image.open(io.BytesIO(png)).convert("RGB")


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_still_is_the_picture_made_small_with_its_own_code(
    studio: Studio, message: WarningMessage, language: Language
) -> None:
    """Made in pieces from what was made small before, it is what making the whole picture small gives."""
    made = studio.make(message, language, FileFormat.PNG, _CODE)
    whole = Image.open(io.BytesIO(made.plan.read(0, made.plan.size))).convert("RGB")
    whole.thumbnail((480, 480))
    wanted = np.asarray(whole, np.int16)
    height, width, _ = wanted.shape
    panel = (slice(height * 3 // 4, height), slice(width // 2, width) if language == "en" else slice(0, width // 2))

    def difference(code: VerifyCode) -> NDArray[np.int16]:
        shown = np.asarray(_still(studio, message, language, code), np.int16)
        return np.asarray(np.abs(shown - wanted), np.int16)

    own, other = difference(_CODE), difference(_OTHER)
    assert own.mean() < 2  # of 255: the colours are few
    assert other[panel].mean() > 5 * own[panel].mean()
