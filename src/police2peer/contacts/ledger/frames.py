# SPDX-License-Identifier: EUPL-1.2
"""How entries lie in a segment file: length, mark, kind, body, one behind the other.

::

    u32   length of what follows, big-endian
    u8    0x00 for an entry of the tree, 0x01 for a checkpoint, which is no entry
    u8    kind of the entry (not in a checkpoint)
    ...   body

The mark 0x00 is RFC 6962's prefix of a leaf, so that what is hashed lies in the file in one piece. A checkpoint ends
each commit: whatever lies behind the last one was never committed.

Promise: reading never raises for what lies behind the last whole frame; it says where that frame ended.
Source: docs/ledger.md, "A segment file".
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

__all__ = ["CHECKPOINT_MARK", "FRAME_LIMIT_BYTES", "LEAF_MARK", "EntryKind", "Frame", "read_frames", "write_frame"]

FRAME_LIMIT_BYTES: Final = 2 * 1024 * 1024  # a record is at most half of it
LEAF_MARK: Final = b"\x00"
CHECKPOINT_MARK: Final = b"\x01"
LENGTH: Final = struct.Struct(">I")


class EntryKind(IntEnum):
    """What an entry of the tree is."""

    HEADER = 1  # the beginning of a segment, in clear
    RECORD = 2  # sealed
    ERASURE = 3  # a notice that keys were destroyed, in clear


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame: its content from the mark on, and where it begins and ends in the file."""

    content: bytes
    begin: int
    end: int

    @property
    def is_entry(self) -> bool:
        """Whether it is a leaf of the tree."""
        return self.content[:1] == LEAF_MARK

    @property
    def kind(self) -> int:
        """The kind of an entry; any number may stand there."""
        return self.content[1]

    @property
    def body(self) -> bytes:
        """What follows the mark, and the kind in an entry."""
        return self.content[2:] if self.is_entry else self.content[1:]


def write_frame(content: bytes) -> bytes:
    """Give the bytes of a frame."""
    return LENGTH.pack(len(content)) + content


def read_frames(raw: bytes, begin: int = 0) -> Iterator[Frame]:
    """Give every whole frame from `begin` on; what is no frame ends it."""
    size = len(raw)
    while begin + LENGTH.size <= size:
        (length,) = LENGTH.unpack_from(raw, begin)
        end = begin + LENGTH.size + length
        if not 2 <= length <= FRAME_LIMIT_BYTES or end > size or raw[begin + LENGTH.size] > 1:  # noqa: PLR2004 - mark and one byte
            return
        yield Frame(raw[begin + LENGTH.size : end], begin, end)
        begin = end
