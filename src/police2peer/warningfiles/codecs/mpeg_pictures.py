# SPDX-License-Identifier: EUPL-1.2
"""MPEG-4 Part 2 (for AVI) and MPEG-2 (for MPG): note and blanks are user data before the picture.

Both codecs let anyone put bytes of their own behind a start code, where players pass over them. Sources: ISO/IEC
14496-2, 6.2.2 (user data, group of VOP); ISO/IEC 13818-2, 6.2.2 (extension and user data) and 6.3.8 (time code).
"""

from collections.abc import Iterable, Iterator, Sequence

from av.codec.context import Flags
from av.video.codeccontext import VideoCodecContext

from police2peer.warningfiles.codecs.pictures import Coded, PictureCodec, Shot, Size, encode, encode_one, set_common
from police2peer.warningfiles.colour import Planes
from police2peer.warningfiles.film.timeline import FRAMES_PER_S
from police2peer.warningfiles.workshop import Workshop

__all__ = ["MPEG2", "MPEG4", "WHOLE_NUMBERS", "set_quantiser"]

# Transforms in whole numbers and without the processor's own instructions give the same bytes everywhere.
WHOLE_NUMBERS = {"dct": "int", "idct": "simple"}
_BIT_RATE = 8_000_000  # written into headers; the quantiser decides
_STILL_QUANTISERS = (3, 4, 5, 6, 8, 10, 13, 16)
_MOVING_QUANTISER = 5
_BUFFER_BITS = 7_340_032  # of Main Profile at High 1440 Level (ISO/IEC 13818-2, table 8-14)
_MOST_BITS_PER_S = 20_000_000
_CLOCK_BITS = 18
# An MPEG-4 picture's head: coded within itself (00), no second has passed (0), a marker (1), its part of the second.
_INTRA_ON_THE_SECOND, _FRACTION_BITS = 0b0001, 5
_USER_DATA = b"\0\0\1\xb2"
_NO_SCENE_CUTS = "1000000000"  # closed groups ask for it


def set_quantiser(context: VideoCodecContext, quantiser: int) -> None:
    """Code every picture with the same quantiser, 1 the finest."""
    context.qmin = context.qmax = quantiser
    context.bit_rate = context.bit_rate_tolerance = _BIT_RATE


def _with_user_data(picture: bytes, note: bytes, slot_bytes: int, before: bytes) -> bytes | None:
    """Put user data that fill the slot before a start code; ASCII never looks like a start code."""
    blanks = slot_bytes - len(picture) - len(_USER_DATA) - len(note)
    if blanks < 0:
        return None
    place = picture.index(before)
    return picture[:place] + _USER_DATA + note + b" " * blanks + picture[place:]


class _Mpeg4(PictureCodec):
    """MPEG-4 Advanced Simple Profile as AVI carries it: headers stand before each key picture."""

    encoder = "mpeg4"
    qualities = _STILL_QUANTISERS
    _GROUP, _PICTURE = b"\0\0\1\xb3", b"\0\0\1\xb6"

    def configure(self, context: VideoCodecContext, size: Size, quality: int) -> None:
        """Set up the encoder."""
        set_common(context, size)
        set_quantiser(context, quality)
        context.flags |= Flags.closed_gop
        context.options = {**WHOLE_NUMBERS, "sc_threshold": _NO_SCENE_CUTS}

    def still(self, planes: Planes, quality: int) -> bytes:
        """Code one picture."""
        return encode_one(self, planes, quality)

    def timed(self, picture: bytes, number: int) -> bytes:
        """Write the time twice: whole seconds into the group, pictures of the second into the picture's head."""
        clock, pictures = _clock(number)
        group = picture.index(self._GROUP) + len(self._GROUP)
        head = picture.index(self._PICTURE) + len(self._PICTURE)
        timed = _overwritten(picture, group, (clock, _CLOCK_BITS))
        return _overwritten(timed, head, (_INTRA_ON_THE_SECOND << _FRACTION_BITS | pictures, 4 + _FRACTION_BITS))

    def repeats(self, workshop: Workshop, size: Size, begin: int, count: int) -> Sequence[bytes]:
        """Choose by the time in them, which counts within a second and marks where a new one begins."""
        second = self.remembered(workshop, size, FRAMES_PER_S, FRAMES_PER_S)
        return [second[number % FRAMES_PER_S] for number in range(begin + 1, begin + 1 + count)]

    def moving(self, pictures: Iterable[Planes], size: Size, begin: int) -> Iterator[Coded]:
        """Code pictures that move."""
        return encode(self, Shot(pictures, size, _MOVING_QUANTISER, begin))

    def fill(self, picture: bytes, note: bytes, slot_bytes: int) -> bytes | None:
        """Put the note as user data of the video object layer, before the group of VOP."""
        return _with_user_data(picture, note, slot_bytes, self._GROUP)


