# SPDX-License-Identifier: EUPL-1.2
"""Publishes what waits in the register into the public folder: incremental, and whole or not at all.

1. take the folder's lock; walk what is published and settle what an interrupted run had sent; 2. sign, seal and
pack the waiting records; 3. change the index; 4. sign head, catalogue, snapshot; 5. walk the new state as a
verifier would; 6. replace the timestamp, the one step that readers see; 7. settle, and remove what nobody has
needed for two days.

Promise: until step 6 readers see the old state, after it the new. Entries of others stay byte for byte.
Publishing again without any change makes the state fresh again.
Source: docs/catalogue-format.md, "Files".
"""

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from secrets import token_bytes

from police2peer.catalogue.freshness import SignedState, record_keys, sign_state
from police2peer.catalogue.head import Head, write_utc
from police2peer.catalogue.home import Home
from police2peer.catalogue.metadata import Trusted, Versions, walk_metadata
from police2peer.catalogue.packing import RecordKey, pack_records
from police2peer.catalogue.registry import Progress, Registry
from police2peer.catalogue.snapshot import NOTHING, FolderReader, blob_name
from police2peer.catalogue.tree import apply_changes, deepen, depth_for, find_entries
from police2peer.errors import BadInput, NotAuthentic, NotPermitted, Unavailable
from police2peer.storage import write_whole

__all__ = ["Publication", "publish_catalogue"]

_PAGE = 1_000  # records signed and noted in one transaction
_KEEP_SUPERSEDED = timedelta(days=2)  # longer than any timestamp lives, so that no reader loses a file under way
_TIMESTAMP = "md/timestamp.json"


@dataclass(frozen=True, slots=True)
class Publication:
    """What was published."""

    at: datetime
    records: int
    entries: int
    version: int


class _FolderStore(FolderReader):
    """The public folder, while it is changed."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.folder = folder
        self.superseded: set[str] = set()

    def put(self, folder: str, content: bytes) -> bytes:
        """Write a content-addressed file, unless it is there."""
        sha256 = hashlib.sha256(content)
        self.write(blob_name(folder, sha256.hexdigest()), content)
        return sha256.digest()

    def supersede(self, folder: str, sha256: bytes) -> None:
        """Note that the new state does not need a file."""
        self.superseded.add(blob_name(folder, sha256.hex()))

    def write(self, name: str, content: bytes) -> None:
        """Write a file that never changes."""
        path = self.folder / name
        if not path.exists() or path.read_bytes() != content:
            write_whole(path, content)
        self.superseded.discard(name)


class _AsItWillBe:
    """The public folder with files that are not written yet."""

    def __init__(self, reader: FolderReader, files: dict[str, bytes]) -> None:
        self._reader = reader
        self._files = files

    def read(self, name: str, limit_bytes: int) -> bytes | None:
        content = self._files.get(name)
        return self._reader.read(name, limit_bytes) if content is None else content


@contextlib.contextmanager
def _lock(out: Path) -> Iterator[None]:
    """Hold the folder's lock; it falls with the process that holds it."""
    out.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(out.parent / f".{out.name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise Unavailable(
            "the catalogue is being published by another command", remedy="wait until it is done, then publish again"
        ) from error
    finally:
        os.close(descriptor)


def _current(store: _FolderStore, registry: Registry, pinned: bytes, now: datetime) -> Trusted | None:
    """Walk what is published, or give None for an empty folder; then everything is published again."""
    if not (store.folder / _TIMESTAMP).exists():
        registry.forget_publication()
        return None
    trusted = walk_metadata(store, pinned, now, Versions())
    if trusted.versions.timestamp < int(registry.get("timestamp") or 0):
        raise NotAuthentic(
            "the public folder is older than what was published last",
            remedy="publish into an empty folder: everything of this register is written again",
        )
    if trusted.head.stretch != registry.stretch:
        raise BadInput(
            "the public folder stretches codes in another way than this register",
            remedy="publish into an empty folder, or begin this register with that catalogue's settings",
        )
    return trusted


def _settle(store: _FolderStore, registry: Registry, trusted: Trusted | None) -> None:
    """Find out whether what an interrupted run had sent has arrived; it arrives as a whole or not."""
    change = registry.first_change()
    if change is None or trusted is None:
        registry.settle(arrived=False)
        return
    entries = find_entries(store, trusted.head.root, trusted.head.depth, change.lookup_key)
    registry.settle(arrived=change.new in entries)


def _send_records(
    store: _FolderStore,
    registry: Registry,
    keys: dict[str, RecordKey],
    random_bytes: Callable[[int], bytes],
    progress: Progress,
) -> int:
    total, sent, last_id = registry.count()["waiting"], 0, ""
    while page := registry.waiting(last_id, _PAGE):
        packs = list(pack_records(page, keys, random_bytes))
        for pack in packs:
            store.put("rec", pack.content)
        registry.mark_sending(chain.from_iterable(pack.records for pack in packs))
        sent, last_id = sent + len(page), page[-1][0].draft.id
        progress(sent, total)
    return sent


