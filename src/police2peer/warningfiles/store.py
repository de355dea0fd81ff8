# SPDX-License-Identifier: EUPL-1.2
"""Where bytes that many warning files share are kept: by their SHA-256, each whole or not at all.

Beside the bytes it keeps what was derived from what: the slow base films are found again by the digest of
everything they were made from, so that making can be taken up where it stopped.
"""

import contextlib
import errno
import hashlib
import json
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from police2peer.errors import BadInput, Unavailable
from police2peer.storage import whole_file, write_whole

__all__ = ["BaseStore", "check_digest"]

_HEX_DIGITS = frozenset("0123456789abcdef")
_SHA256_DIGITS = 64
_COPY_BYTES = 1 << 20
# What old kernels and disks of two kinds answer (copy_file_range(2)).
_NO_COPY_HERE = frozenset({errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM})


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

    def put_pieces(self, pieces: Iterable[bytes]) -> str:
        """Keep bytes that come one piece after another, never all in memory, and give their SHA-256 in hex."""
        digest = hashlib.sha256()
        incoming = self.folder / "incoming" / secrets.token_hex(8)
        with whole_file(incoming) as handle:
            for piece in pieces:
                digest.update(piece)
                handle.write(piece)
        path = self._path(digest.hexdigest())
        path.parent.mkdir(parents=True, exist_ok=True)
        incoming.replace(path)
        self._sound.add(path.name)
        return path.name

    def read(self, sha256: str, offset: int = 0, length: int | None = None) -> bytes:
        """Read a range of what was kept; bytes are compared with their name when first read here.

        Raises `Unavailable` when they are gone or spoiled.
        """
        with self._opened(sha256) as handle:
            content = os.pread(handle.fileno(), self._most(handle.fileno(), length), offset)
        if length is not None and len(content) != length:
            raise _lost(sha256)
        return content

    def copy(self, sha256: str, offset: int, length: int, target: BinaryIO) -> None:
        """Write a range of what was kept into a file; a disk that can share blocks between files does.

        Raises `Unavailable` when the bytes are gone or spoiled.
        """
        with self._opened(sha256) as source:
            at, end = offset, offset + length
            target.flush()
            while at < end:
                taken = _copy_range(source.fileno(), target.fileno(), at, end - at, target.tell())
                if not taken:
                    raise _lost(sha256)
                target.seek(taken, os.SEEK_CUR)
                at += taken

    @contextlib.contextmanager
    def _opened(self, sha256: str) -> Iterator[BinaryIO]:
        """Open what was kept; its bytes are compared with their name the first time."""
        path = self._path(sha256)
        try:
            handle = path.open("rb", buffering=0)
        except FileNotFoundError as error:
            raise _lost(sha256) from error
        with handle:
            if sha256 not in self._sound:
                if hashlib.file_digest(handle, "sha256").hexdigest() != sha256:
                    path.unlink(missing_ok=True)
                    raise _lost(sha256)
                self._sound.add(sha256)
            yield handle

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


def _copy_range(source: int, target: int, offset: int, count: int, place: int) -> int:
    """Copy some bytes within the kernel, or through memory where it cannot; tells how many, 0 at the end."""
    try:
        return os.copy_file_range(source, target, count, offset, place)
    except OSError as error:
        if error.errno not in _NO_COPY_HERE:
            raise
    return os.pwrite(target, os.pread(source, min(count, _COPY_BYTES), offset), place)


def _lost(sha256: str) -> Unavailable:
    return Unavailable(f"the stored bytes {sha256[:12]}… are gone or spoiled", remedy="run `police2peer make` again")
