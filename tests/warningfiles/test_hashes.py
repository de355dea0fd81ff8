# SPDX-License-Identifier: EUPL-1.2
"""Each hash is compared with a program that others wrote and that networks' users have."""

import hashlib
import random
import subprocess
from base64 import b32encode
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from police2peer.warningfiles import FileHashes, hash_file
from police2peer.warningfiles.hashes import HashState, own_tiger, piece_length_bytes
from police2peer.warningfiles.hashes.subtrees import Subtrees
from police2peer.warningfiles.hashes.tiger import libgcrypt_tiger, tiger_many

_PART = 9_728_000
_BLOCK = 184_320
_LEAF = 1024
_EDGES = (
    *(0, 1, _LEAF - 1, _LEAF, _LEAF + 1, 3 * _LEAF, 5 * _LEAF + 1),
    *(_BLOCK - 1, _BLOCK, _BLOCK + 1, 3 * _BLOCK),
    *(_PART - 1, _PART, _PART + 1, _PART + _BLOCK, 2 * _PART - 1, 2 * _PART, 2 * _PART + 1, 3 * _PART + 5),
)


def _rhash(path: Path) -> dict[str, str]:
    wanted = ("sha-256", "sha1", "md5", "ed2k", "aich", "tth")
    template = " ".join(f"%{{{name}}}" for name in wanted) + "\n"
    ran = subprocess.run(["rhash", "-p", template, str(path)], check=True, capture_output=True, text=True)
    return {name.replace("-", ""): value for name, value in zip(wanted, ran.stdout.split(), strict=True)}


def _ours(hashes: FileHashes) -> dict[str, str]:
    return {name: getattr(hashes, name).lower() for name in ("sha256", "sha1", "md5", "ed2k", "aich", "tth")}


def _hashes(pieces: list[bytes | int]) -> FileHashes:
    """Hash bytes, and runs of zeros given by their length."""
    size = sum(piece if isinstance(piece, int) else len(piece) for piece in pieces)
    state = HashState(piece_length_bytes(size))
    for piece in pieces:
        if isinstance(piece, int):
            state.zeros(piece)
        else:
            state.update(piece)
    return state.result()


@pytest.mark.peer("rhash")
@pytest.mark.parametrize("size", _EDGES)
def test_all_hashes_equal_those_of_rhash_at_every_edge(tmp_path: Path, size: int) -> None:
    path = tmp_path / "sample-clip-07.bin"
    path.write_bytes(random.Random(size).randbytes(size))
    assert _ours(hash_file(path)) == _rhash(path)


@pytest.mark.peer("rhash")
@pytest.mark.parametrize("size", _EDGES)
def test_a_run_of_zeros_has_the_hashes_of_its_zeros(tmp_path: Path, size: int) -> None:
    path = tmp_path / "sample-clip-07.bin"
    path.write_bytes(b"begin" + bytes(size) + b"end")
    hashes = _hashes([b"begin", size, b"end"])
    assert hashes == hash_file(path)
    assert _ours(hashes) == _rhash(path)


@pytest.mark.peer("rhash")
@pytest.mark.parametrize("parts", [4, 5, 6, 7, 9])
def test_aich_of_many_parts_equals_that_of_rhash(tmp_path: Path, parts: int) -> None:
    path = tmp_path / "sample-clip-07.bin"
    with path.open("wb") as handle:
        handle.write(b"begin")
        handle.truncate(parts * _PART + 3 * _BLOCK + 7)
    hashes = _hashes([b"begin", parts * _PART + 3 * _BLOCK + 2])
    ran = subprocess.run(["rhash", "-p", "%{aich} %{ed2k}", str(path)], check=True, capture_output=True, text=True)
    assert [hashes.aich.lower(), hashes.ed2k] == ran.stdout.split()


@pytest.mark.peer("sha256sum")
def test_sha256_is_what_sha256sum_prints(tmp_path: Path) -> None:
    path = tmp_path / "sample-clip-07.bin"
    path.write_bytes(random.Random(1).randbytes(3_000_000))
    ran = subprocess.run(["sha256sum", str(path)], check=True, capture_output=True, text=True)
    assert ran.stdout.split()[0] == hash_file(path).sha256


@pytest.mark.parametrize(("size", "parts"), [(0, 1), (1, 1), (_PART - 1, 1), (_PART, 2), (_PART + 1, 2)])
def test_a_file_that_ends_with_a_part_has_an_empty_part_behind_it(size: int, parts: int) -> None:
    hashes = _hashes([size])
    assert len(hashes.ed2k_parts) == 16 * parts
    if parts == 1:
        assert hashes.ed2k_parts.hex() == hashes.ed2k


