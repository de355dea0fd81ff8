# SPDX-License-Identifier: EUPL-1.2
"""Inside the decoder: pictures of any camera made upright, steady and plain.

Upright: turned and mirrored as the clip's display matrix says (ISO/IEC 14496-12, 8.5.3). Steady: 25 a second by
their time stamps, whatever the camera did. Plain: square pixels, whole picture fitted into the box, progressive,
8 bits 4:2:0, BT.709 limited range; HDR (PQ, HLG) and wide gamut are brought down by swscale's perceptual mapping.
"""

import struct
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from typing import Final, cast

import av
from av.filter import Graph
from av.sidedata.sidedata import SideDataContainer, Type
from av.video.frame import VideoFrame

from police2peer.warningfiles.clips.limits import PICTURES_PER_S, DecoderTask
from police2peer.warningfiles.clips.refusals import Refusal, RefusedError
from police2peer.warningfiles.clips.sources import Source

__all__ = ["NormalPictures", "normal_pictures"]

_ONE: Final = 1 << 16  # matrices are in 16.16
_NEARLY: Final = _ONE // 100
_MATRIX: Final = struct.Struct("=9i")
# The upper left of the matrix, in units: a b / c d. A point (x, y) goes to (ax + cy, bx + dy).
_TURNS: Final[dict[tuple[int, int, int, int], tuple[str, ...]]] = {
    (1, 0, 0, 1): (),
    (-1, 0, 0, -1): ("hflip", "vflip"),
    (-1, 0, 0, 1): ("hflip",),
    (1, 0, 0, -1): ("vflip",),
    (0, 1, -1, 0): ("transpose=clock",),
    (0, -1, 1, 0): ("transpose=cclock",),
    (0, 1, 1, 0): ("transpose=cclock_flip",),
    (0, -1, -1, 0): ("transpose=clock_flip",),
}
_STRANGEST_PIXEL: Final = 4  # times as wide as high, or as high as wide
# ITU-T H.273: colour primaries, transfer, matrix; ranges as FFmpeg numbers them.
_BT709, _UNKNOWN, _BT601, _RGB, _LIMITED, _FULL = 1, 2, 6, 0, 1, 2
_WIDE_PRIMARIES: Final = frozenset((9, 11, 12))  # BT.2020, DCI-P3, Display P3
_HDR_TRANSFERS: Final = frozenset((16, 18))  # PQ, HLG
_MOST_SD_LINES: Final = 576
_SCALING: Final = "flags=bicubic+accurate_rnd+bitexact+full_chroma_int:threads=1"
_TARGET: Final = "out_color_matrix=bt709:out_range=tv:out_transfer=bt709:out_primaries=bt709:intent=perceptual"


@dataclass(frozen=True)
class NormalPictures:
    """The size of all pictures, and the pictures: planes Y, U and V one after another."""

    width: int
    height: int
    planes: Iterator[bytes]


def normal_pictures(source: Source, task: DecoderTask) -> NormalPictures:
    """Begin to decode. Raises `RefusedError` now for what the first picture shows, later for the rest."""
    shots = source.pictures()
    first = next(shots, None)
    if first is None:
        raise RefusedError(Refusal.NO_PICTURES)
    turns = _turns(first[1])
    width, height = _fitted(first[1], source.pixel_shape, turns, task)
    line = _Line(first[1], turns, width, height)
    return NormalPictures(width, height, _steady(chain([first], shots), source, line))


def _turns(frame: VideoFrame) -> tuple[str, ...]:
    side_data = cast("SideDataContainer", frame.side_data)  # its own stub gives but one key
    beside = [side_data[number] for number in range(len(side_data))]
    found = next((one for one in beside if one.type is Type.DISPLAYMATRIX), None)
    if found is None:
        return ()
    a, b, _, c, d, *_ = _MATRIX.unpack(bytes(found))
    units = tuple(round(value / _ONE) for value in (a, b, c, d))
    is_plain = all(abs(value - unit * _ONE) <= _NEARLY for value, unit in zip((a, b, c, d), units, strict=True))
    key = (units[0], units[1], units[2], units[3])
    if not is_plain or key not in _TURNS:
        raise RefusedError(Refusal.ODD_SHAPE)
    return _TURNS[key]


