# SPDX-License-Identifier: EUPL-1.2
"""Puts the changes of the index into the order of their lookup keys, in little memory for any number of them.

Changes are dealt out by the first byte of their lookup key; what is too much for memory waits in a private folder
that is gone when the work is done, and each deal is sorted on its own.
"""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from police2peer.catalogue.lookup import LOOKUP_KEY_BYTES
from police2peer.catalogue.tree import Change

__all__ = ["SortedChanges"]

_DEALS = 256
_IN_MEMORY_BYTES = 32 * 1024 * 1024


class SortedChanges:
    """Takes changes in any order and gives them in that of the index; use it in a `with` block."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._deals = [bytearray() for _ in range(_DEALS)]
        self._held_bytes = 0
        self._stack = contextlib.ExitStack()
        self._spilled: Path | None = None
        self.new_entries = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def add(self, old: bytes | None, new: bytes | None) -> None:
        """Take one change: an entry that goes, by its first bytes, and one that comes."""
        row = bytes([len(old or b""), len(new or b"")]) + (old or b"") + (new or b"")
        self._deals[row[2]] += row
        self._held_bytes += len(row)
        self.new_entries += old is None
        if self._held_bytes > _IN_MEMORY_BYTES:
            self._spill()

    def _spill(self) -> None:
        if self._spilled is None:
            folder = tempfile.TemporaryDirectory(prefix=".changes-", dir=self._folder)
            self._spilled = Path(self._stack.enter_context(folder))
        for number, deal in enumerate(self._deals):
            with (self._spilled / str(number)).open("ab") as handle:
                handle.write(deal)
            deal.clear()
        self._held_bytes = 0

    def __iter__(self) -> Iterator[Change]:
        """Give the changes by lookup key; those of one lookup key in the order in which they were taken."""
        for number, deal in enumerate(self._deals):
            kept = (self._spilled / str(number)).read_bytes() if self._spilled else b""
            yield from sorted(_read_rows(kept + deal), key=lambda change: change.lookup_key)


def _read_rows(rows: bytes) -> Iterator[Change]:
    at = 0
    while at < len(rows):
        middle = at + 2 + rows[at]
        end = middle + rows[at + 1]
        old, new = rows[at + 2 : middle] or None, rows[middle:end] or None
        yield Change((new or old or b"")[:LOOKUP_KEY_BYTES], old, new)
        at = end
