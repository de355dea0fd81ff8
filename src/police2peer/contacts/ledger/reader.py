# SPDX-License-Identifier: EUPL-1.2
"""Reads a ledger, or a copy of one: its entries as they are sealed, its signed states, proofs about them.

Everything is checked as it is read: an entry that this hands out is in the tree that the ledger's key signed. Opening
what is sealed takes the agency's private key; a record's own key opens that record and no other.

Promise: a ledger that is being written to can be read at any time, up to its last commit.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from police2peer.campaign import EvidenceKey
from police2peer.catalogue.log import (
    HASH_BYTES,
    NoteKey,
    consistency_proof,
    hash_children,
    hash_leaf,
    inclusion_proof,
    root_of,
)
from police2peer.contacts.ledger.edge import Edge
from police2peer.contacts.ledger.examination import REMEDY, ExaminedSegment, examine_segment, states_in
from police2peer.contacts.ledger.folder import LedgerFolder
from police2peer.contacts.ledger.frames import LENGTH, EntryKind
from police2peer.contacts.ledger.sealing import RecordKey, open_sealed, segment_commitment
from police2peer.contacts.ledger.segment import SegmentHeader
from police2peer.contacts.ledger.states import LedgerState, open_state
from police2peer.contacts.ledger.wraps import OpenedKeys, WrappedKeys
from police2peer.errors import BadInput, NotAuthentic

__all__ = ["LedgerReader", "SealedEntry", "open_with_record_key"]


@dataclass(frozen=True, slots=True, repr=False)
class SealedEntry:
    """One entry of the tree, as it lies in the ledger; `content` is what is hashed, from RFC 6962's prefix on."""

    index: int
    segment: int
    content: bytes

    def __repr__(self) -> str:
        return f"<entry {self.index} of segment {self.segment}>"

    @property
    def kind(self) -> EntryKind:
        """What it is. Raises `NotAuthentic` for a kind that this version does not know."""
        try:
            return EntryKind(self.content[1])
        except (ValueError, IndexError) as error:
            raise NotAuthentic("the ledger has an entry of an unknown kind", remedy=REMEDY) from error

    @property
    def leaf(self) -> bytes:
        """The leaf of the tree as RFC 6962 means it, without the prefix."""
        return self.content[1:]

    @property
    def leaf_hash(self) -> bytes:
        """The hash of the leaf."""
        return hash_leaf(self.leaf)

    @property
    def body(self) -> bytes:
        """What follows the kind: of a record its key's commitment and the ciphertext."""
        return self.content[2:]


def open_with_record_key(entry: SealedEntry, key: RecordKey) -> bytes:
    """Open one record with its own key. Raises `NotAuthentic` for another key, `BadInput` for what is no record."""
    if entry.kind is not EntryKind.RECORD:
        raise BadInput("this entry of the ledger is not sealed", remedy="read it as it is")
    return open_sealed(entry.body, key)


@dataclass(frozen=True, slots=True)
class _Segment:
    header: SegmentHeader
    begins: "array[int]"
    notes: tuple[bytes, ...]
    last: LedgerState
    rest_bytes: int


