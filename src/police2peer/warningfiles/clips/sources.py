# SPDX-License-Identifier: EUPL-1.2
"""Inside the decoder: a foreign clip, opened as one of few kinds, read by few decoders, checked as it is read.

No kind that names other files is opened, and what a clip says of itself (size, length, times) is believed only as
far as what really comes bears it out. Every fault is a `RefusedError`.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any, Final, NoReturn

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from police2peer.warningfiles.clips.limits import DecoderTask, Limits
from police2peer.warningfiles.clips.refusals import Refusal, RefusedError

__all__ = ["Source", "in_ms"]

# What telephones, cameras and cutting programs write, and nothing else (names as FFmpeg has them).
_FILM_KINDS: Final = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpegts"
_SOUND_KINDS: Final = _FILM_KINDS + ",wav,flac,mp3,ogg,aac"
_PICTURE_CODECS: Final = frozenset(("h264", "hevc", "av1", "libdav1d", "vp8", "vp9", "prores", "dnxhd", "mpeg2video"))
_SOUND_CODECS: Final = frozenset(
    (
        *("aac", "alac", "ac3", "flac", "mp2", "mp2float", "mp3", "mp3float", "opus", "libopus", "vorbis"),
        *("pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_f32le"),
    )
)
_MOST_CHANNELS: Final = 8
_SOUND_RATES_HZ: Final = range(8_000, 192_001)
_MOST_STREAMS: Final = 32
_MISSING_S: Final = Fraction(1, 2)  # more than this between the length told and the length found is a lost end
_USUAL_PICTURE_S: Final = Fraction(1, 25)
_MP4_MARK: Final = b"ftyp"  # ISO/IEC 14496-12, 4.3: where it stands, an index belongs
_ENCRYPTED: Final = "encryption_info"


def in_ms(time_s: Fraction | float) -> int:
    """Give whole milliseconds, none below 0."""
    return max(0, round(time_s * 1000))


class Source:
    """A clip behind an open file; each pass over it opens it anew."""

    def __init__(self, clip: io.RawIOBase, task: DecoderTask) -> None:
        self._clip = clip
        self._task = task
        self._limits = task.limits
        self.start_s = Fraction(0)
        self.end_s = Fraction(0)
        self.pixel_shape = Fraction(1)

    def pictures(self) -> Iterator[tuple[Fraction, VideoFrame]]:
        """Give each picture with its time in seconds after the first; `start_s` and `end_s` are known then."""
        with self._opened() as film:
            stream = self._picture_stream(film)
            sound = list(film.streams.audio)[:1]
            watch = _Watch(self._limits, _told_length(film, [stream, *sound]))
            for packet in film.demux([stream, *sound]):
                watch.note(packet)
                if packet.stream is stream:
                    for frame in self._decoded(packet, watch):
                        if isinstance(frame, VideoFrame) and watch.takes(frame):
                            yield watch.time_s, frame
            self.start_s, self.end_s = watch.finish()

    def sounds(self) -> Iterator[tuple[Fraction | None, AudioFrame]]:
        """Give each piece of sound with its time in seconds; nothing when the clip is silent."""
        with self._opened() as film:
            stream = next(iter(film.streams.audio), None)
            if stream is None:
                return
            self._check_sound(stream)
            watch = _Watch(self._limits, _told_length(film, [stream]))
            for packet in film.demux(stream):
                watch.note(packet)
                for frame in self._decoded(packet, watch):
                    if isinstance(frame, AudioFrame):
                        time = frame.pts * frame.time_base if frame.pts is not None and frame.time_base else None
                        yield time, frame

    @contextmanager
    def _opened(self) -> Iterator[InputContainer]:
        self._clip.seek(0)
        options = {
            "format_whitelist": _FILM_KINDS if self._task.wants_pictures else _SOUND_KINDS,
            "codec_whitelist": ",".join(sorted(_PICTURE_CODECS | _SOUND_CODECS)),
            "protocol_whitelist": "none",
            "max_streams": str(_MOST_STREAMS),
            "max_pixels": str(self._limits.long_side_px * self._limits.short_side_px),
        }
        try:
            film = av.open(self._clip, "r", options=options, metadata_errors="replace", io_open=_open_nothing)
        except MemoryError:
            raise
        except (av.FFmpegError, OSError, ValueError) as error:
            raise RefusedError(Refusal.NO_INDEX if self._wants_index() else Refusal.NOT_MEDIA) from error
        with film:
            yield film

    def _wants_index(self) -> bool:
        self._clip.seek(4)
        return self._clip.read(len(_MP4_MARK)) == _MP4_MARK

    def _picture_stream(self, film: InputContainer) -> VideoStream:
        moving = [one for one in film.streams.video if not one.disposition & Disposition.attached_pic]
        if not moving:
            raise RefusedError(Refusal.NO_PICTURES)
        stream = moving[0]
        if stream.codec_context is None or stream.codec_context.name not in _PICTURE_CODECS:
            raise RefusedError(Refusal.CODEC)
        context = stream.codec_context
        self._check_size(context.width, context.height)
        context.thread_type, context.thread_count = "NONE", 1
        context.options = {
            "err_detect": "explode",
            "max_pixels": str(self._limits.long_side_px * self._limits.short_side_px),
        }
        self.pixel_shape = Fraction(stream.sample_aspect_ratio or 1)
        return stream

    def _check_size(self, width: int, height: int) -> None:
        short, long = sorted((width, height))
        if long > self._limits.long_side_px or short > self._limits.short_side_px:
            raise RefusedError(Refusal.TOO_LARGE, width, height)
        if short < self._limits.least_side_px:
            raise RefusedError(Refusal.TOO_SMALL, width, height)

    def _check_sound(self, stream: AudioStream) -> None:
        context = stream.codec_context
        if context is None or context.name not in _SOUND_CODECS:
            raise RefusedError(Refusal.CODEC)
        if context.sample_rate not in _SOUND_RATES_HZ or not 0 < context.channels <= _MOST_CHANNELS:
            raise RefusedError(Refusal.ODD_SOUND, context.channels, context.sample_rate)
        context.thread_type, context.thread_count = "NONE", 1

    @staticmethod
    def _decoded(packet: "Packet[Any]", watch: "_Watch") -> Iterator[object]:
        try:
            yield from packet.decode()
        except MemoryError:
            raise
        except (av.FFmpegError, OSError, ValueError) as error:
            is_locked = packet.has_sidedata(_ENCRYPTED)
            raise RefusedError(Refusal.ENCRYPTED if is_locked else Refusal.DAMAGED, in_ms(watch.time_s)) from error


class _Watch:
    """What came so far, held against the limits."""

    def __init__(self, limits: Limits, told_s: Fraction | None) -> None:
        if told_s is not None and told_s > limits.longest_s + 1:
            raise RefusedError(Refusal.TOO_LONG, in_ms(limits.longest_s))
        self._limits = limits
        self._told_s = told_s
        self._first: Fraction | None = None
        self._shape: tuple[object, ...] = ()
        self._count = 0
        self._step_s = _USUAL_PICTURE_S
        self._reached_s: Fraction | None = None
        self._began_s: Fraction | None = None
        self.time_s = Fraction(0)

    def note(self, packet: "Packet[Any]") -> None:
        """Take in how far the file reaches; a packet that the file's end cut is the end of a truncated clip."""
        if packet.pts is None or packet.time_base is None:
            return
        begin = packet.pts * packet.time_base
        end = begin + (packet.duration or 0) * packet.time_base
        self._began_s = begin if self._began_s is None else min(begin, self._began_s)
        if packet.is_corrupt:
            raise self._broken_off()
        self._reached_s = end if self._reached_s is None else max(end, self._reached_s)

    def takes(self, frame: VideoFrame) -> bool:
        """Whether the picture counts: the first may be broken, where a recording begins in the middle of things."""
        if self._first is None and frame.is_corrupt:
            return False
        if frame.is_corrupt:
            raise RefusedError(Refusal.DAMAGED, in_ms(self.time_s))
        if frame.pts is None or frame.time_base is None:
            raise RefusedError(Refusal.TIMES, in_ms(self.time_s))
        time = frame.pts * frame.time_base
        shape = (frame.width, frame.height, frame.format.name)
        if self._first is None:
            self._first, self._shape = time, shape
        elif shape != self._shape:
            raise RefusedError(Refusal.SHAPE_CHANGES, in_ms(self.time_s))
        return self._goes_on(time - self._first, frame)

    def _goes_on(self, time_s: Fraction, frame: VideoFrame) -> bool:
        gap_s = time_s - self.time_s
        if gap_s < 0:
            raise RefusedError(Refusal.TIMES, in_ms(self.time_s))
        if gap_s > self._limits.standstill_s:
            raise RefusedError(Refusal.STANDSTILL, in_ms(self.time_s), in_ms(gap_s))
        if time_s > self._limits.longest_s:
            raise RefusedError(Refusal.TOO_LONG, in_ms(self._limits.longest_s))
        self._count += 1
        most = self._limits.pictures_per_s * (int(time_s) + 1)
        if self._count > most:
            raise RefusedError(Refusal.TOO_MANY, in_ms(int(time_s) + 1), most)
        told_s = (frame.duration or 0) * (frame.time_base or Fraction(0))
        self._step_s = Fraction(told_s) if 0 < told_s <= 1 else (gap_s or self._step_s)
        self.time_s = time_s
        return gap_s > 0 or self._count == 1

    def _broken_off(self) -> RefusedError:
        if self._told_s is None or self._told_s <= self.time_s:
            return RefusedError(Refusal.DAMAGED, in_ms(self.time_s))
        return RefusedError(Refusal.TRUNCATED, in_ms(self.time_s), in_ms(self._told_s))

    def finish(self) -> tuple[Fraction, Fraction]:
        """Give when the first picture begins and how long all last. Raises when the end is missing."""
        if self._first is None or self._reached_s is None or self._began_s is None:
            raise RefusedError(Refusal.NO_PICTURES)
        found_s = self._reached_s - self._began_s
        if self._told_s is not None and self._told_s - found_s > _MISSING_S:
            raise RefusedError(Refusal.TRUNCATED, in_ms(found_s), in_ms(self._told_s))
        end_s = self.time_s + self._step_s
        if end_s < self._limits.shortest_s:
            raise RefusedError(Refusal.TOO_SHORT, in_ms(end_s))
        return self._first, end_s


def _told_length(film: InputContainer, streams: list[VideoStream | AudioStream]) -> Fraction | None:
    """Give the length that the streams, or else the file, claim, in seconds."""
    told = [one.duration * one.time_base for one in streams if one.duration and one.time_base]
    if told:
        return max(told)
    return Fraction(film.duration, av.time_base) if film.duration else None


def _open_nothing(*_: object) -> NoReturn:
    raise PermissionError("a clip may not open other files")
