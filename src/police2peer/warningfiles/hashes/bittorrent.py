# SPDX-License-Identifier: EUPL-1.2
"""BitTorrent's hashes: SHA-1 of each piece (v1), and a SHA-256 tree over blocks of 16 KiB (v2).

Sources: BEP 3, BEP 52.
"""

from hashlib import sha256
from typing import Self

from police2peer.warningfiles.hashes.digests import Blocks, Digest
from police2peer.warningfiles.hashes.digests import sha256 as new_sha256

__all__ = ["MerkleTree", "piece_length_bytes"]

_BLOCK_BYTES = 16 * 1024  # BEP 52: leaves of the tree are blocks of 16 KiB
_SHORTEST_PIECE_BYTES = 16 * 1024  # BEP 52: a piece is a power of two of at least 16 KiB
_FEW_PIECES = 64  # a node keeps 20 bytes for each piece of each offer, and offers by the hundred thousand
_LONG_PIECE_BYTES = 1024 * 1024  # beyond it a downloader waits too long for something it can check
_MOST_PIECES = 2048  # keeps a torrent of any of our files under 100 kB
_DIGEST_BYTES = 32
_NOTHING = bytes(_DIGEST_BYTES)  # BEP 52: leaves beyond the end of the file


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
    return b"".join(sha256(pairs[at : at + step]).digest() for at in range(0, len(pairs), step))


def _root(digests: bytes, leaves: int, padding: bytes) -> bytes:
    """Give the root of a full binary tree over `leaves` digests, the missing ones being `padding`."""
    while leaves > 1:
        if len(digests) // _DIGEST_BYTES % 2:
            digests += padding
        digests, padding = _join(digests), _join(padding * 2)
        leaves //= 2
    return digests or padding


def _power_of_two(count: int) -> int:
    return 1 << max(0, count - 1).bit_length()


class _Piece:
    """One piece as a digest: the root over its blocks, those beyond the end of the file being nothing."""

    def __init__(self, piece_length: int, blocks: Blocks[Digest] | None = None) -> None:
        self._piece_length = piece_length
        self.blocks = blocks or Blocks(_BLOCK_BYTES, new_sha256)

    def update(self, data: bytes | memoryview, /) -> None:
        self.blocks.update(data)

    def digest(self) -> bytes:
        return _root(self.blocks.all(), self._piece_length // _BLOCK_BYTES, _NOTHING)

    def copy(self) -> Self:
        return type(self)(self._piece_length, self.blocks.copy())


class MerkleTree:
    """The v2 tree: the roots of full pieces, and the blocks of the piece that is being filled."""

    def __init__(self, piece_length: int, pieces: Blocks[_Piece] | None = None) -> None:
        self._piece_length = piece_length
        self._pieces = pieces or Blocks(piece_length, lambda: _Piece(piece_length))

    def update(self, data: bytes | memoryview) -> None:
        """Take the next bytes."""
        self._pieces.update(data)

    def zeros(self, count: int) -> None:
        """Take the next `count` bytes, all zero."""
        self._pieces.zeros(count)

    def copy(self) -> "MerkleTree":
        """Give a state that goes on from here by itself."""
        return MerkleTree(self._piece_length, self._pieces.copy())

    def root_and_layer(self) -> tuple[bytes, bytes]:
        """Give root and piece layer of BEP 52; a file of one piece has no layer, and only the blocks it needs."""
        if not self._pieces.whole():
            blocks = self._pieces.open.blocks.all()
            return _root(blocks, _power_of_two(len(blocks) // _DIGEST_BYTES), _NOTHING), b""
        layer = self._pieces.all()
        pieces = len(layer) // _DIGEST_BYTES
        if pieces == 1:
            return layer, b""
        no_piece = _root(b"", self._piece_length // _BLOCK_BYTES, _NOTHING)
        return _root(layer, _power_of_two(pieces), no_piece), layer
