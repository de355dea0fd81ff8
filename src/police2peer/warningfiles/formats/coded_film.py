# SPDX-License-Identifier: EUPL-1.2
"""A timeline as H.264 pictures, with an empty slot where the code card's first picture will stand.

MP4 and Matroska hold the same pictures. Each sample is what one picture needs, its units with their lengths before
them; all share the parameter sets that are named beside them, and that is checked.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from police2peer.errors import BadInput
from police2peer.warningfiles.film.timeline import Moving, Scene, Timeline
from police2peer.warningfiles.formats.moving import Skips, skips
from police2peer.warningfiles.formats.slot import CARD_CRF
from police2peer.warningfiles.h264 import LONGEST_STILL, ParameterSets, encode_moving, encode_still
from police2peer.warningfiles.workshop import Workshop

__all__ = ["CodedFilm", "code_film"]

_MOVING_CRF = 21  # a clip has been coded before, by a camera and when it was taken in


@dataclass(frozen=True)
class CodedFilm:
    """All pictures in order. `sync` are those a player may start at; the one numbered `slot` is all zeros."""

    samples: tuple[bytes, ...]
    sync: tuple[int, ...]
    slot: int
    sets: ParameterSets


def code_film(workshop: Workshop, timeline: Timeline, slot_bytes: int) -> CodedFilm:
    """Code every scene; the last, the card of the code, is a slot of this size and pictures that repeat it."""
    repeats = skips(workshop, timeline.layout.width, timeline.layout.height)
    if timeline.scenes[-1].frames > LONGEST_STILL:
        raise BadInput(
            "the card of the code stands longer than 12 seconds", remedy="show it for 300 pictures or less"
        )
    samples: list[bytes] = []
    sync: list[int] = []
    for scene in timeline.scenes[:-1]:
        for sample, is_sync in _coded(scene, repeats):
            if is_sync:
                sync.append(len(samples))
            samples.append(sample)
    slot = len(samples)
    samples += [bytes(slot_bytes), *repeats.samples[: timeline.scenes[-1].frames - 1]]
    return CodedFilm(tuple(samples), (*sync, slot), slot, repeats.sets)


def _coded(scene: Scene, repeats: Skips) -> Iterator[tuple[bytes, bool]]:
    """Give each picture of a scene, and whether a player may start there."""
    if isinstance(scene, Moving):
        samples, sets = encode_moving((picture.all() for picture in scene.pictures()), _MOVING_CRF)
        _check(sets, repeats)
        yield from ((sample, number % LONGEST_STILL == 0) for number, sample in enumerate(samples))
        return
    still = encode_still(scene.picture.all(), CARD_CRF)
    _check(still.sets, repeats)
    for begin in range(0, scene.frames, LONGEST_STILL):
        yield still.sample, True
        for sample in repeats.samples[: min(LONGEST_STILL, scene.frames - begin) - 1]:
            yield sample, False


def _check(sets: ParameterSets, repeats: Skips) -> None:
    if sets != repeats.sets:
        raise BadInput("the encoder changed between two scenes", remedy="make the files anew")
