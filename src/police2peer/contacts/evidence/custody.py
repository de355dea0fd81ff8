# SPDX-License-Identifier: EUPL-1.2
"""The custody log: append-only, chained, each line signed by who acted, all of it under a signed checkpoint.

::

    custody.key       the log's own key, private to this machine
    custody.vkey      its public half, for the supervisory authority and for partners
    log/              the entries, their tree, the signed checkpoint (C2SP tlog-tiles), for witnesses
    subjects/         lists of ledger entries that were too long for a line, by their SHA-256

Promise: an act is on the disk, signed, before its result is given out. Entries are never changed or removed. Who
holds the log's key could cut the newest ones off and sign again: a checkpoint kept elsewhere, or a witness, shows it.
"""

import fcntl
import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from police2peer.campaign import new_signing_key, public_bytes, read_signing_key
from police2peer.catalogue.log import (
    CHECKPOINT_NAME,
    NOTE_LIMIT_BYTES,
    KeyType,
    LogStore,
    NoteKey,
    SignedCheckpoint,
    TileTree,
    hash_leaf,
    open_checkpoint,
    read_bundle_at,
    root_of,
)
from police2peer.contacts.evidence.custody_entry import CustodyEntry
from police2peer.contacts.evidence.ranges import read_ranges, write_ranges
from police2peer.contacts.evidence.tree import MemoryTree
from police2peer.errors import BadInput, NotAuthentic, Unavailable
from police2peer.storage import write_whole

__all__ = ["Custody", "begin_custody"]

_KEY, _PUBLIC, _LOG, _SUBJECTS = "custody.key", "custody.vkey", "log", "subjects"
_BUNDLE: Final = 256
_MOST_INLINE: Final = 1500  # letters of a list of entries that stands in the line itself
_REMEDY: Final = "put the custody folder back from its copy, and find out who changed it"


def begin_custody(folder: Path, origin: str) -> NoteKey:
    """Begin a log under a name such as `police.example/custody`. Raises `BadInput` when there is one."""
    key = NoteKey(origin, KeyType.ED25519, bytes(32))  # refuses a name that cannot be one before a key is made
    private = new_signing_key(folder / _KEY)
    key = NoteKey(origin, KeyType.ED25519, public_bytes(private))
    store = LogStore(folder / _LOG, origin, [private])
    store.sign()
    write_whole(folder / _PUBLIC, f"{key.text()}\n".encode())
    return key


class Custody:
    """The custody log of one agency, in its own folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self.key = NoteKey.parse((folder / _PUBLIC).read_text(encoding="utf-8"))
        except OSError as error:
            raise BadInput(
                "there is no custody log in this folder", remedy="begin one: police2peer custody init"
            ) from error

    def record(self, entry: CustodyEntry, signer: Ed25519PrivateKey, subjects: Iterable[int] = ()) -> CustodyEntry:
        """Add one act, signed by who acts; it is on the disk when this returns.

        Number, chain and list of subjects are filled in here. Raises `Unavailable` while another command writes.
        """
        with self._locked():
            store = LogStore(self.folder / _LOG, self.key.name, [read_signing_key(self.folder / _KEY)])
            entry = replace(self._listed(entry, subjects), number=store.size, previous=_previous(store))
            entry = entry.signed(public_bytes(signer), signer.sign)
            store.append([entry.to_bytes()])
            store.sign()
        return entry

    def _listed(self, entry: CustodyEntry, subjects: Iterable[int]) -> CustodyEntry:
        numbers = sorted(set(subjects))
        text = write_ranges(numbers)
        if len(text) <= _MOST_INLINE:
            return replace(entry, subjects=text, count=len(numbers))
        digest = hashlib.sha256(text.encode()).hexdigest()
        write_whole(self.folder / _SUBJECTS / digest, text.encode(), mode=0o600)
        return replace(entry, subjects_sha256=digest, count=len(numbers))

    def entries(self) -> Iterator[CustodyEntry]:
        """Give every entry, oldest first, each checked against the chain and the signed tree.

        1. the checkpoint is signed by the log; 2. the entries have its root; 3. each is chained to the one before;
        4. each bears the signature of who acted; 5. each list of subjects is the one that was signed.
        Raises `NotAuthentic`.
        """
        signed, raw = self.checkpoint(), []
        reader = _Reader(self.folder / _LOG)
        for index in range((signed.size + _BUNDLE - 1) // _BUNDLE):
            raw += read_bundle_at(reader, index, min(_BUNDLE, signed.size - index * _BUNDLE))
        if MemoryTree(map(hash_leaf, raw)).root() != signed.root:  # 2
            raise NotAuthentic("the custody log does not have the root that was signed", remedy=_REMEDY)
        previous = ""
        for number, each in enumerate(raw):
            entry = CustodyEntry.from_bytes(each)
            if entry.number != number or entry.previous != previous:  # 3
                raise NotAuthentic(f"entry {number} of the custody log is out of its chain", remedy=_REMEDY)
            entry.check()  # 4
            self.subjects_of(entry)  # 5
            previous = hashlib.sha256(each).hexdigest()
            yield entry

    def checkpoint(self) -> SignedCheckpoint:
        """Read the newest signed state. Raises `NotAuthentic`."""
        raw = _Reader(self.folder / _LOG).read(CHECKPOINT_NAME, NOTE_LIMIT_BYTES)
        if raw is None:
            raise NotAuthentic("the custody log has no checkpoint", remedy=_REMEDY)
        return open_checkpoint(raw, self.key)  # 1

    def check_since(self, kept: bytes) -> SignedCheckpoint:
        """Raise `NotAuthentic` unless this log begins with a state that somebody kept; give that state."""
        old, now = open_checkpoint(kept, self.key), self.checkpoint()
        tree = TileTree(_Reader(self.folder / _LOG), now.size)
        if old.size > now.size or root_of(old.size, tree.hash_at) != old.root:
            raise NotAuthentic(
                f"the custody log does not begin with the {old.size} entries that it had then",
                remedy="keep both checkpoints: together they prove that the log was changed",
            )
        return old

    def subjects_of(self, entry: CustodyEntry) -> tuple[int, ...]:
        """Give the numbers of the ledger entries that an act was about. Raises `NotAuthentic`."""
        text = entry.subjects
        if entry.subjects_sha256:
            try:
                raw = (self.folder / _SUBJECTS / entry.subjects_sha256).read_bytes()
            except OSError as error:
                raise NotAuthentic("a list of the custody log is missing", remedy=_REMEDY) from error
            if hashlib.sha256(raw).hexdigest() != entry.subjects_sha256:
                raise NotAuthentic("a list of the custody log is not the one that was signed", remedy=_REMEDY)
            text = raw.decode("ascii", "replace")
        try:
            return read_ranges(text)
        except ValueError as error:
            raise NotAuthentic("a list of the custody log cannot be read", remedy=_REMEDY) from error

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Let one command write at a time; the lock falls with its process."""
        descriptor = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError as error:
            raise Unavailable(
                "another command is writing to the custody log", remedy="wait until it is done, then try again"
            ) from error
        finally:
            os.close(descriptor)


class _Reader:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, name: str, limit_bytes: int) -> bytes | None:
        """Give at most `limit_bytes + 1` bytes of a file of the log, or None when there is none."""
        try:
            with (self._folder / name).open("rb") as handle:
                return handle.read(limit_bytes + 1)
        except OSError:
            return None


def _previous(store: LogStore) -> str:
    if not store.size:
        return ""
    index, at = divmod(store.size - 1, _BUNDLE)
    return hashlib.sha256(read_bundle_at(store, index, at + 1)[at]).hexdigest()
