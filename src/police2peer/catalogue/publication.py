# SPDX-License-Identifier: EUPL-1.2
"""Publishes what waits in the register into the public folder: incremental, and whole or not at all.

1. take the folder's lock; walk what is published and settle what an interrupted run had sent; 2. sign, seal and
pack the waiting records; 3. change the index; 4. sign head, catalogue, snapshot; where there is a log, sign and
publish it; 5. walk the new state as a verifier would; 6. replace the timestamp, the one step that readers see;
7. settle, and remove what nobody has needed for two days.

Promise: until step 6 readers see the old state, after it the new. Entries of others stay byte for byte.
Publishing again without any change makes the state fresh again.
Source: docs/catalogue-format.md, "Files".
"""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from secrets import token_bytes

from police2peer.catalogue.agencies import departed_agencies
from police2peer.catalogue.changes import SortedChanges
from police2peer.catalogue.freshness import SignedState, record_keys, sign_state
from police2peer.catalogue.head import Head, write_utc
from police2peer.catalogue.home import Home
from police2peer.catalogue.intake import Intake
from police2peer.catalogue.log.publishing import CatalogueLog, open_catalogue_log
from police2peer.catalogue.metadata import Trusted, Versions, read_agencies, walk_metadata
from police2peer.catalogue.packing import RecordKey, entry_start, pack_records
from police2peer.catalogue.public_folder import TIMESTAMP_NAME, AsItWillBe, PublicFolder, lock_folder
from police2peer.catalogue.registry import Progress, Registry
from police2peer.catalogue.snapshot import NOTHING
from police2peer.catalogue.tree import apply_changes, deepen, depth_for, levels_of
from police2peer.catalogue.trust import latest
from police2peer.errors import BadInput, NotAuthentic, NotPermitted

__all__ = ["Publication", "publish_catalogue"]

_LOG_SIZE = "log_size"  # a setting of the register: how long the log was when it was last published
_PAGE = 1_000  # records signed and noted in one transaction
_KEEP_SUPERSEDED = timedelta(days=2)  # longer than any timestamp lives, so that no reader loses a file under way


@dataclass(frozen=True, slots=True)
class Publication:
    """What was published."""

    at: datetime
    records: int
    entries: int
    version: int


def _current(store: PublicFolder, registry: Registry, pinned: bytes, now: datetime) -> Trusted | None:
    """Walk what is published, or give None for an empty folder."""
    if not (store.folder / TIMESTAMP_NAME).exists():
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


@dataclass(frozen=True, slots=True)
class _Work:
    """Where the parts of one publication go."""

    store: PublicFolder
    registry: Registry
    intake: Intake | None
    changes: SortedChanges
    log: CatalogueLog | None

    def put_pack(self, content: bytes, lengths: list[int]) -> None:
        """Publish a pack, and have its sealed records logged."""
        self.store.put("rec", content)
        if self.log is not None:
            self.log.add_pack(content, lengths)

    def change_own(self, old: bytes | None, new: bytes) -> None:
        """Take a change of an entry of our own register."""
        self.changes.add(old, new)
        if self.intake is not None:
            self.intake.note_own(old, new)


def _settle(registry: Registry, intake: Intake | None, before: Trusted | None) -> Head | None:
    """Find out whether what an interrupted run had sent has arrived, and give the head to build upon.

    An empty folder, or an index of another layout, is not built upon: everything is written again.
    """
    if before is None or before.head.narrow:
        registry.outgoing.forget_everything({"sending_head": "-"})
        if intake is not None:
            intake.forget_own()
        return None
    if registry.settle_sending(before.head_sha256) and intake is not None:
        intake.claim_own(entry_start(seed, alias) for alias, seed in registry.outgoing.sealed())
    return before.head


def _send_own(
    work: _Work, keys: Mapping[str, RecordKey], random_bytes: Callable[[int], bytes], progress: Progress
) -> int:
    outgoing = work.registry.outgoing
    total, sent, last_id = outgoing.count(), 0, ""
    while page := outgoing.waiting(last_id, _PAGE):
        marks = []
        for pack in pack_records(page, keys, random_bytes):
            work.put_pack(pack.content, [len(record.blob) for record in pack.records])
            for record in pack.records:
                marks.append((record.id, record.rev, record.seed))
                for old, new in record.entries:
                    work.change_own(old, new)
        outgoing.mark_sending(marks)
        sent, last_id = sent + len(page), page[-1].record.draft.id
        progress(sent, total)
    return sent


