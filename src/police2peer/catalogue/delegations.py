# SPDX-License-Identifier: EUPL-1.2
"""The agencies that targets names: one delegated role each, with its name, its country and its record keys.

A role's name is never given to a second agency, also when the first has left: old records would name the new one.
Source: docs/catalogue-format.md, "TUF metadata"; TUF specification 1.0, section 4.5.
"""

import re
from collections.abc import Iterable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from securesystemslib.signer import SSlibKey  # type: ignore[attr-defined] # no __all__
from tuf.api.metadata import DelegatedRole, Delegations, Key, Metadata, Targets  # type: ignore[attr-defined] # no __all__

from police2peer.catalogue.home import Home
from police2peer.catalogue.metadata import AGENCY_PREFIX
from police2peer.errors import BadInput

__all__ = [
    "check_agency_name",
    "delegate_agency",
    "delegations_of",
    "drop_agency",
    "every_role_ever",
    "key_of",
    "named_agencies",
    "next_role_name",
    "set_role_keys",
]

_NAME = re.compile(r"[^\x00-\x1f\x7f\"\\]{3,120}")
_COUNTRY = re.compile(r"[A-Z]{2}")


def check_agency_name(agency: str, country: str) -> None:
    """Raise `BadInput` for a name or country that cannot stand in the trust root."""
    if not _NAME.fullmatch(agency) or not _COUNTRY.fullmatch(country):
        raise BadInput(
            "the agency's name or country cannot be used",
            remedy='give a name of 3 to 120 characters without quotes, and a country such as "NL" (ISO 3166-1)',
        )


def key_of(public: bytes) -> Key:
    """Give an Ed25519 public key as TUF names it."""
    return SSlibKey.from_crypto(Ed25519PublicKey.from_public_bytes(public))


def delegations_of(targets: Targets) -> Delegations:
    """Give the delegations, which our targets always have."""
    if targets.delegations is None or targets.delegations.roles is None:
        raise TypeError("our targets always delegate")
    return targets.delegations


def every_role_ever(home: Home) -> set[str]:
    """Give all roles that any signed version of targets has named."""
    found: set[str] = set()
    for path in home.trust.glob("*.targets.json"):
        targets: Metadata[Targets] = Metadata.from_bytes(path.read_bytes())
        found |= (delegations_of(targets.signed).roles or {}).keys()
    return found


def next_role_name(taken: Iterable[str], country: str) -> str:
    """Give a name that no agency has had."""
    used = set(taken)
    return next(name for n in range(1, 100_000) if (name := f"{AGENCY_PREFIX}{country.lower()}-{n}") not in used)


def delegate_agency(targets: Targets, name: str, agency: str, country: str, keys: Iterable[Key]) -> None:
    """Name an agency with its record keys."""
    about = {"agency": {"name": agency, "country": country}}
    role = DelegatedRole(name, [], 1, True, paths=[f"{name}/*"], unrecognized_fields=about)  # noqa: FBT003
    roles = delegations_of(targets).roles
    if roles is not None:
        roles[name] = role
    set_role_keys(targets, name, keys)


def set_role_keys(targets: Targets, name: str, keys: Iterable[Key]) -> None:
    """Let exactly these keys sign for a delegated role. Raises `BadInput` for a key that another role has."""
    delegations = delegations_of(targets)
    roles = delegations.roles or {}
    fresh = {key.keyid: key for key in keys}
    others = {key_id for other, role in roles.items() if other != name for key_id in role.keyids}
    if others & fresh.keys():
        raise BadInput("this key stands for another role already", remedy="make a key for this role alone")
    roles[name].keyids = list(fresh)
    delegations.keys.update(fresh)
    _drop_unused_keys(delegations)


def drop_agency(targets: Targets, name: str) -> None:
    """Name an agency no more."""
    delegations = delegations_of(targets)
    if delegations.roles is not None:
        del delegations.roles[name]
    _drop_unused_keys(delegations)


def _drop_unused_keys(delegations: Delegations) -> None:
    used = {key_id for role in (delegations.roles or {}).values() for key_id in role.keyids}
    for key_id in delegations.keys.keys() - used:
        del delegations.keys[key_id]


def named_agencies(targets: Targets) -> dict[str, tuple[str, str]]:
    """Give name and country of each agency by its role."""
    return {
        name: (role.unrecognized_fields["agency"]["name"], role.unrecognized_fields["agency"]["country"])
        for name, role in (delegations_of(targets).roles or {}).items()
        if name.startswith(AGENCY_PREFIX)
    }
