# SPDX-License-Identifier: EUPL-1.2
"""Finds the last state that was committed, and takes away what an interrupted commit left behind it.

1. A last file in which nothing was ever committed goes, with its keys: it was being begun. 2. What lies behind the
last checkpoint that holds is the commit that was under way, one at most, and is cut off. 3. No state that was signed
once a commit was on the disk may be ahead: if one is, committed entries are damaged, and nothing is touched.

Promise: at most the open commit is lost, whatever the byte at which the power went; what was committed is never cut.
"""

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from police2peer.catalogue.log import NoteKey
from police2peer.contacts.ledger.edge import Edge
from police2peer.contacts.ledger.examination import (
    ExaminedSegment,
    ForeignSegment,
    examine_segment,
    states_in,
)
from police2peer.contacts.ledger.folder import LedgerFolder, flush_folder
from police2peer.contacts.ledger.states import LedgerState
from police2peer.errors import NotAuthentic

__all__ = ["Recovered", "recover_ledger"]


@dataclass(frozen=True, slots=True)
class Recovered:
    """Where a ledger goes on: the tree so far, the next segment's number, and how it ended.

    `alive_at` is the last moment at which it was surely written to; None for a new ledger. `closed` says that the
    end was proper; `cut_bytes` is what an interrupted commit had left.
    """

    tree: Edge
    next_segment: int
    alive_at: datetime | None
    closed: bool
    cut_bytes: int


def recover_ledger(folder: LedgerFolder, key: NoteKey) -> Recovered:
    """Find where the ledger goes on. Raises `NotAuthentic` when committed entries are damaged or another node's."""
    newest = _newest(folder, key)
    numbers = folder.segment_numbers()
    raw = folder.segment_file(numbers[-1]).read_bytes() if numbers else b""
    found = _examine(raw, key) if numbers else None
    begun: int | None = None
    if numbers and found is None:  # 1
        if len(list(states_in(raw, key))) > 1:
            raise _damaged()
        begun = numbers.pop()
        found = examine_segment(folder.segment_file(numbers[-1]).read_bytes(), key) if numbers else None
    rest = 0 if found is None or begun is not None else len(raw) - found.good_bytes
    size = 0 if found is None else found.last.size
    committed = 0 if newest is None else newest.size
    if found is not None and rest:  # 2
        later = list(states_in(raw[found.good_bytes :], key))
        committed = max([committed, *(state.size for state in later[:-1])])
    if committed > size:  # 3
        raise _damaged()
    if begun is not None:
        rest = len(raw)
        _drop(folder, begun)
    elif found is not None and rest:
        _cut(folder.segment_file(numbers[-1]), found.good_bytes)
    _drop_keys_without_segment(folder, numbers[-1] if numbers else 0)
    return _where(found, newest, numbers[-1] if numbers else 0, rest)


def _where(found: ExaminedSegment | None, newest: LedgerState | None, segment: int, rest: int) -> Recovered:
    if found is None:
        return Recovered(Edge(), 1, None, closed=not rest, cut_bytes=rest)
    last = found.last
    final = newest if newest is not None and newest.size == last.size and newest.at >= last.at else last
    return Recovered(found.tree, segment + 1, final.at, closed=final.closed and not rest, cut_bytes=rest)


def _newest(folder: LedgerFolder, key: NoteKey) -> LedgerState | None:
    """Give the newest signed state; it is never flushed, so that a power cut may leave none that can be read."""
    try:
        return folder.newest_state(key)
    except NotAuthentic:
        return None


def _examine(raw: bytes, key: NoteKey) -> ExaminedSegment | None:
    """Give what holds of the last file; None when it never got as far as one commit."""
    try:
        return examine_segment(raw, key)
    except ForeignSegment:
        raise
    except NotAuthentic:
        return None


def _drop(folder: LedgerFolder, segment: int) -> None:
    folder.segment_file(segment).unlink()
    folder.keys_file(segment).unlink(missing_ok=True)
    flush_folder(folder.segments)


def _drop_keys_without_segment(folder: LedgerFolder, last: int) -> None:
    """Take away keys of a segment that was never begun; nothing was sealed with them."""
    for path in folder.keys.iterdir() if folder.keys.is_dir() else ():
        if path.name.isdigit() and int(path.name) > last:
            path.unlink()


def _cut(path: Path, size: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.ftruncate(descriptor, size)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _damaged() -> NotAuthentic:
    return NotAuthentic(
        "entries that were committed to the ledger are missing or damaged",
        remedy="nothing was changed; keep this folder for the evidence officer, and put the ledger back from a copy "
        "that is as new, or begin a new one in another folder",
    )