def _send_contributed(work: _Work, home: Home, *, afresh: bool) -> int:
    if work.intake is None:
        return 0
    if afresh or (work.log is not None and work.log.is_new):
        work.intake.send_packs(work.put_pack)
    if afresh:
        work.intake.send_entries(work.changes)
    named = read_agencies(latest(home, "targets")[1])
    return work.intake.send(named, work.put_pack, work.changes)


def _new_head(work: _Work, head: Head | None, now: datetime) -> Head:
    """Change the index, and give the head for it."""
    entries, depth, root = (0, 0, NOTHING) if head is None else (head.entries, head.depth, head.root)
    expected = depth_for(entries + work.changes.new_entries)
    if root == NOTHING:
        depth = max(depth, expected)
    while depth < expected:
        root = deepen(work.store, root, depth)
        depth += 1
    root, grown = apply_changes(work.store, root, levels_of(depth), work.changes)
    return Head(now.replace(microsecond=0), work.registry.stretch, entries + grown, depth, root)


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
    home.check_coordinates()
    pinned = home.pinned_root.read_bytes()
    store = PublicFolder(out or home.public)
    with ExitStack() as stack:
        stack.enter_context(lock_folder(store.folder))
        registry = stack.enter_context(Registry(folder))
        intake = stack.enter_context(Intake(home)) if home.intake.exists() else None
        changes = stack.enter_context(SortedChanges(folder))
        before = _current(store, registry, pinned, now)
        built_upon = _settle(registry, intake, before)
        log = open_catalogue_log(home, int(registry.get(_LOG_SIZE) or 0))
        work = _Work(store, registry, intake, changes, log)
        registry.outgoing.set_aside(departed_agencies(home))
        records = _send_own(work, record_keys(home), random_bytes, progress)
        records += _send_contributed(work, home, afresh=built_upon is None)
        head = _new_head(work, built_upon, now)
        number = _last_number(store, registry, before)
        versions = replace(
            before.versions if before else Versions(), timestamp=number, snapshot=number, catalogue=number
        )
        state = sign_state(home, head.to_bytes(), versions, now)
        registry.note_sending(head.to_bytes())
        if log is not None:
            registry.set(_LOG_SIZE, str(log.publish_to(store.folder).size))
        _put_in_place(store, state, pinned, now, before)
        if intake is not None:
            intake.set_published()
        registry.set_published(state.versions.timestamp, store.superseded, write_utc(now))
        _prune(store, registry, now)
        return Publication(head.at, records, head.entries, state.versions.timestamp)


def _last_number(store: PublicFolder, registry: Registry, before: Trusted | None) -> int:
    """Give the highest number that any state has had, published or not, so that no name is ever used twice."""
    written = [int(path.name.split(".")[0]) for path in (store.folder / "md").glob("[0-9]*.[sc]*.json")]
    known = (before.versions.timestamp, before.versions.snapshot, before.versions.catalogue) if before else (0,)
    return max(*known, int(registry.get("timestamp") or 0), *written, 0)


def _check_state(store: PublicFolder, state: SignedState, pinned: bytes, now: datetime, seen: Versions) -> None:
    """Walk the state as a verifier would, before anything of it is written."""
    after = AsItWillBe(store, state.files | {TIMESTAMP_NAME: state.timestamp})
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
    store: PublicFolder, state: SignedState, pinned: bytes, now: datetime, before: Trusted | None
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
        walk_metadata(AsItWillBe(store, files | {TIMESTAMP_NAME: state.timestamp}), pinned, now, seen)
    except NotAuthentic:
        files, roots = state.files, {}
    for name, content in files.items():
        store.write(name, content)
    store.write_timestamp(state.timestamp)
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


def _prune(store: PublicFolder, registry: Registry, now: datetime) -> None:
    names = registry.outgoing.superseded_before(write_utc(now - _KEEP_SUPERSEDED))
    for name in names:
        (store.folder / name).unlink(missing_ok=True)
    if names:
        registry.outgoing.forget_superseded(names)
