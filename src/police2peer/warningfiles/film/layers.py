# SPDX-License-Identifier: EUPL-1.2
"""The layers of the spoken part: each sentence, and the mark that says on every still where to verify."""

from dataclasses import dataclass

from police2peer.campaign import FreeSide
from police2peer.warningfiles.film.cues import reading_frames
from police2peer.warningfiles.film.overlay import Overlay
from police2peer.warningfiles.layout import FILM, Layout
from police2peer.warningfiles.wording import Wording
from police2peer.warningfiles.workshop import Workshop

__all__ = ["check_layers", "mark_over_clip", "reading_spans", "sentence_beside_officer", "sentence_over_clip"]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a layer stands, in the pixels of a film 720 lines high; multiples of 4 stay even at 1080."""

    margin: int
    y: int
    width: int
    height: int


_BESIDE_OFFICER = _Place(margin=80, y=268, width=680, height=372)
_LOWER_THIRD = _Place(margin=40, y=460, width=720, height=220)
_WATERMARK = _Place(margin=40, y=40, width=720, height=52)


def reading_spans(wording: Wording) -> list[int]:
    """Tell for how many pictures each sentence must stand."""
    return [reading_frames(sentence, wording.language) for sentence in wording.texts.subtitles]


def check_layers(workshop: Workshop, wording: Wording, layout: Layout) -> None:
    """Raise `BadInput` when a sentence or the verify address does not fit; one drawing tells for all sentences."""
    if not (wording.officer and wording.texts.subtitles):
        return
    first = wording.texts.subtitles[0]
    if wording.clip is None:
        sentence_beside_officer(workshop, wording, layout, first)
    else:
        sentence_over_clip(workshop, wording, layout, wording.clip.free_side, first)
        mark_over_clip(workshop, wording, layout, wording.clip.free_side)


def sentence_beside_officer(workshop: Workshop, wording: Wording, layout: Layout, sentence: str) -> Overlay:
    """Draw a sentence on the side on which the language begins to write; the drawn officer stands on the other."""
    side = FreeSide.RIGHT if wording.is_rtl else FreeSide.LEFT
    return _drawn(workshop, wording, layout, side, _BESIDE_OFFICER, kind="sentence", sentence=sentence)


def sentence_over_clip(
    workshop: Workshop, wording: Wording, layout: Layout, side: FreeSide, sentence: str
) -> Overlay:
    """Draw a sentence low on the side of a clip that holds nobody."""
    return _drawn(workshop, wording, layout, side, _LOWER_THIRD, kind="lower-third", sentence=sentence)


def mark_over_clip(workshop: Workshop, wording: Wording, layout: Layout, side: FreeSide) -> Overlay:
    """Draw badge and verify address high on the side of a clip that holds nobody."""
    return _drawn(workshop, wording, layout, side, _WATERMARK, kind="watermark")


def _drawn(
    workshop: Workshop,
    wording: Wording,
    layout: Layout,
    side: FreeSide,
    place: _Place,
    *,
    kind: str,
    **shown: object,
) -> Overlay:
    png = workshop.film_layer(wording, kind, layout, width=place.width, height=place.height, free_side=side, **shown)
    margin, top, width = (length * layout.height // FILM.height for length in (place.margin, place.y, place.width))
    return Overlay.drawn(png, margin if side is FreeSide.LEFT else layout.width - margin - width, top)
