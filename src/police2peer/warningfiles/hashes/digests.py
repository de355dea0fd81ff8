# SPDX-License-Identifier: EUPL-1.2
"""Plain digests: one over a whole file, or one for each block of a fixed length.

Sources: FIPS 180-4 (SHA), RFC 1321 (MD5), RFC 1320 (MD4; by PyCryptodome, for OpenSSL 3 no longer gives it).
"""

import hashlib
from collections.abc import Callable
from typing import Generic, Protocol, Self, TypeVar

from Cryptodome.Hash import MD4

__all__ = ["Blocks", "Digest", "Whole", "md4", "md5", "sha1", "sha256"]

_ZEROS = bytes(1 << 20)


class Digest(Protocol):
    """What hashlib's objects do."""

    def update(self, data: bytes | memoryview, /) -> None:
        """Take the next bytes."""

    def digest(self) -> bytes:
        """Give the digest of all bytes so far; more may follow."""

    def copy(self) -> Self:
        """Give a state that goes on from here by itself."""


def sha1() -> Digest:
    """Begin SHA-1, which networks use as a name."""
    return hashlib.sha1(usedforsecurity=False)


def sha256() -> Digest:
    """Begin SHA-256."""
    return hashlib.sha256()


def md4() -> Digest:
    """Begin MD4, which eD2k uses as a name."""
    return MD4.new()  # noqa: S303 - a name that a network gives, no guard


def md5() -> Digest:
    """Begin MD5, which catalogues of files use as a name."""
    return hashlib.md5(usedforsecurity=False)


def _update_zeros(state: Digest, count: int) -> None:
    view = memoryview(_ZEROS)
    while count:
        taken = min(count, len(_ZEROS))
        state.update(view[:taken])
        count -= taken


class Whole:
    """One digest over all bytes."""

    def __init__(self, state: Digest) -> None:
        self._state = state

    def update(self, data: bytes | memoryview) -> None:
        """Take the next bytes."""
        self._state.update(data)

    def zeros(self, count: int) -> None:
        """Take the next `count` bytes, all zero."""
        _update_zeros(self._state, count)

    def copy(self) -> "Whole":
        """Give a state that goes on from here by itself."""
        return Whole(self._state.copy())

    def digest(self) -> bytes:
        """Give the digest of all bytes so far."""
        return self._state.digest()


_D = TypeVar("_D", bound=Digest)


class Blocks(Generic[_D]):
    """One digest for each block of a fixed length; a block of zeros is hashed once and remembered.

    `open` is the state of the block that is being filled, `filled` the number of its bytes so far.
    """

    def __init__(self, block_bytes: int, new: Callable[[], _D], opened: _D | None = None) -> None:
        self._block_bytes = block_bytes
        self._new = new
        self._digests = b""
        self._zero_block = b""
        self.open = new() if opened is None else opened
        self.filled = 0

    def update(self, data: bytes | memoryview) -> None:
        """Take the next bytes."""
        view = memoryview(data)
        while view:
            part = view[: self._block_bytes - self.filled]
            self.open.update(part)
            self._fill(len(part))
            view = view[len(part) :]

    def zeros(self, count: int) -> None:
        """Take the next `count` bytes, all zero."""
        head = min(count, -self.filled % self._block_bytes)
        self._fill_zeros(head)
        whole, tail = divmod(count - head, self._block_bytes)
        if whole and not self._zero_block:
            lone = self._new()
            _update_zeros(lone, self._block_bytes)
            self._zero_block = lone.digest()
        self._digests += self._zero_block * whole
        self._fill_zeros(tail)

    def _fill_zeros(self, count: int) -> None:
        if count:
            _update_zeros(self.open, count)
            self._fill(count)

    def _fill(self, count: int) -> None:
        self.filled += count
        if self.filled == self._block_bytes:
            self._digests += self.open.digest()
            self.open, self.filled = self._new(), 0

    def copy(self) -> "Blocks[_D]":
        """Give a state that goes on from here by itself."""
        twin = Blocks(self._block_bytes, self._new, self.open.copy())
        twin._digests, twin._zero_block, twin.filled = self._digests, self._zero_block, self.filled
        return twin

    def whole(self) -> bytes:
        """Give the joined digests of the blocks that are full."""
        return self._digests

    def all(self) -> bytes:
        """Give the joined digests of all blocks, the last of which may be short; none when there are no bytes."""
        return self.whole() + (self.open.digest() if self.filled else b"")
