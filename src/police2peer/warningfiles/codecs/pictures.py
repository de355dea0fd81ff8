# SPDX-License-Identifier: EUPL-1.2
"""What every picture codec does for a film: one fresh picture, pictures that change nothing, pictures that move.

A card of any length costs one encoding: behind its first picture stand small ones that repeat it without touching a
point. Promise: encoders run on one thread, so that a picture's bytes do not depend on the number of cores.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import av
import numpy as np
from av.codec.context import Flags
from av.container import OutputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from police2peer.warningfiles.colour import Planes, plain_planes
from police2peer.warningfiles.film import Moving, Scene
from police2peer.warningfiles.film.timeline import FRAMES_PER_S
from police2peer.warningfiles.h264 import LONGEST_STILL
from police2peer.warningfiles.workshop import Workshop, digest_of

__all__ = [
    "BT709",
    "GREY",
    "Coded",
    "PictureCodec",
    "Shot",
    "Size",
    "encode",
    "encode_one",
    "picture_track",
    "set_common",
    "video_frame",
]

BT709 = 1  # colour primaries, transfer and matrix alike (ITU-T H.273)
GREY = (128, 128, 128)
_TICK = Fraction(1, FRAMES_PER_S)


@dataclass(frozen=True, slots=True)
class Size:
    """The width and height of a film's pictures."""

    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Coded:
    """One coded picture; a reader can begin at a key picture."""

    content: bytes
    is_key: bool


class PictureCodec(ABC):
    """One way to code pictures.

    `encoder` is FFmpeg's name. `qualities` are its settings from the finest, tried in order until a picture fits its
    slot. `longest_still`: after how many pictures a still is sent again. `read_by_muxer`: how many first bytes of a
    picture the muxer reads.
    """

    encoder: str
    qualities: tuple[int, ...]
    longest_still: int = LONGEST_STILL
    read_by_muxer: int = 0

    @abstractmethod
    def configure(self, context: VideoCodecContext, size: Size, quality: int) -> None:
        """Set up an encoder that is not open yet."""

    @abstractmethod
    def still(self, planes: Planes, quality: int) -> bytes:
        """Code one picture that stands on its own, as the first of a film."""

    def timed(self, picture: bytes, number: int) -> bytes:
        """Make a still, in its slot or not, that was coded as the first of a film its picture of this number."""
        del number
        return picture

    @abstractmethod
    def repeats(self, workshop: Workshop, size: Size, begin: int, count: int) -> Sequence[bytes]:
        """Give the `count` pictures behind the still that is number `begin`; they repeat it."""

    @abstractmethod
    def moving(self, pictures: Iterable[Planes], size: Size, begin: int) -> Iterator[Coded]:
        """Code pictures that move; the first is number `begin`."""

    @abstractmethod
    def fill(self, picture: bytes, note: bytes, slot_bytes: int) -> bytes | None:
        """Make a picture as long as its slot, harmlessly, with the note in it; None when it does not fit."""

    def add_stream(self, container: OutputContainer, size: Size) -> VideoStream:
        """Add the stream that these pictures go into."""
        stream = container.add_stream(self.encoder, rate=FRAMES_PER_S)
        if not isinstance(stream, VideoStream):
            raise TypeError(self.encoder)
        self.configure(stream.codec_context, size, self.qualities[0])
        return stream

    def end(self, picture: bytes) -> bytes:
        """Mark the last picture of a film."""
        return picture

    def remembered(self, workshop: Workshop, size: Size, first: int, count: int) -> tuple[bytes, ...]:
        """Give `count` repeating pictures from number `first` on, after a grey one; coded once and stored."""
        key = digest_of(
            kind="repeats",
            codec=self.encoder,
            size=(size.width, size.height),
            first=first,
            count=count,
            av=av.__version__,
        )
        note = workshop.store.recall(key)
        if note is None:
            grey = plain_planes(size.width, size.height, GREY)
            coded = list(self.moving([grey] * (first + count), size, 0))
            note = {"pictures": [one.content.hex() for one in coded[first:]]}
            workshop.store.remember(key, note)
        listed = note["pictures"]
        if not isinstance(listed, list):
            raise TypeError(key)
        return tuple(bytes.fromhex(one) for one in listed)


def video_frame(planes: Planes) -> av.VideoFrame:
    """Hand a picture to an encoder."""
    width = planes.y.shape[1]
    picture = np.concatenate([plane.ravel() for plane in planes.all()]).reshape(-1, width)
    frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
    frame.time_base = _TICK
    return frame


@dataclass(frozen=True)
class Shot:
    """Pictures for an encoder: the number of the first, the quality, and what to tell the encoder beside."""

    pictures: Iterable[Planes]
    size: Size
    quality: int
    begin: int = 0
    options: Mapping[str, str] = field(default_factory=dict)


def encode(codec: PictureCodec, shot: Shot) -> Iterator[Coded]:
    """Run an encoder over pictures."""
    context = av.CodecContext.create(codec.encoder, "w")
    if not isinstance(context, VideoCodecContext):
        raise TypeError(context.name)
    codec.configure(context, shot.size, shot.quality)
    context.options = {**context.options, **shot.options}
    for number, planes in enumerate(shot.pictures, start=shot.begin):
        frame = video_frame(planes)
        frame.pts = number
        for packet in context.encode(frame):
            yield Coded(bytes(packet), packet.is_keyframe)
    for packet in context.encode(None):
        yield Coded(bytes(packet), packet.is_keyframe)


def encode_one(codec: PictureCodec, planes: Planes, quality: int) -> bytes:
    """Code one picture as the first of a film."""
    height, width = planes.y.shape
    return next(encode(codec, Shot([planes], Size(width, height), quality))).content


def set_common(context: VideoCodecContext, size: Size) -> None:
    """Set what all encoders share: size, rate, colours, one thread, nothing of the encoder's own name."""
    context.width, context.height, context.pix_fmt = size.width, size.height, "yuv420p"
    context.time_base, context.framerate = _TICK, Fraction(FRAMES_PER_S)
    context.gop_size, context.max_b_frames, context.thread_count = LONGEST_STILL, 0, 1
    context.color_primaries = context.color_trc = context.colorspace = BT709
    context.flags |= Flags.bitexact


def picture_track(
    workshop: Workshop, codec: PictureCodec, scenes: Sequence[Scene], size: Size, slot: bytes
) -> tuple[Coded, ...]:
    """Code all scenes; the slot stands wherever the last of them, which is the card of the code, begins anew."""
    pictures: list[Coded] = []
    for scene in scenes[:-1]:
        if isinstance(scene, Moving):
            pictures += codec.moving(scene.pictures(), size, len(pictures))
        else:
            still = codec.still(scene.picture, codec.qualities[0])
            pictures += _standing(workshop, codec, size, still, range(len(pictures), len(pictures) + scene.frames))
    place = len(pictures)
    pictures += _standing(workshop, codec, size, slot, range(place, place + scenes[-1].frames))
    pictures[-1] = Coded(codec.end(pictures[-1].content), pictures[-1].is_key)
    return tuple(pictures)


def _standing(workshop: Workshop, codec: PictureCodec, size: Size, still: bytes, span: range) -> Iterator[Coded]:
    for begin in span[:: codec.longest_still]:
        yield Coded(codec.timed(still, begin), is_key=True)
        count = min(codec.longest_still, span.stop - begin) - 1
        for content in codec.repeats(workshop, size, begin, count):
            yield Coded(content, is_key=False)
