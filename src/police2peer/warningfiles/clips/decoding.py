# SPDX-License-Identifier: EUPL-1.2
"""Inside the decoder: one clip as records, pictures first and their sound after them.

Imports all that decoding needs, since nothing can be loaded once the walls stand.
"""

import io
import os
from collections.abc import Iterator

# PyAV loads these when it first meets a stream of subtitles.
import av.subtitles.codeccontext
import av.subtitles.stream
import av.subtitles.subtitle  # noqa: F401

from police2peer.warningfiles.clips.confinement import Wall
from police2peer.warningfiles.clips.framing import End, Header, Picture, Record, Sound
from police2peer.warningfiles.clips.limits import SAMPLES_PER_PICTURE, DecoderTask
from police2peer.warningfiles.clips.pictures import normal_pictures
from police2peer.warningfiles.clips.refusals import Refusal, RefusedError
from police2peer.warningfiles.clips.sounds import sound_of
from police2peer.warningfiles.clips.sources import Source

__all__ = ["decoded"]

_PIECE_BYTES = 1 << 16


class _Clip(io.RawIOBase):
    """An open descriptor that is read and sought in, without asking the system what it is."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return os.read(self._descriptor, max(size, 0))

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return os.lseek(self._descriptor, offset, whence)

    def tell(self) -> int:
        return os.lseek(self._descriptor, 0, os.SEEK_CUR)


def decoded(descriptor: int, task: DecoderTask, walls: Wall) -> Iterator[Record]:
    """Give the records of the clip behind the descriptor. Raises `RefusedError` at the first fault."""
    source = Source(_Clip(descriptor), task)
    pictures = samples = 0
    begin_s = None
    most = task.most_samples
    if task.wants_pictures:
        made = normal_pictures(source, task)
        yield Header(made.width, made.height, walls)
        for planes in made.planes:
            yield Picture(planes)
            pictures += 1
        begin_s = source.start_s
        most = pictures * SAMPLES_PER_PICTURE
    else:
        yield Header(0, 0, walls)
    for pcm in sound_of(source, task.limits, begin_s):
        for at in range(0, len(pcm), _PIECE_BYTES):
            piece = pcm[at : at + min(_PIECE_BYTES, 2 * (most - samples))]
            if piece:
                yield Sound(piece)
            samples += len(piece) // 2
        if samples == most:
            break
    if not task.wants_pictures and not samples:
        raise RefusedError(Refusal.NO_SOUND)
    yield End(pictures, samples)
