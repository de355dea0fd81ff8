# SPDX-License-Identifier: EUPL-1.2
"""The right edge of a growing tree: enough to add leaves and to give the root, whatever the size.

It holds one hash for each bit that is set in the size (about 20 for a million leaves). A segment's header carries the
edge before it, so that a ledger is opened, and a segment checked, without what came before.
Source: RFC 6962, section 2.1; the "compact range" of Google's transparency-dev merkle.
"""

import hashlib
from collections.abc import Iterable

from police2peer.catalogue.log import EMPTY_ROOT, HASH_BYTES, hash_children

__all__ = ["Edge"]


class Edge:
    """The edge of a tree of `size` leaves; `hashes` are its complete subtrees, the largest first."""

    __slots__ = ("hashes", "size")

    def __init__(self, size: int = 0, hashes: Iterable[bytes] = ()) -> None:
        self.size = size
        self.hashes = list(hashes)
        if size < 0 or len(self.hashes) != size.bit_count() or any(len(one) != HASH_BYTES for one in self.hashes):
            raise ValueError("not the edge of a tree of this size")

    def copy(self) -> "Edge":
        """Give an edge that grows by itself."""
        return Edge(self.size, self.hashes)

    def extend(self, leaf_hashes: Iterable[bytes]) -> None:
        """Add leaves by their hashes."""
        stack, size, sha256 = self.hashes, self.size, hashlib.sha256
        pop, push = stack.pop, stack.append
        for node in leaf_hashes:
            at = size
            while at & 1:
                node = sha256(b"\x01" + pop() + node).digest()  # noqa: PLW2901 - climbs to where it stays
                at >>= 1
            push(node)
            size += 1
        self.size = size

    def root(self) -> bytes:
        """Give the root of the tree."""
        if not self.hashes:
            return EMPTY_ROOT
        *rest, root = self.hashes
        for left in reversed(rest):
            root = hash_children(left, root)
        return root
