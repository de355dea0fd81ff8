# SPDX-License-Identifier: EUPL-1.2
"""Reads the files of a published catalogue from a folder, never more of one than its kind may have.

Names are built from numbers and hexadecimal hashes only, so nothing in a catalogue can name a file outside its
folder.
Source: docs/catalogue-format.md, "Files".
"""

import hashlib
import re
from pathlib import Path
from typing import Protocol

from police2peer.catalogue.distrust import FETCH_AGAIN
from police2peer.errors import NotAuthentic

__all__ = [
    "CATALOGUE_LIMIT_BYTES",
    "HEAD_LIMIT_BYTES",
    "NOTHING",
    "PACK_LIMIT_BYTES",
    "ROOT_LIMIT_BYTES",
    "SHARD_LIMIT_BYTES",
    "SNAPSHOT_LIMIT_BYTES",
    "TARGETS_LIMIT_BYTES",
    "TIMESTAMP_LIMIT_BYTES",
    "FolderReader",
    "Reader",
    "blob_name",
    "read_blob",
    "read_whole",
]

KIB = 1024
TIMESTAMP_LIMIT_BYTES = 16 * KIB  # 0.5 KB in practice
SNAPSHOT_LIMIT_BYTES = CATALOGUE_LIMIT_BYTES = HEAD_LIMIT_BYTES = 64 * KIB  # under 1 KB in practice
ROOT_LIMIT_BYTES = TARGETS_LIMIT_BYTES = 1024 * KIB  # 30 agencies make 12 KB
SHARD_LIMIT_BYTES = PACK_LIMIT_BYTES = 4096 * KIB  # about 15 KB in practice

NOTHING = bytes(32)  # the hash that says "nothing below"
_HASH = re.compile(r"[0-9a-f]{64}")


class Reader(Protocol):
    """Where a catalogue is read from."""

    def read(self, name: str, limit_bytes: int) -> bytes | None:
        """Give at most `limit_bytes + 1` bytes of the file called `name`, or None when there is none."""


class FolderReader:
    """A catalogue in a folder: a copy of the public site, or an agency's own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, name: str, limit_bytes: int) -> bytes | None:
        """Give at most `limit_bytes + 1` bytes of the file called `name`, or None when there is none."""
        try:
            with open(f"{self._folder}/{name}", "rb") as handle:  # noqa: PTH123 - thousands of these a publication
                return handle.read(limit_bytes + 1)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None


def read_whole(reader: Reader, name: str, limit_bytes: int, what: str) -> bytes:
    """Read a file that must be there and within its limit. Raises `NotAuthentic`."""
    content = reader.read(name, limit_bytes)
    if content is None:
        raise NotAuthentic(f"{what} is missing from this copy of the catalogue", remedy=FETCH_AGAIN)
    if len(content) > limit_bytes:
        raise NotAuthentic(f"{what} in this copy of the catalogue is far too long", remedy=FETCH_AGAIN)
    return content


def blob_name(folder: str, sha256: str) -> str:
    """Name a content-addressed file: `idx/ab/ab12…` for the hash `ab12…`."""
    if not _HASH.fullmatch(sha256):
        raise NotAuthentic("a name in this copy of the catalogue is no hash", remedy=FETCH_AGAIN)
    return f"{folder}/{sha256[:2]}/{sha256}"


def read_blob(reader: Reader, folder: str, sha256: str, limit_bytes: int, what: str) -> bytes:
    """Read a content-addressed file and hold it against its name. Raises `NotAuthentic`."""
    content = read_whole(reader, blob_name(folder, sha256), limit_bytes, what)
    if hashlib.sha256(content).hexdigest() != sha256:
        raise NotAuthentic(f"{what} in this copy of the catalogue is not the published one", remedy=FETCH_AGAIN)
    return content
