# SPDX-License-Identifier: EUPL-1.2
"""What the officer says, every sentence burned into the picture.

The officer is recorded in a clip, or drawn; a drawn one, and words alone, may have a recorded voice.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from police2peer.warningfiles.clips import prepare_sound, sound_pcm
from police2peer.warningfiles.colour import planes_of
from police2peer.warningfiles.film.building import faded_in
from police2peer.warningfiles.film.cues import shared_frames
from police2peer.warningfiles.film.layers import reading_spans, sentence_beside_officer
from police2peer.warningfiles.film.recorded import recorded_officer
from police2peer.warningfiles.film.timeline import FRAMES_PER_S, PCM_RATE_HZ, Scene, Still
from police2peer.warningfiles.layout import Layout
from police2peer.warningfiles.wording import Wording
from police2peer.warningfiles.workshop import Workshop

__all__ = ["SpokenPart", "frames_of", "spoken_part", "voice_of"]

_BYTES_A_FRAME = PCM_RATE_HZ // FRAMES_PER_S * 2


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
    if wording.clip is not None:
        moving, sound = recorded_officer(workshop, wording, wording.clip, layout)
        return SpokenPart([moving], sound)
    spans, voice = reading_spans(wording), voice_of(workshop, wording)
    # A voice slower than reading holds each sentence longer; after a faster one there is silence.
    spans = shared_frames(spans, max(sum(spans), frames_of(voice)))
    ground = planes_of(workshop.film_card(wording, "spoken", layout))
    scenes: list[Scene] = []
    for sentence, span in zip(wording.texts.subtitles, spans, strict=True):
        picture = sentence_beside_officer(workshop, wording, layout, sentence).over(ground)
        scenes += faded_in(ground, picture, span) if wording.moving else [Still(picture, span)]
    return SpokenPart(scenes, voice)


def voice_of(workshop: Workshop, wording: Wording) -> bytes | None:
    """Give the recorded voice of a film without a clip. Raises what `prepare_sound` raises."""
    if wording.voice is None:
        return None
    return sound_pcm(workshop.store, prepare_sound(workshop.store, wording.voice.path, wording.voice.sha256))


def frames_of(voice: bytes | None) -> int:
    """Tell how many pictures a voice lasts."""
    return -(-len(voice or b"") // _BYTES_A_FRAME)
