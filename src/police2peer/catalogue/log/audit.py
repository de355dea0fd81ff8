# SPDX-License-Identifier: EUPL-1.2
"""Checks a whole public log against its catalogue, from outside and with nothing but the published files.

1. the checkpoint is signed by the log; 2. every entry is read and the tree built anew: each tile, and the root, is
what the entries make; 3. an older checkpoint is the beginning of this one; 4. every record of every pack is in the
log, where the pack's list says.

What an outsider cannot see: whether the index names every pack, which records are the current ones, and what they
say. Two things are counted and are no fault: entries without a pack (a publication that was interrupted), and packs
without an entry (from before the log began, or interrupted); no verifier takes anything from such a pack.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from police2peer.catalogue.distrust import FETCH_AGAIN
from police2peer.catalogue.log.checkpoint import SignedCheckpoint, open_checkpoint
from police2peer.catalogue.log.merkle import HASH_BYTES, hash_leaf, root_of
from police2peer.catalogue.log.note import NOTE_LIMIT_BYTES, NoteKey
from police2peer.catalogue.log.packs import read_pack_list
from police2peer.catalogue.log.standing import LogFolder
from police2peer.catalogue.log.store import CHECKPOINT_NAME
from police2peer.catalogue.log.tiles import TILE_WIDTH, TileTree, fold_hashes, read_bundle_at
from police2peer.catalogue.snapshot import PACK_LIMIT_BYTES, FolderReader, read_blob
from police2peer.errors import NotAuthentic

__all__ = ["Audit", "audit_log"]

_TILE_BYTES = TILE_WIDTH * HASH_BYTES
_ENTRY_BYTES = 32  # of a catalogue's log: the SHA-256 of a sealed record
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Audit:
    """What held."""

    signed: SignedCheckpoint
    packs: int
    records: int
    since: int | None
    unlogged: tuple[str, ...]  # packs without an entry

    @property
    def without_pack(self) -> int:
        """Entries of the log that no published pack has."""
        return self.signed.size - self.records

    def size_text(self) -> str:
        """Say how much was checked."""
        root = self.signed.root.hex()
        return f"{self.signed.size} entries; records: {self.records}, packs: {self.packs}; root {root}"

    def remarks(self) -> list[str]:
        """Say what else is worth knowing."""
        said = [] if self.since is None else [f"it begins with the {self.since} entries of the older checkpoint"]
        if self.without_pack:
            said.append(f"{self.without_pack} entries are of no published pack: publications that were interrupted")
        if self.unlogged:
            said.append(f"{len(self.unlogged)} packs are not in the log; no verifier takes a record from them")
        return said


def audit_log(
    catalogue: Path,
    keys: Sequence[NoteKey],
    *,
    since: bytes | None = None,
    progress: Progress = lambda _done, _total: None,
) -> Audit:
    """Check everything. Raises `NotAuthentic` at the first thing that does not hold, naming it."""
    log = LogFolder(FolderReader(catalogue))
    raw = log.read(CHECKPOINT_NAME, NOTE_LIMIT_BYTES)
    if raw is None:
        raise NotAuthentic("this catalogue has no log", remedy="copy its folder log/ too, if it has one")
    signed = open_checkpoint(raw, *keys)  # 1
    tree = TileTree(log, signed.size)
    entries = _read_entries(tree, log, progress)  # 2
    if root_of(signed.size, tree.hash_at) != signed.root:
        raise _wrong("the root of the log is not the signed one")
    old = None if since is None else open_checkpoint(since, *keys)
    if old is not None and (old.size > signed.size or root_of(old.size, tree.hash_at) != old.root):  # 3
        raise NotAuthentic(
            f"the log does not begin with the {old.size} entries that it had then",
            remedy="keep both checkpoints: together they prove that the log was changed",
        )
    packs, records, unlogged = _check_packs(catalogue, log, entries, progress)  # 4
    return Audit(signed, packs, records, None if old is None else old.size, unlogged)


def _wrong(what: str) -> NotAuthentic:
    return NotAuthentic(what, remedy=FETCH_AGAIN)


def _read_entries(tree: TileTree, log: LogFolder, progress: Progress) -> bytes:
    """Read all entries, hold the tree that they make against every tile, and give them end to end."""
    entries, row = bytearray(), bytearray()
    for index in range((tree.size + TILE_WIDTH - 1) // TILE_WIDTH):
        bundle = read_bundle_at(log, index, tree.width(0, index))
        if any(len(each) != _ENTRY_BYTES for each in bundle):
            raise _wrong("an entry of the log is no hash")
        entries += b"".join(bundle)
        row += b"".join(map(hash_leaf, bundle))
        progress(len(entries) // _ENTRY_BYTES, tree.size)
    level = 0
    while row:
        row = _check_level(tree, level, row)
        level += 1
    return bytes(entries)


def _check_level(tree: TileTree, level: int, row: bytearray) -> bytearray:
    """Compare the tiles of a level with what they should be, and give the row above. Raises `NotAuthentic`."""
    above = bytearray()
    for index, start in enumerate(range(0, len(row), _TILE_BYTES)):
        hashes = bytes(row[start : start + _TILE_BYTES])
        if tree.tile(level, index) != hashes:
            raise _wrong(f"tile {index} of level {level} of the log is not what the log's entries make")
        if len(hashes) == _TILE_BYTES:
            above += fold_hashes(hashes)
    return above


def _check_packs(
    catalogue: Path, log: LogFolder, entries: bytes, progress: Progress
) -> tuple[int, int, tuple[str, ...]]:
    """Look for each record of each pack in the log; give how many of both there are, and what is not in the log."""
    reader, records, unlogged = FolderReader(catalogue), 0, []
    names = sorted(path.name for path in (catalogue / "rec").glob("??/*") if not path.name.startswith("."))
    for number, name in enumerate(names, start=1):
        pack = read_blob(reader, "rec", name, PACK_LIMIT_BYTES, "a pack of records")
        listed = read_pack_list(log, name)
        if listed is None:
            unlogged.append(name)
            continue
        found = b"".join(listed.entries(pack))
        at = listed.first * _ENTRY_BYTES
        if entries[at : at + len(found)] != found:
            raise _wrong(f"the log does not hold the records of the pack {name} where its list says")
        records += len(listed.lengths)
        progress(number, len(names))
    return len(names) - len(unlogged), records, tuple(unlogged)
