# SPDX-License-Identifier: EUPL-1.2
"""Files that are there whole or not at all.

A file is written beside its place, flushed to the disk and renamed; a failure, a full disk among them,
removes the draft. Nothing half-written is ever seen under the final name.
"""

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from police2peer.errors import Unavailable

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@contextlib.contextmanager
def whole_file(path: Path, *, mode: int = 0o644) -> Iterator[BinaryIO]:
    """Give a binary handle whose content appears at `path` only when the block ends well.

    Raises `Unavailable` when the disk has no room; the draft is removed on any failure.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}.draft")
    try:
        descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        with os.fdopen(descriptor, "w+b") as handle:
            yield handle
            handle.flush()
            os.fsync(handle.fileno())
        draft.replace(path)
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise Unavailable(
                f"no room on the disk while writing {path.name}",
                remedy="free some space and run the command again; nothing half-written was left",
            ) from error
        raise
    finally:
        draft.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes, *, mode: int = 0o644) -> None:
    """Write `content` to `path`, whole or not at all."""
    with whole_file(path, mode=mode) as handle:
        handle.write(content)
