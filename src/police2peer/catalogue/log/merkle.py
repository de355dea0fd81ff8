# SPDX-License-Identifier: EUPL-1.2
"""The Merkle tree of a log: roots, proofs that a leaf is in it, proofs that it only grew.

Nothing here stores anything: the tree is asked for through `HashAt`, which gives the hash of a complete subtree
of 2**level leaves. A root or a proof takes about 2 * log2(size) such hashes.

Promise: a check raises `NotAuthentic` unless the proof is exactly the right one, no hash more or less.
Source: RFC 6962, section 2.1 (tree and proofs); RFC 9162, sections 2.1.3.2 and 2.1.4.2 (checking them).
"""

import hashlib
from collections.abc import Callable, Sequence

from police2peer.errors import NotAuthentic

__all__ = [
    "EMPTY_ROOT",
    "HASH_BYTES",
    "MOST_LEAVES",
    "HashAt",
    "check_consistency",
    "check_inclusion",
    "consistency_proof",
    "hash_children",
    "hash_leaf",
    "inclusion_proof",
    "root_of",
    "shared_roots",
]

HASH_BYTES = 32
MOST_LEAVES = 2**63 - 1  # what a checkpoint may state; RFC 6962 counts in 64 bits
EMPTY_ROOT = hashlib.sha256(b"").digest()

HashAt = Callable[[int, int], bytes]  # level, index: leaves [index * 2**level, (index + 1) * 2**level)

_REMEDY = "keep both states of the log, and ask who runs it"


def hash_leaf(entry: bytes) -> bytes:
    """Give the hash of a leaf. The first byte keeps leaves and nodes apart."""
    return hashlib.sha256(b"\x00" + entry).digest()


def hash_children(left: bytes, right: bytes) -> bytes:
    """Give the hash of a node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def _split(size: int) -> int:
    """Give the largest power of two below `size`."""
    return 1 << ((size - 1).bit_length() - 1)


def _subtree(start: int, end: int, hash_at: HashAt) -> bytes:
    """Give MTH(D[start:end]); `start` is a multiple of the smallest power of two that is not below the width."""
    size = end - start
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return hash_at(level, start >> level)
    middle = start + _split(size)
    return hash_children(_subtree(start, middle, hash_at), _subtree(middle, end, hash_at))


def root_of(size: int, hash_at: HashAt) -> bytes:
    """Give the root of the tree of the first `size` leaves."""
    return _subtree(0, size, hash_at) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, hash_at: HashAt) -> list[bytes]:
    """Give the audit path of a leaf, from the leaf to the root. Raises `ValueError` when there is no such leaf."""
    if not 0 <= index < size:
        raise ValueError("there is no such leaf")
    path, start, end = [], 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_subtree(middle, end, hash_at))
            end = middle
        else:
            path.append(_subtree(start, middle, hash_at))
            start = middle
    return path[::-1]


def consistency_proof(old_size: int, new_size: int, hash_at: HashAt) -> list[bytes]:
    """Give the proof that the tree of `old_size` leaves is the beginning of the larger one."""
    if not 0 <= old_size <= new_size:
        raise ValueError("a tree does not shrink")
    if old_size in (0, new_size):
        return []
    path, start, end, is_old_root = [], 0, new_size, True
    while old_size != end:
        middle = start + _split(end - start)
        if old_size <= middle:
            path.append(_subtree(middle, end, hash_at))
            end = middle
        else:
            path.append(_subtree(start, middle, hash_at))
            start, is_old_root = middle, False
    if not is_old_root:
        path.append(_subtree(start, end, hash_at))
    return path[::-1]


def _refuse(what: str) -> NotAuthentic:
    return NotAuthentic(what, remedy=_REMEDY)


def check_inclusion(leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Raise `NotAuthentic` unless the proof leads from the leaf to the root of a tree of that size."""
    if not 0 <= index < size <= MOST_LEAVES:
        raise _refuse("the log has no leaf of that number")
    node, last, reached = index, size - 1, leaf_hash
    for sibling in proof:
        if last == 0:
            raise _refuse("a proof of inclusion in the log is too long")
        if node & 1 or node == last:
            reached = hash_children(sibling, reached)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            reached = hash_children(reached, sibling)
        node, last = node >> 1, last >> 1
    if last or reached != root:
        raise _refuse("a proof of inclusion does not lead to the root of the log")


def check_consistency(old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Raise `NotAuthentic` unless the proof shows that the larger tree begins with the smaller one."""
    if not 0 <= old_size <= new_size <= MOST_LEAVES:
        raise _refuse("the log has become shorter")
    if old_size in (0, new_size):
        expected = EMPTY_ROOT if old_size == 0 else new_root
        if proof or old_root != expected:
            raise _refuse("the log has two roots for one size")
        return
    is_whole = old_size & (old_size - 1) == 0
    if not proof or _lead(old_size, new_size, [old_root, *proof] if is_whole else proof) != (old_root, new_root):
        raise _refuse("the log does not begin with what was seen of it before")


def _lead(old_size: int, new_size: int, hashes: Sequence[bytes]) -> tuple[bytes, bytes]:
    """Give the two roots to which the nodes of a consistency proof lead. Raises `NotAuthentic` for another number."""
    node, last = old_size - 1, new_size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old = new = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            raise _refuse("a proof of consistency of the log is too long")
        if node & 1 or node == last:
            old, new = hash_children(sibling, old), hash_children(sibling, new)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            new = hash_children(new, sibling)
        node, last = node >> 1, last >> 1
    if last:
        raise _refuse("a proof of consistency of the log is too short")
    return old, new


def shared_roots(old_size: int, new_size: int, hash_at: HashAt) -> tuple[bytes, bytes]:
    """Give the roots of a tree and of its beginning, both from the same nodes.

    When the second is the signed root, the nodes are the signed tree's, and the first is what its beginning truly is,
    whatever was said of it: so a forked log can be told from a damaged copy.
    """
    proof = consistency_proof(old_size, new_size, hash_at)
    if not proof:
        whole = root_of(new_size, hash_at)
        return (whole if old_size else EMPTY_ROOT), whole
    is_whole = old_size & (old_size - 1) == 0
    return _lead(old_size, new_size, [hash_at(old_size.bit_length() - 1, 0), *proof] if is_whole else proof)
