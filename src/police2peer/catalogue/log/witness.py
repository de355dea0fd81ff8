# SPDX-License-Identifier: EUPL-1.2
"""A witness: a partner that remembers the last state of a log, and confirms a new one only when that begins with it.

::

    witness.pem         its key, never used for anything else
    witness.vkey        its public key, to be handed to who keeps the catalogue
    log.vkey            the log's public key, received by another way than the log
    former.vkey         keys that the log had before, one a line: what was confirmed under them stays known
    last                the last checkpoint that it confirmed
    forks/              two checkpoints of the log that exclude each other: the proof, if it ever comes to that

1. the checkpoint is signed by the log; 2. the copy's tiles have the checkpoint's root, else the copy is damaged and
nothing is said; 3. the last state is the beginning of this one, by the same nodes, else the log has been forked: both
checkpoints are kept; 4. the state is remembered, on the disk; 5. only then it is cosigned.

Nothing here reaches for a network; folders are carried or synchronised by the agencies' own means.
Source: C2SP tlog-witness (the order of steps), tlog-cosignature.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from police2peer.campaign import new_signing_key, public_bytes, read_signing_key
from police2peer.catalogue.log.checkpoint import SignedCheckpoint, open_checkpoint
from police2peer.catalogue.log.cosignature import cosign, witness_key
from police2peer.catalogue.log.merkle import EMPTY_ROOT, check_consistency, shared_roots
from police2peer.catalogue.log.note import NOTE_LIMIT_BYTES, KeyType, Note, NoteKey
from police2peer.catalogue.log.policy import LOG_ROLE
from police2peer.catalogue.log.request import WitnessRequest
from police2peer.catalogue.log.store import CHECKPOINT_NAME
from police2peer.catalogue.log.tiles import TileTree
from police2peer.catalogue.snapshot import FolderReader
from police2peer.errors import BadInput, NotAuthentic
from police2peer.storage import write_whole

__all__ = ["Confirmed", "Witness", "begin_witness", "read_key_file"]

_KEY, _PUBLIC, _LOG, _FORMER = "witness.pem", "witness.vkey", "log.vkey", "former.vkey"
_LAST, _FORKS = "last", "forks"
_KEY_LIMIT_BYTES = 4096
_FORK = "do not confirm anything of this log any more; send the two files to the other witnesses and the programme"


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What was confirmed: the checkpoint with the witness's line, and the size confirmed before."""

    note: Note
    size: int
    size_before: int | None


def read_key_file(path: Path) -> NoteKey:
    """Read a public key, one line. Raises `BadInput`."""
    try:
        with path.open("rb") as handle:
            return NoteKey.parse(handle.read(_KEY_LIMIT_BYTES).decode())
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(
            f"{path.name} cannot be read as a public key", remedy="give the .vkey file received"
        ) from error


def begin_witness(folder: Path, name: str, log: NoteKey) -> NoteKey:
    """Make a witness's key for one log, and give its public half. Raises `BadInput` when there is a witness here."""
    if log.kind is not KeyType.ED25519:
        raise BadInput("this is the key of a witness, not of a log", remedy="ask for the catalogue's log.vkey")
    witness_key(name, bytes(32))  # refuses a name that cannot be one before a key is made
    private = new_signing_key(folder / _KEY)
    public = witness_key(name, public_bytes(private))
    write_whole(folder / _LOG, f"{log.text()}\n".encode())
    write_whole(folder / _PUBLIC, f"{public.text()}\n".encode())
    return public