def _change_index(store: _FolderStore, registry: Registry, head: Head | None) -> tuple[int, int, bytes]:
    """Give entries, depth and root of the index with the changes in it."""
    entries, depth, root = (0, 0, NOTHING) if head is None else (head.entries, head.depth, head.root)
    entries += registry.count_new_entries()
    while depth < depth_for(entries):
        root = deepen(store, root, depth)
        depth += 1
    return entries, depth, apply_changes(store, root, depth, registry.changes())


def publish_catalogue(
    folder: Path,
    out: Path | None = None,
    *,
    now: datetime,
    random_bytes: Callable[[int], bytes] = token_bytes,
    progress: Progress = lambda _done, _total: None,
) -> Publication:
    """Publish what waits into `out` (by default the folder's `public/`), and refresh the timestamp.

    Raises `NotAuthentic` when the public folder does not hold, `NotPermitted` when a key is missing or a trust
    file has expired, `Unavailable` when the disk is full or another command publishes. The old state then stays
    readable.
    """
    home = Home(folder)
    home.check()
    pinned = home.pinned_root.read_bytes()
    store = _FolderStore(out or home.public)
    with _lock(store.folder), Registry(folder) as registry:
        before = _current(store, registry, pinned, now)
        _settle(store, registry, before)
        records = _send_records(store, registry, record_keys(home), random_bytes, progress)
        entries, depth, root = _change_index(store, registry, before.head if before else None)
        head = Head(now.replace(microsecond=0), registry.stretch, entries, depth, root)
        number = _last_number(store, registry, before)
        versions = replace(
            before.versions if before else Versions(), timestamp=number, snapshot=number, catalogue=number
        )
        state = sign_state(home, head.to_bytes(), versions, now)
        _put_in_place(store, state, pinned, now, before)
        registry.set_published(state.versions.timestamp, store.superseded, write_utc(now))
        _prune(store, registry, now)
        return Publication(head.at, records, entries, state.versions.timestamp)


def _last_number(store: _FolderStore, registry: Registry, before: Trusted | None) -> int:
    """Give the highest number that any state has had, published or not, so that no name is ever used twice."""
    written = [int(path.name.split(".")[0]) for path in (store.folder / "md").glob("[0-9]*.[sc]*.json")]
    known = (before.versions.timestamp, before.versions.snapshot, before.versions.catalogue) if before else (0,)
    return max(*known, int(registry.get("timestamp") or 0), *written, 0)


def _check_state(store: _FolderStore, state: SignedState, pinned: bytes, now: datetime, seen: Versions) -> None:
    """Walk the state as a verifier would, before anything of it is written."""
    after = _AsItWillBe(store, state.files | {_TIMESTAMP: state.timestamp})
    trusted = walk_metadata(after, pinned, now, seen)
    if trusted.expired_role is not None:
        raise NotPermitted(
            f"the file of the role {trusted.expired_role} has expired", remedy="renew it: police2peer catalogue renew"
        )
    in_use = {f"md/{seen.targets}.targets.json", *(f"md/{number}.root.json" for number in range(1, seen.root + 1))}
    for name in in_use & state.files.keys():
        if store.read(name, len(state.files[name])) != state.files[name]:
            raise NotAuthentic(
                "the trust folder and the public folder hold different files of one version",
                remedy="find out which is right; then sign a new version: police2peer catalogue renew",
            )


def _put_in_place(
    store: _FolderStore, state: SignedState, pinned: bytes, now: datetime, before: Trusted | None
) -> None:
    """Write what never changes, then replace the timestamp; a new root comes last where it can.

    Readers follow a new root at once. The state is signed by the outgoing online key too while that is here, so that
    it holds under the old root and the new; only where it does not, the root has to come first.
    """
    seen = before.versions if before else Versions()
    _check_state(store, state, pinned, now, seen)
    new_roots = {name for name in state.files if name.endswith(".root.json") and store.read(name, 1) is None}
    files = {name: content for name, content in state.files.items() if name not in new_roots}
    roots = {name: state.files[name] for name in new_roots}
    try:
        walk_metadata(_AsItWillBe(store, files | {_TIMESTAMP: state.timestamp}), pinned, now, seen)
    except NotAuthentic:
        files, roots = state.files, {}
    for name, content in files.items():
        store.write(name, content)
    write_whole(store.folder / _TIMESTAMP, state.timestamp)
    for name, content in sorted(roots.items(), key=lambda item: int(item[0].split("/")[1].split(".")[0])):
        store.write(name, content)
    if before is not None:
        store.superseded |= _superseded_metadata(before, state)


def _superseded_metadata(before: Trusted, state: SignedState) -> set[str]:
    old = before.versions
    names = {
        f"md/{old.snapshot}.snapshot.json",
        f"md/{old.catalogue}.catalogue.json",
        f"md/{old.targets}.targets.json",
        f"head/{before.head_sha256}.head.json",
    }
    return names - state.files.keys()


def _prune(store: _FolderStore, registry: Registry, now: datetime) -> None:
    names = registry.superseded_before(write_utc(now - _KEEP_SUPERSEDED))
    for name in names:
        (store.folder / name).unlink(missing_ok=True)
    registry.forget_superseded(names)
