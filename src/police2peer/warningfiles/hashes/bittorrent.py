# SPDX-License-Identifier: EUPL-1.2
"""BitTorrent's hashes: the length of a piece, and the SHA-256 tree of version 2 over blocks of 16 KiB.

Sources: BEP 3, BEP 52.
"""

from functools import lru_cache
from hashlib import sha256

from police2peer.warningfiles.hashes.subtrees import Subtrees

__all__ = ["MerkleTree", "piece_length_bytes"]

_BLOCK_BYTES = 16 * 1024  # BEP 52: leaves of the tree are blocks of 16 KiB
_SHORTEST_PIECE_BYTES = 16 * 1024  # BEP 52: a piece is a power of two of at least 16 KiB
_FEW_PIECES = 64  # a node keeps 20 bytes for each piece of each offer, and offers by the hundred thousand
_LONG_PIECE_BYTES = 1024 * 1024  # beyond it a downloader waits too long for something it can check
_MOST_PIECES = 2048  # keeps a torrent of any of our files under 100 kB
_DIGEST_BYTES = 32


def piece_length_bytes(size: int) -> int:
    """Choose the BitTorrent piece length for a file of `size` bytes, a power of two.

    At most 64 pieces as long as a piece is not over 1 MiB, at most 2048 always.
    """
    length = _SHORTEST_PIECE_BYTES
    while length * _MOST_PIECES < size or (length < _LONG_PIECE_BYTES and length * _FEW_PIECES < size):
        length *= 2
    return length


def _join(pairs: bytes) -> bytes:
    step = 2 * _DIGEST_BYTES
    return b"".join([sha256(pairs[at : at + step]).digest() for at in range(0, len(pairs), step)])


@lru_cache
def _nothing(level: int) -> bytes:
    """Give the root over leaves beyond the end of the file, which are zero (BEP 52)."""
    return _join(_nothing(level - 1) * 2) if level else bytes(_DIGEST_BYTES)


@lru_cache
def _zero_block() -> bytes:
    return sha256(bytes(_BLOCK_BYTES)).digest()


class MerkleTree:
    """The v2 tree, its level of pieces kept, and the bytes of the block that is being filled."""

    def __init__(self, piece_length: int) -> None:
        self._piece_length = piece_length
        self._piece_level = (piece_length // _BLOCK_BYTES).bit_length() - 1
        self._subtrees = Subtrees(_DIGEST_BYTES, _join, self._piece_level)
        self._open = b""

    def update(self, data: bytes | memoryview) -> None:
        """Take the next bytes."""
        view = memoryview(data)
        if self._open:
            head = view[: _BLOCK_BYTES - len(self._open)]
            self._open += head
            view = view[len(head) :]
            if len(self._open) < _BLOCK_BYTES:
                return
            self._subtrees.add(sha256(self._open).digest())
        whole = len(view) // _BLOCK_BYTES * _BLOCK_BYTES
        self._subtrees.add(
            b"".join([sha256(view[at : at + _BLOCK_BYTES]).digest() for at in range(0, whole, _BLOCK_BYTES)])
        )
        self._open = bytes(view[whole:])

    def zeros(self, count: int) -> None:
        """Take the next `count` bytes, all zero."""
        head = min(count, -len(self._open) % _BLOCK_BYTES)
        self.update(bytes(head))
        whole, tail = divmod(count - head, _BLOCK_BYTES)
        self._subtrees.add_equal(_zero_block(), whole)
        self.update(bytes(tail))

    def copy(self) -> "MerkleTree":
        """Give a state that goes on from here by itself."""
        twin = MerkleTree(self._piece_length)
        twin._subtrees, twin._open = self._subtrees.copy(), self._open
        return twin

    def root_and_layer(self) -> tuple[bytes, bytes]:
        """Give root and piece layer of BEP 52; a file of one piece has no layer, and only the blocks it needs."""
        height = max(0, self._subtrees.leaves + bool(self._open) - 1).bit_length()
        waiting = [*self._subtrees.waiting, *[b""] * (height + 1)]
        layer = self._subtrees.kept
        last = sha256(self._open).digest() if self._open else b""  # what is not full yet, level by level
        for level in range(height):
            if level == self._piece_level:
                layer += last
            if waiting[level]:
                last = _join(waiting[level] + (last or _nothing(level)))
            elif last:
                last = _join(last + _nothing(level))
        return last or waiting[height] or _nothing(0), layer if height > self._piece_level else b""
