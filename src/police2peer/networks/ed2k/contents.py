# SPDX-License-Identifier: EUPL-1.2
"""The bytes behind the offers: read from disk, each part held against its MD4 before its first byte goes out.

Damaged bytes are never served. What is in the page cache is read at once; what is not, and every check of a part,
is read in a thread, so that a slow disk holds nobody else up.
"""

import asyncio
import errno
import os
from collections import OrderedDict
from typing import Final

from Cryptodome.Hash import MD4

from police2peer.networks.ed2k.shelf import PART_BYTES, SharedFile

_MOST_OPEN: Final = 256
_READ_BYTES: Final = 1 << 20
_NOT_NOW: Final = frozenset({errno.EAGAIN, errno.EOPNOTSUPP, errno.EINVAL})


class ContentsGone(Exception):  # noqa: N818 - what happened to a file of ours; it never leaves this package
    """The file is missing, cut or not the one it was; the text says which."""


class Contents:
    """Reads files; keeps the latest few open."""

    def __init__(self) -> None:
        self._open: OrderedDict[bytes, int] = OrderedDict()
        self._checking: dict[tuple[bytes, int], asyncio.Future[None]] = {}

    async def read(self, file: SharedFile, first: int, count: int) -> bytes:
        """Give bytes of a file; raises `ContentsGone`."""
        for part in range(first // PART_BYTES, (first + count - 1) // PART_BYTES + 1):
            if part not in file.checked:
                await self._check(file, part)
        handle = self._handle(file)
        data = _read_now(handle, first, count)
        if data is None:
            data = await asyncio.to_thread(_read_slowly, file, first, count)
        if len(data) != count:
            raise ContentsGone("it is shorter than it was")
        return data

    def forget(self, file: SharedFile) -> None:
        """Close a file that is offered no more."""
        if (handle := self._open.pop(file.hash, None)) is not None:
            os.close(handle)

    def close(self) -> None:
        """Close everything."""
        while self._open:
            os.close(self._open.popitem()[1])

    def _handle(self, file: SharedFile) -> int:
        handle = self._open.get(file.hash)
        if handle is None:
            try:
                handle = os.open(file.path, os.O_RDONLY | os.O_CLOEXEC)
            except OSError as error:
                raise ContentsGone("it cannot be opened") from error
            self._open[file.hash] = handle
            if len(self._open) > _MOST_OPEN:
                os.close(self._open.popitem(last=False)[1])
        self._open.move_to_end(file.hash)
        return handle

    async def _check(self, file: SharedFile, part: int) -> None:
        """Check a part once, however many ask for it at the same time."""
        key = (file.hash, part)
        if (running := self._checking.get(key)) is not None:
            await asyncio.shield(running)
            return
        running = asyncio.get_running_loop().create_future()
        self._checking[key] = running
        try:
            right = await asyncio.to_thread(_is_right, file, part)
        finally:
            del self._checking[key]
            running.set_result(None)
        if not right:
            raise ContentsGone("it is not the file that was made")
        file.checked.add(part)


def _is_right(file: SharedFile, part: int) -> bool:
    state = MD4.new()  # noqa: S303 - the name that the network gives, no guard
    left, at = min(PART_BYTES, file.size - part * PART_BYTES), part * PART_BYTES
    try:
        with file.path.open("rb", buffering=0) as handle:
            while left:
                data = os.pread(handle.fileno(), min(left, _READ_BYTES), at)
                if not data:
                    return False
                state.update(data)
                left, at = left - len(data), at + len(data)
    except OSError:
        return False
    return state.digest() == file.part_hash(part)


def _read_now(handle: int, first: int, count: int) -> bytes | None:
    """Read what lies in the page cache; None when it does not, or the file system cannot tell."""
    data = bytearray(count)
    try:
        done = os.preadv(handle, [data], first, os.RWF_NOWAIT)
    except OSError as error:
        if error.errno in _NOT_NOW:
            return None
        raise ContentsGone("it cannot be read") from error
    return bytes(data) if done == count else None


def _read_slowly(file: SharedFile, first: int, count: int) -> bytes:
    """Read with a handle of its own: the one that is kept open may be closed meanwhile."""
    try:
        with file.path.open("rb", buffering=0) as handle:
            return os.pread(handle.fileno(), count, first)
    except OSError as error:
        raise ContentsGone("it cannot be read") from error
