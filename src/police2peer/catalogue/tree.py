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

__all__ = ["DEEPEST", "Change", "IndexStore", "apply_changes", "deepen", "depth_for", "find_entries", "levels_of"]

_HASH_BYTES = 32
_ENTRIES_A_SHARD = 256  # about 30 KB, in the mean, before the tree gets a digit deeper: gentle growth, by sixteen
_DIGITS_A_NODE = 2  # 256 children, 8 KB: three million entries stand two requests below the head
DEEPEST = 5  # a million shards: for 268 million entries

Levels = tuple[int, ...]  # how many hexadecimal digits of the lookup key each node on the way takes


@dataclass(frozen=True, slots=True)
class Change:
    """One entry that goes (`old`, by as many of its first bytes as tell it apart), comes (`new`), or both."""

    lookup_key: bytes
    old: bytes | None
    new: bytes | None


class IndexStore(Reader, Protocol):
    """A catalogue that can be written as well."""

    def put(self, folder: str, content: bytes) -> bytes:
        """Write a content-addressed file and give its SHA-256."""

    def supersede(self, folder: str, sha256: bytes) -> None:
        """Note that the current state no longer needs a file."""


def levels_of(depth: int, *, narrow: bool = False) -> Levels:
    """Give the digits that each node takes, of `depth` in all; `narrow` is the layout of version 1."""
    if narrow:
        return (1,) * depth
    return (_DIGITS_A_NODE,) * (depth // _DIGITS_A_NODE) + (1,) * (depth % _DIGITS_A_NODE)


def depth_for(entries: int) -> int:
    """Say by how many digits of the lookup key an index of so many entries is divided."""
    return next((d for d in range(DEEPEST) if entries <= _ENTRIES_A_SHARD * 16**d), DEEPEST)


def _read_node(reader: Reader, sha256: bytes, digits: int) -> bytes:
    size = _HASH_BYTES * 16**digits
    node = read_blob(reader, "idx", sha256.hex(), size, "a part of the index")
    if len(node) != size:
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


def _set_child(node: bytearray, number: int, child: bytes) -> None:
    node[number * _HASH_BYTES : (number + 1) * _HASH_BYTES] = child


def _turn(lookup_key: bytes, at: int, digits: int) -> int:
    """Say which child leads to the lookup key: its hexadecimal digits from number `at`."""
    return int(lookup_key.hex()[at : at + digits], 16)


def find_entries(reader: Reader, root: bytes, levels: Levels, lookup_key: bytes) -> list[bytes]:
    """Give the entries under a lookup key; an empty list is as authentic as any. Raises `NotAuthentic`."""
    reached, at = root, 0
    for digits in levels:
        if reached == NOTHING:
            return []
        reached = _child(_read_node(reader, reached, digits), _turn(lookup_key, at, digits))
        at += digits
    return [entry for entry in _read_shard(reader, reached) if entry.startswith(lookup_key)]


def _put_node(store: IndexStore, node: bytearray) -> bytes:
    return store.put("idx", bytes(node)) if any(node) else NOTHING


def _put_shard(store: IndexStore, entries: Iterable[bytes]) -> bytes:
    shard = b"".join(sorted(entries))
    return store.put("idx", shard) if shard else NOTHING


def _change_shard(store: IndexStore, sha256: bytes, changes: Iterable[Change]) -> tuple[bytes, int]:
    entries = set(_read_shard(store, sha256))
    before = len(entries)
    for change in changes:
        if change.old is not None:
            entries -= {entry for entry in entries if entry.startswith(change.old)}
        if change.new is not None:
            entries.add(change.new)
    return _put_shard(store, entries), len(entries) - before


def apply_changes(
    store: IndexStore, root: bytes, levels: Levels, changes: Iterable[Change], at: int = 0
) -> tuple[bytes, int]:
    """Write what the changes touch; give the new root, and by how many the entries grew.

    Changes come in the order of their lookup keys, those of one lookup key in the order in which they hold.
    """
    if not levels:
        new, grown = _change_shard(store, root, changes)
    else:
        digits, grown = levels[0], 0
        node = bytearray(_HASH_BYTES * 16**digits if root == NOTHING else _read_node(store, root, digits))
        for number, below in groupby(changes, key=lambda change: _turn(change.lookup_key, at, digits)):
            child, more = apply_changes(store, _child(node, number), levels[1:], below, at + digits)
            _set_child(node, number, child)
            grown += more
        new = _put_node(store, node)
    if root not in {new, NOTHING}:
        store.supersede("idx", root)
    return new, grown


def deepen(store: IndexStore, root: bytes, depth: int) -> bytes:
    """Give the root of the same index divided by one digit more, shard by shard."""
    reached: Iterable[tuple[int, bytes]] = _split_shards(store, root, depth)
    for digits in reversed(levels_of(depth + 1)):
        reached = _gather(store, reached, digits)
    return next(iter(reached), (0, NOTHING))[1]


def _shards(store: IndexStore, root: bytes, levels: Levels, number: int = 0) -> Iterator[tuple[int, bytes]]:
    if root == NOTHING:
        return
    store.supersede("idx", root)
    if not levels:
        yield number, root
        return
    fan_out = 16 ** levels[0]
    node = _read_node(store, root, levels[0])
    for child in range(fan_out):
        yield from _shards(store, _child(node, child), levels[1:], number * fan_out + child)


def _split_shards(store: IndexStore, root: bytes, depth: int) -> Iterator[tuple[int, bytes]]:
    for number, shard in _shards(store, root, levels_of(depth)):
        for digit, entries in groupby(_read_shard(store, shard), key=lambda entry: _turn(entry, depth, 1)):
            yield number * 16 + digit, _put_shard(store, entries)


def _gather(store: IndexStore, below: Iterable[tuple[int, bytes]], digits: int) -> Iterator[tuple[int, bytes]]:
    """Make the nodes above what is given in the order of its numbers."""
    fan_out = 16**digits
    for number, children in groupby(below, key=lambda child: child[0] // fan_out):
        node = bytearray(_HASH_BYTES * fan_out)
        for child, sha256 in children:
            _set_child(node, child % fan_out, sha256)
        yield number, _put_node(store, node)
