# SPDX-License-Identifier: EUPL-1.2
"""Puts a voice into the silence of a film: PCM, signed 16 bits little-endian, one channel, 48 kHz."""

from police2peer.warningfiles.film.timeline import FRAMES_PER_S, PCM_RATE_HZ

__all__ = ["placed_voice"]

_BYTES_A_FRAME = PCM_RATE_HZ // FRAMES_PER_S * 2


def placed_voice(voice: bytes, begin: int, frames: int) -> bytes:
    """Let a voice begin with the picture numbered `begin` in a film of this many pictures."""
    before = bytes(begin * _BYTES_A_FRAME)
    return (before + voice).ljust(frames * _BYTES_A_FRAME, b"\0")[: frames * _BYTES_A_FRAME]