@pytest.mark.parametrize("size", _EDGES)
def test_the_leaves_for_direct_connect_are_the_blocks_trees_and_make_the_root(size: int) -> None:
    content = random.Random(size).randbytes(size)
    hashes, block = _hashes([content]), piece_length_bytes(size)
    leaves = [hashes.tth_leaves[at : at + 24] for at in range(0, len(hashes.tth_leaves), 24)]
    blocks = [content[at : at + block] for at in range(0, size, block)] or [b""]
    assert [b32encode(leaf).decode().rstrip("=") for leaf in leaves] == [_hashes([part]).tth for part in blocks]
    while len(leaves) > 1:
        pairs = zip(leaves[::2], leaves[1::2], strict=False)
        leaves = [tiger_many(b"\1", left + right, 48) for left, right in pairs] + leaves[len(leaves) & ~1 :]
    assert b32encode(leaves[0]).decode().rstrip("=") == hashes.tth


_PIECES = st.lists(
    st.one_of(
        st.binary(max_size=3000),
        st.sampled_from([0, 1, 1023, 1024, 1025, 7000, 16_384, 184_320, 400_000, 2_000_000]),
    ),
    max_size=8,
)


@given(pieces=_PIECES, cut=st.integers(0, 8))
@settings(max_examples=25)
def test_hashing_by_pieces_and_copies_is_hashing_the_whole(pieces: list[bytes | int], cut: int) -> None:
    content = b"".join(bytes(piece) if isinstance(piece, int) else piece for piece in pieces)
    assert _hashes(pieces) == _hashes([content])
    state = HashState(piece_length_bytes(len(content)))
    twin = state
    for number, piece in enumerate(pieces):
        if number == cut:
            twin = state.copy()
            state.result()
            state.update(b"another way")
            state = twin
        if isinstance(piece, int):
            state.zeros(piece)
        else:
            state.update(memoryview(piece))
    assert twin.result() == _hashes([content])


@given(before=st.integers(0, 40), equal=st.integers(0, 300), after=st.integers(0, 40))
def test_equal_leaves_at_once_make_the_tree_that_they_make_one_by_one(before: int, equal: int, after: int) -> None:
    def join(pairs: bytes) -> bytes:
        return b"".join(hashlib.sha256(pairs[at : at + 64]).digest() for at in range(0, len(pairs), 64))

    def leaves(first: int, count: int) -> list[bytes]:
        return [hashlib.sha256(b"%d" % number).digest() for number in range(first, first + count)]

    at_once, one_by_one = Subtrees(32, join), Subtrees(32, join)
    zero = hashlib.sha256(b"zero").digest()
    at_once.add(b"".join(leaves(0, before)))
    at_once.add_equal(zero, equal)
    at_once.add(b"".join(leaves(before, after)))
    for leaf in [*leaves(0, before), *[zero] * equal, *leaves(before, after)]:
        one_by_one.add(leaf)
    assert [level for level in at_once.waiting if level] == [level for level in one_by_one.waiting if level]
    assert at_once.leaves == one_by_one.leaves


def test_a_tree_over_four_gibibytes_of_zeros_is_a_few_digests() -> None:
    tree = Subtrees(24, lambda pairs: tiger_many(b"\1", pairs, 48))
    tree.add(tiger_many(b"\0", b"begin" + bytes(1019), 1024))
    tree.add_equal(tiger_many(b"\0", bytes(1024), 1024), 4 << 20)
    assert tree.leaves == (4 << 20) + 1
    assert sum(len(level) for level in tree.waiting) <= 24 * 24


@pytest.mark.parametrize("length", [0, 1, 48, 54, 55, 56, 63, 64, 1024])
def test_our_own_tiger_equals_libgcrypts(length: int) -> None:
    theirs = libgcrypt_tiger()
    if theirs is None:
        pytest.skip("needs libgcrypt with Tiger, which is not installed")
    content = random.Random(length).randbytes(5 * length)
    prefix = b"\0" if length else b"abc"
    each, content = (length, content) if length else (1, b"d")
    assert own_tiger.tiger_many(prefix, content, each) == theirs(prefix, content, each)


def test_tiger_gives_its_published_digests() -> None:
    """The vectors are those of the designers' page and of THEX."""
    assert own_tiger.tiger_many(b"", b"abc", 3).hex() == "2aab1484e8c158f2bfb8c5ff41b57a525129131c957b5f93"
    for tiger in (own_tiger.tiger_many, tiger_many):
        empty_leaf = b32encode(tiger(b"", b"\0", 1)).decode().rstrip("=")
        assert empty_leaf == "LWPNACQDBZRYXW3VHJVCJ64QBZNGHOHHHZWCLNQ"
