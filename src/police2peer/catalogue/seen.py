# SPDX-License-Identifier: EUPL-1.2
"""Remembers the versions seen last, so that an older copy of the catalogue is noticed.

The note holds five numbers for each pinned root and nothing about what was asked.
Source: TUF specification 1.0, section 5 (rollback); docs/catalogue-format.md, "Given".
"""

import hashlib
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Protocol

from police2peer.catalogue.metadata import Versions
from police2peer.errors import Unavailable
from police2peer.storage import write_whole

__all__ = ["Memory", "SeenFile", "SeenNothing", "default_seen_file"]


class Memory(Protocol):
    """Where the versions seen last are kept."""

    def recall(self) -> Versions:
        """Give the versions seen last, zeros if none."""

    def keep(self, versions: Versions) -> None:
        """Keep versions that were checked."""


class SeenNothing:
    """Remembers nothing: each verification is the first."""

    def recall(self) -> Versions:
        """Give zeros."""
        return Versions()

    def keep(self, versions: Versions) -> None:
        """Forget them."""


class SeenFile:
    """A small file with the five versions."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def recall(self) -> Versions:
        """Give the versions seen last. Raises `Unavailable` when the note is there and cannot be read."""
        try:
            value = json.loads(self._path.read_bytes())
            if not all(isinstance(number, int) for number in value.values()):
                raise TypeError("not numbers")  # noqa: TRY301 - one way out for every kind of broken note
            return Versions(**value)
        except FileNotFoundError:
            return Versions()
        except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
            raise Unavailable(
                "the note of which catalogue was seen last cannot be read",
                remedy=f"remove {self._path} and check again",
            ) from error

    def keep(self, versions: Versions) -> None:
        """Keep the versions; where the place cannot be written, the next check simply remembers less."""
        if versions == self.recall():
            return
        try:
            write_whole(self._path, json.dumps(asdict(versions)).encode(), mode=0o600)
        except (OSError, Unavailable):
            return


def default_seen_file(pinned_root: bytes) -> Path:
    """Give the place of the note for a pinned root, in the user's state folder."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "police2peer" / f"seen-{hashlib.sha256(pinned_root).hexdigest()[:16]}.json"
