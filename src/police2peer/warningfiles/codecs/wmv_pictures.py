# SPDX-License-Identifier: EUPL-1.2
"""Windows Media Video 8 (WMV2): blanks and the note stand behind the picture, where no decoder looks.

The codec has no room of its own for notes; a decoder stops at the last block of a picture. Every reader that was
tried decodes the picture whole and without a complaint.
"""

from collections.abc import Iterable, Iterator, Sequence

from av.video.codeccontext import VideoCodecContext

from police2peer.warningfiles.codecs.mpeg_pictures import WHOLE_NUMBERS, set_quantiser
from police2peer.warningfiles.codecs.pictures import Coded, PictureCodec, Shot, Size, encode, encode_one, set_common
from police2peer.warningfiles.colour import Planes
from police2peer.warningfiles.workshop import Workshop

__all__ = ["WMV2"]

_MOVING_QUANTISER = 5


class _Wmv2(PictureCodec):
    """Pictures without a number or a time in them, so that one repeating picture serves for all."""

    encoder = "wmv2"
    qualities = (3, 4, 5, 6, 8, 10, 13, 16)

    def configure(self, context: VideoCodecContext, size: Size, quality: int) -> None:
        """Set up the encoder."""
        set_common(context, size)
        set_quantiser(context, quality)
        context.options = dict(WHOLE_NUMBERS)

    def still(self, planes: Planes, quality: int) -> bytes:
        """Code one picture."""
        return encode_one(self, planes, quality)

    def repeats(self, workshop: Workshop, size: Size, begin: int, count: int) -> Sequence[bytes]:
        """Give the same picture again and again."""
        del begin
        return self.remembered(workshop, size, 1, 1) * count

    def moving(self, pictures: Iterable[Planes], size: Size, begin: int) -> Iterator[Coded]:
        """Code pictures that move."""
        return encode(self, Shot(pictures, size, _MOVING_QUANTISER, begin))

    def fill(self, picture: bytes, note: bytes, slot_bytes: int) -> bytes | None:
        """Put zeros and the note behind the picture."""
        zeros = slot_bytes - len(picture) - len(note)
        return None if zeros < 0 else picture + bytes(zeros) + note


WMV2 = _Wmv2()
