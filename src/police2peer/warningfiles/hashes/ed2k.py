# SPDX-License-Identifier: EUPL-1.2
"""eD2k's names of a file: MD4 over its parts, and AICH, a SHA-1 tree over its blocks.

Both cut a file into parts of 9,728,000 bytes, AICH these into blocks of 180 KiB. Sources: aMule,
`KnownFile.cpp` and `SHAHashSet.cpp`; equality with rhash and aMule is tested.
"""

import hashlib
from typing import Self

from police2peer.warningfiles.hashes.digests import Blocks, Digest, md4, sha1

__all__ = ["PART_BYTES", "AichTree", "Ed2kParts"]

PART_BYTES = 9_728_000
_BLOCK_BYTES = 180 * 1024
_MD4_BYTES, _SHA1_BYTES = 16, 20


class Ed2kParts:
    """MD4 of each part."""

    def __init__(self, parts: Blocks[Digest] | None = None) -> None:
        self._parts = parts or Blocks(PART_BYTES, md4)

    def update(self, data: bytes | memoryview) -> None:
        """Take the next bytes."""
        self._parts.update(data)

    def zeros(self, count: int) -> None:
        """Take the next `count` bytes, all zero."""
        self._parts.zeros(count)

    def copy(self) -> "Ed2kParts":
        """Give a state that goes on from here by itself."""
        return Ed2kParts(self._parts.copy())

    def hash_and_parts(self) -> tuple[bytes, bytes]:
        """Give the name of the file and the joined MD4 of its parts, as a hash set lists them.

        A file that ends where a part ends has an empty part behind it, which counts.
        """
        parts = self._parts.whole() + self._parts.open.digest()
        if len(parts) == _MD4_BYTES:
            return parts, parts
        whole = md4()
        whole.update(parts)
        return whole.digest(), parts


def _join(leaves: bytes, *, is_left: bool) -> bytes:
    """Give the root over leaves of 40 bytes: what each is worth as a left branch, and as a right one.

    Of an odd number a left branch gives its left side the leaf more, a right branch its right side.
    """
    count = len(leaves) // (2 * _SHA1_BYTES)
    if count == 1:
        return leaves[:_SHA1_BYTES] if is_left else leaves[_SHA1_BYTES:]
    middle = (count + is_left) // 2 * 2 * _SHA1_BYTES
    both = _join(leaves[:middle], is_left=True) + _join(leaves[middle:], is_left=False)
    return hashlib.sha1(both, usedforsecurity=False).digest()


class _AichPart:
    """One part as a digest: its root as a left branch and as a right branch."""

    def __init__(self, blocks: Blocks[Digest] | None = None) -> None:
        self._blocks = blocks or Blocks(_BLOCK_BYTES, sha1)

    def update(self, data: bytes | memoryview, /) -> None:
        self._blocks.update(data)

    def digest(self) -> bytes:
        return self.root(is_left=True) + self.root(is_left=False)

    def root(self, *, is_left: bool) -> bytes:
        joined = self._blocks.all() or self._blocks.open.digest()
        each = [joined[at : at + _SHA1_BYTES] for at in range(0, len(joined), _SHA1_BYTES)]
        return _join(b"".join([digest * 2 for digest in each]), is_left=is_left)

    def copy(self) -> Self:
        return type(self)(self._blocks.copy())


class AichTree:
    """The roots of full parts, and the blocks of the part that is being filled."""

    def __init__(self, parts: Blocks[_AichPart] | None = None) -> None:
        self._parts = parts or Blocks(PART_BYTES, _AichPart)

    def update(self, data: bytes | memoryview) -> None:
        """Take the next bytes."""
        self._parts.update(data)

    def zeros(self, count: int) -> None:
        """Take the next `count` bytes, all zero."""
        self._parts.zeros(count)

    def copy(self) -> "AichTree":
        """Give a state that goes on from here by itself."""
        return AichTree(self._parts.copy())

    def root(self) -> bytes:
        """Give the root over all bytes so far; the tree itself is a left branch."""
        whole, is_one = self._parts.whole(), not self._parts.whole()
        last = self._parts.open.root(is_left=is_one) * 2 if self._parts.filled or is_one else b""
        return _join(whole + last, is_left=True)
