# SPDX-License-Identifier: EUPL-1.2
"""Checkpoints: the name of a log, how many leaves it has and their root, signed by the log.

Promise: `open_checkpoint` gives a state that the log's key signed, or raises `NotAuthentic`.
Source: C2SP tlog-checkpoint v1.0.0.
"""

import base64
import binascii
import re
from dataclasses import dataclass

from police2peer.catalogue.log.merkle import HASH_BYTES, MOST_LEAVES
from police2peer.catalogue.log.note import Note, NoteKey
from police2peer.errors import NotAuthentic

__all__ = ["Checkpoint", "SignedCheckpoint", "open_checkpoint"]

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_MOST_LINES = 32
_REMEDY = "fetch the checkpoint again; if this stays, ask who keeps the log"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One state of a log."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """Write the three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """Read the text of a note; lines after the third are allowed and say nothing here. Raises `NotAuthentic`."""
        lines = text.split("\n")
        try:
            if lines.pop() or not 3 <= len(lines) <= _MOST_LINES or not all(lines):  # noqa: PLR2004 - as the docstring says
                raise ValueError("not the lines of a checkpoint")  # noqa: TRY301 - one way out
            root = base64.b64decode(lines[2], validate=True)
            size = int(lines[1]) if _SIZE.fullmatch(lines[1]) else -1
            spelled = base64.b64encode(root).decode() == lines[2]
            if not 0 <= size <= MOST_LEAVES or len(root) != HASH_BYTES or not spelled:
                raise ValueError("no size or no root")  # noqa: TRY301
        except (ValueError, binascii.Error) as error:
            raise NotAuthentic("a checkpoint of the log cannot be read", remedy=_REMEDY) from error
        return cls(lines[0], size, root)


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint whose log's signature was checked, with the note that carries it."""

    checkpoint: Checkpoint
    note: Note

    @property
    def size(self) -> int:
        """The number of leaves."""
        return self.checkpoint.size

    @property
    def root(self) -> bytes:
        """The root of the tree."""
        return self.checkpoint.root


def open_checkpoint(raw: bytes, *keys: NoteKey) -> SignedCheckpoint:
    """Read a checkpoint that one of the log's keys signed, under the log's own name. Raises `NotAuthentic`."""
    note = Note.parse(raw)
    checkpoint = Checkpoint.parse(note.text)
    known = [key for key in keys if note.signatures_of(key)] or list(keys)
    for key in known:
        note.check_signed(key, "the checkpoint of the log")
    if not known or any(key.name != checkpoint.origin for key in known):
        raise NotAuthentic("the checkpoint is another log's", remedy=_REMEDY)
    return SignedCheckpoint(checkpoint, note)
