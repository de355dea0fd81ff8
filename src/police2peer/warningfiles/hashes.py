# SPDX-License-Identifier: EUPL-1.2
"""All hashes by which networks know a file, from one reading of its bytes.

One hasher a network stands in `_HASHERS`; a new network is one hasher and one line there. Runs of zeros cost
the block hashers nothing but their first block, and every state can be copied, so that files which begin alike
are hashed once up to where they part.

Sources: BEP 3 (v1 pieces), BEP 52 (v2 merkle tree), FIPS 180-4, RFC 1321.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

__all__ = ["FileHashes", "HashState", "hash_file", "piece_length_bytes"]

_V2_BLOCK_BYTES = 16 * 1024  # BEP 52: leaves of the tree are blocks of 16 KiB
_SHORTEST_PIECE_BYTES = 16 * 1024  # BEP 52: a piece is a power of two of at least 16 KiB
_FEW_PIECES = 64  # a node keeps 20 bytes for each piece of each offer, and offers by the hundred thousand
_LONG_PIECE_BYTES = 1024 * 1024  # beyond it a downloader waits too long for something it can check
_MOST_PIECES = 2048  # keeps a torrent of any of our files under 100 kB
_ZEROS = bytes(1 << 20)
READ_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class FileHashes:
    """What every network calls a file; the first three as lower-case hex, as catalogues print them.

    `bt_pieces` are the joined SHA-1 of the v1 pieces; `bt2_root` is the v2 root and `bt2_layer` the joined
    hashes of its piece layer, empty for a file of one piece (BEP 52).
    """

    size: int
    sha256: str
    sha1: str
    md5: str
    bt_piece_length: int
    bt_pieces: bytes
    bt2_root: bytes
    bt2_layer: bytes


def piece_length_bytes(size: int) -> int:
    """Choose the BitTorrent piece length for a file of `size` bytes, a power of two.

    At most 64 pieces as long as a piece is not over 1 MiB, at most 2048 always.
    """
    length = _SHORTEST_PIECE_BYTES
    while length * _MOST_PIECES < size or (length < _LONG_PIECE_BYTES and length * _FEW_PIECES < size):
        length *= 2
    return length


class _Hash(Protocol):
    """What hashlib's objects do."""

    def update(self, data: bytes | memoryview, /) -> None: ...
    def digest(self) -> bytes: ...
    def copy(self) -> Self: ...


class _Hasher(Protocol):
    """Takes bytes and runs of zeros in order; a copy goes on by itself; the result may be asked at any time."""

    def update(self, data: bytes | memoryview) -> None: ...
    def zeros(self, count: int) -> None: ...
    def copy(self) -> "_Hasher": ...
    def result(self) -> bytes: ...


class _Whole:
    """One digest over the whole file."""

    def __init__(self, state: _Hash) -> None:
        self._state = state

    def update(self, data: bytes | memoryview) -> None:
        self._state.update(data)

    def zeros(self, count: int) -> None:
        view = memoryview(_ZEROS)
        while count:
            taken = min(count, len(_ZEROS))
            self._state.update(view[:taken])
            count -= taken

    def copy(self) -> "_Whole":
        return _Whole(self._state.copy())

    def result(self) -> bytes:
        return self._state.digest()


class _Blocks:
    """One digest for each block of a fixed length; a block of zeros is hashed once and remembered."""

    def __init__(self, block_bytes: int, new: Callable[[], _Hash]) -> None:
        self._block_bytes = block_bytes
        self._new = new
        self._digests = bytearray()
        self._open = new()
        self._filled = 0
        self._zero_block: bytes | None = None

    def update(self, data: bytes | memoryview) -> None:
        view = memoryview(data)
        while view:
            part = view[: self._block_bytes - self._filled]
            self._open.update(part)
            self._filled += len(part)
            view = view[len(part) :]
            if self._filled == self._block_bytes:
                self._digests += self._open.digest()
                self._open, self._filled = self._new(), 0

    def zeros(self, count: int) -> None:
        head = min(count, -self._filled % self._block_bytes)
        self._update_zeros(head)
        whole, tail = divmod(count - head, self._block_bytes)
        if whole:
            if self._zero_block is None:
                lone = _Whole(self._new())
                lone.zeros(self._block_bytes)
                self._zero_block = lone.result()
            self._digests += self._zero_block * whole
        self._update_zeros(tail)

    def _update_zeros(self, count: int) -> None:
        view = memoryview(_ZEROS)
        while count:
            taken = min(count, len(_ZEROS))
            self.update(view[:taken])
            count -= taken

    def copy(self) -> "_Blocks":
        twin = _Blocks(self._block_bytes, self._new)
        twin._digests = bytearray(self._digests)
        twin._open, twin._filled = self._open.copy(), self._filled
        twin._zero_block = self._zero_block
        return twin

    def result(self) -> bytes:
        return bytes(self._digests) + (self._open.digest() if self._filled else b"")


