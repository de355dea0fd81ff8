# SPDX-License-Identifier: EUPL-1.2
"""What a film shows and says, whatever container carries it."""

from police2peer.warningfiles.film.timeline import PCM_RATE_HZ, Cue, Moving, Scene, Still, Timeline

__all__ = ["PCM_RATE_HZ", "Cue", "Moving", "Scene", "Still", "Timeline"]
