# SPDX-License-Identifier: EUPL-1.2
"""VP9: a still is one key picture and, for each further 1/25 s, the order of one byte to show it again.

Pictures that the encoder means to change nothing drift in VP9; the order does not. Zeros behind a picture are the
format's own padding. Source: VP9 Bitstream & Decoding Process Specification 0.6, 7.2 (show_existing_frame) and 9.2.3
(padding, exit process for the Boolean decoder).
"""

from collections.abc import Iterable, Iterator, Sequence

from av.video.codeccontext import VideoCodecContext

from police2peer.warningfiles.codecs.pictures import Coded, PictureCodec, Shot, Size, encode, encode_one, set_common
from police2peer.warningfiles.colour import Planes
from police2peer.warningfiles.workshop import Workshop

__all__ = ["VP9"]

# Frame marker 2, profile 0, show_existing_frame 1, frame_to_show_map_idx 0; a key picture fills all eight places.
_SHOW_AGAIN = bytes([0b10001000])
_MOVING_QUALITY = 28
_OPTIONS = {"deadline": "realtime", "cpu-used": "7", "lag-in-frames": "0", "auto-alt-ref": "0", "row-mt": "0"}


class _Vp9(PictureCodec):
    """Profile 0, one tile row, no picture that is not shown."""

    encoder = "libvpx-vp9"
    qualities = (20, 26, 32, 38, 44, 50)
    read_by_muxer = 16  # the muxer asks whether a picture is shown

    def configure(self, context: VideoCodecContext, size: Size, quality: int) -> None:
        """Set up the encoder for constant quality."""
        set_common(context, size)
        context.bit_rate = 0
        context.options = {**_OPTIONS, "crf": str(quality)}

    def still(self, planes: Planes, quality: int) -> bytes:
        """Code one picture."""
        return encode_one(self, planes, quality)

    def repeats(self, workshop: Workshop, size: Size, begin: int, count: int) -> Sequence[bytes]:
        """Order the key picture to be shown again."""
        del workshop, size, begin
        return [_SHOW_AGAIN] * count

    def moving(self, pictures: Iterable[Planes], size: Size, begin: int) -> Iterator[Coded]:
        """Code pictures that move."""
        return encode(self, Shot(pictures, size, _MOVING_QUALITY, begin))

    def fill(self, picture: bytes, note: bytes, slot_bytes: int) -> bytes | None:
        """Put zeros behind the picture; VP9 has no room for notes."""
        del note
        zeros = slot_bytes - len(picture)
        return None if zeros < 0 else picture + bytes(zeros)


VP9 = _Vp9()