def _sha1() -> _Hash:
    return hashlib.sha1(usedforsecurity=False)


def _md5() -> _Hash:
    return hashlib.md5(usedforsecurity=False)


# Name of the hash -> how its hasher begins, given the BitTorrent piece length.
_HASHERS: Mapping[str, Callable[[int], _Hasher]] = {
    "sha256": lambda _: _Whole(hashlib.sha256()),
    "sha1": lambda _: _Whole(_sha1()),
    "md5": lambda _: _Whole(_md5()),
    "bt_pieces": lambda piece_length: _Blocks(piece_length, _sha1),
    "bt2_blocks": lambda _: _Blocks(_V2_BLOCK_BYTES, hashlib.sha256),
}


class HashState:
    """Where all hashers stand after some bytes; `copy` lets two files go on from there."""

    def __init__(self, piece_length: int) -> None:
        self._piece_length = piece_length
        self._size = 0
        self._hashers = {name: begin(piece_length) for name, begin in _HASHERS.items()}

    def update(self, data: bytes | memoryview) -> None:
        """Take the next bytes."""
        self._size += len(data)
        for hasher in self._hashers.values():
            hasher.update(data)

    def zeros(self, count: int) -> None:
        """Take the next `count` bytes, all zero."""
        self._size += count
        for hasher in self._hashers.values():
            hasher.zeros(count)

    def copy(self) -> "HashState":
        """Give a state that goes on from here by itself."""
        twin = HashState(self._piece_length)
        twin._size = self._size
        twin._hashers = {name: hasher.copy() for name, hasher in self._hashers.items()}
        return twin

    def result(self) -> FileHashes:
        """Give the hashes of all bytes taken so far."""
        results = {name: hasher.result() for name, hasher in self._hashers.items()}
        root, layer = _merkle(results["bt2_blocks"], self._piece_length)
        return FileHashes(
            size=self._size,
            sha256=results["sha256"].hex(),
            sha1=results["sha1"].hex(),
            md5=results["md5"].hex(),
            bt_piece_length=self._piece_length,
            bt_pieces=results["bt_pieces"],
            bt2_root=root,
            bt2_layer=layer,
        )


def _root(digests: bytes, leaves: int, padding: bytes) -> bytes:
    """Give the root of a full binary tree over `leaves` digests, the missing ones being `padding`."""
    layer = [digests[at : at + 32] for at in range(0, len(digests), 32)]
    while leaves > 1:
        if len(layer) % 2:
            layer.append(padding)
        layer = [hashlib.sha256(left + right).digest() for left, right in zip(layer[::2], layer[1::2], strict=True)]
        padding = hashlib.sha256(padding + padding).digest()
        leaves //= 2
    return layer[0] if layer else padding


def _power_of_two(count: int) -> int:
    return 1 << max(0, count - 1).bit_length()


def _merkle(blocks: bytes, piece_length: int) -> tuple[bytes, bytes]:
    """Give root and piece layer of BEP 52 for the digests of the 16 KiB blocks; missing leaves are zero."""
    nothing = bytes(32)
    in_piece = piece_length // _V2_BLOCK_BYTES
    count = len(blocks) // 32
    if count <= in_piece:
        return _root(blocks, _power_of_two(count), nothing), b""
    step = in_piece * 32
    layer = b"".join(_root(blocks[at : at + step], in_piece, nothing) for at in range(0, len(blocks), step))
    return _root(layer, _power_of_two(len(layer) // 32), _root(b"", in_piece, nothing)), layer


def hash_file(path: Path) -> FileHashes:
    """Read a file on disk once and give all its hashes."""
    state = HashState(piece_length_bytes(path.stat().st_size))
    with path.open("rb") as handle:
        while chunk := handle.read(READ_BYTES):
            state.update(chunk)
    return state.result()
