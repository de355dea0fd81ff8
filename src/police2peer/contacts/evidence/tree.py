# SPDX-License-Identifier: EUPL-1.2
"""A Merkle tree whose leaves are all in memory, for its root."""

from collections.abc import Iterable

from police2peer.catalogue.log import hash_children, root_of

__all__ = ["MemoryTree"]


class MemoryTree:
    """The tree over some leaf hashes; each level is computed once, when it is first asked for."""

    def __init__(self, leaf_hashes: Iterable[bytes]) -> None:
        self._levels = [list(leaf_hashes)]

    def __len__(self) -> int:
        return len(self._levels[0])

    def _hash_at(self, level: int, index: int) -> bytes:
        while len(self._levels) <= level:
            below = self._levels[-1]
            pairs = range(0, len(below) - len(below) % 2, 2)
            self._levels.append([hash_children(below[at], below[at + 1]) for at in pairs])
        return self._levels[level][index]

    def root(self, size: int | None = None) -> bytes:
        """Give the root over the first `size` leaves, or over all."""
        return root_of(len(self) if size is None else size, self._hash_at)
