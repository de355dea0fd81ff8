# SPDX-License-Identifier: EUPL-1.2
"""TTH, the name of a file on Direct Connect and Gnutella: a tree of Tiger over leaves of 1,024 bytes.

A leaf is hashed behind a 0, a pair of digests behind a 1; a digest without a neighbour goes up as it is. One level is
kept for downloaders, who check what they got block by block before the file is whole.
Sources: "Tree Hash EXchange format (THEX)" (Chapweske, Mohr), ADC-EXT 1.0.8 (TIGR: at least seven levels).
"""

from police2peer.warningfiles.hashes.subtrees import Subtrees
from police2peer.warningfiles.hashes.tiger import DIGEST_BYTES, tiger_many

__all__ = ["TigerTree"]

LEAF_BYTES = 1024
_LEAF, _PAIR = b"\x00", b"\x01"


def _join(pairs: bytes) -> bytes:
    return tiger_many(_PAIR, pairs, 2 * DIGEST_BYTES)


class TigerTree:
    """The full subtrees so far, and the bytes of the leaf that is being filled.

    `block_bytes` is a power of two of at least 1,024: what one digest of `leaves` stands for.
    """

    def __init__(self, block_bytes: int = LEAF_BYTES) -> None:
        self._block_bytes = block_bytes
        self._kept_level = (block_bytes // LEAF_BYTES).bit_length() - 1
        self._subtrees = Subtrees(DIGEST_BYTES, _join, self._kept_level)
        self._open = b""

    def update(self, data: bytes | memoryview) -> None:
        """Take the next bytes."""
        content = b"".join((self._open, data))
        whole = len(content) // LEAF_BYTES * LEAF_BYTES
        self._open = content[whole:]
        if whole:
            self._subtrees.add(tiger_many(_LEAF, content[:whole], LEAF_BYTES))

    def zeros(self, count: int) -> None:
        """Take the next `count` bytes, all zero."""
        head = min(count, -len(self._open) % LEAF_BYTES)
        self.update(bytes(head))
        whole, tail = divmod(count - head, LEAF_BYTES)
        if whole:
            self._subtrees.add_equal(tiger_many(_LEAF, bytes(LEAF_BYTES), LEAF_BYTES), whole)
        self.update(bytes(tail))

    def copy(self) -> "TigerTree":
        """Give a state that goes on from here by itself."""
        twin = TigerTree(self._block_bytes)
        twin._subtrees, twin._open = self._subtrees.copy(), self._open
        return twin

    def root(self) -> bytes:
        """Give the root over all bytes so far; an empty file is one empty leaf."""
        return self._fold(len(self._subtrees.waiting))

    def leaves(self) -> bytes:
        """Give the joined digests of the blocks, the last of which may be shorter; one block is its own root."""
        last = self._fold(self._kept_level) if self._has_rest() else b""
        return self._subtrees.kept + last

    def _has_rest(self) -> bool:
        """Whether bytes stand behind the last whole block; an empty file is such a rest."""
        below = any(self._subtrees.waiting[: self._kept_level])
        return below or bool(self._open) or not self._subtrees.leaves

    def _fold(self, levels: int) -> bytes:
        """Join the open leaf with what waits on the lowest `levels`."""
        digest = b""
        if self._open or not self._subtrees.leaves:
            digest = tiger_many(_LEAF, self._open, len(self._open)) if self._open else _empty_leaf()
        for waiting in self._subtrees.waiting[:levels]:
            if waiting:
                digest = _join(waiting + digest) if digest else waiting
        return digest


def _empty_leaf() -> bytes:
    return tiger_many(b"", _LEAF, len(_LEAF))
