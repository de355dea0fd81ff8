# SPDX-License-Identifier: EUPL-1.2
"""A contribution: what an agency hands to the body that coordinates the catalogue, in one signed file.

It holds sealed records in packs and sealed index entries, so that who carries or merges it learns neither hashes
nor codes. It names its agency, the catalogue it is for and its number after the agency's last, and is signed with
the agency's record key: it can be neither replayed, nor taken for another agency's.

Promise: whatever breaks while reading is `NotAuthentic`; nothing of a file is used before its signature, its
length and its hash hold.
Source: docs/catalogue-format.md, "Contributions".
"""

import contextlib
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import BinaryIO, Self

from police2peer.catalogue.distrust import JsonObject, read_object
from police2peer.catalogue.head import read_utc, write_utc
from police2peer.catalogue.lookup import LOOKUP_KEY_BYTES, CodeStretch
from police2peer.catalogue.metadata import Agency
from police2peer.catalogue.seal import ENTRY_BYTES, Signature
from police2peer.errors import NotAuthentic, Police2PeerError

__all__ = [
    "CONTRIBUTION_PREFIX",
    "Contribution",
    "ContributionReader",
    "change_bytes",
    "header_bytes",
    "pack_bytes",
]

CONTRIBUTION_PREFIX = b"p2pw-contribution-v1\n"
ASK_AGAIN = "ask the agency for it again, and check the way it came"

_VERSION = 1
_MANIFEST_LIMIT_BYTES = 16 * 1024
_SIGNATURES_LIMIT = 16
_SIGNATURE_BYTES = 32 + 64  # key id, Ed25519 signature
_PACK_LIMIT_BYTES = 1024 * 1024  # 16 KB in practice
_RECORDS_A_PACK_LIMIT = 4_096
_BODY_LIMIT_BYTES = 16 * 1024**3
_ENTRIES_A_KEY_LIMIT = 64  # a lookup follows each of them
_NONCE_BYTES = 12
_ROW_BYTES = _NONCE_BYTES + ENTRY_BYTES
_CHUNK_BYTES = 1024 * 1024
_ROLE = re.compile(r"agency-[a-z]{2}-[0-9]{1,6}")
_HEX32 = re.compile(r"[0-9a-f]{64}")
_FIELDS = frozenset(
    {"agency", "at", "body", "catalogue", "changes", "code", "complete", "packs", "previous", "records", "sequence"}
    | {"v"}
)


@dataclass(frozen=True, slots=True)
class Contribution:
    """What an agency signs: whose it is, for which catalogue, its number, and the body by length and hash."""

    agency: str
    catalogue: str
    stretch: CodeStretch
    sequence: int
    previous: str
    complete: bool
    at: datetime
    records: int
    packs: int
    changes: int
    body_bytes: int
    body_sha256: str

    def to_bytes(self) -> bytes:
        """Write the manifest."""
        value = {
            "agency": self.agency,
            "at": write_utc(self.at),
            "body": {"length": self.body_bytes, "sha256": self.body_sha256},
            "catalogue": self.catalogue,
            "changes": self.changes,
            "code": {"iterations": self.stretch.iterations, "salt": self.stretch.salt.hex()},
            "complete": self.complete,
            "packs": self.packs,
            "previous": self.previous,
            "records": self.records,
            "sequence": self.sequence,
            "v": _VERSION,
        }
        return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Contribution":
        """Read a manifest; to be used where whatever breaks is `NotAuthentic`."""
        value = read_object(raw)
        body, code = _table(value["body"]), _table(value["code"])
        if value.keys() != _FIELDS or value["v"] != _VERSION or not isinstance(value["complete"], bool):
            raise ValueError("another version, or other fields")
        return cls(
            agency=_matching(_ROLE, value["agency"]),
            catalogue=_matching(_HEX32, value["catalogue"]),
            stretch=CodeStretch(_count(code["iterations"], 1), bytes.fromhex(_text(code["salt"]))),
            sequence=_count(value["sequence"], 1),
            previous=_matching(_HEX32, value["previous"]),
            complete=value["complete"],
            at=read_utc(value["at"]),
            records=_count(value["records"]),
            packs=_count(value["packs"]),
            changes=_count(value["changes"]),
            body_bytes=_count(body["length"]),
            body_sha256=_matching(_HEX32, body["sha256"]),
        )


def header_bytes(manifest: bytes, signatures: tuple[Signature, ...]) -> bytes:
    """Give what stands before the body."""
    signed = b"".join(each.key_id + each.signature for each in signatures)
    return b"".join(
        (CONTRIBUTION_PREFIX, len(manifest).to_bytes(4, "big"), manifest, bytes([len(signatures)]), signed)
    )


def pack_bytes(content: bytes, lengths: list[int]) -> bytes:
    """Give a pack as it stands in a body."""
    return b"".join((len(lengths).to_bytes(2, "big"), *(each.to_bytes(4, "big") for each in lengths), content))


