# SPDX-License-Identifier: EUPL-1.2
"""The signed states of a ledger: C2SP checkpoints that also say when they were signed, and whether the end is proper.

::

    <origin>
    <size>
    <root, base64>
    time 2026-03-01T14:00:00.250000Z
    open                                   (or "closed": the node ended as it should, nothing is missing behind this)

Sources: C2SP tlog-checkpoint v1.0.0 (it allows further lines), signed-note v1.0.0.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from police2peer.catalogue.log import Checkpoint, Note, NoteKey, open_checkpoint, sign_note
from police2peer.contacts.ledger.segment import time_text
from police2peer.errors import NotAuthentic

__all__ = ["LedgerState", "open_state", "sign_state"]

_LINES = 5
_OPEN, _CLOSED = "open", "closed"


@dataclass(frozen=True, slots=True)
class LedgerState:
    """A signed state: how many entries, their root, when it was signed, and the note that says so."""

    size: int
    root: bytes
    at: datetime
    closed: bool
    note: Note

    def to_bytes(self) -> bytes:
        """Give the signed note."""
        return self.note.to_bytes()


def sign_state(
    origin: str, size: int, root: bytes, *, at: datetime, closed: bool, private: Ed25519PrivateKey
) -> LedgerState:
    """Sign a state."""
    end = _CLOSED if closed else _OPEN
    text = f"{Checkpoint(origin, size, root).text()}time {time_text(at)}\n{end}\n"
    return LedgerState(size, root, at, closed, Note(text, (sign_note(text, origin, private),)))


def open_state(raw: bytes, key: NoteKey) -> LedgerState:
    """Read a state that the ledger's key signed. Raises `NotAuthentic`."""
    signed = open_checkpoint(raw, key)
    try:
        _, _, _, time, end, *more = signed.note.text.split("\n")
        at = datetime.fromisoformat(time.removeprefix("time ")).astimezone(UTC)
        if end not in (_OPEN, _CLOSED) or more != [""] or f"time {time_text(at)}" != time:
            raise ValueError("other lines")  # noqa: TRY301 - one way out
    except (ValueError, OverflowError) as error:
        raise NotAuthentic(
            "a signed state of the ledger cannot be read", remedy="use an undamaged copy of the ledger"
        ) from error
    return LedgerState(signed.size, signed.root, at, end == _CLOSED, signed.note)
