# SPDX-License-Identifier: EUPL-1.2
"""Files that are there whole or not at all.

A file is written beside its place, flushed to the disk and renamed; a failure, a full disk among them,
removes the draft. Nothing half-written is ever seen under the final name.

Many small files that only count together are written with `write_soon`, and `flush_disk` brings all of them to the
disk at once, before the file that makes them count is written.
"""

import contextlib
import ctypes
import errno
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from police2peer.errors import Unavailable

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@contextlib.contextmanager
def whole_file(path: Path, *, mode: int = 0o644, flushed: bool = True) -> Iterator[BinaryIO]:
    """Give a binary handle whose content appears at `path` only when the block ends well.

    Without `flushed` it is on the disk for certain only after `flush_disk`. Raises `Unavailable` when the disk has no
    room; the draft is removed on any failure.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}.draft")
    try:
        descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        with os.fdopen(descriptor, "w+b") as handle:
            yield handle
            handle.flush()
            if flushed:
                os.fsync(handle.fileno())
        draft.replace(path)
    except OSError as error:
        raise _told(error, path) from error
    finally:
        draft.unlink(missing_ok=True)


def _told(error: OSError, path: Path) -> Exception:
    """Give the error that the caller shall see."""
    if error.errno not in _NO_ROOM:
        return error
    return Unavailable(
        f"no room on the disk while writing {path.name}",
        remedy="free some space and run the command again; nothing half-written was left",
    )


def write_whole(path: Path, content: bytes, *, mode: int = 0o644) -> None:
    """Write `content` to `path`, whole or not at all."""
    with whole_file(path, mode=mode) as handle:
        handle.write(content)


def write_soon(path: str | Path, content: bytes, *, mode: int = 0o644) -> None:
    """Write `content` to `path`, whole or not at all, but on the disk for certain only after `flush_disk`.

    Thousands of these make one publication, so a path may be a plain string.
    """
    folder, _, name = str(path).rpartition("/")
    draft = f"{folder}/.{name}.{secrets.token_hex(4)}.draft"
    try:
        try:
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        except FileNotFoundError:
            Path(folder).mkdir(parents=True, exist_ok=True)
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        with os.fdopen(descriptor, "wb", buffering=0) as handle:
            rest = memoryview(content)
            while rest:
                rest = rest[handle.write(rest) :]
        os.rename(draft, path)  # noqa: PTH104
    except OSError as error:
        Path(draft).unlink(missing_ok=True)
        raise _told(error, Path(path)) from error


def flush_disk(folder: Path) -> None:
    """Bring everything that was written to the disk on which `folder` is."""
    syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if syncfs is None:
            os.sync()
        elif syncfs(descriptor):
            raise _told(OSError(ctypes.get_errno(), "the disk could not be written"), folder)
    finally:
        os.close(descriptor)