def change_bytes(old: bytes | None, new: bytes) -> bytes:
    """Give a change as it stands in a body: the nonce of the entry that goes, or zeros, and the entry that comes."""
    return (bytes(_NONCE_BYTES) if old is None else old[LOOKUP_KEY_BYTES:]) + new


class ContributionReader:
    """Reads a contribution from its file, in little memory; use it in a `with` block."""

    def __init__(self, path: Path) -> None:
        self._handle: BinaryIO = path.open("rb")
        with _reading(), contextlib.ExitStack() as stack:
            stack.callback(self._handle.close)
            self.manifest = self._read_manifest()
            self.contribution = Contribution.from_bytes(self.manifest)
            self._signatures = self._read_signatures()
            self._body_at = self._handle.tell()
            stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._handle.close()

    def _take(self, count: int) -> bytes:
        content = self._handle.read(count)
        if len(content) != count:
            raise ValueError("cut short")
        return content

    def _read_manifest(self) -> bytes:
        if self._take(len(CONTRIBUTION_PREFIX)) != CONTRIBUTION_PREFIX:
            raise ValueError("not a contribution")
        length = int.from_bytes(self._take(4), "big")
        if length > _MANIFEST_LIMIT_BYTES:
            raise ValueError("far too long")
        return self._take(length)

    def _read_signatures(self) -> Mapping[str, bytes]:
        count = self._take(1)[0]
        if count > _SIGNATURES_LIMIT:
            raise ValueError("far too many")
        rows = (self._take(_SIGNATURE_BYTES) for _ in range(count))
        return {row[:32].hex(): row[32:] for row in rows}

    def check(self, agency: Agency) -> None:
        """Check signature, hash and form; nothing is to be used before. Raises `NotAuthentic`."""
        try:
            agency.ring.check(CONTRIBUTION_PREFIX + self.manifest, self._signatures, "this contribution")
        except NotAuthentic as error:
            raise NotAuthentic(error.facts, remedy=ASK_AGAIN) from error
        with _reading():
            self._check_body()
            records = sum(len(lengths) for _, lengths in self.packs())
            changes = self._count_changes()
            if (records, changes, self._handle.read(1)) != (
                self.contribution.records,
                self.contribution.changes,
                b"",
            ):
                raise ValueError("other numbers than signed")

    def _count_changes(self) -> int:
        """Hold the changes against their order and limits; in order, none can stand there twice."""
        count, last = 0, b""
        for key, under in groupby(self.changes(), key=lambda change: change[1][:LOOKUP_KEY_BYTES]):
            entries = [new for _, new in under]
            if len(entries) > _ENTRIES_A_KEY_LIMIT or len(set(entries)) != len(entries):
                raise ValueError("too many under one key")
            if key <= last:
                raise ValueError("not in order")
            count, last = count + len(entries), key
        return count

    def _check_body(self) -> None:
        self._handle.seek(self._body_at)
        digest, size = hashlib.sha256(), 0
        while chunk := self._handle.read(_CHUNK_BYTES):
            digest.update(chunk)
            size += len(chunk)
            if size > min(self.contribution.body_bytes, _BODY_LIMIT_BYTES):
                raise ValueError("too long")
        if (size, digest.hexdigest()) != (self.contribution.body_bytes, self.contribution.body_sha256):
            raise ValueError("other bytes than signed")

    def packs(self) -> Iterator[tuple[bytes, list[int]]]:
        """Give each pack and the lengths of the sealed records in it."""
        with _reading():
            self._handle.seek(self._body_at)
            for _ in range(self.contribution.packs):
                count = int.from_bytes(self._take(2), "big")
                lengths = [int.from_bytes(self._take(4), "big") for _ in range(count)]
                if not 0 < count <= _RECORDS_A_PACK_LIMIT or not 0 < sum(lengths) <= _PACK_LIMIT_BYTES:
                    raise ValueError("not a pack")
                yield self._take(sum(lengths)), lengths
            self._changes_at = self._handle.tell()

    def changes(self) -> Iterator[tuple[bytes | None, bytes]]:
        """Give the changes of the index, after all packs were read: how an old entry begins, and the new entry."""
        with _reading():
            self._handle.seek(self._changes_at)
            for _ in range(self.contribution.changes):
                row = self._take(_ROW_BYTES)
                nonce, new = row[:_NONCE_BYTES], row[_NONCE_BYTES:]
                yield (new[:LOOKUP_KEY_BYTES] + nonce if any(nonce) else None), new


@contextlib.contextmanager
def _reading() -> Iterator[None]:
    try:
        yield
    except (Police2PeerError, OSError):
        raise
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        raise NotAuthentic("this file is no contribution, or not whole", remedy=ASK_AGAIN) from error


def _table(value: object) -> JsonObject:
    if not isinstance(value, dict):
        raise TypeError("not a table")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not text")
    return value


def _matching(pattern: re.Pattern[str], value: object) -> str:
    if not pattern.fullmatch(_text(value)):
        raise ValueError("of another form")
    return _text(value)


def _count(value: object, least: int = 0) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value < 2**40:
        raise ValueError("not a count")
    return value
