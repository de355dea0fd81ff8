# SPDX-License-Identifier: EUPL-1.2
"""Checks a segment file against the states that were signed in it, in one pass.

1. The first entry is a header of this ledger. 2. Every entry is hashed into the tree that stood before the header.
3. Each checkpoint states exactly the tree so far, and the last one is signed by the ledger's key: its root covers
every entry before it. 4. What lies behind it is left out: the caller decides whether it is a commit that was under
way, or damage.

Promise: nothing counts that a signature does not cover. Order, number and every byte of the entries are in the root.
The signatures of the states in between say nothing more about the entries; `states` checks them.
"""

import contextlib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from police2peer.catalogue.log import Checkpoint, NoteKey
from police2peer.contacts.ledger.edge import Edge
from police2peer.contacts.ledger.frames import FRAME_LIMIT_BYTES, LENGTH, EntryKind
from police2peer.contacts.ledger.segment import SegmentHeader
from police2peer.contacts.ledger.states import LedgerState, open_state
from police2peer.errors import NotAuthentic

__all__ = ["REMEDY", "ExaminedSegment", "ForeignSegment", "examine_segment", "states_in"]

_LEAF, _CHECKPOINT = 0x00, 0x01
REMEDY: Final = "keep this copy as it is, and compare it with another copy, the witnesses and the time stamps"


class ForeignSegment(NotAuthentic):
    """A segment of another ledger lies among these."""


@dataclass(frozen=True, slots=True)
class _Commit:
    """A checkpoint in the file: its note, how many entries stand before it there, and where it ends."""

    note: bytes
    entries: int
    end: int


@dataclass(slots=True)
class ExaminedSegment:
    """What holds of a segment file; `begins` are the places at which the entries' contents begin in the file.

    `fault` says why the rest, from `good_bytes` on, does not hold; it is empty when there is no rest.
    """

    header: SegmentHeader
    tree: Edge
    key: NoteKey
    last: LedgerState
    begins: list[int]
    leaf_hashes: list[bytes]
    notes: tuple[bytes, ...]
    good_bytes: int
    fault: str

    def states(self) -> Iterator[LedgerState]:
        """Give each signed state. Raises `NotAuthentic` for one in between whose signature does not hold."""
        return (open_state(note, self.key) for note in self.notes)


def examine_segment(raw: bytes, key: NoteKey) -> ExaminedSegment:
    """Check a segment file. Raises `NotAuthentic` when not even a header and one checkpoint hold."""
    header = _begin(raw, key)
    walk = _Walk(header, raw, key.name)
    fault = walk.run()
    while walk.commits:
        try:
            last = open_state(walk.commits[-1].note, key)
            break
        except NotAuthentic as error:
            fault = error.facts
            walk.commits.pop()
    else:
        raise NotAuthentic("a segment of the ledger has no state that was signed", remedy=REMEDY)
    tree, good = header.tree_before(), walk.commits[-1]
    hashes, begins = walk.hashes[: good.entries], walk.begins[: good.entries]
    if good.entries == walk.counted:
        tree = walk.tree
    else:
        tree.extend(hashes)
    notes = tuple(each.note for each in walk.commits)
    return ExaminedSegment(header, tree, key, last, begins, hashes, notes, good.end, fault)


class _Walk:
    """One pass over a file: hashes every entry, and holds each checkpoint against the tree."""

    def __init__(self, header: SegmentHeader, raw: bytes, origin: str) -> None:
        self._raw = raw
        self._origin = origin
        self.tree = header.tree_before()
        self.counted = 0  # entries that are in the tree
        self.hashes: list[bytes] = []
        self.begins: list[int] = []
        self.commits: list[_Commit] = []

    def run(self) -> str:
        """Go on as long as everything holds; give what did not, or nothing."""
        raw, hashes, begins = self._raw, self.hashes, self.begins
        at, size, lead = 0, len(raw), LENGTH.size
        unpack, sha256, limit = LENGTH.unpack_from, hashlib.sha256, FRAME_LIMIT_BYTES
        while at + lead < size:
            begin = at + lead
            at = begin + unpack(raw, at)[0]
            if at > size or not 2 <= at - begin <= limit:  # noqa: PLR2004 - a mark and one byte
                return "a frame is cut short"
            mark = raw[begin]
            if mark == _LEAF:
                hashes.append(sha256(raw[begin:at]).digest())
                begins.append(begin)
            elif mark != _CHECKPOINT:
                return "a frame has no known mark"
            elif not self._holds(raw[begin + 1 : at], at):
                return "entries differ from what was signed"
        whole = self.commits and self.commits[-1].end == size
        return "" if whole else "no checkpoint stands at the end"

    def _holds(self, note: bytes, end: int) -> bool:
        tree = self.tree.copy()
        tree.extend(self.hashes[self.counted :])
        if not note.startswith(Checkpoint(self._origin, tree.size, tree.root()).text().encode()):
            return False
        self.tree, self.counted = tree, len(self.hashes)
        self.commits.append(_Commit(note, self.counted, end))
        return True


def _begin(raw: bytes, key: NoteKey) -> SegmentHeader:
    length = LENGTH.unpack_from(raw)[0] if len(raw) >= LENGTH.size else 0
    content = raw[LENGTH.size : LENGTH.size + length]
    if content[:2] != bytes([_LEAF, EntryKind.HEADER]):
        raise NotAuthentic("a file of the ledger does not begin with the header of a segment", remedy=REMEDY)
    header = SegmentHeader.read(content)
    if header.origin != key.name:
        raise ForeignSegment("a segment belongs to the ledger of another node", remedy=REMEDY)
    return header


def states_in(raw: bytes, key: NoteKey) -> Iterator[LedgerState]:
    """Give every signed state of this ledger that stands somewhere in the bytes, whatever lies around it."""
    mark = bytes([_CHECKPOINT]) + key.name.encode() + b"\n"
    at = raw.find(mark)
    while at >= 0:
        if at >= LENGTH.size:
            length = LENGTH.unpack_from(raw, at - LENGTH.size)[0]
            with contextlib.suppress(NotAuthentic):
                yield open_state(raw[at + 1 : at + min(length, FRAME_LIMIT_BYTES)], key)
        at = raw.find(mark, at + 1)