def _fitted(frame: VideoFrame, pixel: Fraction, turns: tuple[str, ...], task: DecoderTask) -> tuple[int, int]:
    """Give the largest even size of this shape that the box holds."""
    if not Fraction(1, _STRANGEST_PIXEL) <= pixel <= _STRANGEST_PIXEL:
        raise RefusedError(Refusal.ODD_SHAPE)
    shape = Fraction(frame.width) * pixel / frame.height
    if any(turn.startswith("transpose") for turn in turns):
        shape = 1 / shape
    width = min(Fraction(task.box_width), task.box_height * shape)
    return max(2, round(width / 2) * 2), max(2, round(width / shape / 2) * 2)


class _Line:
    """The filters that every picture goes through; one comes out for each that goes in, a little later."""

    def __init__(self, first: VideoFrame, turns: tuple[str, ...], width: int, height: int) -> None:
        self._colours = _colours(first)
        matrix, colour_range, transfer, primaries = self._colours
        self._graph = Graph()
        self._graph.threads = 1
        told = f"video_size={first.width}x{first.height}:pix_fmt={first.format.name}:time_base=1/{PICTURES_PER_S}"
        nodes = [self._graph.add("buffer", f"{told}:colorspace={matrix}:range={colour_range}")]
        # Fields become pictures before anything is turned or scaled; progressive pictures pass untouched.
        nodes.append(self._graph.add("bwdif", "mode=send_frame:deint=interlaced"))
        for turn in turns:
            name, _, argument = turn.partition("=")
            nodes.append(self._graph.add(name, argument or None))
        size = f"{width}:{height}:{_SCALING}"
        if transfer in _HDR_TRANSFERS or primaries in _WIDE_PRIMARIES:
            # Light by light is slow (its table alone takes ten seconds), so the picture is made small before.
            nodes.append(self._graph.add("scale", size))
        nodes.append(self._graph.add("scale", f"{size}:{_TARGET}"))
        nodes.append(self._graph.add("format", "yuv420p"))
        nodes.append(self._graph.add("buffersink"))
        self._graph.link_nodes(*nodes).configure()
        self._entered = 0

    def push(self, frame: VideoFrame | None) -> Iterator[bytes]:
        """Put a picture in (None: there are no more) and give those that come out."""
        if frame is not None:
            frame.colorspace, frame.color_range, frame.color_trc, frame.color_primaries = self._colours
            frame.pts, frame.time_base = self._entered, Fraction(1, PICTURES_PER_S)
            self._entered += 1
        self._graph.vpush(frame)
        while True:
            try:
                made = self._graph.vpull()
            except (av.BlockingIOError, av.EOFError):
                return
            yield _planes(made)


def _colours(frame: VideoFrame) -> tuple[int, int, int, int]:
    """Settle matrix, range, transfer and primaries; what is not told is what cameras of that size do."""
    is_rgb = frame.format.is_rgb
    matrix = _RGB if is_rgb else frame.colorspace
    if matrix in {_RGB, _UNKNOWN} and not is_rgb:
        matrix = _BT601 if frame.height <= _MOST_SD_LINES else _BT709
    colour_range = frame.color_range or (_FULL if is_rgb or frame.format.name.startswith("yuvj") else _LIMITED)
    transfer = frame.color_trc if frame.color_trc in _HDR_TRANSFERS else _BT709
    primaries = frame.color_primaries if frame.color_primaries in _WIDE_PRIMARIES else _BT709
    return matrix, colour_range, transfer, primaries


def _planes(frame: VideoFrame) -> bytes:
    """Give the planes without what lies beside the picture in memory."""
    made = bytearray()
    for plane in frame.planes:
        rows = memoryview(plane)
        if plane.line_size == plane.width:
            made += rows[: plane.width * plane.height]
            continue
        for row in range(plane.height):
            made += rows[row * plane.line_size : row * plane.line_size + plane.width]
    return bytes(made)


def _steady(shots: Iterator[tuple[Fraction, VideoFrame]], source: Source, line: _Line) -> Iterator[bytes]:
    """Show at each 1/25 s the picture that is the latest by the middle of it; some twice, some never."""
    owed: deque[int] = deque()
    shown = 0
    held: VideoFrame | None = None
    for time, frame in chain(shots, [(None, None)]):
        # A picture is due until the next one's time; the last until the end of the clip.
        until = round((source.end_s if time is None else time) * PICTURES_PER_S)
        if held is not None and until > shown:
            owed.append(until - shown)
            shown = until
            yield from _repeated(line.push(held), owed)
        held = frame
    yield from _repeated(line.push(None), owed)


def _repeated(made: Iterator[bytes], owed: deque[int]) -> Iterator[bytes]:
    for planes in made:
        for _ in range(owed.popleft()):
            yield planes
