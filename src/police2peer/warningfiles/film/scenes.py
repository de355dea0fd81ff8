# SPDX-License-Identifier: EUPL-1.2
"""From a message's words to the scenes of its film, in the order in which they are shown.

A film with words alone is opening, points, help and verify, as long as the campaign asks. A film with an officer is
opening, what the officer says, help and verify; it takes the time that its sentences need. The card of the code
stands last and no longer than 12 seconds, so that unique films share all that comes before it and that card is
coded as one picture. `timeline_digest` names a film without drawing it.
"""

from collections.abc import Mapping, Sequence
from itertools import chain

from police2peer.campaign import Language
from police2peer.errors import BadInput
from police2peer.warningfiles.colour import Planes, planes_of
from police2peer.warningfiles.film.building import card_scenes
from police2peer.warningfiles.film.cues import cues_between, shared_frames
from police2peer.warningfiles.film.spoken import SpokenPart, frames_of, spoken_part, voice_of
from police2peer.warningfiles.film.timeline import FRAMES_PER_S, Cue, Scene, Still, Timeline
from police2peer.warningfiles.film.voice import placed_voice
from police2peer.warningfiles.layout import film_layout
from police2peer.warningfiles.settings import Making
from police2peer.warningfiles.typesetting import template_digest
from police2peer.warningfiles.wording import Wording
from police2peer.warningfiles.workshop import FILM_CARDS, Workshop, digest_of

__all__ = ["LONGEST_CODE_CARD", "code_card", "timeline_digest", "timeline_of"]

LONGEST_CODE_CARD = 300  # pictures
_FEWEST_SECONDS = 4
_SPOKEN_FILM = ("opening", "help", "verify")
# How long these cards stand at least: to be read, and on the last to lift a telephone to the QR code.
_LEAST_FRAMES = (4 * FRAMES_PER_S, 6 * FRAMES_PER_S, 8 * FRAMES_PER_S)


def timeline_digest(wording: Wording, making: Making) -> str:
    """Name everything that the film shows and says, but its code, by one SHA-256 (hex)."""
    return digest_of(
        kind="timeline",
        wording=wording.digest(),
        template=template_digest(wording.language),
        seconds=making.film_seconds,
        height=making.film_height,
        officer=wording.officer,
        moving=wording.moving,
        clip=wording.clip and (wording.clip.sha256, wording.clip.free_side),
        voice=wording.voice and wording.voice.sha256,
        subtitles={language: wording.spoken.get(language) for language in _subtitled(wording, making)},
    )


def timeline_of(workshop: Workshop, wording: Wording, making: Making) -> Timeline:
    """Draw the film. Raises `BadInput` when a text does not fit or the film is too short."""
    if making.film_seconds < _FEWEST_SECONDS:
        raise BadInput("a film is shorter than 4 seconds", remedy="set film_seconds to 4 or more")
    layout = film_layout(making.film_height)
    part = spoken_part(workshop, wording, layout) if wording.officer and wording.texts.subtitles else None
    voice = part.voice if part else voice_of(workshop, wording)
    spans = _spans_around(part, making.film_seconds) if part else _plain_spans(making.film_seconds, frames_of(voice))
    cards = _SPOKEN_FILM if part else FILM_CARDS
    shown = [
        card_scenes(workshop, wording, kind, layout, span) for kind, span in zip(cards[:-1], spans[:-1], strict=True)
    ]
    begin, frames = (spans[0], part.frames) if part else (0, sum(spans))
    if part:
        shown.insert(1, part.scenes)
    last = Still(code_card(workshop, wording, making), spans[-1])
    scenes: list[Scene] = [*chain.from_iterable(shown), last]
    whole = sum(scene.frames for scene in scenes)
    return Timeline(
        layout,
        tuple(scenes),
        timeline_digest(wording, making),
        placed_voice(voice, begin, whole) if voice else None,
        _soft_subtitles(wording, making, begin, frames),
    )


def code_card(workshop: Workshop, wording: Wording, making: Making) -> Planes:
    """Draw the last card alone, for a maker that has the rest of the film in store."""
    layout = film_layout(making.film_height)
    key = ("code card", wording.digest(), str(layout.height))
    return workshop.keep(key, Planes, lambda: planes_of(workshop.film_card(wording, FILM_CARDS[-1], layout)))


def _plain_spans(seconds: int, voice_frames: int) -> list[int]:
    """Share the pictures of a film of words alone among its cards; it does not end before its voice."""
    total = max(seconds * FRAMES_PER_S, voice_frames)
    last = min(LONGEST_CODE_CARD, total // len(FILM_CARDS))
    return [*shared_frames([1] * (len(FILM_CARDS) - 1), total - last), last]


def _spans_around(part: SpokenPart, seconds: int) -> list[int]:
    """Share what the spoken part leaves of the film among its cards, which get what they need in any case."""
    left = max(seconds * FRAMES_PER_S - part.frames, sum(_LEAST_FRAMES))
    last = min(LONGEST_CODE_CARD, shared_frames(_LEAST_FRAMES, left)[-1])
    return [*shared_frames(_LEAST_FRAMES[:-1], left - last), last]


def _subtitled(wording: Wording, making: Making) -> Sequence[Language]:
    return tuple(dict.fromkeys((wording.language, *making.subtitles)))


def _soft_subtitles(wording: Wording, making: Making, begin: int, frames: int) -> Mapping[Language, tuple[Cue, ...]]:
    """Give the sentences in each language while the officer speaks, or while the words are shown."""
    subtitles = {}
    for language in _subtitled(wording, making):
        sentences = wording.spoken.get(language)
        if sentences is None:
            raise BadInput(
                f"message {wording.message_id} has no subtitles in {language!r}",
                remedy="add the language to the campaign, or take it out of the subtitles",
            )
        if sentences:
            subtitles[language] = cues_between(sentences, language, begin, frames)
    return subtitles
