# SPDX-License-Identifier: EUPL-1.2
"""An officer's clip, with each sentence and the verify address laid over every picture.

Where text stands follows from the side of the picture that holds nobody, never from the direction of the writing.
"""

from collections.abc import Callable, Iterator, Sequence

from police2peer.campaign import Clip
from police2peer.errors import BadInput
from police2peer.warningfiles.clips import clip_pictures, prepare_clip, sound_pcm
from police2peer.warningfiles.colour import Planes
from police2peer.warningfiles.film.cues import shared_frames
from police2peer.warningfiles.film.layers import mark_over_clip, reading_spans, sentence_over_clip
from police2peer.warningfiles.film.overlay import Overlay
from police2peer.warningfiles.film.timeline import FRAMES_PER_S, Moving
from police2peer.warningfiles.layout import Layout
from police2peer.warningfiles.wording import Wording
from police2peer.warningfiles.workshop import Workshop

__all__ = ["recorded_officer"]

# A person speaks no faster than others read; a clip much shorter than its subtitles is the wrong one.
_FASTEST_READING = 1.5


def recorded_officer(workshop: Workshop, wording: Wording, clip: Clip, layout: Layout) -> tuple[Moving, bytes | None]:
    """Give the scene and its sound. Raises `BadInput` when the clip is too short for its subtitles."""
    prepared = prepare_clip(workshop.store, clip, layout.height)
    needed = reading_spans(wording)
    if sum(needed) > prepared.frames * _FASTEST_READING:
        raise BadInput(
            f"the clip lasts {prepared.frames // FRAMES_PER_S} s, and its subtitles take "
            f"{sum(needed) // FRAMES_PER_S} s to read",
            remedy="write fewer or shorter subtitles, or use a longer clip",
        )
    mark = mark_over_clip(workshop, wording, layout, clip.free_side)
    layers = [
        layer
        for sentence, span in zip(wording.texts.subtitles, shared_frames(needed, prepared.frames), strict=True)
        for layer in [sentence_over_clip(workshop, wording, layout, clip.free_side, sentence)] * span
    ]
    scene = Moving(laid_over(lambda: clip_pictures(workshop.store, prepared, layout), mark, layers), prepared.frames)
    return scene, sound_pcm(workshop.store, prepared)


def laid_over(
    pictures: Callable[[], Iterator[Planes]], mark: Overlay, layers: Sequence[Overlay]
) -> Callable[[], Iterator[Planes]]:
    """Lay the mark over every picture, and over each the layer that stands at its place."""

    def composed() -> Iterator[Planes]:
        for picture, layer in zip(pictures(), layers, strict=True):
            yield layer.over(mark.over(picture))

    return composed
