# SPDX-License-Identifier: EUPL-1.2
"""How long a sentence stands, and when, so that it can be read.

17 characters a second are what broadcasters allow adults; scripts whose signs hold more get fewer. From 2 to 7
seconds each (BBC Subtitle Guidelines; Netflix Timed Text Style Guides for zh, ja and ko).
"""

import unicodedata
from collections.abc import Sequence
from itertools import accumulate, pairwise

from police2peer.campaign import Language
from police2peer.warningfiles.film.timeline import FRAMES_PER_S, Cue

__all__ = ["cues_between", "reading_frames", "shared_frames"]

_SIGNS_A_SECOND = 17
_DENSER_SCRIPTS = {"ja": 4, "ko": 12, "zh": 9}
_SHORTEST, _LONGEST = 2 * FRAMES_PER_S, 7 * FRAMES_PER_S
_MS_A_FRAME = 1000 // FRAMES_PER_S


def reading_frames(sentence: str, language: Language) -> int:
    """Tell for how many pictures a sentence must stand; vowel signs and accents are read with their letter."""
    signs = sum(not unicodedata.category(sign).startswith("M") for sign in sentence)
    a_second = _DENSER_SCRIPTS.get(language.split("-", maxsplit=1)[0], _SIGNS_A_SECOND)
    return min(max(-(-signs * FRAMES_PER_S // a_second), _SHORTEST), _LONGEST)


def shared_frames(weights: Sequence[int], frames: int) -> list[int]:
    """Share pictures by weight, all of them, each share rounded down or up."""
    total = sum(weights)
    ends = [frames * reached // total for reached in accumulate(weights, initial=0)]
    return [end - begin for begin, end in pairwise(ends)]


def cues_between(sentences: Sequence[str], language: Language, begin: int, frames: int) -> tuple[Cue, ...]:
    """Say when each sentence is shown within `frames` pictures from the one numbered `begin`."""
    spans = shared_frames([reading_frames(sentence, language) for sentence in sentences], frames)
    places = list(accumulate(spans, initial=begin))
    return tuple(
        Cue(start * _MS_A_FRAME, end * _MS_A_FRAME, sentence)
        for (start, end), sentence in zip(pairwise(places), sentences, strict=True)
    )
