# SPDX-License-Identifier: EUPL-1.2
"""What partners confirm of a ledger without seeing any of it: that it only grew, and since when they know.

The node makes a request (a signed state, and the proof that it begins with what this witness confirmed last); it is
carried to the partner, whose `police2peer witness answer` confirms it; the answer is carried back and kept. Whoever
has the node's key can rewrite what is newer than the last confirmation, and nothing older: keep the interval short.
Source: C2SP tlog-witness (the request), tlog-cosignature v1.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from police2peer.catalogue.log import (
    NOTE_LIMIT_BYTES,
    KeyType,
    Note,
    NoteKey,
    WitnessRequest,
    read_cosignatures,
)
from police2peer.contacts.ledger.examination import REMEDY
from police2peer.contacts.ledger.reader import LedgerReader
from police2peer.contacts.ledger.states import open_state
from police2peer.errors import BadInput, NotAuthentic
from police2peer.storage import write_whole

__all__ = ["Confirmation", "add_confirmation", "ask_witness", "confirmations"]


@dataclass(frozen=True, slots=True)
class Confirmation:
    """Which witness confirmed how many entries, and when by its own clock."""

    witness: NoteKey
    size: int
    at: datetime


def _file_of(witness: NoteKey) -> str:
    return witness.id.hex()


def confirmations(reader: LedgerReader, witnesses: Iterable[NoteKey]) -> Iterator[Confirmation]:
    """Give the newest confirmation of each of these witnesses, held against the ledger.

    Raises `NotAuthentic` when a witness confirmed what this ledger never was: it was rewritten, or cut.
    """
    for witness in witnesses:
        path = reader.folder.cosigned / _file_of(witness)
        if path.is_file():
            yield _check(reader, path.read_bytes()[: NOTE_LIMIT_BYTES + 1], witness)


def _check(reader: LedgerReader, raw: bytes, witness: NoteKey) -> Confirmation:
    state = open_state(raw, reader.key)
    found = read_cosignatures(state.note, [witness])
    if not found:
        raise NotAuthentic(f"this is no confirmation by {witness.name}", remedy="ask this witness for it again")
    if state.size > len(reader) or reader.root(state.size) != state.root:
        raise NotAuthentic(f"{witness.name} confirmed a state that this ledger does not have", remedy=REMEDY)
    return Confirmation(witness, state.size, found[0].at)


def ask_witness(reader: LedgerReader, witness: NoteKey) -> bytes:
    """Make the request to a witness, from what it confirmed last. Raises `BadInput` when it is no witness's key."""
    if witness.kind is not KeyType.COSIGNATURE:
        raise BadInput("this is the key of a log, not of a witness", remedy="give the partner's witness.vkey")
    known = next(confirmations(reader, [witness]), None)
    old, head = (0 if known is None else known.size), reader.head()
    return WitnessRequest(old, tuple(reader.consistency_proof(old, head.size)), head.to_bytes()).to_bytes()


def add_confirmation(reader: LedgerReader, raw: bytes, witnesses: Iterable[NoteKey]) -> Confirmation:
    """Keep the answer of a witness. Raises `NotAuthentic` when it is by none of these, or of another ledger."""
    note = Note.parse(raw[: NOTE_LIMIT_BYTES + 1])
    for witness in witnesses:
        if note.signatures_of(witness):
            found = _check(reader, raw, witness)
            lines = tuple(each for each in note.signatures if each.is_by(witness) or each.is_by(reader.key))
            before = next(confirmations(reader, [witness]), None)
            if before is None or before.size <= found.size:
                write_whole(reader.folder.cosigned / _file_of(witness), Note(note.text, lines).to_bytes())
            return found
    raise NotAuthentic("none of the known witnesses confirmed this", remedy="name its key among [evidence] witnesses")
