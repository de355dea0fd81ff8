# SPDX-License-Identifier: EUPL-1.2
"""A log that only grows, and who watches that it does.

General, and the face that other logs use: `merkle`, `note`, `checkpoint`, `cosignature`, `tiles`,
`store`; also `witness`. Of the catalogue: `policy`, `naming`, `packs`, `publishing`, `standing`, `audit`.
"""

from police2peer.catalogue.log.checkpoint import Checkpoint, SignedCheckpoint, open_checkpoint
from police2peer.catalogue.log.cosignature import Cosignature, cosign, read_cosignatures, witness_key
from police2peer.catalogue.log.merkle import (
    EMPTY_ROOT,
    HASH_BYTES,
    HashAt,
    check_consistency,
    check_inclusion,
    consistency_proof,
    hash_children,
    hash_leaf,
    inclusion_proof,
    root_of,
)
from police2peer.catalogue.log.note import NOTE_LIMIT_BYTES, KeyType, Note, NoteKey, NoteSignature, sign_note
from police2peer.catalogue.log.request import WitnessRequest
from police2peer.catalogue.log.store import CHECKPOINT_NAME, LogStore
from police2peer.catalogue.log.tiles import TileTree, read_bundle_at

__all__ = [
    "CHECKPOINT_NAME",
    "EMPTY_ROOT",
    "HASH_BYTES",
    "NOTE_LIMIT_BYTES",
    "Checkpoint",
    "Cosignature",
    "HashAt",
    "KeyType",
    "LogStore",
    "Note",
    "NoteKey",
    "NoteSignature",
    "SignedCheckpoint",
    "TileTree",
    "WitnessRequest",
    "check_consistency",
    "check_inclusion",
    "consistency_proof",
    "cosign",
    "hash_children",
    "hash_leaf",
    "inclusion_proof",
    "open_checkpoint",
    "read_bundle_at",
    "read_cosignatures",
    "root_of",
    "sign_note",
    "witness_key",
]
