# SPDX-License-Identifier: EUPL-1.2
"""A log as plain files: 256 hashes a tile, 256 entries a bundle, under names that never change their content.

`tile/0/x001/234` holds the hashes of leaves 316,160 to 316,415 when the tile is full; the last tile of a level may be
partial and then ends in `.p/` and its width. The hash of a full tile stands in the tile above. Any web server
or USB stick carries them, and any proof is computed from a handful.

Promise: of foreign tiles and bundles exactly the right number of bytes is taken, or `NotAuthentic` raised; their
truth is the proof's matter.
Source: C2SP tlog-tiles, "Merkle Tree" and "Log entries".
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import Protocol

from police2peer.catalogue.distrust import FETCH_AGAIN
from police2peer.catalogue.log.merkle import HASH_BYTES, hash_children
from police2peer.errors import NotAuthentic

__all__ = [
    "TILE_HEIGHT",
    "TILE_WIDTH",
    "Reader",
    "TileTree",
    "bundle_path",
    "fold_hashes",
    "read_bundle",
    "read_bundle_at",
    "tile_path",
    "tile_widths",
    "write_bundle",
]

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
_TILE_BYTES = TILE_WIDTH * HASH_BYTES
_MOST_ENTRY_BYTES = 0xFFFF  # two bytes of length
_BUNDLE_LIMIT_BYTES = 1024 * 1024  # entries here have 32 bytes; a ledger's have some hundred
_KEPT_TILES = 64  # half a megabyte; a proof touches about six


class Reader(Protocol):
    """Where the files of a log are read from."""

    def read(self, name: str, limit_bytes: int) -> bytes | None:
        """Give at most `limit_bytes + 1` bytes of the file called `name`, or None when there is none."""


def _numbered(index: int) -> str:
    """Write 1234067 as `x001/x234/067`."""
    path = f"{index % 1000:03}"
    while index := index // 1000:
        path = f"x{index % 1000:03}/{path}"
    return path


def _suffix(width: int) -> str:
    return "" if width == TILE_WIDTH else f".p/{width}"


def tile_path(level: int, index: int, width: int = TILE_WIDTH) -> str:
    """Name a tile of hashes."""
    return f"tile/{level}/{_numbered(index)}{_suffix(width)}"


def bundle_path(index: int, width: int = TILE_WIDTH) -> str:
    """Name a bundle of entries."""
    return f"tile/entries/{_numbered(index)}{_suffix(width)}"


def tile_widths(size: int) -> Iterator[tuple[int, int, int]]:
    """Give level, index and width of the last tile of each level that a tree of `size` leaves has, if it has any."""
    level = 0
    while count := size >> (TILE_HEIGHT * level):
        yield level, (count - 1) // TILE_WIDTH, (count - 1) % TILE_WIDTH + 1
        level += 1


def write_bundle(entries: Sequence[bytes]) -> bytes:
    """Write entries one after another, each behind its length."""
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def read_bundle(raw: bytes, width: int) -> list[bytes]:
    """Read exactly `width` entries. Raises `NotAuthentic`."""
    entries, at = [], 0
    while at + 2 <= len(raw):
        end = at + 2 + int.from_bytes(raw[at : at + 2], "big")
        entries.append(raw[at + 2 : end])
        at = end
    if at != len(raw) or len(entries) != width:
        raise NotAuthentic("a bundle of entries of the log has not the length it should have", remedy=FETCH_AGAIN)
    return entries


def _read_either(reader: Reader, full: str, partial: str, limit_bytes: int, what: str) -> bytes:
    """Read the partial file, or the full one where that has taken its place."""
    for name in dict.fromkeys((partial, full)):
        raw = reader.read(name, limit_bytes)
        if raw is not None:
            if len(raw) > limit_bytes:
                break
            return raw
    raise NotAuthentic(f"{what} of the log is missing or too long", remedy=FETCH_AGAIN)


def read_bundle_at(reader: Reader, index: int, width: int) -> list[bytes]:
    """Read the first `width` entries of a bundle. Raises `NotAuthentic`."""
    raw = reader.read(bundle_path(index, width), _BUNDLE_LIMIT_BYTES)
    if raw is not None and len(raw) <= _BUNDLE_LIMIT_BYTES:
        return read_bundle(raw, width)
    raw = _read_either(reader, bundle_path(index), bundle_path(index), _BUNDLE_LIMIT_BYTES, "a bundle of entries")
    return read_bundle(raw, TILE_WIDTH)[:width]


class TileTree:
    """The tree of a log of `size` leaves, read from its tiles; `hash_at` is what `merkle` asks for."""

    def __init__(self, reader: Reader, size: int) -> None:
        self._reader = reader
        self._size = size
        self._kept: OrderedDict[tuple[int, int], bytes] = OrderedDict()

    @property
    def size(self) -> int:
        """The number of leaves."""
        return self._size

    def width(self, level: int, index: int) -> int:
        """Give how many hashes a tile has in a tree of this size."""
        return max(0, min(TILE_WIDTH, (self._size >> (TILE_HEIGHT * level)) - index * TILE_WIDTH))

    def tile(self, level: int, index: int) -> bytes:
        """Read a tile, cut to its width. Raises `NotAuthentic`."""
        kept = self._kept.get((level, index))
        if kept is None:
            width = self.width(level, index)
            full, partial = tile_path(level, index), tile_path(level, index, width)
            raw = _read_either(self._reader, full, partial, _TILE_BYTES, "a tile")
            kept = raw[: width * HASH_BYTES]
            if not width or len(raw) not in (width * HASH_BYTES, _TILE_BYTES):
                raise NotAuthentic("a tile of the log has not the length it should have", remedy=FETCH_AGAIN)
            self._kept[level, index] = kept
            if len(self._kept) > _KEPT_TILES:
                self._kept.popitem(last=False)
        return kept

    def hash_at(self, level: int, index: int) -> bytes:
        """Give the hash of a complete subtree of 2**level leaves. Raises `NotAuthentic`."""
        tile_level, above = divmod(level, TILE_HEIGHT)
        first = index << above
        tile = self.tile(tile_level, first // TILE_WIDTH)
        start = first % TILE_WIDTH * HASH_BYTES
        return fold_hashes(tile[start : start + (HASH_BYTES << above)])


def fold_hashes(hashes: bytes) -> bytes:
    """Hash a power of two of hashes, laid end to end, up to one."""
    row = [hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)]
    while len(row) > 1:
        row = [hash_children(row[at], row[at + 1]) for at in range(0, len(row), 2)]
    return row[0]
