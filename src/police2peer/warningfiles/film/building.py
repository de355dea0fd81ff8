# SPDX-License-Identifier: EUPL-1.2
"""Cards whose words come in one after another, each fading in where it will stand: text that moves.

In a trial moving text held more people back than text that stands: 38 of 100 went on, against 43, and 60 without a
warning (Australian Institute of Criminology, Trends & issues 647, 2022). Nothing flashes: a fade takes a third of a
second, and what has come stays.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np

from police2peer.warningfiles.colour import Planes, planes_of
from police2peer.warningfiles.film.cues import reading_frames, shared_frames
from police2peer.warningfiles.film.timeline import Moving, Scene, Still
from police2peer.warningfiles.layout import Layout
from police2peer.warningfiles.painting import Pixels
from police2peer.warningfiles.wording import Wording
from police2peer.warningfiles.workshop import Workshop

__all__ = ["card_scenes", "faded_in"]

_FADE_FRAMES = 8


def card_scenes(workshop: Workshop, wording: Wording, kind: str, layout: Layout, frames: int) -> Sequence[Scene]:
    """Show one card for so many pictures: standing, or built up when the message moves."""
    if not wording.moving:
        return [Still(planes_of(workshop.film_card(wording, kind, layout)), frames)]

    def reached(step: int) -> Planes:
        return planes_of(workshop.film_card(wording, kind, layout, step=step))

    scenes, before = list[Scene](), reached(0)
    for step, span in enumerate(_spans(wording, kind, frames), start=1):
        after = reached(step)
        scenes += faded_in(before, after, span)
        before = after
    return scenes


def faded_in(before: Planes, after: Planes, frames: int) -> Sequence[Scene]:
    """Turn one picture into another, which then stands; together so many pictures."""
    fade = min(_FADE_FRAMES, frames // 2)
    if not fade:
        return [Still(after, frames)]
    pictures: Callable[[], Iterator[Planes]] = partial(_mixed, before, after, fade)
    return [Moving(pictures, fade), Still(after, frames - fade)]


def _spans(wording: Wording, kind: str, frames: int) -> list[int]:
    """Tell how long each part is the latest: as long as it takes to read, if all stand half of the time."""
    texts = wording.texts
    # The template numbers the parts in the same order.
    parts = {
        "opening": (texts.title, texts.lead),
        "points": (texts.body_title, *texts.points),
        "help": (texts.help_title, texts.help, texts.help_label),
    }[kind]
    early = [reading_frames(part, wording.language) for part in parts[:-1]]
    if sum(early) > frames // 2:
        early = shared_frames(early, frames // 2)
    return [*early, frames - sum(early)]


def _mixed(before: Planes, after: Planes, count: int) -> Iterator[Planes]:
    """Give the pictures between two, in whole numbers; the last is nearly the second."""
    for number in range(1, count + 1):
        share = (number, count + 1)
        yield Planes(*(_between(*planes, share) for planes in zip(before.all(), after.all(), strict=True)))


def _between(before: Pixels, after: Pixels, share: tuple[int, int]) -> Pixels:
    reached, whole = share
    mixed = before * np.uint16(whole - reached) + after * np.uint16(reached) + np.uint16(whole // 2)
    return (mixed // np.uint16(whole)).astype(np.uint8)