class _Mpeg2(PictureCodec):
    """MPEG-2 Main Profile; pictures number themselves from the group's first, groups carry the time of the film.

    A program stream has no index: who jumps into it waits for the next still, so one comes every 2 s.
    """

    encoder = "mpeg2video"
    qualities = _STILL_QUANTISERS
    longest_still = 50
    _GROUP, _PICTURE, _END = b"\0\0\1\xb8", b"\0\0\1\0", b"\0\0\1\xb7"

    def configure(self, context: VideoCodecContext, size: Size, quality: int) -> None:
        """Set up the encoder."""
        set_common(context, size)
        set_quantiser(context, quality)
        context.gop_size = self.longest_still
        context.flags |= Flags.closed_gop
        context.options = {**WHOLE_NUMBERS, "sc_threshold": _NO_SCENE_CUTS}
        context.options |= {"seq_disp_ext": "always", "bufsize": str(_BUFFER_BITS), "maxrate": str(_MOST_BITS_PER_S)}

    def still(self, planes: Planes, quality: int) -> bytes:
        """Code one picture."""
        return encode_one(self, planes, quality)

    def timed(self, picture: bytes, number: int) -> bytes:
        """Write the time into the group's head; a leading 0 says that no pictures are dropped from the count."""
        clock, pictures = _clock(number)
        group = picture.index(self._GROUP) + len(self._GROUP)
        return _overwritten(picture, group, (clock << 6 | pictures, 1 + _CLOCK_BITS + 6))

    def repeats(self, workshop: Workshop, size: Size, begin: int, count: int) -> Sequence[bytes]:
        """Give the pictures by their number in the group."""
        del begin
        return self.remembered(workshop, size, 1, self.longest_still - 1)[:count]

    def moving(self, pictures: Iterable[Planes], size: Size, begin: int) -> Iterator[Coded]:
        """Code pictures that move."""
        seconds, rest = divmod(begin, FRAMES_PER_S)
        time = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}:{rest:02}"
        return encode(self, Shot(pictures, size, _MOVING_QUANTISER, options={"gop_timecode": time}))

    def fill(self, picture: bytes, note: bytes, slot_bytes: int) -> bytes | None:
        """Put the note as user data of the group, before the picture."""
        return _with_user_data(picture, note, slot_bytes, self._PICTURE)

    def end(self, picture: bytes) -> bytes:
        """End the sequence, so that no reader waits for more before it shows the last picture."""
        return picture + self._END


def _clock(number: int) -> tuple[int, int]:
    """Give the time of a picture as both codecs write it (hours, minutes, a marker, seconds), and what is left."""
    seconds, pictures = divmod(number, FRAMES_PER_S)
    minutes, seconds = divmod(seconds, 60)
    return minutes // 60 << 13 | minutes % 60 << 7 | 1 << 6 | seconds, pictures


def _overwritten(content: bytes, place: int, bits: tuple[int, int]) -> bytes:
    """Write a value of so many bits from the first bit of the byte at `place` on."""
    value, count = bits
    length = -(-count // 8)
    spare = 8 * length - count
    kept = int.from_bytes(content[place : place + length], "big") & (1 << spare) - 1
    return content[:place] + (value << spare | kept).to_bytes(length, "big") + content[place + length :]


MPEG4 = _Mpeg4()
MPEG2 = _Mpeg2()