class LedgerReader:
    """A ledger in a folder. `key` is its public key, received apart from it; None takes the one that lies in it.

    Raises `NotAuthentic` wherever something does not hold, and `BadInput` when there is no ledger.
    """

    def __init__(self, path: Path, key: NoteKey | None = None) -> None:
        self.folder = LedgerFolder(path)
        self.key = self.folder.read_key()
        if key is not None and key != self.key:
            raise NotAuthentic("this is the ledger of another node", remedy="look at which key and which folder")
        self._opened: dict[tuple[str, int], OpenedKeys] = {}
        self._leaves: list[bytes] = []
        self._levels: dict[int, bytes] = {}
        self._read: tuple[int, bytes] | None = None

    @property
    def origin(self) -> str:
        """The ledger's name."""
        return self.key.name

    def __len__(self) -> int:
        """Say how many entries are committed."""
        return self.head().size if self._segments else 0

    @cached_property
    def _segments(self) -> tuple[_Segment, ...]:
        """Examine every file, and that each goes on where the one before it ended."""
        found: list[_Segment] = []
        tree, numbers = Edge(), self.folder.segment_numbers()
        for place, number in enumerate(numbers, 1):
            raw = self.folder.segment_file(number).read_bytes()
            is_last = place == len(numbers)
            if is_last and next(states_in(raw, self.key), None) is None:
                break  # it is being begun
            one = examine_segment(raw, self.key)
            self._check_place(one, raw, tree, place, number, is_last=is_last)
            tree = one.tree
            self._leaves.append(b"".join(one.leaf_hashes))
            begins = array("Q", one.begins)
            found.append(_Segment(one.header, begins, one.notes, one.last, len(raw) - one.good_bytes))
        return tuple(found)

    def _check_place(
        self, one: ExaminedSegment, raw: bytes, tree: Edge, place: int, number: int, *, is_last: bool
    ) -> None:
        header = one.header
        if (place, number) != (header.segment, header.segment):
            raise NotAuthentic("a segment of the ledger is missing, or lies in another's place", remedy=REMEDY)
        if (header.first, list(header.edge)) != (tree.size, tree.hashes):
            raise NotAuthentic("a segment of the ledger does not go on where the one before it ended", remedy=REMEDY)
        under_way = is_last and len(list(states_in(raw[one.good_bytes :], self.key))) <= 1
        if one.fault and not under_way:
            raise NotAuthentic(f"segment {number} of the ledger: {one.fault}", remedy=REMEDY)

    def segments(self) -> tuple[SegmentHeader, ...]:
        """Give the headers of all segments, in order."""
        return tuple(one.header for one in self._segments)

    def states(self) -> Iterator[LedgerState]:
        """Give every signed state, one a commit, in order, each signature checked."""
        for one in self._segments:
            yield from (open_state(note, self.key) for note in one.notes)

    def head(self) -> LedgerState:
        """Give the last committed state. Raises `BadInput` when nothing was ever committed."""
        if not self._segments:
            raise BadInput("this ledger is empty", remedy="wait until the node has recorded something")
        return self._segments[-1].last

    @property
    def rest_bytes(self) -> int:
        """How much lies behind the last commit: one that is under way, or that a crash left."""
        return self._segments[-1].rest_bytes if self._segments else 0

    def entries(self, first: int = 0, until: int | None = None) -> Iterator[SealedEntry]:
        """Give the entries from `first` to before `until`, in order."""
        end = len(self) if until is None else min(until, len(self))
        firsts = [one.header.first for one in self._segments]
        at = max(first, 0)
        while at < end:
            one = self._segments[bisect_right(firsts, at) - 1]
            raw = self._file(one.header.segment)
            for begin in one.begins[at - one.header.first : end - one.header.first]:
                length = LENGTH.unpack_from(raw, begin - LENGTH.size)[0]
                yield self._entry(at, one.header.segment, raw[begin : begin + length])
                at += 1

    def _file(self, segment: int) -> bytes:
        """Give the content of a segment; the one read last is kept, for whoever asks for one entry after another."""
        if self._read is None or self._read[0] != segment:
            self._read = (segment, self.folder.segment_file(segment).read_bytes())
        return self._read[1]

    def entry(self, index: int) -> SealedEntry:
        """Give one entry. Raises `BadInput` when there is none of that number."""
        for found in self.entries(index, index + 1):
            return found
        raise BadInput(f"the ledger has no entry {index}", remedy=f"it has {len(self)}, counted from 0")

    def _entry(self, index: int, segment: int, content: bytes) -> SealedEntry:
        entry = SealedEntry(index, segment, content)
        if entry.leaf_hash != self.hash_at(0, index):
            raise NotAuthentic("an entry of the ledger was changed while it was read", remedy=REMEDY)
        return entry

    def hash_at(self, level: int, index: int) -> bytes:
        """Give the hash of a complete subtree of 2**level leaves."""
        row = self._row(level)[index * HASH_BYTES : (index + 1) * HASH_BYTES]
        if len(row) != HASH_BYTES:
            raise ValueError("there is no such subtree")
        return row

    def _row(self, level: int) -> bytes:
        if level not in self._levels and level == 0:
            len(self)
            self._levels[0] = b"".join(self._leaves)
        if level not in self._levels:
            below = self._row(level - 1)
            step = 2 * HASH_BYTES
            self._levels[level] = b"".join(
                hash_children(below[at : at + HASH_BYTES], below[at + HASH_BYTES : at + step])
                for at in range(0, len(below) - step + 1, step)
            )
        return self._levels[level]

    def root(self, size: int) -> bytes:
        """Give the root of the tree of the first `size` entries."""
        if not 0 <= size <= len(self):
            raise BadInput("the ledger has fewer entries than that", remedy=f"it has {len(self)}")
        return root_of(size, self.hash_at)

    def inclusion_proof(self, index: int, tree_size: int) -> list[bytes]:
        """Prove that an entry is in the tree of `tree_size` entries. Raises `BadInput` when it is not."""
        if not 0 <= index < tree_size <= len(self):
            raise BadInput("there is no such entry in a tree of this size", remedy=f"the ledger has {len(self)}")
        return inclusion_proof(index, tree_size, self.hash_at)

    def consistency_proof(self, old: int, new: int) -> list[bytes]:
        """Prove that the tree of `old` entries is the beginning of that of `new` entries."""
        if not 0 <= old <= new <= len(self):
            raise BadInput("there are no such trees", remedy=f"the ledger has {len(self)} entries")
        return consistency_proof(old, new, self.hash_at)

    def wrapped_keys(self, segment: int) -> WrappedKeys:
        """Read a segment's wrapped keys. Raises `BadInput` when they were destroyed, `NotAuthentic` when damaged."""
        try:
            raw = self.folder.keys_file(segment).read_bytes()
        except OSError as error:
            raise BadInput(
                f"the keys of segment {segment} are not here", remedy="its records were erased; nobody can open them"
            ) from error
        keys = WrappedKeys.from_bytes(raw)
        if (keys.origin, keys.segment) != (self.origin, segment):
            raise NotAuthentic("a key file belongs to another segment", remedy=REMEDY)
        return keys

    def open_keys(self, segment: int, private: EvidenceKey) -> OpenedKeys:
        """Open a segment's keys with the agency's private key; kept in memory for the life of this reader.

        Raises `BadInput` for another key and for keys that were destroyed, `NotAuthentic` for keys that are not those
        to which the segment's header commits.
        """
        known = (private.public.id, segment)
        if known not in self._opened:
            opened = self.wrapped_keys(segment).open(private)
            header = self._segments[segment - 1].header
            whole = opened.segment_key
            if whole is not None and segment_commitment(whole) != header.key_commitment:
                raise NotAuthentic("the key of a segment is not the one that it committed to", remedy=REMEDY)
            self._opened[known] = opened
        return self._opened[known]

    def record_key(self, entry: SealedEntry, private: EvidenceKey) -> RecordKey:
        """Give the key that opens this record and no other, to be disclosed with it."""
        return self.open_keys(entry.segment, private).of(entry.index)

    def unseal(self, entry: SealedEntry, private: EvidenceKey) -> bytes:
        """Open a record with the agency's private key."""
        return open_with_record_key(entry, self.record_key(entry, private))
