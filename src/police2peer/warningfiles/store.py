# SPDX-License-Identifier: EUPL-1.2
"""Where bytes that many warning files share are kept: by their SHA-256, each whole or not at all.

Beside the bytes it keeps what was derived from what: the slow base films are found again by the digest of
everything they were made from, so that making can be taken up where it stopped.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from police2peer.errors import BadInput, Unavailable
from police2peer.storage import write_whole

__all__ = ["BaseStore", "check_digest"]

_HEX_DIGITS = frozenset("0123456789abcdef")
_SHA256_DIGITS = 64


class BaseStore:
    """Content-addressed bytes in one folder; safe to share between processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._sound: set[str] = set()

    def put(self, content: bytes) -> str:
        """Keep the bytes and give their SHA-256 in hex."""
        sha256 = hashlib.sha256(content).hexdigest()
        path = self._path(sha256)
        if not (path.is_file() and path.stat().st_size == len(content)):
            write_whole(path, content)
        self._sound.add(sha256)
        return sha256

    def read(self, sha256: str, offset: int = 0, length: int | None = None) -> bytes:
        """Read a range of what was kept; bytes are compared with their name when first read here.

        Raises `Unavailable` when they are gone or spoiled.
        """
        path = self._path(sha256)
        try:
            with path.open("rb") as handle:
                if sha256 not in self._sound:
                    if hashlib.file_digest(handle, "sha256").hexdigest() != sha256:
                        path.unlink(missing_ok=True)
                        raise _lost(sha256)
                    self._sound.add(sha256)
                content = os.pread(handle.fileno(), self._most(handle.fileno(), length), offset)
        except FileNotFoundError as error:
            raise _lost(sha256) from error
        if length is not None and len(content) != length:
            raise _lost(sha256)
        return content

    def size(self, sha256: str) -> int:
        """Tell how many bytes are kept under this name. Raises `Unavailable` when there are none."""
        try:
            return self._path(sha256).stat().st_size
        except FileNotFoundError as error:
            raise _lost(sha256) from error

    def holds(self, sha256: str, length: int = 0) -> bool:
        """Whether at least `length` bytes lie under this name; they are compared with it when they are read."""
        try:
            return self._path(sha256).stat().st_size >= length
        except FileNotFoundError:
            return False

    def recall(self, key: str) -> dict[str, object] | None:
        """Give what `remember` noted under the digest `key`.

        None when nothing readable is there, or when bytes that it names are gone: then it is made anew.
        """
        try:
            note = json.loads(self._note(key).read_bytes())
        except (FileNotFoundError, ValueError):
            return None
        if not isinstance(note, dict) or not all(self.holds(sha256) for sha256 in note.get("stored", ())):
            return None
        return note

    def remember(self, key: str, note: Mapping[str, object], stored: Sequence[str] = ()) -> None:
        """Note under the digest `key` what was derived from the inputs it stands for, and which bytes it needs."""
        write_whole(self._note(key), json.dumps({**note, "stored": list(stored)}, sort_keys=True).encode())

    def _path(self, sha256: str) -> Path:
        check_digest(sha256)
        return self.folder / "bytes" / sha256[:2] / sha256

    def _note(self, key: str) -> Path:
        check_digest(key)
        return self.folder / "derived" / f"{key}.json"

    @staticmethod
    def _most(descriptor: int, length: int | None) -> int:
        return os.fstat(descriptor).st_size if length is None else length


def check_digest(digest: str) -> None:
    """Refuse (`BadInput`) what is not a SHA-256 in lower-case hex, so that no name leaves the folder."""
    if len(digest) != _SHA256_DIGITS or not _HEX_DIGITS.issuperset(digest):
        raise BadInput("a name in the store is no SHA-256", remedy="make the files anew from the campaign")


def _lost(sha256: str) -> Unavailable:
    return Unavailable(f"the stored bytes {sha256[:12]}… are gone or spoiled", remedy="run `police2peer make` again")
