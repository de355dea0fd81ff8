# SPDX-License-Identifier: EUPL-1.2
"""The folder in which an agency keeps its side of the catalogue. Everything here but `public/` is private.

::

    keys/               a PEM file a key, readable by its owner alone; the offline ones are carried away
    trust/              every version of root and targets that was signed
    root.json           the first root: what verifiers are shipped with
    registry.sqlite     records and codes in clear
    public/             the catalogue as the public sees it
"""

from dataclasses import dataclass
from pathlib import Path

from police2peer.errors import BadInput

__all__ = ["Home"]


@dataclass(frozen=True, slots=True)
class Home:
    """The places in an agency's catalogue folder."""

    folder: Path

    @property
    def keys(self) -> Path:
        """The folder of private keys."""
        return self.folder / "keys"

    @property
    def trust(self) -> Path:
        """The folder of signed roots and targets."""
        return self.folder / "trust"

    @property
    def pinned_root(self) -> Path:
        """The first root."""
        return self.folder / "root.json"

    @property
    def registry(self) -> Path:
        """The private register."""
        return self.folder / "registry.sqlite"

    @property
    def public(self) -> Path:
        """The published catalogue."""
        return self.folder / "public"

    @property
    def exists(self) -> bool:
        """Whether a catalogue was begun here; the pinned root is the last file written then."""
        return self.pinned_root.is_file()

    def check(self) -> None:
        """Raise `BadInput` when there is no catalogue here."""
        if not self.exists:
            raise BadInput(
                "there is no catalogue in this folder",
                remedy='begin one: police2peer catalogue init --agency "NAME" --country CC --home FOLDER',
            )
