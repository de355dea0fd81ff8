# SPDX-License-Identifier: EUPL-1.2
"""A binary hash tree that is kept as the few full subtrees its leaves make so far, never as all its leaves.

At each level at most one subtree waits for its neighbour, as the digits of a binary number: a tree over four
million leaves is 22 digests. Equal leaves (runs of zeros) are joined level by level and cost as much. One level
may be kept whole, for networks that ask for it.
"""

from collections.abc import Callable, Sequence

__all__ = ["Subtrees"]

# Takes joined pairs of digests of one level and gives the joined digests of the level above.
JoinPairs = Callable[[bytes], bytes]


class Subtrees:
    """The full subtrees over the leaves so far; `waiting` by level from the leaves up, empty where none waits.

    `kept` are the joined digests of all full subtrees of `kept_level`.
    """

    def __init__(self, digest_bytes: int, join_pairs: JoinPairs, kept_level: int | None = None) -> None:
        self._digest_bytes = digest_bytes
        self._join = join_pairs
        self._kept_level = kept_level
        self._waiting: list[bytes] = []
        self.kept = b""
        self.leaves = 0

    @property
    def waiting(self) -> Sequence[bytes]:
        """What waits at each level."""
        return self._waiting

    def add(self, digests: bytes) -> None:
        """Take the digests of the next leaves, joined."""
        self.leaves += len(digests) // self._digest_bytes
        level = 0
        while digests:
            row = self._reach(level, digests) + digests
            paired = len(row) // (2 * self._digest_bytes) * (2 * self._digest_bytes)
            self._waiting[level] = row[paired:]
            digests = self._join(row[:paired]) if paired else b""
            level += 1

    def add_equal(self, digest: bytes, count: int) -> None:
        """Take `count` leaves that all have this digest."""
        self.leaves += count
        level, first = 0, b""
        while count or first:
            # `first` stands before the equal ones of this level: none or one, and what waits before it.
            kept = first + digest * count if level == self._kept_level else b""
            row = self._reach(level, kept) + first
            if len(row) == self._digest_bytes and count:
                row, count = row + digest, count - 1
            is_pair = len(row) == 2 * self._digest_bytes
            self._waiting[level] = b"" if is_pair else row
            if count % 2:
                self._waiting[level] = digest
            first = self._join(row) if is_pair else b""
            count //= 2
            digest = self._join(digest * 2) if count else digest
            level += 1

    def _reach(self, level: int, digests: bytes) -> bytes:
        """Give what waits at a level that `digests` come to."""
        if level == len(self._waiting):
            self._waiting.append(b"")
        if level == self._kept_level:
            self.kept += digests
        return self._waiting[level]

    def copy(self) -> "Subtrees":
        """Give a tree that goes on from here by itself."""
        twin = Subtrees(self._digest_bytes, self._join, self._kept_level)
        twin._waiting, twin.kept, twin.leaves = list(self._waiting), self.kept, self.leaves
        return twin
