# SPDX-License-Identifier: EUPL-1.2
"""Still pictures as H.264: one fresh IDR picture and stored pictures that change nothing.

A card of any length costs one encoding. Bytes do not depend on the processor (`cpu-independent`) nor on the
number of cores (`threads=1`), and every picture fits every other of its size (`stitchable`): their parameter
sets are compared, not trusted. Sources: ITU-T H.264 7.3, 7.4, Annex B and D.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain

import av
import numpy as np
from av.codec.context import Flags
from av.video.codeccontext import VideoCodecContext

from police2peer.warningfiles.painting import Pixels

__all__ = [
    "FRAMES_PER_S",
    "LONGEST_STILL",
    "EncodedStill",
    "ParameterSets",
    "encode_moving",
    "encode_still",
    "skip_pictures",
]

FRAMES_PER_S = 25
LONGEST_STILL = 300  # pictures from one IDR picture to the next, at most; 12 s
_SLICE, _IDR, _SPS, _PPS = 1, 5, 7, 8
_NAL_TYPE = 0x1F
_PRESET = "veryfast"
_PARAMS = ":".join(
    (
        "stitchable=1",
        f"keyint={LONGEST_STILL}",
        f"min-keyint={LONGEST_STILL}",
        "scenecut=0",
        "bframes=0",
        "ref=1",
        "threads=1",
        "lookahead-threads=1",
        "weightp=0",
        "cpu-independent=1",
        "colorprim=bt709",
        "transfer=bt709",
        "colormatrix=bt709",
    )
)
# A card is letters on plain ground, which the filter against block edges would only blur. Measured without it:
# a third less time and 3 dB better at the same size.
_CARD = ":subme=1:no-deblock=1"
# Grain is held to a rate, or a minute of it takes 100 MB; the search is short, since whoever speaks moves little.
_SPEAKER = ":subme=1:me=dia:trellis=0:rc-lookahead=10:vbv-maxrate={rate}:vbv-bufsize={buffer}"
_BITS_A_PIXEL = 4.4  # per second: 4 Mbit/s at 1280x720
# A grey picture needs no search; none of these stands in the parameter sets, and it takes a third of the time.
_HASTE = ":subme=0:me=dia:rc-lookahead=0:mbtree=0:aq-mode=0:trellis=0"
_LEVEL = "4.0"  # 1280x720 at 25 pictures a second, and what every player of the last fifteen years takes


@dataclass(frozen=True, slots=True)
class ParameterSets:
    """The two parameter sets that every picture of a film must share."""

    sps: bytes
    pps: bytes


@dataclass(frozen=True, slots=True)
class EncodedStill:
    """One picture's slices, length-prefixed as MP4 wants them, and the sets they were coded under."""

    sample: bytes
    sets: ParameterSets


def _nal_units(stream: bytes) -> Iterator[bytes]:
    """Part an Annex B byte stream at its start codes."""
    for piece in stream.split(b"\0\0\1")[1:]:
        yield piece.rstrip(b"\0")


def _sample(stream: bytes) -> bytes:
    """Keep the slices only: the encoder's own note about itself is dropped."""
    kept = [unit for unit in _nal_units(stream) if unit[0] & _NAL_TYPE in {_SLICE, _IDR}]
    return b"".join(len(unit).to_bytes(4, "big") + unit for unit in kept)


def _context(width: int, height: int, crf: int, params: str) -> VideoCodecContext:
    context = av.CodecContext.create("libx264", "w")
    if not isinstance(context, VideoCodecContext):
        raise TypeError(context.name)
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base, context.framerate = Fraction(1, FRAMES_PER_S), Fraction(FRAMES_PER_S)
    context.flags |= Flags.global_header | Flags.bitexact
    context.options = {"preset": _PRESET, "crf": str(crf), "level": _LEVEL, "x264-params": params}
    return context


def _frame(planes: Sequence[Pixels]) -> av.VideoFrame:
    picture = np.concatenate([plane.ravel() for plane in planes]).reshape(-1, planes[0].shape[1])
    return av.VideoFrame.from_ndarray(picture, format="yuv420p")


def _sets(context: VideoCodecContext) -> ParameterSets:
    sets = {unit[0] & _NAL_TYPE: unit for unit in _nal_units(bytes(context.extradata or b""))}
    return ParameterSets(sets[_SPS], sets[_PPS])


def _encode(planes: Sequence[Pixels], count: int, crf: int, params: str) -> tuple[list[bytes], ParameterSets]:
    height, width = planes[0].shape
    context = _context(width, height, crf, params)
    frame = _frame(planes)
    frame.time_base = context.time_base
    packets = []
    for number in range(count):
        frame.pts = number
        packets += context.encode(frame)
    packets += context.encode(None)
    return [_sample(bytes(packet)) for packet in packets], _sets(context)


def encode_still(planes: Sequence[Pixels], crf: int) -> EncodedStill:
    """Encode one picture (planes Y, U, V in 4:2:0) as an IDR picture; a lower `crf` is finer."""
    samples, sets = _encode(planes, 1, crf, _PARAMS + _CARD)
    return EncodedStill(samples[0], sets)


def encode_moving(pictures: Iterator[Sequence[Pixels]], crf: int) -> tuple[list[bytes], ParameterSets]:
    """Encode pictures that change; every 300th, from the first, is an IDR picture."""
    first = next(pictures)
    height, width = first[0].shape
    rate_kbit = round(width * height * _BITS_A_PIXEL / 1000)
    speaker = _SPEAKER.format(rate=rate_kbit, buffer=2 * rate_kbit)
    context = _context(width, height, crf, _PARAMS + speaker)
    samples = []
    for number, planes in enumerate(chain([first], pictures)):
        frame = _frame(planes)
        frame.pts, frame.time_base = number, context.time_base
        samples += [_sample(bytes(packet)) for packet in context.encode(frame)]
    samples += [_sample(bytes(packet)) for packet in context.encode(None)]
    return samples, _sets(context)


def skip_pictures(width: int, height: int) -> tuple[list[bytes], ParameterSets]:
    """Make the pictures 1 to 299 that repeat whatever IDR picture of this size stands before them."""
    luma = np.full((height, width), 128, dtype=np.uint8)
    chroma = np.full((height // 2, width // 2), 128, dtype=np.uint8)
    samples, sets = _encode((luma, chroma, chroma), LONGEST_STILL, 23, _PARAMS + _HASTE)
    return samples[1:], sets
