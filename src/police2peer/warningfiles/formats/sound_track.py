# SPDX-License-Identifier: EUPL-1.2
"""The sound of a film as AAC: a voice coded once and kept, or one stored frame of silence, repeated.

The encoder's bytes depend on the processor, so what it made is an artefact of the store and never made twice.
Source: ISO/IEC 14496-3 (frames of 1024 samples; the first holds the encoder's start and is skipped by players).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.codec.context import Flags
from numpy.typing import NDArray

from police2peer.warningfiles.film.timeline import FRAMES_PER_S, PCM_RATE_HZ, Timeline
from police2peer.warningfiles.store import BaseStore
from police2peer.warningfiles.workshop import Workshop, digest_of

__all__ = ["AAC_FRAME", "CodedSound", "code_sound"]

AAC_FRAME = 1024  # samples
_SETTLED = 8  # the encoder's first frames hold its start; from here on silence is silence
_VOICE_BITS_PER_S, _SILENCE_BITS_PER_S = 96_000, 32_000
_FULL_SCALE = 32_768


@dataclass(frozen=True)
class CodedSound:
    """AAC frames in order, their AudioSpecificConfig, and the samples at the start that are not heard."""

    frames: tuple[bytes, ...]
    config: bytes
    skipped: int


def code_sound(workshop: Workshop, timeline: Timeline) -> CodedSound:
    """Give the sound of a film, from the store when it was coded before."""
    if timeline.sound is not None:
        return _voice(workshop.store, timeline.sound)
    frame, config = _silence(workshop.store)
    count = timeline.frames * PCM_RATE_HZ // FRAMES_PER_S // AAC_FRAME
    return CodedSound((frame,) * count, config, 0)


def _voice(store: BaseStore, pcm: bytes) -> CodedSound:
    key = digest_of(kind="voice", sound=store.put(pcm), bits=_VOICE_BITS_PER_S, encoder=f"av {av.__version__}")
    note = store.recall(key)
    if note is None:
        samples = np.frombuffer(pcm, "<i2").astype(np.float32)
        samples /= _FULL_SCALE
        coded, config = _coded(samples, _VOICE_BITS_PER_S)
        # Each frame with its length before it: frames are told apart without a list beside them.
        joined = b"".join(len(frame).to_bytes(2, "big") + frame for frame in coded)
        note = {"frames": store.put(joined), "config": config.hex()}
        store.remember(key, note, stored=[str(note["frames"])])
    frames = tuple(_parted(store.read(str(note["frames"]))))
    return CodedSound(frames, bytes.fromhex(str(note["config"])), AAC_FRAME)


def _parted(joined: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(joined):
        begin = at + 2
        at = begin + int.from_bytes(joined[at:begin], "big")
        yield joined[begin:at]


def _silence(store: BaseStore) -> tuple[bytes, bytes]:
    key = digest_of(kind="silence", rate_hz=PCM_RATE_HZ, encoder=f"av {av.__version__}")
    note = store.recall(key)
    if note is None:
        frames, config = _coded(np.zeros(2 * _SETTLED * AAC_FRAME, np.float32), _SILENCE_BITS_PER_S)
        note = {"frame": frames[_SETTLED].hex(), "config": config.hex()}
        store.remember(key, note)
    return bytes.fromhex(str(note["frame"])), bytes.fromhex(str(note["config"]))


def _coded(samples: NDArray[np.float32], bits_per_s: int) -> tuple[list[bytes], bytes]:
    context = av.CodecContext.create("aac", "w")
    if not isinstance(context, AudioCodecContext):
        raise TypeError(context.name)
    context.sample_rate, context.layout, context.format = PCM_RATE_HZ, "mono", "fltp"
    context.time_base = Fraction(1, PCM_RATE_HZ)
    context.bit_rate = bits_per_s
    context.flags |= Flags.global_header | Flags.bitexact
    packets: list[bytes] = []
    for begin in range(0, len(samples), AAC_FRAME):
        piece = np.zeros((1, AAC_FRAME), np.float32)
        piece[0, : len(samples) - begin] = samples[begin : begin + AAC_FRAME]
        frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = PCM_RATE_HZ, begin, context.time_base
        packets += [bytes(packet) for packet in context.encode(frame)]
    packets += [bytes(packet) for packet in context.encode(None)]
    return packets, bytes(context.extradata or b"")
