# SPDX-License-Identifier: EUPL-1.2
"""Checks a segment file against the states that were signed in it, in one pass.

1. The first entry is a header of this ledger. 2. Every entry is hashed into the tree that stood before the header.
3. Each checkpoint is signed by the ledger's key and states exactly the tree so far. 4. What lies behind the last
checkpoint that holds is left out: the caller decides whether it is a commit that was under way, or damage.

Promise: nothing counts that a signature does not cover. Order, number and every byte of the entries are in the root.
"""

import contextlib
import hashlib
from dataclasses import dataclass, field
from typing import Final

from police2peer.catalogue.log import NoteKey
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


@dataclass(slots=True)
class ExaminedSegment:
    """What holds of a segment file; `spans` are the places of the entries' contents in the file.

    `fault` says why the rest, from `good_bytes` on, does not hold; it is empty when there is no rest.
    """

    header: SegmentHeader
    tree: Edge
    spans: list[tuple[int, int]] = field(default_factory=list)
    leaf_hashes: list[bytes] = field(default_factory=list)
    states: list[LedgerState] = field(default_factory=list)
    good_bytes: int = 0
    fault: str = ""


def examine_segment(raw: bytes, key: NoteKey) -> ExaminedSegment:
    """Check a segment file. Raises `NotAuthentic` when not even a header and one checkpoint hold."""
    found = _begin(raw, key)
    hashes: list[bytes] = []
    spans: list[tuple[int, int]] = []
    at, size, lead = 0, len(raw), LENGTH.size
    unpack, sha256, limit = LENGTH.unpack_from, hashlib.sha256, FRAME_LIMIT_BYTES
    while at + lead < size:
        begin = at + lead
        end = begin + unpack(raw, at)[0]
        if end > size or not 2 <= end - begin <= limit:  # noqa: PLR2004 - a mark and one byte
            found.fault = "a frame is cut short"
            break
        if raw[begin] == _LEAF:
            hashes.append(sha256(raw[begin:end]).digest())
            spans.append((begin, end))
        elif raw[begin] == _CHECKPOINT:
            if fault := _take_state(found, raw[begin + 1 : end], hashes, key):
                found.fault = fault
                break
            found.spans += spans
            found.good_bytes = end
            hashes, spans = [], []
        else:
            found.fault = "a frame has no known mark"
            break
        at = end
    if not found.fault and found.good_bytes != size:
        found.fault = "no checkpoint stands at the end"
    if not found.states:
        raise NotAuthentic("a segment of the ledger has no state that was signed", remedy=REMEDY)
    return found


def _begin(raw: bytes, key: NoteKey) -> ExaminedSegment:
    length = LENGTH.unpack_from(raw)[0] if len(raw) >= LENGTH.size else 0
    content = raw[LENGTH.size : LENGTH.size + length]
    if content[:2] != bytes([_LEAF, EntryKind.HEADER]):
        raise NotAuthentic("a file of the ledger does not begin with the header of a segment", remedy=REMEDY)
    header = SegmentHeader.read(content)
    if header.origin != key.name:
        raise ForeignSegment("a segment belongs to the ledger of another node", remedy=REMEDY)
    return ExaminedSegment(header, header.tree_before())


def _take_state(found: ExaminedSegment, note: bytes, hashes: list[bytes], key: NoteKey) -> str:
    """Add the entries of a commit when its checkpoint covers them; say what is wrong otherwise."""
    try:
        state = open_state(note, key)
    except NotAuthentic as error:
        return error.facts
    tree = found.tree.copy()
    tree.extend(hashes)
    if (state.size, state.root) != (tree.size, tree.root()):
        return "entries differ from what was signed"
    found.tree = tree
    found.leaf_hashes += hashes
    found.states.append(state)
    return ""


def states_in(raw: bytes, key: NoteKey) -> list[LedgerState]:
    """Give every signed state of this ledger that stands somewhere in the bytes, whatever lies around it."""
    found = []
    mark = bytes([_CHECKPOINT]) + key.name.encode() + b"\n"
    at = raw.find(mark)
    while at >= 0:
        if at >= LENGTH.size:
            length = LENGTH.unpack_from(raw, at - LENGTH.size)[0]
            with contextlib.suppress(NotAuthentic):
                found.append(open_state(raw[at + 1 : at + min(length, FRAME_LIMIT_BYTES)], key))
        at = raw.find(mark, at + 1)
    return found
