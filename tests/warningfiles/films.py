# SPDX-License-Identifier: EUPL-1.2
"""Reads finished films back, every error fatal."""

import io
from collections.abc import Iterator
from dataclasses import dataclass

import av
import numpy as np
import numpy.typing as npt
import zxingcpp

from police2peer.warningfiles import WarningFile

Pixels = npt.NDArray[np.uint8]

_STRICT = {"err_detect": "explode"}


@dataclass(frozen=True)
class Decoded:
    """How many pictures and sound frames a film has, and its last picture."""

    pictures: int
    last: Pixels
    sounds: int


def content_of(file: WarningFile) -> bytes:
    return file.plan.read(0, file.plan.size)


def decoded(content: bytes) -> Decoded:
    pictures = 0
    with av.open(io.BytesIO(content), "r", format="mp4", options=_STRICT) as film:
        for frame in film.decode(video=0):
            pictures, last = pictures + 1, frame
        shown = last.to_ndarray(format="rgb24").astype(np.uint8)
    with av.open(io.BytesIO(content), "r", format="mp4", options=_STRICT) as film:
        sounds = len(list(film.decode(audio=0)))
    return Decoded(pictures, shown, sounds)


def luma(content: bytes) -> Iterator[Pixels]:
    """Give the brightness of every picture."""
    with av.open(io.BytesIO(content), "r", format="mp4", options=_STRICT) as film:
        for frame in film.decode(video=0):
            yield np.frombuffer(bytes(frame.planes[0]), np.uint8).reshape(frame.height, -1)[:, : frame.width]


def qr_texts(picture: Pixels) -> list[str]:
    return [found.text for found in zxingcpp.read_barcodes(picture)]
