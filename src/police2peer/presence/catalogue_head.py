# SPDX-License-Identifier: EUPL-1.2
"""Which state of the catalogue stood on this machine when something was recorded: the SHA-256 of its head.

The head is taken only when it follows from the pinned root; without a catalogue here, or with one that does not hold,
nothing is said. It is read again when the catalogue was published anew.
"""

import logging
from pathlib import Path

from police2peer.catalogue import head_sha256_of
from police2peer.errors import NotAuthentic, Unavailable
from police2peer.presence.node import Clock

_log = logging.getLogger(__name__)


class CatalogueHead:
    """Gives the head in force, as hex, or nothing. `folder` is what the catalogue publishes."""

    def __init__(self, folder: Path, root: Path, clock: Clock) -> None:
        self._folder = folder
        self._root = root
        self._clock = clock
        self._read_at: tuple[int, int] | None = None
        self._head = ""

    def __call__(self) -> str:
        """Give the head that stands here now."""
        try:
            stat = (self._folder / "md" / "timestamp.json").stat()
        except OSError:
            return ""
        if (stat.st_mtime_ns, stat.st_size) != self._read_at:
            self._read_at = stat.st_mtime_ns, stat.st_size
            self._head = self._read()
        return self._head

    def _read(self) -> str:
        try:
            return head_sha256_of(self._folder, self._root.read_bytes(), self._clock())
        except (NotAuthentic, Unavailable, OSError) as error:
            _log.warning("records say nothing of the catalogue: %s", type(error).__name__)
            return ""
