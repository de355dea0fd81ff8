# SPDX-License-Identifier: EUPL-1.2
"""A normalised film as we keep it: H.264 and nothing around it, made by us from plain pictures.

A bare byte stream (ITU-T H.264, Annex B) has no place for a title, a date or a position. The encoder's note about
itself is taken out, so that nothing but pictures is left. Read back, the same pictures come in every place.
"""

import re
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Final

import av
import numpy as np
from av.codec.context import Flags
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from police2peer.errors import Unavailable
from police2peer.warningfiles.clips.limits import PICTURES_PER_S
from police2peer.warningfiles.store import BaseStore

__all__ = ["ENCODER", "encode_film", "read_film"]

# Finer than any film that is made from it, and no more than 20 Mb/s whatever the pictures are.
_OPTIONS: Final = {
    "preset": "ultrafast",
    "crf": "12",
    "level": "4.1",
    "x264-params": "keyint=50:scenecut=0:bframes=0:threads=1:lookahead-threads=1:cpu-independent=1"
    ":vbv-maxrate=20000:vbv-bufsize=20000:colorprim=bt709:transfer=bt709:colormatrix=bt709:range=tv",
}
ENCODER: Final = " ".join((f"av {av.__version__}", *_OPTIONS.values()))
"""Names what a stored film depends on besides its pictures."""
_UNIT: Final = re.compile(rb"\x00?\x00\x00\x01")
_NAL_TYPE, _SEI = 0x1F, 6
_PIECE_BYTES: Final = 1 << 20

Plane = NDArray[np.uint8]


def encode_film(pictures: Iterable[bytes], width: int, height: int) -> Iterator[bytes]:
    """Encode planes Y, U and V at 25 pictures a second; give the film piece by piece."""
    context = av.CodecContext.create("libx264", "w")
    if not isinstance(context, VideoCodecContext):
        raise TypeError(context.name)
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base, context.framerate = Fraction(1, PICTURES_PER_S), Fraction(PICTURES_PER_S)
    context.flags |= Flags.bitexact
    context.options = dict(_OPTIONS)
    number = 0
    for number, planes in enumerate(pictures):
        picture = np.frombuffer(planes, dtype=np.uint8).reshape(height * 3 // 2, width)
        frame = VideoFrame.from_ndarray(picture, format="yuv420p")
        frame.pts, frame.time_base = number, context.time_base
        yield from (_without_notes(bytes(packet)) for packet in context.encode(frame))
    yield from (_without_notes(bytes(packet)) for packet in context.encode(None))


def _without_notes(packet: bytes) -> bytes:
    """Leave out supplemental information; parameter sets and slices stay as they are."""
    starts = [found.start() for found in _UNIT.finditer(packet)]
    if _SEI not in {packet[found.end()] & _NAL_TYPE for found in _UNIT.finditer(packet)}:
        return packet
    kept = []
    for found, end in zip(_UNIT.finditer(packet), [*starts[1:], len(packet)], strict=True):
        if packet[found.end()] & _NAL_TYPE != _SEI:
            kept.append(packet[found.start() : end])
    return b"".join(kept)


def read_film(store: BaseStore, sha256: str) -> Iterator[tuple[Plane, Plane, Plane]]:
    """Decode a stored film; give each picture as Y, U and V. Raises `Unavailable` when it is gone or spoiled."""
    context = av.CodecContext.create("h264", "r")
    if not isinstance(context, VideoCodecContext):
        raise TypeError(context.name)
    context.options = {"err_detect": "explode"}
    size = store.size(sha256)
    try:
        for begin in range(0, size, _PIECE_BYTES):
            piece = store.read(sha256, begin, min(_PIECE_BYTES, size - begin))
            for packet in context.parse(piece):
                yield from map(_planes, context.decode(packet))
        for packet in context.parse(None):
            yield from map(_planes, context.decode(packet))
        yield from map(_planes, context.decode(None))
    except av.FFmpegError as error:
        raise Unavailable(
            "a stored film cannot be read", remedy="remove the store and make the files anew"
        ) from error


def _planes(frame: VideoFrame) -> tuple[Plane, Plane, Plane]:
    y, u, v = (
        np.frombuffer(bytes(plane), dtype=np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width].copy()
        for plane in frame.planes
    )
    return y, u, v
