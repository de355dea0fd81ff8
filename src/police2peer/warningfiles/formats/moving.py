# SPDX-License-Identifier: EUPL-1.2
"""What films have in common: stored pictures that change nothing, and the track that pictures make."""

from collections.abc import Sequence
from dataclasses import dataclass

import av

from police2peer.warningfiles.h264 import FRAMES_PER_S, ParameterSets, skip_pictures
from police2peer.warningfiles.layout import Layout
from police2peer.warningfiles.mp4_boxes import Track, avc_entry
from police2peer.warningfiles.workshop import Workshop, digest_of

__all__ = ["Skips", "picture_track", "skips"]

_TIMESCALE = 12_800  # ticks a second; 512 ticks a picture


@dataclass(frozen=True)
class Skips:
    """Pictures 1 to 299 that repeat the one before, and their parameter sets."""

    samples: tuple[bytes, ...]
    sets: ParameterSets


def skips(workshop: Workshop, width: int, height: int) -> Skips:
    """Give the skipping pictures of this size; making them takes seconds, so they are stored."""
    return workshop.keep(("skips", f"{width}x{height}"), Skips, lambda: _skips(workshop, width, height))


def _skips(workshop: Workshop, width: int, height: int) -> Skips:
    key = digest_of(kind="skips", width=width, height=height, encoder=f"av {av.__version__}")
    note = workshop.store.recall(key)
    if note is None:
        samples, sets = skip_pictures(width, height)
        note = {"samples": [s.hex() for s in samples], "sps": sets.sps.hex(), "pps": sets.pps.hex()}
        workshop.store.remember(key, note)
    listed = note["samples"]
    if not isinstance(listed, list):
        raise TypeError(key)
    sets = ParameterSets(bytes.fromhex(str(note["sps"])), bytes.fromhex(str(note["pps"])))
    return Skips(tuple(bytes.fromhex(sample) for sample in listed), sets)


def picture_track(samples: Sequence[bytes], sync: Sequence[int], sets: ParameterSets, layout: Layout) -> Track:
    """Give finished pictures as a track; `sync` are those a player may start at."""
    return Track(
        handler=b"vide",
        timescale=_TIMESCALE,
        sample_duration=_TIMESCALE // FRAMES_PER_S,
        samples=samples,
        entry=avc_entry(layout.width, layout.height, sets.sps, sets.pps),
        sync=sync,
        width=layout.width,
        height=layout.height,
    )
