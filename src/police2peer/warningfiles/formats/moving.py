# SPDX-License-Identifier: EUPL-1.2
"""What films have in common: stored pictures that change nothing, stored silence, and tracks made of both."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.codec.context import Flags

from police2peer.warningfiles.h264 import FRAMES_PER_S, ParameterSets, skip_pictures
from police2peer.warningfiles.layout import Layout
from police2peer.warningfiles.mp4_boxes import Track, aac_entry, avc_entry
from police2peer.warningfiles.workshop import Workshop, digest_of

__all__ = ["Skips", "picture_track", "silence", "skips"]

_TIMESCALE = 12_800  # ticks a second; 512 ticks a picture
_RATE_HZ = 48_000
_AAC_FRAME = 1024  # samples in one AAC frame (ISO/IEC 14496-3)
_SETTLED = 8  # the encoder's first frames hold its start; from here on silence is silence


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


def silence(workshop: Workshop, seconds: int) -> Track:
    """Give silent AAC of this length; one stored frame of silence, repeated."""
    key = digest_of(kind="silence", rate_hz=_RATE_HZ, encoder=f"av {av.__version__}")
    note = workshop.store.recall(key)
    if note is None:
        frame, config = _silent_frame()
        note = {"frame": frame.hex(), "config": config.hex()}
        workshop.store.remember(key, note)
    frame, config = bytes.fromhex(str(note["frame"])), bytes.fromhex(str(note["config"]))
    count = seconds * _RATE_HZ // _AAC_FRAME
    return Track(b"soun", _RATE_HZ, _AAC_FRAME, [frame] * count, aac_entry(_RATE_HZ, 1, config))


def _silent_frame() -> tuple[bytes, bytes]:
    context = av.CodecContext.create("aac", "w")
    if not isinstance(context, AudioCodecContext):
        raise TypeError(context.name)
    context.sample_rate, context.layout, context.format = _RATE_HZ, "mono", "fltp"
    context.time_base = Fraction(1, _RATE_HZ)
    context.bit_rate = 32_000
    context.flags |= Flags.global_header | Flags.bitexact
    packets = []
    for number in range(2 * _SETTLED):
        frame = av.AudioFrame.from_ndarray(np.zeros((1, _AAC_FRAME), np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = _RATE_HZ, number * _AAC_FRAME, context.time_base
        packets += [bytes(packet) for packet in context.encode(frame)]
    return packets[_SETTLED], bytes(context.extradata or b"")
