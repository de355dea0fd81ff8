# SPDX-License-Identifier: EUPL-1.2
"""A film's sound coded for a container; silence is coded like any other sound.

Sound is coded once and stored with the base film: these encoders reckon with floating point, and may give other bytes
on another processor.
"""

from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from av.audio.stream import AudioStream
from av.codec.context import Flags
from av.container import OutputContainer

from police2peer.warningfiles.film.timeline import FRAMES_PER_S, PCM_RATE_HZ

__all__ = ["AAC", "MP2", "MP3", "OPUS", "WMA", "Heard", "SoundCodec"]

_TICK = Fraction(1, PCM_RATE_HZ)


@dataclass(frozen=True, slots=True)
class Heard:
    """A piece of coded sound; `begin` and `duration` in samples at 48 kHz."""

    content: bytes
    begin: int
    duration: int


@dataclass(frozen=True, slots=True)
class SoundCodec:
    """One way to code sound: FFmpeg's name of the encoder, the form of samples it takes, bits a second.

    `tells_delay`: the container says how many samples the encoder put before the first; elsewhere the sound begins
    that much later, some hundredths of a second.
    """

    encoder: str
    sample_format: str
    bit_rate: int
    tells_delay: bool = False

    def add_stream(self, container: OutputContainer) -> AudioStream:
        """Add the stream that this sound goes into, one channel at 48 kHz."""
        stream = container.add_stream(self.encoder, rate=PCM_RATE_HZ)
        if not isinstance(stream, AudioStream):
            raise TypeError(self.encoder)
        context = stream.codec_context
        context.layout, context.format, context.bit_rate = "mono", self.sample_format, self.bit_rate
        context.time_base = _TICK
        context.flags |= Flags.bitexact
        return stream

    def encode(self, stream: AudioStream, pcm: bytes | None, frames: int) -> tuple[Heard, ...]:
        """Code PCM (s16le, one channel, 48 kHz; None is silence) for a film of so many pictures."""
        samples = frames * PCM_RATE_HZ // FRAMES_PER_S
        wave = np.zeros(samples, np.int16)
        if pcm is not None:
            given = np.frombuffer(pcm, "<i2")[:samples]
            wave[: len(given)] = given
        packets = []
        for begin in range(0, samples, PCM_RATE_HZ):
            frame = av.AudioFrame.from_ndarray(wave[None, begin : begin + PCM_RATE_HZ], format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = PCM_RATE_HZ, begin, _TICK
            packets += stream.encode(frame)
        packets += stream.encode(None)
        first = 0 if self.tells_delay else min((packet.pts or 0 for packet in packets), default=0)
        heard = [
            Heard(bytes(one), int(((one.pts or 0) - first) * one.time_base / _TICK), one.duration or 0)
            for one in packets
        ]
        return tuple(piece for piece in heard if piece.begin < samples)


AAC = SoundCodec("aac", "fltp", 96_000, tells_delay=True)
MP3 = SoundCodec("libmp3lame", "s16p", 96_000)
MP2 = SoundCodec("mp2", "s16", 96_000)
WMA = SoundCodec("wmav2", "fltp", 96_000)
OPUS = SoundCodec("libopus", "s16", 64_000, tells_delay=True)
