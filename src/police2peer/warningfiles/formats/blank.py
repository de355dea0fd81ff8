# SPDX-License-Identifier: EUPL-1.2
"""The blanks: a dark second, a dark picture, an empty page, an archive with nothing in it, padded to any size.

A blank shows and says nothing; it is the control arm of a trial. On disk it is a hole unless a keystream is asked
for; every blank ends in a serial of its own, so that each has its own hashes. The campaign may ask for a picture
inside, where an examiner finds it and a player does not; in an archive it is a member.
"""

import hashlib
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import assert_never

import av
import PIL
from PIL import Image, features

from police2peer.campaign import FileFormat, FormatKind
from police2peer.warningfiles.code import VerifyCode
from police2peer.warningfiles.formats.archive import Member, zip_bytes
from police2peer.warningfiles.formats.rar import rar_bytes
from police2peer.warningfiles.formats.seven_zip import seven_zip_bytes
from police2peer.warningfiles.padding import filler_seed, pad
from police2peer.warningfiles.plan import FilePlan
from police2peer.warningfiles.settings import Making
from police2peer.warningfiles.workshop import Workshop, digest_of

__all__ = ["blank_content", "make_blank"]

_WIDTH, _HEIGHT = 640, 360
_DARK = (12, 12, 12)
_DARK_LUMA, _NO_CHROMA = 27, 128  # the same in limited range
_FRAMES_PER_S = 25
_PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<<>>>>"  # A4 in points
_EMPTY_MEMBER = "blank"
_ENDINGS = {b"\x89PNG": "png", b"\xff\xd8\xff": "jpg", b"GIF8": "gif", b"RIFF": "webp", b"%PDF": "pdf"}


@dataclass(frozen=True, slots=True)
class _Muxing:
    """How ffmpeg's library names a container and its codec, with what makes the codec's bytes the same everywhere."""

    container: str
    codec: str
    options: Mapping[str, str] = field(default_factory=dict)


_H264 = {"x264-params": "threads=1:lookahead-threads=1:cpu-independent=1"}
_WHOLE_NUMBERS = {"dct": "int", "idct": "simple"}
_MUXINGS = {
    "mp4": _Muxing("mp4", "libx264", _H264),
    "mkv": _Muxing("matroska", "libx264", _H264),
    "avi": _Muxing("avi", "mpeg4", _WHOLE_NUMBERS),
    "mpg": _Muxing("mpeg", "mpeg1video", _WHOLE_NUMBERS),
    "wmv": _Muxing("asf", "wmv2", _WHOLE_NUMBERS),
    "webm": _Muxing("webm", "libvpx-vp9", {"cpu-used": "8", "row-mt": "0"}),
}
_PICTURES = {"jpg": "JPEG", "png": "PNG", "gif": "GIF", "webp": "WEBP"}
_ARCHIVES: Mapping[str, Callable[[Sequence[Member]], bytes]] = {
    "zip": zip_bytes,
    "7z": seven_zip_bytes,
    "rar": rar_bytes,
}


def make_blank(workshop: Workshop, code: VerifyCode, making: Making, file_format: FileFormat) -> FilePlan:
    """Plan a blank of the size that `making` gives, its serial and its keystream drawn from `code`.

    Raises `BadInput`, naming a size that is enough, when that is too small for the content.
    """
    inside = making.blank_inside
    content = blank_content(workshop, file_format)
    if inside and file_format.kind is FormatKind.ARCHIVE:
        content, inside = workshop.plan(_ARCHIVES[file_format.extension]((_member(inside),))), b""
    return pad(
        content,
        file_format,
        making.blank_bytes,
        making.filler,
        filler_seed(code),
        inside=inside,
        serial=hashlib.sha256(b"police2peer blank " + code.encode()).digest(),
    )


def _member(content: bytes) -> Member:
    return f"picture.{next((end for begin, end in _ENDINGS.items() if content.startswith(begin)), 'bin')}", content


def blank_content(workshop: Workshop, file_format: FileFormat) -> FilePlan:
    """Plan what all blanks of this kind have in common, made once for the store."""
    key = digest_of(blank=file_format.extension, tools=[av.__version__, PIL.__version__, features.version("webp")])
    note = workshop.store.recall(key)
    if note is None:
        note = {"content": workshop.store.put(_small(file_format))}
        workshop.store.remember(key, note, stored=[str(note["content"])])
    return workshop.plan(workshop.store.read(str(note["content"])))


def _small(file_format: FileFormat) -> bytes:
    kind = file_format.extension
    match file_format.kind:
        case FormatKind.FILM:
            return _dark_second(_MUXINGS[kind])
        case FormatKind.PICTURE:
            return _dark_picture(_PICTURES[kind])
        case FormatKind.DOCUMENT:
            return _empty_page()
        case FormatKind.ARCHIVE:
            # The padding of a rar is a member already.
            return _ARCHIVES[kind](() if kind == "rar" else ((_EMPTY_MEMBER, b""),))
        case _:
            assert_never(file_format.kind)


def _dark_second(muxing: _Muxing) -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=muxing.container, options={"fflags": "+bitexact"}) as film:
        stream = film.add_stream(muxing.codec, rate=_FRAMES_PER_S, options={"threads": "1", **muxing.options})
        assert isinstance(stream, av.VideoStream)  # noqa: S101 - the table names codecs of pictures only
        stream.width, stream.height, stream.pix_fmt = _WIDTH, _HEIGHT, "yuv420p"
        stream.codec_context.flags |= av.codec.context.Flags.bitexact
        frame = av.VideoFrame(_WIDTH, _HEIGHT, "yuv420p")
        for plane, level in zip(frame.planes, (_DARK_LUMA, _NO_CHROMA, _NO_CHROMA), strict=True):
            plane.update(bytes([level]) * plane.buffer_size)
        frame.time_base = Fraction(1, _FRAMES_PER_S)
        for number in range(_FRAMES_PER_S):
            frame.pts = number
            film.mux(stream.encode(frame))
        film.mux(stream.encode(None))
    return buffer.getvalue()


def _dark_picture(kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (_WIDTH, _HEIGHT), _DARK).save(buffer, kind)
    return buffer.getvalue()


def _empty_page() -> bytes:
    """Write a PDF of one page with nothing on it. Source: ISO 32000-2, 7.5."""
    objects = (b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>", _PAGE)
    written, places = b"%PDF-1.7\n%\x80\x80\x80\x80\n", []
    for number, value in enumerate(objects, 1):
        places.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, value)
    table = b"".join(b"%010d 00000 n\r\n" % place for place in places)
    count = len(objects) + 1
    table = b"xref\n0 %d\n0000000000 65535 f\r\n%strailer\n<</Size %d/Root 1 0 R>>\n" % (count, table, count)
    return written + table + b"startxref\n%d\n%%%%EOF\n" % len(written)
