# SPDX-License-Identifier: EUPL-1.2
"""The folder in which a catalogue is kept. Everything here but `public/` is private.

::

    keys/               a PEM file a key, readable by its owner alone; the offline ones are carried away
    trust/              every version of root and targets that was signed
    root.json           the first root: what verifiers are shipped with
    registry.sqlite     records and codes in clear
    contributions.sqlite, contributions/
                        what other agencies handed over, and which index entries are whose
    public/             the catalogue as the public sees it

The folder of an agency that takes part in a catalogue which another body coordinates::

    keys/agency.pem     the key of its records
    agency.json         which role it has
    root.json           the root of that catalogue
    registry.sqlite     its records and codes in clear
    outbox/             the contributions that it made
"""

import json
from dataclasses import dataclass
from pathlib import Path

from police2peer.errors import BadInput

__all__ = ["Home", "own_membership"]


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
    def membership(self) -> Path:
        """Which role the agency of this folder has in a catalogue that another body coordinates."""
        return self.folder / "agency.json"

    @property
    def outbox(self) -> Path:
        """The contributions that were made here."""
        return self.folder / "outbox"

    @property
    def intake(self) -> Path:
        """What other agencies handed over."""
        return self.folder / "contributions.sqlite"

    @property
    def contributions(self) -> Path:
        """The contributions themselves, as they were handed over."""
        return self.folder / "contributions"

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

    def check_coordinates(self) -> None:
        """Raise `BadInput` when there is no catalogue here, or when another body coordinates it."""
        self.check()
        if self.membership.is_file():
            raise BadInput(
                "this folder is an agency's; the body that coordinates the catalogue does this in its own",
                remedy="hand over what is new: police2peer catalogue contribute -o FILE",
            )

    def check_takes_part(self) -> None:
        """Raise `BadInput` unless this is the folder of an agency in a catalogue that another body coordinates."""
        if not self.membership.is_file():
            raise BadInput(
                "this folder is not that of an agency in another body's catalogue",
                remedy="begin one: police2peer catalogue agency new, then police2peer catalogue agency join",
            )
        self.check()


def own_membership(home: Home) -> dict[str, tuple[str, str]]:
    """Give role, name and country of the agency of this folder. Raises `BadInput`."""
    home.check_takes_part()
    try:
        value = json.loads(home.membership.read_bytes())
        return {str(value["role"]): (str(value["name"]), str(value["country"]))}
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise BadInput(
            f"{home.membership.name} cannot be read", remedy="join again: police2peer catalogue agency join"
        ) from error
