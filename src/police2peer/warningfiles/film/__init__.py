# SPDX-License-Identifier: EUPL-1.2
"""What a film shows and says, whatever container carries it."""

from police2peer.warningfiles.film.captions import captions_vtt
from police2peer.warningfiles.film.language_codes import iso_639_2
from police2peer.warningfiles.film.timeline import FRAMES_PER_S, PCM_RATE_HZ, Cue, Moving, Scene, Still, Timeline

__all__ = [
    "FRAMES_PER_S",
    "PCM_RATE_HZ",
    "Cue",
    "Moving",
    "Scene",
    "Still",
    "Timeline",
    "captions_vtt",
    "iso_639_2",
]
