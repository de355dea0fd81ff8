# SPDX-License-Identifier: EUPL-1.2
"""What the officer says, every sentence burned into the picture. A drawn officer may have a recorded voice."""

from collections.abc import Sequence
from dataclasses import dataclass

from police2peer.errors import BadInput
from police2peer.warningfiles.colour import planes_of
from police2peer.warningfiles.film.layers import reading_spans, sentence_beside_officer
from police2peer.warningfiles.film.timeline import Scene, Still
from police2peer.warningfiles.layout import Layout
from police2peer.warningfiles.wording import Wording
from police2peer.warningfiles.workshop import Workshop

__all__ = ["SpokenPart", "spoken_part"]


@dataclass(frozen=True)
class SpokenPart:
    """The scenes while the officer speaks, and the voice (PCM as in a timeline) that begins with them."""

    scenes: Sequence[Scene]
    voice: bytes | None = None

    @property
    def frames(self) -> int:
        """How many pictures it has."""
        return sum(scene.frames for scene in self.scenes)


def spoken_part(workshop: Workshop, wording: Wording, layout: Layout) -> SpokenPart:
    """Show a recorded or drawn officer. Raises `BadInput` when a recording does not suit its sentences."""
    if wording.clip is not None or wording.voice is not None:
        raise BadInput("recordings cannot be used yet", remedy="take clips and audio out of the message")
    ground = planes_of(workshop.film_card(wording, "spoken", layout))
    return SpokenPart(
        [
            Still(sentence_beside_officer(workshop, wording, layout, sentence).over(ground), span)
            for sentence, span in zip(wording.texts.subtitles, reading_spans(wording), strict=True)
        ]
    )
