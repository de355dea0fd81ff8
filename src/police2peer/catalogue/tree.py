# SPDX-License-Identifier: EUPL-1.2
"""The index: a tree of hashes over shards of entries, read by anyone and changed by the publisher.

A change writes the touched shards and the nodes above them, and nothing else; entries that are not named in the
changes stay byte for byte. Changes are streamed in the order of their lookup keys, so that memory stays flat at
any size.
Source: docs/catalogue-format.md, "Index: nodes and shards".
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol

from police2peer.catalogue.distrust import FETCH_AGAIN
from police2peer.catalogue.seal import ENTRY_BYTES
from police2peer.catalogue.snapshot import NOTHING, SHARD_LIMIT_BYTES, Reader, read_blob
from police2peer.errors import NotAuthentic

__all__ = ["DEEPEST", "Change", "IndexStore", "apply_changes", "deepen", "depth_for", "find_entries"]

_HASH_BYTES = 32
_FAN_OUT = 16  # small nodes and gentle growth: a level more turns a shard into sixteen, not into 256
_NODE_BYTES = _FAN_OUT * _HASH_BYTES
_ENTRIES_A_SHARD = 256  # about 30 KB, in the mean, before the tree gets a level more
DEEPEST = 5  # a million shards: for 16 million entries, and readable for many more


@dataclass(frozen=True, slots=True)
class Change:
    """One entry that goes (`old`), comes (`new`), or both; they stand under one lookup key."""

    lookup_key: bytes
    old: bytes | None
    new: bytes | None


class IndexStore(Reader, Protocol):
    """A catalogue that can be written as well."""

    def put(self, folder: str, content: bytes) -> bytes:
        """Write a content-addressed file and give its SHA-256."""

    def supersede(self, folder: str, sha256: bytes) -> None:
        """Note that the current state no longer needs a file."""


def _read_node(reader: Reader, sha256: bytes) -> bytes:
    node = read_blob(reader, "idx", sha256.hex(), _NODE_BYTES, "a part of the index")
    if len(node) != _NODE_BYTES:
        raise NotAuthentic("a part of the index in this copy of the catalogue is cut short", remedy=FETCH_AGAIN)
    return node


def _read_shard(reader: Reader, sha256: bytes) -> list[bytes]:
    if sha256 == NOTHING:
        return []
    shard = read_blob(reader, "idx", sha256.hex(), SHARD_LIMIT_BYTES, "a part of the index")
    if len(shard) % ENTRY_BYTES:
        raise NotAuthentic("a part of the index in this copy of the catalogue is cut short", remedy=FETCH_AGAIN)
    return [shard[at : at + ENTRY_BYTES] for at in range(0, len(shard), ENTRY_BYTES)]


def _child(node: bytes | bytearray, number: int) -> bytes:
    return bytes(node[number * _HASH_BYTES : (number + 1) * _HASH_BYTES])


def _turn(lookup_key: bytes, level: int) -> int:
    """Say which child leads to the lookup key: its hexadecimal digit number `level`."""
    byte = lookup_key[level // 2]
    return byte & 0x0F if level % 2 else byte >> 4


def find_entries(reader: Reader, root: bytes, depth: int, lookup_key: bytes) -> list[bytes]:
    """Give the entries under a lookup key; an empty list is as authentic as any. Raises `NotAuthentic`."""
    reached = root
    for level in range(depth):
        if reached == NOTHING:
            return []
        reached = _child(_read_node(reader, reached), _turn(lookup_key, level))
    return [entry for entry in _read_shard(reader, reached) if entry.startswith(lookup_key)]


def depth_for(entries: int) -> int:
    """Say how many levels of nodes an index of so many entries has."""
    return next((d for d in range(DEEPEST) if entries <= _ENTRIES_A_SHARD * _FAN_OUT**d), DEEPEST)


def _put_node(store: IndexStore, node: bytearray) -> bytes:
    return store.put("idx", bytes(node)) if any(node) else NOTHING


def _put_shard(store: IndexStore, entries: Iterable[bytes]) -> bytes:
    shard = b"".join(sorted(entries))
    return store.put("idx", shard) if shard else NOTHING


def _change_shard(store: IndexStore, sha256: bytes, changes: Iterable[Change]) -> bytes:
    entries = set(_read_shard(store, sha256))
    for change in changes:
        if change.old is not None:
            entries.discard(change.old)
        if change.new is not None:
            entries.add(change.new)
    return _put_shard(store, entries)


def apply_changes(store: IndexStore, root: bytes, depth: int, changes: Iterable[Change], level: int = 0) -> bytes:
    """Write what the changes touch and give the new root; changes come in the order of their lookup keys."""
    if level == depth:
        new = _change_shard(store, root, changes)
    else:
        node = bytearray(_NODE_BYTES if root == NOTHING else _read_node(store, root))
        for number, below in groupby(changes, key=lambda change: _turn(change.lookup_key, level)):
            child = apply_changes(store, _child(node, number), depth, below, level + 1)
            node[number * _HASH_BYTES : (number + 1) * _HASH_BYTES] = child
        new = _put_node(store, node)
    if root not in {new, NOTHING}:
        store.supersede("idx", root)
    return new


def deepen(store: IndexStore, root: bytes, depth: int, level: int = 0) -> bytes:
    """Give the root of the same index with one level more, shard by shard."""
    if root == NOTHING:
        return NOTHING
    node = bytearray(_NODE_BYTES)
    for number, child in _children(store, root, depth, level):
        node[number * _HASH_BYTES : (number + 1) * _HASH_BYTES] = child
    store.supersede("idx", root)
    return _put_node(store, node)


def _children(store: IndexStore, root: bytes, depth: int, level: int) -> Iterator[tuple[int, bytes]]:
    if level < depth:
        node = _read_node(store, root)
        for number in range(_FAN_OUT):
            yield number, deepen(store, _child(node, number), depth, level + 1)
    else:
        for number, entries in groupby(_read_shard(store, root), key=lambda entry: _turn(entry, level)):
            yield number, _put_shard(store, entries)
