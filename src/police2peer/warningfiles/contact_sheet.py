# SPDX-License-Identifier: EUPL-1.2
"""One picture with every card of every message and language side by side, for officers and reviewers to look at."""

import io
import math
from collections.abc import Iterable

from PIL import Image, ImageDraw, ImageFont

from police2peer.campaign import Language, WarningMessage
from police2peer.errors import BadInput
from police2peer.warningfiles.painting import Pixels
from police2peer.warningfiles.studio import Studio

__all__ = ["draw_contact_sheet"]

_TALLEST, _LEAST = 360, 150
_GAP = 16
_NAME_HEIGHT, _NAME_SIZE = 34, 22
_MOST_PIXELS = 48_000_000  # what picture viewers still open
_GROUND, _NAMES = (226, 230, 236), (12, 35, 64)

_Row = tuple[str, list[Image.Image]]


def _small(picture: Pixels) -> Image.Image:
    image = Image.fromarray(picture, "RGB")
    return image.resize((image.width * _TALLEST // image.height, _TALLEST), Image.Resampling.LANCZOS)


def draw_contact_sheet(studio: Studio, shown: Iterable[tuple[WarningMessage, Language]]) -> bytes:
    """Give a PNG with a named row for each message and language: the cards of the film, then the sheet.

    Many rows stand in several columns and are drawn smaller. Raises `BadInput` when a message cannot be shown.
    """
    rows: list[_Row] = [
        (f"{message.id}  {language}", [_small(picture) for picture in studio.preview(message, language)])
        for message, language in shown
    ]
    if not rows:
        raise BadInput("there is no message with text to show", remedy="name a message and language of the campaign")
    share = math.sqrt(min(1, _MOST_PIXELS / sum(_area(images) for _, images in rows)))
    height = max(_LEAST, int(_TALLEST * share))
    if height < _TALLEST:
        rows = [(name, [_scaled(image, height) for image in images]) for name, images in rows]
    return _joined(rows, height)


def _area(images: list[Image.Image]) -> int:
    return sum(image.width + _GAP for image in images) * (_TALLEST + _GAP + _NAME_HEIGHT)


def _scaled(image: Image.Image, height: int) -> Image.Image:
    return image.resize((image.width * height // image.height, height), Image.Resampling.LANCZOS)


def _joined(rows: list[_Row], height: int) -> bytes:
    """Put the rows under one another, in as many columns as make the whole about square."""
    width = max(sum(image.width + _GAP for image in images) for _, images in rows)
    step = height + _GAP + _NAME_HEIGHT
    columns = max(1, round(math.sqrt(len(rows) * step / width)))
    deep = -(-len(rows) // columns)
    columns = -(-len(rows) // deep)
    whole = Image.new("RGB", (columns * width + _GAP, deep * step + _GAP), _GROUND)
    pen, font = ImageDraw.Draw(whole), ImageFont.load_default(_NAME_SIZE)
    for number, (name, images) in enumerate(rows):
        column, row = divmod(number, deep)
        left, top = column * width + _GAP, row * step + _GAP
        pen.text((left, top), name, fill=_NAMES, font=font)
        for image in images:
            whole.paste(image, (left, top + _NAME_HEIGHT))
            left += image.width + _GAP
    buffer = io.BytesIO()
    whole.save(buffer, "PNG")
    return buffer.getvalue()
