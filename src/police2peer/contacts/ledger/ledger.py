# SPDX-License-Identifier: EUPL-1.2
"""The ledger as its node writes it: records are sealed, committed to the disk, and the tree so far is signed.

A commit is one write and one flush: its entries, and a signed checkpoint over all entries so far. Before the first
commit of a segment its key is wrapped to the agency and flushed, so that nothing sealed is lost to the agency; the
key itself is in memory only, and forgotten with the segment.

Promise: when `commit` returns, its records are on the disk and signed for; when it raises, none of them is, and the
ledger is as before. Nothing can be written twice under one key: after any failure a new segment begins.
It must never be opened without an order that demands records: `LedgerTerms` are made from one.
"""

import hashlib
import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from police2peer.campaign import EvidenceMode, EvidencePublicKey, OperationOrder
from police2peer.catalogue.log import KeyType, NoteKey
from police2peer.contacts.ledger.folder import LedgerFolder, flush_folder
from police2peer.contacts.ledger.frames import CHECKPOINT_MARK, write_frame
from police2peer.contacts.ledger.recovery import Recovered, recover_ledger
from police2peer.contacts.ledger.sealing import KEY_BYTES, SegmentKey, seal_records, segment_commitment
from police2peer.contacts.ledger.segment import SegmentHeader
from police2peer.contacts.ledger.states import LedgerState, sign_state
from police2peer.contacts.ledger.wraps import wrap_segment_key
from police2peer.errors import NotAuthentic, NotPermitted, Unavailable
from police2peer.storage import write_soon, write_whole

__all__ = ["SEGMENT_AGE", "SEGMENT_RECORDS", "Ledger", "LedgerTerms"]

# What a thief of a running node can read is the segment under way: keep it short (docs/ledger.md, "A stolen node").
SEGMENT_AGE: Final = timedelta(minutes=5)
SEGMENT_RECORDS: Final = 20_000
SHOW_EVERY: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class LedgerTerms:
    """Under what the ledger is written: the order, whose keys open it, how long records are kept, which program."""

    order_id: str
    order_sha256: str
    recipients: tuple[EvidencePublicKey, ...]
    keep: timedelta
    tool_version: str
    build_sha256: str

    @classmethod
    def under(cls, order: OperationOrder, *, tool_version: str, build_sha256: str) -> Self:
        """Take the terms from an order. Raises `NotPermitted` when it does not demand records, or names no key."""
        if order.evidence is not EvidenceMode.ON:
            raise NotPermitted(
                "the order does not demand records of contacts", remedy="count only, or have another order signed"
            )
        if not order.evidence_recipients:
            raise NotPermitted(
                "the order demands records and names no key to seal them to",
                remedy="name evidence_keys in the campaign's order, and have it signed anew",
            )
        digest = hashlib.sha256(order.to_bytes()).hexdigest()
        keep = timedelta(days=order.evidence_keep_days)
        return cls(order.id, digest, order.evidence_recipients, keep, tool_version, build_sha256)


@dataclass(slots=True)
class _OpenSegment:
    number: int
    key: SegmentKey
    opened_at: datetime
    records: int
    file: int
    committed_bytes: int = 0


