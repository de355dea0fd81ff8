# SPDX-License-Identifier: EUPL-1.2
"""One picture with every card of every message and language side by side, for officers and reviewers to look at."""

import io
from collections.abc import Iterable

from PIL import Image

from police2peer.campaign import Language, WarningMessage
from police2peer.errors import BadInput
from police2peer.warningfiles.painting import Pixels
from police2peer.warningfiles.studio import Studio

__all__ = ["draw_contact_sheet"]

_HEIGHT = 360
_GAP = 16
_GROUND = (128, 134, 142)


def _small(picture: Pixels) -> Image.Image:
    image = Image.fromarray(picture, "RGB")
    return image.resize((image.width * _HEIGHT // image.height, _HEIGHT), Image.Resampling.LANCZOS)


def draw_contact_sheet(studio: Studio, shown: Iterable[tuple[WarningMessage, Language]]) -> bytes:
    """Give a PNG with one row for each message and language: the cards of the film, then the sheet.

    Raises `BadInput` when a message cannot be shown.
    """
    rows = [[_small(picture) for picture in studio.preview(message, language)] for message, language in shown]
    if not rows:
        raise BadInput("there is no message with text to show", remedy="name a message and language of the campaign")
    width = max(sum(image.width + _GAP for image in row) for row in rows) + _GAP
    whole = Image.new("RGB", (width, len(rows) * (_HEIGHT + _GAP) + _GAP), _GROUND)
    for number, row in enumerate(rows):
        left = _GAP
        for image in row:
            whole.paste(image, (left, _GAP + number * (_HEIGHT + _GAP)))
            left += image.width + _GAP
    buffer = io.BytesIO()
    whole.save(buffer, "PNG")
    return buffer.getvalue()
