# SPDX-License-Identifier: EUPL-1.2
"""Time stamps over signed states: a service that nobody here controls says that a state was there at a time.

A request and the state that it is about are written; any client carries it to the service (curl), and the reply is
checked and kept. Nothing here reaches for a network. Checking needs the extra `stamps`.
Source: RFC 3161; the stamped bytes are the text of the state's note, as it was signed.
"""

import hashlib
import importlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Final

from cryptography import x509

from police2peer.catalogue.log import NOTE_LIMIT_BYTES
from police2peer.contacts.ledger.examination import REMEDY
from police2peer.contacts.ledger.reader import LedgerReader
from police2peer.contacts.ledger.states import LedgerState, open_state
from police2peer.errors import BadInput, NotAuthentic, Unavailable
from police2peer.storage import write_whole

__all__ = ["Stamp", "add_stamp", "ask_stamp", "check_stamp", "read_authorities", "stamps_of"]

_REPLY_LIMIT_BYTES: Final = 64 * 1024
# TimeStampReq (RFC 3161, 2.4.1) in DER: version 1, SHA-256 of the text, no nonce (the state is unique), certReq TRUE.
_BEFORE_DIGEST: Final = bytes.fromhex("30390201013031300d060960864801650304020105000420")
_AFTER_DIGEST: Final = bytes.fromhex("0101ff")


@dataclass(frozen=True, slots=True)
class Stamp:
    """How many entries were there at the latest when."""

    size: int
    at: datetime


def _library() -> ModuleType:
    try:
        return importlib.import_module("rfc3161_client")
    except ImportError as error:
        raise Unavailable(
            "time stamps cannot be checked here", remedy="install the extra: pip install 'police2peer[stamps]'"
        ) from error


def read_authorities(path: Path) -> tuple[x509.Certificate, ...]:
    """Read the root certificates (PEM) of time-stamping services that are trusted. Raises `BadInput`."""
    try:
        return tuple(x509.load_pem_x509_certificates(path.read_bytes()))
    except (OSError, ValueError) as error:
        raise BadInput(
            f"{path.name} holds no certificates", remedy="give the service's root certificate as PEM"
        ) from error


def ask_stamp(reader: LedgerReader) -> tuple[int, bytes]:
    """Keep the newest state to be stamped; give its size, and the request (application/timestamp-query)."""
    head = reader.head()
    write_whole(_note_file(reader, head.size), head.to_bytes())
    return head.size, _BEFORE_DIGEST + hashlib.sha256(head.note.text.encode()).digest() + _AFTER_DIGEST


def _note_file(reader: LedgerReader, size: int) -> Path:
    return reader.folder.stamps / f"{size}.note"


def check_stamp(reply: bytes, state: LedgerState, authorities: Sequence[x509.Certificate]) -> Stamp:
    """Give what a reply says of a state. Raises `NotAuthentic` unless a trusted service stamped this very text."""
    library = _library()
    remedy = "ask the service again, and compare its root certificate with the one received in person"
    try:
        response = library.decode_timestamp_response(reply[:_REPLY_LIMIT_BYTES])
        builder = library.VerifierBuilder()
        for each in authorities:
            builder = builder.add_root_certificate(each)
        builder.build().verify_message(response, state.note.text.encode())
        at = response.tst_info.gen_time
    except (ValueError, TypeError, library.VerificationError) as error:
        raise NotAuthentic("a time stamp of the ledger does not hold", remedy=remedy) from error
    return Stamp(state.size, at.astimezone(UTC))


def add_stamp(reader: LedgerReader, reply: bytes, authorities: Sequence[x509.Certificate]) -> Stamp:
    """Keep the reply to one of the requests. Raises `NotAuthentic` when it is to none of them, or does not hold."""
    failed: NotAuthentic | None = None
    for state in _asked(reader):
        try:
            stamp = check_stamp(reply, state, authorities)
        except NotAuthentic as error:
            failed = error
            continue
        write_whole(reader.folder.stamps / f"{state.size}.tsr", reply)
        return stamp
    raise failed or NotAuthentic("no time stamp was asked for", remedy="begin with `police2peer ledger ask-stamp`")


def _asked(reader: LedgerReader) -> Iterator[LedgerState]:
    """Give the states for which stamps were asked, newest first, held against the ledger."""
    folder = reader.folder.stamps
    sizes = sorted((int(path.stem) for path in folder.glob("*.note") if path.stem.isdigit()), reverse=True)
    for size in sizes:
        state = open_state(_note_file(reader, size).read_bytes()[: NOTE_LIMIT_BYTES + 1], reader.key)
        if state.size != size or size > len(reader) or reader.root(size) != state.root:
            raise NotAuthentic("a state was stamped that this ledger does not have", remedy=REMEDY)
        yield state


def stamps_of(reader: LedgerReader, authorities: Sequence[x509.Certificate]) -> tuple[Stamp, ...]:
    """Give every stamp of a ledger, newest first, each checked and held against the ledger."""
    found = []
    for state in _asked(reader):
        path = reader.folder.stamps / f"{state.size}.tsr"
        if path.is_file():
            found.append(check_stamp(path.read_bytes(), state, authorities))
    return tuple(found)
