# SPDX-License-Identifier: EUPL-1.2
"""A log as its keeper has it: a folder to which entries are added, and whose checkpoint is signed.

The signed checkpoint is the truth: what an interrupted run wrote beyond it is written over. Opening reads the last
tile of each level, so that adding costs the same however long the log is.

Promise: the keeper never signs a state that does not begin with the last one it signed; nothing counts before `sign`,
so adding may be repeated after an interruption.
"""

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from police2peer.catalogue.log.checkpoint import Checkpoint, SignedCheckpoint, open_checkpoint
from police2peer.catalogue.log.merkle import HASH_BYTES, hash_leaf, root_of
from police2peer.catalogue.log.note import NOTE_LIMIT_BYTES, KeyType, Note, NoteKey, sign_note
from police2peer.catalogue.log.tiles import (
    TILE_WIDTH,
    TileTree,
    bundle_path,
    fold_hashes,
    read_bundle_at,
    tile_path,
    write_bundle,
)
from police2peer.catalogue.snapshot import FolderReader
from police2peer.errors import NotAuthentic
from police2peer.storage import flush_disk, write_soon, write_whole

__all__ = ["CHECKPOINT_NAME", "LogStore"]

CHECKPOINT_NAME = "checkpoint"


class LogStore(FolderReader):
    """A log in a folder, opened by who signs for it.

    The first key is the log's, outgoing ones sign beside it; `former` are public keys that may have signed before.
    """

    def __init__(
        self, folder: Path, origin: str, keys: Sequence[Ed25519PrivateKey], former: Sequence[bytes] = ()
    ) -> None:
        super().__init__(folder)
        self.folder = folder
        self.written: list[str] = []  # files of this run, in the order in which they were written
        self._origin = origin
        self._private = tuple(keys)
        publics = [key.public_key().public_bytes_raw() for key in keys]
        self._signing = tuple(NoteKey(origin, KeyType.ED25519, public) for public in publics)
        self.keys = tuple(NoteKey(origin, KeyType.ED25519, public) for public in dict.fromkeys((*publics, *former)))
        self.signed = self._open()
        self.size = self.signed.size if self.signed else 0
        tree = TileTree(self, self.size)
        index, width = divmod(self.size, TILE_WIDTH)
        self._entries = read_bundle_at(self, index, width) if width else []
        self._edge: list[list[bytes]] = []  # of each level, the hashes that do not fill a tile yet
        for level in range((self.size.bit_length() + 7) // 8):
            index, width = divmod(self.size >> (8 * level), TILE_WIDTH)
            row = tree.tile(level, index) if width else b""
            self._edge.append([row[at : at + HASH_BYTES] for at in range(0, len(row), HASH_BYTES)])

    def _open(self) -> SignedCheckpoint | None:
        raw = self.read(CHECKPOINT_NAME, NOTE_LIMIT_BYTES)
        if raw is None:
            return None
        signed = open_checkpoint(raw, *self.keys)
        if root_of(signed.size, TileTree(self, signed.size).hash_at) != signed.root:
            raise NotAuthentic(
                "the files of the log do not have the root that was signed last",
                remedy="put the log's folder back from the public copy or a backup that is as new; never begin anew",
            )
        return signed

    def append(self, entries: Iterable[bytes]) -> None:
        """Add entries. What is full is written at once; nothing counts before `sign`."""
        for entry in entries:
            self._entries.append(entry)
            self.size += 1
            if len(self._entries) == TILE_WIDTH:
                self._write(bundle_path(self.size // TILE_WIDTH - 1), write_bundle(self._entries))
                self._entries = []
            self._add_hash(0, hash_leaf(entry))

    def _add_hash(self, level: int, added: bytes) -> None:
        if level == len(self._edge):
            self._edge.append([])
        row = self._edge[level]
        row.append(added)
        if len(row) == TILE_WIDTH:
            self._write(tile_path(level, (self.size >> (8 * level)) // TILE_WIDTH - 1), b"".join(row))
            self._edge[level] = []
            self._add_hash(level + 1, fold_hashes(b"".join(row)))

    def _write(self, name: str, content: bytes) -> None:
        write_soon(self.folder / name, content)
        self.written.append(name)

    def sign(self) -> SignedCheckpoint:
        """Write what is not full yet, and sign the state. Raises `NotAuthentic` when the log would not only grow.

        Where nothing was added and the keys are the same, the checkpoint stays as it is, with its cosignatures.
        """
        if self.signed and self.size == self.signed.size and self._is_signed_by_all(self.signed.note):
            return self.signed
        index, width = divmod(self.size, TILE_WIDTH)
        if width:
            self._write(bundle_path(index, width), write_bundle(self._entries))
        for level, row in enumerate(self._edge):
            if row:
                self._write(tile_path(level, (self.size >> (8 * level)) // TILE_WIDTH, len(row)), b"".join(row))
        tree = TileTree(self, self.size)
        if self.signed and root_of(self.signed.size, tree.hash_at) != self.signed.root:
            raise NotAuthentic("the log would not begin with what was signed before", remedy="restore its folder")
        text = Checkpoint(self._origin, self.size, root_of(self.size, tree.hash_at)).text()
        before = self.signed.note.signatures if self.signed and self.signed.note.text == text else ()
        self.replace_checkpoint(self.countersign(Note(text, ())).with_signatures(before))
        for name in self.written:
            shutil.rmtree(self.folder / f"{name}.p", ignore_errors=True)  # the full tile has taken their place
        if self.signed is None:
            raise TypeError("a checkpoint was just written")
        return self.signed

    def _is_signed_by_all(self, note: Note) -> bool:
        return all(note.signatures_of(key) for key in self._signing)

    def countersign(self, note: Note) -> Note:
        """Give a note of a state that was signed before with the signatures of the present keys in front."""
        lines = tuple(sign_note(note.text, self._origin, private) for private in self._private)
        return Note(note.text, tuple(dict.fromkeys((*lines, *note.signatures))))

    def replace_checkpoint(self, note: Note) -> None:
        """Write the checkpoint, as with one more cosignature, once all that it covers is on the disk."""
        self.folder.mkdir(parents=True, exist_ok=True)
        flush_disk(self.folder)
        write_whole(self.folder / CHECKPOINT_NAME, note.to_bytes())
        self.signed = open_checkpoint(note.to_bytes(), *self.keys)
