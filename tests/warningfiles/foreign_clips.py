# SPDX-License-Identifier: EUPL-1.2
"""Clips as partners might hand them in, made by av: of any shape, turning, timing, sound and fault."""

import os
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from av.audio.codeccontext import AudioCodecContext
from av.audio.stream import AudioStream
from av.video.stream import VideoStream

from police2peer.warningfiles.clips.confinement import Wall
from police2peer.warningfiles.clips.decoding import decoded
from police2peer.warningfiles.clips.framing import Header, Picture, Record, Sound
from police2peer.warningfiles.clips.limits import DecoderTask, Limits
from police2peer.warningfiles.clips.watching import copy_of, decode, sha256_of

Pixels = npt.NDArray[np.uint8]
Pcm = npt.NDArray[np.float32]

RED, GREEN, BLUE, WHITE = (220, 30, 30), (30, 200, 30), (30, 30, 220), (235, 235, 235)
_TICKS = 90_000


def corners(width: int, height: int) -> Pixels:
    """Draw four corners, each of its own colour, so that every turning shows."""
    picture = np.zeros((height, width, 3), np.uint8)
    middle, centre = height // 2, width // 2
    picture[:middle, :centre], picture[:middle, centre:] = RED, GREEN
    picture[middle:, :centre], picture[middle:, centre:] = BLUE, WHITE
    return picture


def grey(level: int, width: int, height: int) -> Pixels:
    return np.full((height, width, 3), level, np.uint8)


def tone(seconds: float, level: float = 0.1, channels: int = 1, only: int | None = None) -> Pcm:
    """Give a tone of 440 Hz in all channels, or in one of them."""
    wave = level * np.sin(2 * np.pi * 440 * np.arange(round(seconds * 48_000)) / 48_000)
    made = np.zeros((channels, wave.size), np.float32)
    made[slice(None) if only is None else only] = wave
    return made


def write_clip(
    path: Path,
    pictures: Sequence[Pixels],
    *,
    times_s: Sequence[float] | None = None,
    rate: Fraction = Fraction(25),
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    options: dict[str, str] | None = None,
    set_up: Callable[[VideoStream], object] = lambda _: None,
    sound: Pcm | None = None,
    sound_begin_s: float = 0,
    layout: str = "mono",
    metadata: dict[str, str] | None = None,
) -> Path:
    """Write pictures at a steady rate, or at their times, and a sound."""
    with av.open(str(path), "w", options={"movflags": "+faststart"} if path.suffix == ".mp4" else {}) as film:
        film.metadata.update(metadata or {})
        stream = film.add_stream(codec, rate=rate, options=options or {"preset": "ultrafast", "crf": "12"})
        assert isinstance(stream, VideoStream)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = pix_fmt
        ticks = Fraction(1, _TICKS) if codec != "mpeg2video" else 1 / rate  # it knows no other
        stream.time_base = stream.codec_context.time_base = ticks
        stream.codec_context.color_range, stream.codec_context.colorspace = 1, 1
        set_up(stream)
        track = None
        if sound is not None:
            track = film.add_stream("aac", rate=48_000, layout=layout)
            assert isinstance(track, AudioStream)
        for number, picture in enumerate(pictures):
            time_s = float(number / rate) if times_s is None else times_s[number]
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(
                format=pix_fmt, dst_colorspace="ITU709", dst_color_range="MPEG"
            )
            frame.pts, frame.time_base = round(time_s * _TICKS), Fraction(1, _TICKS)
            film.mux(stream.encode(frame))
        film.mux(stream.encode(None))
        if sound is not None and track is not None:
            _write_sound(film, track, sound, sound_begin_s, layout)
    return path


def _write_sound(
    film: "av.container.OutputContainer", track: AudioStream, sound: Pcm, begin_s: float, layout: str
) -> None:
    assert isinstance(track.codec_context, AudioCodecContext)
    for begin in range(0, sound.shape[1], 1024):
        piece = np.ascontiguousarray(sound[:, begin : begin + 1024])
        frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout=layout)
        frame.sample_rate, frame.time_base = 48_000, Fraction(1, 48_000)
        frame.pts = round(begin_s * 48_000) + begin
        film.mux(track.encode(frame))
    film.mux(track.encode(None))


def write_sound(path: Path, sound: Pcm, codec: str) -> Path:
    """Write a sound file of one channel, 16 bits."""
    with av.open(str(path), "w") as made:
        track = made.add_stream(codec, rate=48_000, layout="mono")
        assert isinstance(track, AudioStream)
        pcm = np.rint(sound * 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(pcm, format="s16", layout="mono")
        frame.sample_rate, frame.pts = 48_000, 0
        for packet in track.encode(frame):
            made.mux(packet)
        made.mux(track.encode(None))
    return path


def through_walls(path: Path, box: tuple[int, int], limits: Limits | None = None) -> list[Record]:
    """Decode a clip as it is really done, in the limited process."""
    limits = limits or Limits()
    with copy_of(path, sha256_of(path, limits), path.parent / "incoming", limits) as copy:
        return list(decode(copy, DecoderTask(*box, limits=limits)))


class Decoded:
    """What the decoder makes of a clip; in this process, unless walls are asked for."""

    def __init__(
        self, path: Path, box: tuple[int, int] = (320, 180), limits: Limits | None = None, *, walls: bool = False
    ) -> None:
        if walls:
            records = through_walls(path, box, limits)
        else:
            clip = os.open(path, os.O_RDONLY)
            try:
                records = list(decoded(clip, DecoderTask(*box, limits=limits or Limits()), Wall(0)))
            finally:
                os.close(clip)
        header = records[0]
        assert isinstance(header, Header)
        self.width, self.height = header.width, header.height
        self.pictures = [record.planes for record in records if isinstance(record, Picture)]
        self.sound = np.frombuffer(b"".join(r.pcm for r in records if isinstance(r, Sound)), "<i2")

    def luma(self, number: int) -> Pixels:
        """Give the Y plane of a picture."""
        plane = np.frombuffer(self.pictures[number], np.uint8, self.width * self.height)
        return plane.reshape(self.height, self.width)

    def rgb(self, number: int) -> Pixels:
        """Give a picture in colours."""
        planes = np.frombuffer(self.pictures[number], np.uint8).reshape(-1, self.width)
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.colorspace, frame.color_range = 1, 1
        return frame.to_ndarray(format="rgb24").astype(np.uint8)
