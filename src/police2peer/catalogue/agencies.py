# SPDX-License-Identifier: EUPL-1.2
"""What the coordinating body does for agencies: name them, take their new keys, accept what they hand over, part.

Naming, new keys and parting change targets, and need two of the three targets keys; accepting needs none.
Source: docs/keys.md, "An agency in a programme".
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from tuf.api.metadata import Targets  # type: ignore[attr-defined] # no __all__

from police2peer.catalogue.contribution import Contribution
from police2peer.catalogue.delegations import (
    check_agency_name,
    delegate_agency,
    drop_agency,
    every_role_ever,
    key_of,
    next_role_name,
    set_role_keys,
)
from police2peer.catalogue.home import Home
from police2peer.catalogue.intake import Intake
from police2peer.catalogue.metadata import AGENCY_PREFIX, read_agencies
from police2peer.catalogue.packing import entry_start
from police2peer.catalogue.registry import Registry
from police2peer.catalogue.trust import change_targets, latest
from police2peer.errors import BadInput

__all__ = ["accept_contribution", "add_agency", "departed_agencies", "leave_agency", "set_agency_keys"]


def add_agency(folder: Path, key: bytes, *, agency: str, country: str, now: datetime) -> str:
    """Name an agency by its public key, and give its role. Raises `BadInput`, `NotPermitted`."""
    check_agency_name(agency, country)
    home = Home(folder)
    home.check_coordinates()
    name = next_role_name(every_role_ever(home), country)
    change_targets(home, now, lambda targets: delegate_agency(targets, name, agency, country, [key_of(key)]))
    return name


def set_agency_keys(folder: Path, role: str, keys: Sequence[bytes], *, now: datetime) -> None:
    """Let exactly these keys sign the records of an agency; any one of them does. Raises `BadInput`."""
    home = _coordinating(folder, role)

    def _change(targets: Targets) -> None:
        set_role_keys(targets, role, [key_of(key) for key in keys])

    change_targets(home, now, _change)


def leave_agency(folder: Path, role: str, *, now: datetime) -> None:
    """Name an agency no more: from the next publication nothing that it signed is genuine. Raises `BadInput`."""
    home = _coordinating(folder, role)
    change_targets(home, now, lambda targets: drop_agency(targets, role))


def _coordinating(folder: Path, role: str) -> Home:
    home = Home(folder)
    home.check_coordinates()
    named = read_agencies(latest(home, "targets")[1])
    if role not in named:
        raise BadInput(
            "the catalogue names no agency of this role", remedy=f"give one of: {', '.join(sorted(named))}"
        )
    return home


def departed_agencies(home: Home) -> set[str]:
    """Give the agencies that were named once and are no more."""
    ever = {role for role in every_role_ever(home) if role.startswith(AGENCY_PREFIX)}
    return ever - read_agencies(latest(home, "targets")[1]).keys()


def accept_contribution(folder: Path, path: Path) -> Contribution:
    """Check a contribution and keep it for the next publication. Raises `NotAuthentic`, `BadInput`."""
    home = Home(folder)
    home.check_coordinates()
    first = not home.intake.exists()
    with Registry(folder) as registry, Intake(home) as intake:
        if first:
            intake.claim_own(entry_start(seed, alias) for alias, seed in registry.outgoing.sealed())
        return intake.accept(path, read_agencies(latest(home, "targets")[1]), registry.stretch)
