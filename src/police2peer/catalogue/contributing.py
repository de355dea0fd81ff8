# SPDX-License-Identifier: EUPL-1.2
"""Makes an agency's contribution: what waits in its register, sealed, numbered and signed.

1. forget what an interrupted run had begun; 2. sign, seal and pack the waiting records; 3. write the contribution
into the outbox, whole; 4. count it as made, with its number, in one transaction; 5. copy it to where it is wanted.

Promise: a contribution leaves the outbox only after step 4, so that no two of one number are ever handed over.
Source: docs/catalogue-format.md, "Contributions".
"""

import hashlib
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from secrets import token_bytes
from typing import BinaryIO

from police2peer.catalogue.changes import SortedChanges
from police2peer.catalogue.contribution import (
    CONTRIBUTION_PREFIX,
    Contribution,
    change_bytes,
    header_bytes,
    pack_bytes,
)
from police2peer.catalogue.home import Home, own_membership
from police2peer.catalogue.membership import own_record_key
from police2peer.catalogue.packing import RecordKey, pack_records
from police2peer.catalogue.registry import Progress, Registry
from police2peer.catalogue.seal import Signature
from police2peer.errors import BadInput
from police2peer.storage import whole_file

__all__ = ["Contributed", "contribute", "contribute_again"]

_PAGE = 1_000  # records sealed and noted in one transaction
_CHUNK_BYTES = 1024 * 1024
_NO_PREVIOUS = "0" * 64


@dataclass(frozen=True, slots=True)
class Contributed:
    """What was handed over: the number of the contribution, and how many records are in it."""

    sequence: int
    records: int


@dataclass
class _Body:
    """The body while it is written: its bytes go to a file, its measures are kept."""

    handle: BinaryIO
    records: int = 0
    packs: int = 0
    changes: int = 0
    length: int = 0

    def __post_init__(self) -> None:
        self.digest = hashlib.sha256()

    def write(self, content: bytes) -> None:
        self.handle.write(content)
        self.digest.update(content)
        self.length += len(content)


def _path(home: Home, sequence: int) -> Path:
    return home.outbox / f"{sequence:06}.contribution"


def contribute(
    folder: Path,
    out: Path,
    *,
    now: datetime,
    everything: bool = False,
    after: int = 0,
    random_bytes: Callable[[int], bytes] = token_bytes,
    progress: Progress = lambda _done, _total: None,
) -> Contributed | None:
    """Write what waits as the next contribution to `out`; None when nothing waits, and then no file either.

    `everything` takes all records, and asks to have them in the place of all that this agency handed over before;
    `after` is the number that the coordinating body accepted last, should it be higher than the one here.
    """
    home = Home(folder)
    home.check_takes_part()
    home.outbox.mkdir(parents=True, exist_ok=True, mode=0o700)
    with Registry(folder) as registry:
        sequence = max(int(registry.get("sequence") or 0), after) + 1
        for orphan in (path for path in home.outbox.glob("[0-9]*.contribution") if int(path.stem) >= sequence):
            orphan.unlink()
        registry.outgoing.settle(arrived=False, settings={})
        if everything:
            registry.begin_afresh()
        complete = registry.get("complete") == "yes"
        if not complete and not registry.outgoing.count():
            return None
        with tempfile.TemporaryFile(dir=home.outbox) as handle:
            body = _Body(handle)
            _write_body(home, registry, body, random_bytes, progress)
            manifest = _manifest(home, registry, body, sequence, now, complete=complete)
            _write_contribution(_path(home, sequence), manifest, own_record_key(home), body)
        done = {"sequence": str(sequence), "previous": hashlib.sha256(manifest).hexdigest(), "complete": "no"}
        registry.outgoing.settle(arrived=True, settings=done)
    contribute_again(folder, sequence, out)
    return Contributed(sequence, body.records)


def contribute_again(folder: Path, sequence: int, out: Path) -> None:
    """Write a contribution that was made before to `out` once more. Raises `BadInput` when there is none."""
    source = _path(Home(folder), sequence)
    if not source.is_file():
        raise BadInput(f"there is no contribution {sequence} here", remedy="see which numbers outbox/ has")
    with source.open("rb") as handle, whole_file(out) as copy:
        _copy(handle, copy)


def _copy(source: BinaryIO, target: BinaryIO) -> None:
    while chunk := source.read(_CHUNK_BYTES):
        target.write(chunk)


def _write_body(
    home: Home, registry: Registry, body: _Body, random_bytes: Callable[[int], bytes], progress: Progress
) -> None:
    keys = dict.fromkeys(own_membership(home), own_record_key(home))
    total, last_id = registry.outgoing.count(), ""
    with SortedChanges(home.outbox.parent) as changes:
        while page := registry.outgoing.waiting(last_id, _PAGE):
            marks = []
            for pack in pack_records(page, keys, random_bytes):
                body.write(pack_bytes(pack.content, [len(record.blob) for record in pack.records]))
                body.packs += 1
                for record in pack.records:
                    marks.append((record.id, record.rev, record.seed))
                    for old, new in record.entries:
                        changes.add(old, new)
            registry.outgoing.mark_sending(marks)
            body.records, last_id = body.records + len(page), page[-1].record.draft.id
            progress(body.records, total)
        _write_changes(body, ((change.old, change.new) for change in changes))


def _write_changes(body: _Body, changes: Iterable[tuple[bytes | None, bytes | None]]) -> None:
    for old, new in changes:
        if new is not None:
            body.write(change_bytes(old, new))
            body.changes += 1


def _manifest(home: Home, registry: Registry, body: _Body, sequence: int, now: datetime, *, complete: bool) -> bytes:
    return Contribution(
        agency=next(iter(own_membership(home))),
        catalogue=hashlib.sha256(home.pinned_root.read_bytes()).hexdigest(),
        stretch=registry.stretch,
        sequence=sequence,
        previous=registry.get("previous") or _NO_PREVIOUS,
        complete=complete,
        at=now,
        records=body.records,
        packs=body.packs,
        changes=body.changes,
        body_bytes=body.length,
        body_sha256=body.digest.hexdigest(),
    ).to_bytes()


def _write_contribution(path: Path, manifest: bytes, key: RecordKey, body: _Body) -> None:
    signature = Signature(key.key_id, key.private.sign(CONTRIBUTION_PREFIX + manifest))
    with whole_file(path, mode=0o600) as handle:
        handle.write(header_bytes(manifest, (signature,)))
        body.handle.seek(0)
        _copy(body.handle, handle)
