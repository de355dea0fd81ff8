# SPDX-License-Identifier: EUPL-1.2
"""A binary hash tree that is kept as the few full subtrees its leaves make so far, never as all its leaves.

At each level at most one subtree waits for its neighbour, as the digits of a binary number: a tree over four
million leaves is 22 digests. Equal leaves (runs of zeros) are joined level by level and cost as much.
"""

from collections.abc import Callable, Iterator

__all__ = ["Subtrees"]

# Takes joined pairs of digests of one level and gives the joined digests of the level above.
JoinPairs = Callable[[bytes], bytes]


class Subtrees:
    """The full subtrees over the leaves so far, by level from the leaves up."""

    def __init__(self, digest_bytes: int, join_pairs: JoinPairs) -> None:
        self._digest_bytes = digest_bytes
        self._join = join_pairs
        self._waiting: list[bytes] = []
        self.leaves = 0

    def add(self, digests: bytes) -> None:
        """Take the digests of the next leaves, joined."""
        self.leaves += len(digests) // self._digest_bytes
        level = 0
        while digests:
            row = self._take(level) + digests
            paired = len(row) // (2 * self._digest_bytes) * (2 * self._digest_bytes)
            self._waiting[level] = row[paired:]
            digests = self._join(row[:paired]) if paired else b""
            level += 1

    def add_equal(self, digest: bytes, count: int) -> None:
        """Take `count` leaves that all have this digest."""
        self.leaves += count
        level, first = 0, b""
        while count or first:
            row = self._take(level) + first  # these stand before the equal ones: none, one or two
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

    def _take(self, level: int) -> bytes:
        if level == len(self._waiting):
            self._waiting.append(b"")
        return self._waiting[level]

    def levels(self) -> Iterator[bytes]:
        """Give what waits at each level from the leaves up, empty where nothing does."""
        yield from self._waiting

    def copy(self) -> "Subtrees":
        """Give a tree that goes on from here by itself."""
        twin = Subtrees(self._digest_bytes, self._join)
        twin._waiting, twin.leaves = list(self._waiting), self.leaves
        return twin
