# SPDX-License-Identifier: EUPL-1.2
"""Enters what is published into the catalogue's log, and lays the log beside the catalogue.

1. each pack that is published: the SHA-256 of every sealed record in it becomes an entry; 2. the log is signed in the
private folder, where its master lies; 3. its new files are copied beside the catalogue, the checkpoint last. All of
this comes before the timestamp is replaced: a reader of the old state finds a log that covers more than it needs,
and a reader of the new one finds everything covered.

Promise: interrupted anywhere, it may be done again. A pack whose entries a signed checkpoint covers is not entered
twice. A log that has become shorter or other than what is public is never published.
"""

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path

from police2peer.catalogue.home import Home
from police2peer.catalogue.log.checkpoint import SignedCheckpoint, open_checkpoint
from police2peer.catalogue.log.merkle import root_of
from police2peer.catalogue.log.naming import log_policy, open_log
from police2peer.catalogue.log.note import NOTE_LIMIT_BYTES
from police2peer.catalogue.log.packs import PackList, pack_list_name, read_pack_list
from police2peer.catalogue.log.policy import LOG_ROLE, LogPolicy
from police2peer.catalogue.log.store import CHECKPOINT_NAME, LogStore
from police2peer.catalogue.log.tiles import TILE_WIDTH, TileTree, read_bundle_at
from police2peer.catalogue.snapshot import FolderReader
from police2peer.errors import NotAuthentic
from police2peer.storage import flush_disk, write_soon, write_whole

__all__ = ["CatalogueLog", "open_catalogue_log"]


def open_catalogue_log(home: Home, least_size: int = 0) -> "CatalogueLog | None":
    """Open the log of a catalogue for adding, if targets names one.

    Raises `NotPermitted` without its key, `NotAuthentic` when it is shorter than it was once published.
    """
    if log_policy(home) is None:
        return None
    policy, store = open_log(home)
    if store.size < least_size:
        raise NotAuthentic(
            f"the log in this folder has {store.size} entries, and {least_size} were published",
            remedy="put log/ back from the public folder or from a backup that is as new; never begin a log anew",
        )
    return CatalogueLog(policy, store)


class CatalogueLog:
    """The log of a catalogue, while it is published."""

    def __init__(self, policy: LogPolicy, store: LogStore) -> None:
        self._policy = policy
        self._store = store
        self._before = store.signed
        self._lists: list[str] = []

    @property
    def is_new(self) -> bool:
        """Whether nothing was ever signed in it, so that every pack in use is still to be entered."""
        return self._before is None

    def add_pack(self, content: bytes, lengths: Sequence[int]) -> None:
        """Enter the sealed records of a pack, given the length of each; a pack that is entered already is skipped."""
        sha256 = hashlib.sha256(content).hexdigest()
        name = pack_list_name(sha256)
        known = read_pack_list(self._store, sha256)
        if known is not None and self._covers(known, content):
            self._lists.append(name)
            return
        listed = PackList(self._store.size, tuple(lengths))
        write_soon(self._store.folder / name, listed.to_bytes())
        self._lists.append(name)
        self._store.append(listed.entries(content))

    def _covers(self, listed: PackList, content: bytes) -> bool:
        """Whether what was signed holds the entries where the list says; a list of an interrupted run does not."""
        end = listed.first + len(listed.lengths)
        if self._before is None or end > self._before.size:
            return False
        expected, found = listed.entries(content), []
        for index in range(listed.first // TILE_WIDTH, (end - 1) // TILE_WIDTH + 1):
            width = min(TILE_WIDTH, self._before.size - index * TILE_WIDTH)
            start = max(0, listed.first - index * TILE_WIDTH)
            found += read_bundle_at(self._store, index, width)[start : end - index * TILE_WIDTH]
        return found == expected

    def publish_to(self, public: Path) -> SignedCheckpoint:
        """Sign the log and copy what is new into `public`/log, the checkpoint last. Raises `NotAuthentic`."""
        target = public / LOG_ROLE
        published = self._check_published(FolderReader(target))
        signed = self._store.sign()
        confirmed = self._renew_cosigned()
        is_known = published is not None and self._before is not None and published.size == self._before.size
        names = [*self._lists, *self._store.written, *confirmed] if is_known else self._all_files()
        for name in dict.fromkeys(names):
            if name != CHECKPOINT_NAME:
                _copy(self._store.folder / name, target / name)
                shutil.rmtree(target / f"{name}.p", ignore_errors=True)  # a full tile takes the place of partial ones
        target.mkdir(parents=True, exist_ok=True)
        flush_disk(target)
        write_whole(target / CHECKPOINT_NAME, signed.note.to_bytes())
        return signed

    def _renew_cosigned(self) -> list[str]:
        """Have the log's present keys on what the witnesses confirmed, after a change of key; give the names."""
        names = []
        for path in sorted(self._store.folder.glob("cosigned/[0-9a-f]*")):
            signed = open_checkpoint(path.read_bytes(), *self._store.keys)
            renewed = self._store.countersign(signed.note).to_bytes()
            if renewed != signed.note.to_bytes():
                write_whole(path, renewed)
            names.append(f"cosigned/{path.name}")
        return names

    def _all_files(self) -> list[str]:
        folder = self._store.folder
        return [
            path.relative_to(folder).as_posix()
            for path in folder.rglob("*")
            if path.is_file() and not path.name.startswith(".")
        ]

    def _check_published(self, public: FolderReader) -> SignedCheckpoint | None:
        """Hold the public log against the master: a state that was shown must be the beginning of the next one."""
        raw = public.read(CHECKPOINT_NAME, NOTE_LIMIT_BYTES)
        if raw is None:
            return None
        shown = open_checkpoint(raw, *self._policy.keys, *self._store.keys)
        mine = self._before
        if mine is None or shown.size > mine.size:
            raise NotAuthentic(
                "the public log is longer than the one in this folder, so that this folder is an old copy",
                remedy="copy log/ from the public folder over log/ here, then publish again",
            )
        if root_of(shown.size, TileTree(self._store, mine.size).hash_at) != shown.root:
            raise NotAuthentic(
                "the public log is another than the one in this folder",
                remedy="keep both, and find out with the witnesses which one they have confirmed",
            )
        return shown


def _copy(source: Path, target: Path) -> None:
    content = source.read_bytes()
    if not target.is_file() or target.read_bytes() != content:
        write_soon(target, content)