class Ledger:
    """The ledger of one node, opened to write; see the module for what it promises.

    `private` is the node's ledger key, `origin` its name. Raises `Unavailable` when another program writes to it,
    `NotAuthentic` when the folder is another node's ledger or committed entries are damaged.
    """

    def __init__(
        self,
        path: Path,
        origin: str,
        private: Ed25519PrivateKey,
        terms: LedgerTerms,
        *,
        random_bytes: Callable[[int], bytes],
        segment_age: timedelta = SEGMENT_AGE,
        segment_records: int = SEGMENT_RECORDS,
    ) -> None:
        self.folder = LedgerFolder(path)
        self.key = NoteKey(origin, KeyType.ED25519, private.public_key().public_bytes_raw())
        self.terms = terms
        self._private = private
        self._random_bytes = random_bytes
        self._age, self._most = segment_age, segment_records
        self._segment: _OpenSegment | None = None
        self._needs_recovery = False
        self._shown_at: datetime | None = None
        with ExitStack() as stack:
            stack.enter_context(self.folder.locked())
            self._claim()
            self.recovered = recover_ledger(self.folder, self.key)
            self._go_on_from(self.recovered)
            self._locked = stack.pop_all()

    def _claim(self) -> None:
        """Write the key's public half into a new folder, or make sure that the ledger there is this node's."""
        if self.folder.key_file.exists():
            if self.folder.read_key() != self.key:
                raise NotAuthentic(
                    "the ledger in this folder was begun by another node, or under another name",
                    remedy="give each node a folder of its own; a copy can be read and verified, not continued",
                )
            return
        if self.folder.segment_numbers():
            raise NotAuthentic("this ledger has lost the name of its key", remedy="put ledger.vkey back from a copy")
        for place in (self.folder.segments, self.folder.keys):
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(self.folder.key_file, f"{self.key.text()}\n".encode())

    def _go_on_from(self, found: Recovered) -> None:
        self._tree = found.tree
        self._next_segment = found.next_segment
        self._needs_recovery = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.abandon()

    def __len__(self) -> int:
        """Say how many entries are committed."""
        return self._tree.size

    def commit(
        self, payloads: Sequence[bytes], now: datetime, *, closed: bool = False, notices: Sequence[bytes] = ()
    ) -> LedgerState:
        """Seal records and bring them to the disk, all or none.

        `closed` says that the node ends as it should; `notices` are contents of entries in clear.
        Raises `Unavailable` when the disk does not take them.
        """
        try:
            if self._needs_recovery:
                self._go_on_from(recover_ledger(self.folder, self.key))
            return self._commit(payloads, now, closed=closed, notices=notices)
        except OSError as error:
            self._give_up()
            raise Unavailable(
                f"the ledger could not be written ({error.strerror})",
                remedy="free some space or look at the disk; contacts are counted, and the gap will be recorded",
            ) from error
        except Unavailable:
            self._give_up()
            raise

    def _commit(
        self, payloads: Sequence[bytes], now: datetime, *, closed: bool, notices: Sequence[bytes]
    ) -> LedgerState:
        if self._segment is not None and (
            self._segment.records >= self._most or not timedelta() <= now - self._segment.opened_at < self._age
        ):
            self._close_segment()
        header = b"" if self._segment is not None else self._begin_segment(now)
        segment = self._segment
        if segment is None:
            raise TypeError("a segment was just begun")
        tree = self._tree.copy()
        if header:
            tree.extend([hashlib.sha256(header).digest()])
        pieces, leaves = seal_records(segment.key, tree.size, payloads)
        pieces += map(write_frame, notices)
        tree.extend([*leaves, *(hashlib.sha256(content).digest() for content in notices)])
        state = sign_state(self.key.name, tree.size, tree.root(), at=now, closed=closed, private=self._private)
        first = write_frame(header) if header else b""
        content = b"".join((first, *pieces, write_frame(CHECKPOINT_MARK + state.to_bytes())))
        _write_through(segment.file, content)
        if header:
            flush_folder(self.folder.segments)
        self._tree = tree
        segment.committed_bytes += len(content)
        segment.records += len(payloads)
        if closed or self._shown_at is None or not timedelta() <= now - self._shown_at < SHOW_EVERY:
            self._show(state)
        return state

    def _begin_segment(self, now: datetime) -> bytes:
        """Make a key, wrap it to the agency, open the file; give the content of the header."""
        number, key = self._next_segment, SegmentKey(self._random_bytes(KEY_BYTES))
        wrapped = wrap_segment_key(key, self.key.name, number, self.terms.recipients)
        write_whole(self.folder.keys_file(number), wrapped.to_bytes())
        flush_folder(self.folder.keys)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        file = os.open(self.folder.segment_file(number), flags, 0o600)
        self._segment = _OpenSegment(number, key, now, 0, file)
        self._next_segment = number + 1
        return SegmentHeader(
            origin=self.key.name,
            segment=number,
            first=self._tree.size,
            edge=tuple(self._tree.hashes),
            opened_at=now,
            order_id=self.terms.order_id,
            order_sha256=self.terms.order_sha256,
            key_commitment=segment_commitment(key),
            recipients=tuple(each.id for each in self.terms.recipients),
            erase_by=(now + self._age + self.terms.keep).date(),
            tool_version=self.terms.tool_version,
            build_sha256=self.terms.build_sha256,
        ).content()

    def still_alive(self, now: datetime) -> None:
        """Sign the state anew, so that a gap after a crash is known to the second; once a second, never flushed."""
        due = self._shown_at is None or not timedelta() <= now - self._shown_at < SHOW_EVERY
        if due and self._tree.size and not self._needs_recovery:
            state = sign_state(
                self.key.name, self._tree.size, self._tree.root(), at=now, closed=False, private=self._private
            )
            self._show(state)

    def _show(self, state: LedgerState) -> None:
        """Lay the state where others read it; the commit stands in its segment, whether or not this succeeds."""
        with suppress(OSError, Unavailable):
            write_soon(self.folder.checkpoint, state.to_bytes())
            self._shown_at = state.at

    def end_segment(self) -> None:
        """Let the next commit begin a new segment, so that every entry so far is in a closed one."""
        self._close_segment()

    def _close_segment(self) -> None:
        if self._segment is not None:
            os.close(self._segment.file)
            self._segment = None

    def _give_up(self) -> None:
        """Take back what of the commit is on the disk, whole as it may be, and forget the segment."""
        segment = self._segment
        if segment is not None:
            with suppress(OSError):  # then what is cut short is cut off by the next recovery
                os.ftruncate(segment.file, segment.committed_bytes)
                os.fsync(segment.file)
        self._close_segment()
        self._needs_recovery = True

    def abandon(self) -> None:
        """Let go of the folder without another word."""
        self._close_segment()
        self._locked.close()


def _write_through(file: int, content: bytes) -> None:
    """Write and flush; a short write is an error of the next one."""
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(file, rest) :]
    os.fdatasync(file)
