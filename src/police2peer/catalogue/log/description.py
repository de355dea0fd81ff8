# SPDX-License-Identifier: EUPL-1.2
"""What the keeper of a log, and whoever audits it, wants to know before anything else."""

from datetime import datetime
from pathlib import Path
from typing import TypedDict

from police2peer.catalogue.home import Home
from police2peer.catalogue.log.checkpoint import open_checkpoint
from police2peer.catalogue.log.cosignature import read_cosignatures
from police2peer.catalogue.log.merkle import EMPTY_ROOT
from police2peer.catalogue.log.naming import read_log
from police2peer.catalogue.log.note import NOTE_LIMIT_BYTES, NoteKey
from police2peer.catalogue.log.standing import cosigned_name
from police2peer.catalogue.metadata import Versions, walk_metadata
from police2peer.catalogue.snapshot import FolderReader
from police2peer.errors import BadInput

__all__ = ["LogDescription", "WitnessDescription", "describe_log", "named_log_keys"]


class WitnessDescription(TypedDict):
    """What a witness confirmed last."""

    name: str
    size: int
    at: str | None


class LogDescription(TypedDict):
    """The state of a log."""

    name: str
    key: str
    size: int
    root: str
    needed: int
    witnesses: list[WitnessDescription]


def describe_log(home: Home) -> LogDescription:
    """Describe the log of a catalogue. Raises `BadInput` when there is none."""
    policy, store = read_log(home)
    listed: list[WitnessDescription] = []
    for witness in policy.witnesses:
        raw = store.read(cosigned_name(witness), NOTE_LIMIT_BYTES)
        signed = None if raw is None else open_checkpoint(raw, *store.keys)
        found = read_cosignatures(signed.note, [witness]) if signed else []
        at = found[0].at.isoformat() if found else None
        listed.append({"name": witness.name, "size": signed.size if signed else 0, "at": at})
    root = store.signed.root if store.signed else EMPTY_ROOT
    return {
        "name": policy.origin,
        "key": policy.keys[0].text(),
        "size": store.size,
        "root": root.hex(),
        "needed": policy.needed,
        "witnesses": listed,
    }


def named_log_keys(catalogue: Path, pinned_root: bytes, now: datetime) -> tuple[NoteKey, ...]:
    """Give the log's keys as the catalogue's targets name them. Raises `NotAuthentic`, `BadInput` without a log."""
    policy = walk_metadata(FolderReader(catalogue), pinned_root, now, Versions()).log
    if policy is None:
        raise BadInput("this catalogue names no log", remedy="nothing can be audited here")
    return policy.keys
