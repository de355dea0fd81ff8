# SPDX-License-Identifier: EUPL-1.2
"""What the decoder says to its watcher through a pipe, and the reader that believes none of it unseen.

A record is a kind (1 byte), a length (4 bytes, big-endian) and content. In order: one header, the pictures, the
sound, the end with both counts; or, in place of whatever would come next, one refusal. Pictures are planes Y, U
and V in 8 bits, sound is PCM of 16 bits: there is nothing in them to be parsed. Anything else is `BadInput`.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from police2peer.errors import BadInput
from police2peer.warningfiles.clips.limits import DecoderTask
from police2peer.warningfiles.clips.refusals import Refusal

__all__ = ["End", "Header", "Picture", "Record", "RecordReader", "Refused", "Sound", "record_bytes"]

_PREFIX: Final = struct.Struct(">BI")
_HEADER: Final = struct.Struct(">HHB")
_TWO: Final = struct.Struct(">II")
_REFUSED: Final = struct.Struct(">BII")
_MOST_SOUND_BYTES: Final = 1 << 20
_WORD: Final = 0xFFFF_FFFF


class _Kind(IntEnum):
    HEADER = 1
    PICTURE = 2
    SOUND = 3
    END = 4
    REFUSED = 5


@dataclass(frozen=True, slots=True)
class Header:
    """The size of every picture (0 for sound alone) and which walls stand around the decoder (`Wall`)."""

    width: int
    height: int
    walls: int


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of 1/25 s: Y, then U, then V in 4:2:0."""

    planes: bytes


@dataclass(frozen=True, slots=True)
class Sound:
    """The next samples: PCM, signed 16 bits little-endian, one channel, 48 kHz."""

    pcm: bytes


@dataclass(frozen=True, slots=True)
class End:
    """All was sent: so many pictures, so many samples."""

    pictures: int
    samples: int


@dataclass(frozen=True, slots=True)
class Refused:
    """The clip is not taken, for this reason."""

    refusal: Refusal
    first: int
    second: int


Record = Header | Picture | Sound | End | Refused


def record_bytes(record: Record) -> bytes:
    """Write one record."""
    match record:
        case Header(width, height, walls):
            return _framed(_Kind.HEADER, _HEADER.pack(width, height, walls))
        case Picture(planes):
            return _framed(_Kind.PICTURE, planes)
        case Sound(pcm):
            return _framed(_Kind.SOUND, pcm)
        case End(pictures, samples):
            return _framed(_Kind.END, _TWO.pack(pictures, samples))
        case Refused(refusal, first, second):
            numbers = (min(max(number, 0), _WORD) for number in (first, second))
            return _framed(_Kind.REFUSED, _REFUSED.pack(refusal, *numbers))


def _framed(kind: _Kind, content: bytes) -> bytes:
    return _PREFIX.pack(kind, len(content)) + content


class RecordReader:
    """Turns the bytes of a pipe into records that keep within the task; holds one record at most."""

    def __init__(self, task: DecoderTask) -> None:
        self._task = task
        self._pending = bytearray()
        self._header: Header | None = None
        self._pictures = 0
        self._samples = 0
        self.is_over = False

    def feed(self, received: bytes) -> Iterator[Record]:
        """Give the records that are whole by now. Raises `BadInput` on the first thing that cannot be."""
        self._pending += received
        while len(self._pending) >= _PREFIX.size:
            code, length = _PREFIX.unpack_from(self._pending)
            kind = self._check(code, length)
            end = _PREFIX.size + length
            if len(self._pending) < end:
                return
            content = bytes(memoryview(self._pending)[_PREFIX.size : end])
            del self._pending[:end]
            yield self._read(kind, content)
        if self.is_over and self._pending:
            raise _nonsense()

    def finish(self) -> None:
        """Raise `BadInput` when the pipe ended before the end was said."""
        if not self.is_over or self._pending:
            raise _nonsense()

    def _check(self, code: int, length: int) -> _Kind:
        """Check kind, order and length before a byte of content is waited for."""
        if self.is_over or code not in set(_Kind):
            raise _nonsense()
        kind = _Kind(code)
        if (self._header is None) is not (kind is _Kind.HEADER) and kind is not _Kind.REFUSED:
            raise _nonsense()
        fits = {
            _Kind.HEADER: length == _HEADER.size,
            _Kind.PICTURE: length == self._picture_bytes > 0 and self._samples == 0,
            _Kind.SOUND: 0 < length <= _MOST_SOUND_BYTES and length % 2 == 0,
            _Kind.END: length == _TWO.size,
            _Kind.REFUSED: length == _REFUSED.size,
        }
        if not fits[kind]:
            raise _nonsense()
        return kind

    @property
    def _picture_bytes(self) -> int:
        return self._header.width * self._header.height * 3 // 2 if self._header else 0

    def _read(self, kind: _Kind, content: bytes) -> Record:
        match kind:
            case _Kind.HEADER:
                self._header = self._read_header(content)
                return self._header
            case _Kind.PICTURE:
                self._pictures += 1
                if self._pictures > self._task.most_pictures:
                    raise _nonsense()
                return Picture(content)
            case _Kind.SOUND:
                self._samples += len(content) // 2
                if self._samples > self._task.most_samples:
                    raise _nonsense()
                return Sound(content)
            case _Kind.END:
                return self._read_end(content)
            case _Kind.REFUSED:
                return self._read_refused(content)

    def _read_header(self, content: bytes) -> Header:
        width, height, walls = _HEADER.unpack(content)
        least = 2 if self._task.wants_pictures else 0
        is_sound = least <= width <= self._task.box_width and least <= height <= self._task.box_height
        if not is_sound or width % 2 or height % 2:
            raise _nonsense()
        return Header(width, height, walls)

    def _read_end(self, content: bytes) -> End:
        end = End(*_TWO.unpack(content))
        if end != End(self._pictures, self._samples):
            raise _nonsense()
        if self._pictures == 0 and self._task.wants_pictures:
            raise _nonsense()
        self.is_over = True
        return end

    def _read_refused(self, content: bytes) -> Refused:
        code, first, second = _REFUSED.unpack(content)
        if code not in set(Refusal):
            raise _nonsense()
        self.is_over = True
        return Refused(Refusal(code), first, second)


def _nonsense() -> BadInput:
    return BadInput(
        "the clip's decoder answered with something that makes no sense; the clip may be an attack",
        remedy="do not open the file elsewhere; ask the sender for it once more by another way",
    )