class Witness:
    """A witness of one log, in its own folder."""

    def __init__(self, folder: Path) -> None:
        if not (folder / _PUBLIC).is_file():
            raise BadInput("there is no witness in this folder", remedy="begin one: police2peer witness init")
        self._folder = folder
        self._private = read_signing_key(folder / _KEY)
        self.public = read_key_file(folder / _PUBLIC)
        self.log = read_key_file(folder / _LOG)
        former = folder / _FORMER
        lines = former.read_text(encoding="utf-8").splitlines() if former.is_file() else []
        self._former = tuple(NoteKey.parse(line) for line in lines)
        if self.public.public != public_bytes(self._private):
            raise BadInput("the two halves of this witness's key do not belong together", remedy="restore the folder")

    def last(self) -> SignedCheckpoint | None:
        """Give the state that was confirmed last. Raises `NotAuthentic` when the note of it cannot be read."""
        raw = FolderReader(self._folder).read(_LAST, NOTE_LIMIT_BYTES)
        return None if raw is None else open_checkpoint(raw, self.log, *self._former)

    def follow(self, log: NoteKey) -> None:
        """Go on with a new key of the same log. Raises `BadInput` when it is another log's, or no log's."""
        if log.kind is not KeyType.ED25519 or log.name != self.log.name:
            raise BadInput(
                f"this is not a key of the log {self.log.name}", remedy="begin a witness in another folder for it"
            )
        if log != self.log:
            former = dict.fromkeys((self.log, *self._former))
            write_whole(self._folder / _FORMER, "".join(f"{key.text()}\n" for key in former).encode())
            write_whole(self._folder / _LOG, f"{log.text()}\n".encode())
            self._former, self.log = tuple(former), log

    def confirm(self, copy: Path, now: datetime) -> Confirmed:
        """Confirm the state of a copy of the log, or of the catalogue that it lies in.

        Raises `NotAuthentic` when the copy is damaged or older than what was seen, or when the log was forked.
        """
        reader = FolderReader(copy / LOG_ROLE if (copy / LOG_ROLE).is_dir() else copy)
        raw = reader.read(CHECKPOINT_NAME, NOTE_LIMIT_BYTES)
        if raw is None:
            raise BadInput("there is no log in this folder", remedy="give a copy of the catalogue, or of its log/")
        signed, last = open_checkpoint(raw, self.log), self.last()  # 1
        size, root = (0, EMPTY_ROOT) if last is None else (last.size, last.root)
        if size > signed.size:
            raise NotAuthentic(
                f"this copy of the log has {signed.size} entries, and {size} were confirmed here before",
                remedy="get the newest copy; if the log itself was set back, that is a fork: tell the programme",
            )
        if last is not None and size == signed.size and root != signed.root:
            raise self._keep_fork(last, signed)
        before, whole = shared_roots(size, signed.size, TileTree(reader, signed.size).hash_at)
        if whole != signed.root:  # 2
            raise NotAuthentic("this copy of the log is damaged or incomplete", remedy="copy the log/ folder again")
        if last is not None and before != root:  # 3
            raise self._keep_fork(last, signed)
        return self._confirmed(signed, last, now)

    def answer(self, raw: bytes, now: datetime) -> Confirmed:
        """Confirm a state from a request that carries its proof; no entry of the log is needed.

        Raises `BadInput` when the request begins elsewhere than where this witness stands, `NotAuthentic` when the
        log's signature or the proof does not hold, or the log was forked.
        """
        request, last = WitnessRequest.parse(raw), self.last()
        signed = open_checkpoint(request.checkpoint, self.log)  # 1
        size, root = (0, EMPTY_ROOT) if last is None else (last.size, last.root)
        if last is not None and size == signed.size and root != signed.root:
            raise self._keep_fork(last, signed)
        if request.old != size:
            raise BadInput(
                f"the request goes on from {request.old} entries, and {size} were confirmed here",
                remedy=f"have it made again from {size}: hand over this witness's last confirmation",
            )
        check_consistency(size, root, signed.size, signed.root, request.proof)  # 2, 3
        return self._confirmed(signed, last, now)

    def _confirmed(self, signed: SignedCheckpoint, last: SignedCheckpoint | None, now: datetime) -> Confirmed:
        write_whole(self._folder / _LAST, signed.note.to_bytes())  # 4
        line = cosign(signed.note.text, self.public.name, self._private, now)  # 5
        ours = [each for each in signed.note.signatures if each.is_by(self.log)]
        return Confirmed(Note(signed.note.text, (*ours, line)), signed.size, None if last is None else last.size)

    def _keep_fork(self, last: SignedCheckpoint, signed: SignedCheckpoint) -> NotAuthentic:
        names = []
        for each in (last, signed):
            raw = each.note.to_bytes()
            name = f"{each.size}-{hashlib.sha256(raw).hexdigest()[:16]}"
            write_whole(self._folder / _FORKS / name, raw)
            names.append(name)
        return NotAuthentic(
            f"the log {self.log.name} was forked: it signed a state of {last.size} entries and one of {signed.size} "
            f"entries that does not begin with it; both are kept as {_FORKS}/{names[0]} and {_FORKS}/{names[1]}",
            remedy=_FORK,
        )
