# SPDX-License-Identifier: EUPL-1.2
"""The bytes of pictures are the same on every processor, as far as one machine can tell."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest

from police2peer.warningfiles import h264
from police2peer.warningfiles.colour import Planes, planes_of

_SMALL = (192, 320, 3)


def _pictures(count: int) -> list[Planes]:
    chance = np.random.default_rng(11)
    ground = chance.integers(0, 256, _SMALL, dtype=np.uint8) // 4 + np.uint8(90)
    pictures = []
    for number in range(count):
        shown = ground.copy()
        shown[40:120, 20 + number * 3 : 90 + number * 3] = (12, 35, 64)
        pictures.append(planes_of(shown))
    return pictures


def _digest(monkeypatch: pytest.MonkeyPatch, *limits: str) -> str:
    """Encode a card and a moving scene, x264 limited in what it may use of the processor, and name all bytes."""
    pictures = _pictures(12)
    found = hashlib.sha256()
    with monkeypatch.context() as patch:
        patch.setattr(h264, "_PARAMS", ":".join((h264._PARAMS, *limits)))
        samples, sets = h264.encode_moving((picture.all() for picture in pictures), 21)
        still = h264.encode_still(pictures[0].all(), 18)
    for piece in (*samples, still.sample, sets.sps, sets.pps, still.sets.sps, still.sets.pps):
        found.update(piece)
    return found.hexdigest()


@pytest.mark.parametrize("limit", ["asm=0", "asm=SSE2", "asm=SSSE3,SSE2Fast", "asm=AVX"])
def test_pictures_are_the_same_bytes_on_a_lesser_processor(monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    assert _digest(monkeypatch, limit) == _digest(monkeypatch)


def test_the_limits_of_the_test_above_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without `cpu-independent` the bytes do depend on the processor, so the comparison can fail."""
    freely = "cpu-independent=0"
    assert _digest(monkeypatch, freely) != _digest(monkeypatch, freely, "asm=0")


def test_pictures_are_the_same_bytes_in_another_process() -> None:
    program = (
        "import hashlib, tests.warningfiles.test_film_same_bytes as here; from police2peer.warningfiles import h264;"
        "print(hashlib.sha256(h264.encode_still(here._pictures(1)[0].all(), 18).sample).hexdigest())"
    )
    ended = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    sample = h264.encode_still(_pictures(1)[0].all(), 18).sample
    assert ended.stdout.strip() == hashlib.sha256(sample).hexdigest()


def test_cards_and_moving_scenes_and_repeats_share_their_parameter_sets() -> None:
    pictures = _pictures(3)
    _, moving = h264.encode_moving((picture.all() for picture in pictures), 21)
    _, repeats = h264.skip_pictures(320, 192)
    fine, coarse = (
        h264.encode_still(picture.all(), crf).sets for picture, crf in zip(pictures, (18, 30), strict=False)
    )
    assert moving == repeats == fine == coarse
