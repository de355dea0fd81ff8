# SPDX-License-Identifier: EUPL-1.2
"""Inside the decoder: sound of any kind made one channel of 16 bits at 48 kHz, each piece at its time.

Several channels become one by swresample's mix, in which none is lost. Holes become silence; sound that lies
before the first picture is left out.
"""

from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

from police2peer.warningfiles.clips.limits import PCM_RATE_HZ, Limits
from police2peer.warningfiles.clips.refusals import Refusal, RefusedError
from police2peer.warningfiles.clips.sources import Source, in_ms

__all__ = ["sound_of"]

_SAMPLE_BYTES: Final = 2
_OUT_OF_STEP_S: Final = Fraction(1, 10)  # below this, times stray because cameras round them


def sound_of(source: Source, limits: Limits, begin_s: Fraction | None) -> Iterator[bytes]:
    """Give PCM from `begin_s` of the file's time on (None: from where the sound begins)."""
    track = _Track(limits)
    for time, frame in source.sounds():
        if begin_s is None:
            begin_s = time or Fraction(0)
        yield from track.take(frame, None if time is None else time - begin_s)
    yield from track.flush()


class _Track:
    """One channel from its beginning: what was taken in, and how many samples are still to be left out."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._reached_s = Fraction(0)
        self._skip = 0
        self._shape: tuple[object, ...] = ()
        self._resampler: AudioResampler | None = None

    def take(self, frame: AudioFrame, time_s: Fraction | None) -> Iterator[bytes]:
        """Give what this piece adds."""
        stray_s = Fraction(0) if time_s is None else time_s - self._reached_s
        if abs(stray_s) > _OUT_OF_STEP_S or not self._shape:
            yield from self._step(stray_s)
        shape = (frame.sample_rate, frame.layout.name, frame.format.name)
        if shape != self._shape:
            yield from self.flush()
            self._shape, self._resampler = shape, AudioResampler("s16", "mono", PCM_RATE_HZ)
        self._reached_s += Fraction(frame.samples, frame.sample_rate)
        if self._reached_s > self._limits.longest_s:
            raise RefusedError(Refusal.TOO_LONG, in_ms(self._limits.longest_s))
        frame.pts = None
        yield from self._resampled(frame)

    def flush(self) -> Iterator[bytes]:
        """Give what the resampler still holds."""
        yield from self._resampled(None)
        self._resampler = None

    def _step(self, stray_s: Fraction) -> Iterator[bytes]:
        """Fill a hole with silence; leave out what comes twice or before the beginning."""
        if abs(stray_s) > self._limits.standstill_s:
            raise RefusedError(Refusal.STANDSTILL, in_ms(self._reached_s), in_ms(abs(stray_s)))
        self._reached_s += stray_s
        samples = round(stray_s * PCM_RATE_HZ)
        if samples > 0:
            yield from self._resampled(None)
            self._shape = ()
            yield bytes(samples * _SAMPLE_BYTES)
        self._skip += max(0, -samples)

    def _resampled(self, frame: AudioFrame | None) -> Iterator[bytes]:
        for made in self._resampler.resample(frame) if self._resampler else ():
            pcm = bytes(made.planes[0])[: made.samples * _SAMPLE_BYTES]
            left_out = min(self._skip, made.samples)
            self._skip -= left_out
            if left_out < made.samples:
                yield pcm[left_out * _SAMPLE_BYTES :]
