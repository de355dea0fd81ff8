# SPDX-License-Identifier: EUPL-1.2
"""Takes in what a witness sent back, and lays it beside the checkpoint.

The last checkpoint that each witness confirmed is a file of its own, `log/cosigned/ID`, because witnesses answer at
different times; on the log's present checkpoint the line stands too, as C2SP has it.
"""

from collections.abc import Sequence
from pathlib import Path

from police2peer.catalogue.home import Home
from police2peer.catalogue.log.checkpoint import SignedCheckpoint, open_checkpoint
from police2peer.catalogue.log.cosignature import Cosignature, read_cosignatures
from police2peer.catalogue.log.merkle import root_of
from police2peer.catalogue.log.naming import open_log
from police2peer.catalogue.log.note import NOTE_LIMIT_BYTES, Note, NoteKey
from police2peer.catalogue.log.policy import LOG_ROLE
from police2peer.catalogue.log.standing import cosigned_name
from police2peer.catalogue.log.store import CHECKPOINT_NAME, LogStore
from police2peer.catalogue.log.tiles import TileTree
from police2peer.catalogue.public_folder import lock_folder
from police2peer.errors import BadInput, NotAuthentic
from police2peer.storage import write_whole

__all__ = ["add_cosignatures"]


def add_cosignatures(home: Home, raw: bytes, *, more: Sequence[NoteKey] = ()) -> list[Cosignature]:
    """Take in a checkpoint with cosignatures of named witnesses, or of `more` that are about to be named.

    Gives what was taken in. Raises `BadInput` when no such witness signed it, `NotAuthentic` when the state is none
    of this log or a signature is wrong, `Unavailable` while the catalogue is being published.
    """
    with lock_folder(home.public):
        return _add(home, raw, more)


def _add(home: Home, raw: bytes, more: Sequence[NoteKey]) -> list[Cosignature]:
    policy, store = open_log(home)
    signed = open_checkpoint(raw, *store.keys)
    _check_ours(store, signed)
    found = read_cosignatures(signed.note, dict.fromkeys((*policy.witnesses, *more)))
    if not found:
        raise BadInput(
            "no witness that is known has signed this checkpoint",
            remedy="name it with --key WITNESS.vkey until targets names it",
        )
    for each in found:
        _keep(store, signed, each)
    public = home.public / LOG_ROLE
    if (public / CHECKPOINT_NAME).is_file():
        _show(store, public, found)
    return found


def _check_ours(store: LogStore, signed: SignedCheckpoint) -> None:
    ours = store.signed
    if ours is None or signed.size > ours.size or _root_at(store, signed.size) != signed.root:
        raise NotAuthentic(
            "the witness has confirmed a state that this log never had",
            remedy="keep the file, and find out who signed that state with the log's key",
        )


def _root_at(store: LogStore, size: int) -> bytes:
    return root_of(size, TileTree(store, store.signed.size if store.signed else 0).hash_at)


def _keep(store: LogStore, signed: SignedCheckpoint, cosignature: Cosignature) -> None:
    """Write the witness's file unless a later state is there, and its line onto the present checkpoint."""
    witness = cosignature.witness
    lines = [each for each in signed.note.signatures if each.is_by(witness)]
    alone = store.countersign(Note(signed.note.text, tuple(lines)))
    before = store.read(cosigned_name(witness), NOTE_LIMIT_BYTES)
    if before is None or open_checkpoint(before, *store.keys).size <= signed.size:
        write_whole(store.folder / cosigned_name(witness), alone.to_bytes())
    if store.signed is not None and store.signed.note.text == signed.note.text:
        others = tuple(each for each in store.signed.note.signatures if not each.is_by(witness))
        store.replace_checkpoint(Note(signed.note.text, (*others, *lines)))


def _show(store: LogStore, public: Path, found: Sequence[Cosignature]) -> None:
    """Lay the same files beside the published catalogue; a public log that is behind waits for the publication."""
    shown = open_checkpoint((public / CHECKPOINT_NAME).read_bytes(), *store.keys)
    for each in found:
        name = cosigned_name(each.witness)
        content = (store.folder / name).read_bytes()
        if open_checkpoint(content, *store.keys).size <= shown.size:
            write_whole(public / name, content)
    if store.signed is not None and shown.note.text == store.signed.note.text:
        write_whole(public / CHECKPOINT_NAME, store.signed.note.to_bytes())
