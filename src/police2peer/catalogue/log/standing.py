# SPDX-License-Identifier: EUPL-1.2
"""Where a record stands in the catalogue's log, and which witnesses have confirmed that: a step of the verifier.

1. the checkpoint, signed by the log's key that targets names; 2. the leaf: the pack's list leads to it, and the proof
of inclusion, computed from tiles, leads from the record's SHA-256 to the signed root; 3. each witness's last
cosigned checkpoint is the beginning of this one; 4. enough witnesses have confirmed a state with the leaf in it,
or, for what is newer, enough of them have confirmed some state lately.

Promise: this only ever takes a verdict back to *cannot tell*; it never makes one.
Source: docs/transparency.md, "What the verifier checks".
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from police2peer.catalogue.distrust import FETCH_AGAIN
from police2peer.catalogue.log.checkpoint import SignedCheckpoint, open_checkpoint
from police2peer.catalogue.log.cosignature import Cosignature, read_cosignatures
from police2peer.catalogue.log.merkle import (
    check_consistency,
    check_inclusion,
    consistency_proof,
    hash_leaf,
    inclusion_proof,
)
from police2peer.catalogue.log.note import NOTE_LIMIT_BYTES, NoteKey
from police2peer.catalogue.log.packs import read_pack_list
from police2peer.catalogue.log.policy import LOG_ROLE, LogPolicy
from police2peer.catalogue.log.store import CHECKPOINT_NAME
from police2peer.catalogue.log.tiles import Reader, TileTree
from police2peer.errors import NotAuthentic

__all__ = [
    "Confirmation",
    "LogFolder",
    "Standing",
    "cosigned_name",
    "find_standing",
    "read_checkpoint",
    "read_confirmations",
]


class LogFolder:
    """The part of a catalogue that is its log."""

    def __init__(self, catalogue: Reader) -> None:
        self._catalogue = catalogue

    def read(self, name: str, limit_bytes: int) -> bytes | None:
        """Read a file of the log."""
        return self._catalogue.read(f"{LOG_ROLE}/{name}", limit_bytes)


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The largest state that a witness has confirmed."""

    signed: SignedCheckpoint
    cosignature: Cosignature


@dataclass(frozen=True, slots=True)
class Standing:
    """The number of a record's leaf, the size of the log, and the witnesses that confirmed a state with it."""

    origin: str
    leaf: int
    size: int
    confirmed_by: tuple[Cosignature, ...]

    def text(self) -> str:
        """Say it in a sentence."""
        where = f"entry {self.leaf + 1} of {self.size} in the public log {self.origin}"
        if not self.confirmed_by:
            return f"{where}, signed by the log"
        last = max(each.at for each in self.confirmed_by)
        names = ", ".join(each.witness.name for each in self.confirmed_by)
        return f"{where}, confirmed by {names}, last on {last:%Y-%m-%d %H:%M} UTC"


def cosigned_name(witness: NoteKey) -> str:
    """Name the file with the last checkpoint that a witness confirmed."""
    return f"cosigned/{hashlib.sha256(witness.public).hexdigest()[:16]}"


def read_checkpoint(log: Reader, policy: LogPolicy) -> SignedCheckpoint:
    """Read the log's present checkpoint. Raises `NotAuthentic`."""
    raw = log.read(CHECKPOINT_NAME, NOTE_LIMIT_BYTES)
    if raw is None:
        raise NotAuthentic("the log is missing from this copy of the catalogue", remedy="copy its folder log/ too")
    return open_checkpoint(raw, *policy.keys)


def read_confirmations(log: Reader, policy: LogPolicy, tree: TileTree, now: SignedCheckpoint) -> list[Confirmation]:
    """Give what each witness confirmed last, each held against the present checkpoint. Raises `NotAuthentic`."""
    found = []
    for witness in policy.witnesses:
        raw = log.read(cosigned_name(witness), NOTE_LIMIT_BYTES)
        if raw is None:
            continue
        signed = open_checkpoint(raw, *policy.keys)
        cosignatures = read_cosignatures(signed.note, [witness])
        if signed.size > now.size:
            raise NotAuthentic("this copy of the log is older than what a witness confirmed", remedy=FETCH_AGAIN)
        proof = consistency_proof(signed.size, now.size, tree.hash_at)
        check_consistency(signed.size, signed.root, now.size, now.root, proof)
        found += [Confirmation(signed, each) for each in cosignatures]
    return found


def find_standing(
    catalogue: Reader, policy: LogPolicy, *, published_at: datetime, pack_sha256: str, offset: int, blob: bytes
) -> Standing:
    """Find a sealed record in the log of its catalogue. Raises `NotAuthentic` when it is not as it should be."""
    log = LogFolder(catalogue)
    signed = read_checkpoint(log, policy)  # 1
    listed = read_pack_list(log, pack_sha256)
    if listed is None:
        raise NotAuthentic(
            "the record is not in the public log, in which everything that is issued must stand", remedy=FETCH_AGAIN
        )
    leaf, tree = listed.leaf_at(offset, len(blob)), TileTree(log, signed.size)
    if leaf >= signed.size:
        raise NotAuthentic("the log of this copy ends before the record", remedy=FETCH_AGAIN)
    entry = hash_leaf(hashlib.sha256(blob).digest())
    check_inclusion(entry, leaf, signed.size, inclusion_proof(leaf, signed.size, tree.hash_at), signed.root)  # 2
    confirmations = read_confirmations(log, policy, tree, signed)  # 3
    covering = tuple(each.cosignature for each in confirmations if leaf < each.signed.size)
    if len(covering) < policy.needed:
        _check_lately(policy, confirmations, published_at)  # 4
        covering = ()
    return Standing(policy.origin, leaf, signed.size, covering)


def _check_lately(policy: LogPolicy, confirmations: Sequence[Confirmation], published_at: datetime) -> None:
    times = sorted((each.cosignature.at for each in confirmations), reverse=True)
    if len(times) < policy.needed or published_at - times[policy.needed - 1] > policy.grace:
        raise NotAuthentic(
            f"the record is in the public log, but fewer than {policy.needed} witnesses have confirmed the log "
            f"within the last {policy.grace.days} days",
            remedy="check again tomorrow; if this stays, tell the programme's office",
        )
