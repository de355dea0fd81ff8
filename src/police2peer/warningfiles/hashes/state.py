# SPDX-License-Identifier: EUPL-1.2
"""What every network calls a file, and where all hashers stand after some of its bytes."""

from base64 import b32encode
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Protocol, Self

from police2peer.warningfiles.hashes.bittorrent import MerkleTree, piece_length_bytes
from police2peer.warningfiles.hashes.digests import Blocks, Digest, Whole, md5, sha1, sha256
from police2peer.warningfiles.hashes.ed2k import AichTree, Ed2kParts
from police2peer.warningfiles.hashes.tth import TigerTree

__all__ = ["READ_BYTES", "FileHashes", "HashState", "hash_file"]

READ_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class FileHashes:
    """What every network calls a file; in lower-case hex or upper-case base32, as catalogues print them.

    - `sha256`, `sha1`, `md5`, `ed2k`: hex.
    - `bt_pieces`: the joined SHA-1 of the v1 pieces (BEP 3).
    - `bt2_root`, `bt2_layer`: the v2 root and the joined hashes of its piece layer, empty for one piece (BEP 52).
    - `ed2k_parts`: the joined MD4 of the parts as an eD2k hash set lists them; a file shorter than a part has one.
    - `aich` (32 letters) and `tth` (39 letters): base32 without padding.
    - `tth_leaves`: the joined Tiger digests of blocks as long as a BitTorrent piece, which Direct Connect asks for.
    """

    size: int
    sha256: str
    sha1: str
    md5: str
    bt_piece_length: int
    bt_pieces: bytes
    bt2_root: bytes
    bt2_layer: bytes
    ed2k: str
    ed2k_parts: bytes
    aich: str
    tth: str
    tth_leaves: bytes


class _Hasher(Protocol):
    """Takes bytes and runs of zeros in order; a copy goes on by itself; its result may be asked at any time."""

    def update(self, data: bytes | memoryview) -> None: ...
    def zeros(self, count: int) -> None: ...
    def copy(self) -> Self: ...


@dataclass(frozen=True, slots=True)
class _Hashers:
    """One hasher a network, and one a plain digest."""

    sha256: Whole
    sha1: Whole
    md5: Whole
    bt_pieces: Blocks[Digest]
    bt2: MerkleTree
    ed2k: Ed2kParts
    aich: AichTree
    tth: TigerTree

    @classmethod
    def begin(cls, piece_length: int) -> "_Hashers":
        return cls(
            sha256=Whole(sha256()),
            sha1=Whole(sha1()),
            md5=Whole(md5()),
            bt_pieces=Blocks(piece_length, sha1),
            bt2=MerkleTree(piece_length),
            ed2k=Ed2kParts(),
            aich=AichTree(),
            tth=TigerTree(piece_length),
        )

    def __iter__(self) -> Iterator[_Hasher]:
        return (getattr(self, name) for name in _NAMES)

    def copy(self) -> "_Hashers":
        return _Hashers(*[getattr(self, name).copy() for name in _NAMES])


_NAMES = tuple(field.name for field in fields(_Hashers))


class HashState:
    """Where all hashers stand after some bytes; `copy` lets two files go on from there."""

    def __init__(self, piece_length: int, size: int = 0, hashers: _Hashers | None = None) -> None:
        self._piece_length = piece_length
        self._size = size
        self._hashers = hashers or _Hashers.begin(piece_length)

    def update(self, data: bytes | memoryview) -> None:
        """Take the next bytes."""
        if not data:
            return
        self._size += len(data)
        for hasher in self._hashers:
            hasher.update(data)

    def zeros(self, count: int) -> None:
        """Take the next `count` bytes, all zero."""
        self._size += count
        for hasher in self._hashers:
            hasher.zeros(count)

    def copy(self) -> "HashState":
        """Give a state that goes on from here by itself."""
        return HashState(self._piece_length, self._size, self._hashers.copy())

    def result(self) -> FileHashes:
        """Give the hashes of all bytes taken so far."""
        hashers = self._hashers
        bt2_root, bt2_layer = hashers.bt2.root_and_layer()
        ed2k, ed2k_parts = hashers.ed2k.hash_and_parts()
        return FileHashes(
            size=self._size,
            sha256=hashers.sha256.digest().hex(),
            sha1=hashers.sha1.digest().hex(),
            md5=hashers.md5.digest().hex(),
            bt_piece_length=self._piece_length,
            bt_pieces=hashers.bt_pieces.all(),
            bt2_root=bt2_root,
            bt2_layer=bt2_layer,
            ed2k=ed2k.hex(),
            ed2k_parts=ed2k_parts,
            aich=_base32(hashers.aich.root()),
            tth=_base32(hashers.tth.root()),
            tth_leaves=hashers.tth.leaves(),
        )


def _base32(digest: bytes) -> str:
    return b32encode(digest).decode().rstrip("=")


def hash_file(path: Path) -> FileHashes:
    """Read a file on disk once and give all its hashes."""
    state = HashState(piece_length_bytes(path.stat().st_size))
    with path.open("rb") as handle:
        while chunk := handle.read(READ_BYTES):
            state.update(chunk)
    return state.result()
