# SPDX-License-Identifier: EUPL-1.2
"""The public folder while it is changed: content-addressed files, and a lock for one publisher at a time.

Files that never change are written soon and brought to the disk together, before the timestamp makes them count.
"""

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from police2peer.catalogue.snapshot import FolderReader, blob_name
from police2peer.errors import Unavailable
from police2peer.storage import flush_disk, write_soon, write_whole

__all__ = ["TIMESTAMP_NAME", "AsItWillBe", "PublicFolder", "lock_folder"]

TIMESTAMP_NAME = "md/timestamp.json"


class PublicFolder(FolderReader):
    """A catalogue that can be written as well."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.folder = folder
        self.superseded: set[str] = set()

    def put(self, folder: str, content: bytes) -> bytes:
        """Write a content-addressed file, unless it is there."""
        sha256 = hashlib.sha256(content)
        self.write(blob_name(folder, sha256.hexdigest()), content)
        return sha256.digest()

    def supersede(self, folder: str, sha256: bytes) -> None:
        """Note that the new state does not need a file."""
        self.superseded.add(blob_name(folder, sha256.hex()))

    def write(self, name: str, content: bytes) -> None:
        """Write a file that never changes."""
        path = f"{self.folder}/{name}"
        if not os.path.exists(path) or self.read(name, len(content)) != content:  # noqa: PTH110 - thousands of these
            write_soon(path, content)
        self.superseded.discard(name)

    def write_timestamp(self, content: bytes) -> None:
        """Make what was written the current state, once all of it is on the disk."""
        flush_disk(self.folder)
        write_whole(self.folder / TIMESTAMP_NAME, content)


class AsItWillBe:
    """The public folder with files that are not written yet."""

    def __init__(self, reader: FolderReader, files: dict[str, bytes]) -> None:
        self._reader = reader
        self._files = files

    def read(self, name: str, limit_bytes: int) -> bytes | None:
        """Give at most `limit_bytes + 1` bytes of the file called `name`, or None when there is none."""
        content = self._files.get(name)
        return self._reader.read(name, limit_bytes) if content is None else content


@contextlib.contextmanager
def lock_folder(out: Path) -> Iterator[None]:
    """Hold the folder's lock; it falls with the process that holds it."""
    out.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(out.parent / f".{out.name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise Unavailable(
            "the catalogue is being published by another command", remedy="wait until it is done, then publish again"
        ) from error
    finally:
        os.close(descriptor)
