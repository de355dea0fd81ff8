# SPDX-License-Identifier: EUPL-1.2
"""Where everything of a ledger lies.

::

    ledger.vkey         the public key of the ledger, one line
    checkpoint          the newest signed state, written anew every second
    segments/00000001   entries and the checkpoints of their commits; only ever added to
    keys/00000001       the wrapped keys of that segment; destroyed when its records are erased
    cosigned/NAME       the newest state that the witness NAME confirmed
    stamps/SIZE.tsr     time stamps (RFC 3161), with the state that each is about beside it, SIZE.note
    lock                held by the one program that writes

The private key of the ledger is not in it: a copy of the folder cannot be continued elsewhere.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from police2peer.catalogue.log import NOTE_LIMIT_BYTES, NoteKey
from police2peer.contacts.ledger.states import LedgerState, open_state
from police2peer.errors import BadInput, Unavailable

__all__ = ["LedgerFolder", "flush_folder"]

_LINE_LIMIT_BYTES = 4096


def flush_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class LedgerFolder:
    """The places of a ledger's files."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.key_file = path / "ledger.vkey"
        self.checkpoint = path / "checkpoint"
        self.segments = path / "segments"
        self.keys = path / "keys"
        self.cosigned = path / "cosigned"
        self.stamps = path / "stamps"

    def segment_file(self, segment: int) -> Path:
        """Give the place of a segment's entries."""
        return self.segments / f"{segment:08d}"

    def keys_file(self, segment: int) -> Path:
        """Give the place of a segment's wrapped keys."""
        return self.keys / f"{segment:08d}"

    def segment_numbers(self) -> list[int]:
        """Give the numbers of the segments that are there, in order."""
        if not self.segments.is_dir():
            return []
        return sorted(int(path.name) for path in self.segments.iterdir() if path.name.isdigit())

    def read_key(self) -> NoteKey:
        """Read the ledger's public key. Raises `BadInput` when there is no ledger here."""
        try:
            with self.key_file.open("rb") as handle:
                return NoteKey.parse(handle.read(_LINE_LIMIT_BYTES).decode())
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput(
                "there is no ledger in this folder", remedy="give the folder that holds segments/"
            ) from error

    def newest_state(self, key: NoteKey) -> LedgerState | None:
        """Read the state written last. Raises `NotAuthentic` when it does not hold."""
        try:
            with self.checkpoint.open("rb") as handle:
                return open_state(handle.read(NOTE_LIMIT_BYTES + 1), key)
        except FileNotFoundError:
            return None

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Be the only one who writes. Raises `Unavailable` when another program is."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(descriptor)
            raise Unavailable(
                "another program writes to this ledger", remedy="stop the node first, or let it do this itself"
            ) from error
        try:
            yield
        finally:
            os.close(descriptor)
