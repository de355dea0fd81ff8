# SPDX-License-Identifier: EUPL-1.2
"""The trust root: makes the keys, signs root and targets, names agencies, renews and replaces.

Roles and lives follow docs/keys.md: root and targets two of three keys and one year; one online key for
catalogue, snapshot and timestamp; one key for each agency's records, named by targets.

For the example all keys are made in one folder by one command; a programme carries the offline ones to their
keepers.
Source: TUF specification 1.0; `tuf.api` (python-tuf).
"""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from secrets import token_bytes

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from securesystemslib.signer import CryptoSigner, SSlibKey  # type: ignore[attr-defined] # no __all__
from tuf.api.metadata import DelegatedRole, Delegations, Key, Metadata, Role, Root, Targets  # type: ignore[attr-defined] # no __all__
from tuf.api.serialization.json import JSONSerializer

from police2peer.campaign import (
    new_signing_key,
    public_bytes,
    read_public_key,
    read_signing_key,
    write_public_key,
)
from police2peer.catalogue.home import Home
from police2peer.catalogue.lookup import CODE_ITERATIONS, CodeStretch
from police2peer.catalogue.metadata import AGENCY_PREFIX
from police2peer.catalogue.register_file import create_register
from police2peer.catalogue.registry import Registry
from police2peer.errors import BadInput, NotPermitted
from police2peer.storage import write_whole

__all__ = [
    "ONLINE_KEY",
    "agencies_of",
    "change_targets",
    "init_catalogue",
    "key_path",
    "latest",
    "renew_trust",
    "signer_of",
]

ROOT_LIFE = TARGETS_LIFE = timedelta(days=365)
_THRESHOLD = 2
_ROOT_KEYS = ("root-1", "root-2", "root-3")
_TARGETS_KEYS = ("targets-1", "targets-2", "targets-3")
ONLINE_KEY = "online"
_SERIALIZER = JSONSerializer(compact=True)
_SALT_BYTES = 16
_NAME = re.compile(r"[^\x00-\x1f\x7f\"\\]{3,120}")
_COUNTRY = re.compile(r"[A-Z]{2}")


def key_path(home: Home, name: str) -> Path:
    """Give the place of a private key."""
    return home.keys / f"{name}.pem"


def _public_key(private: Ed25519PrivateKey) -> SSlibKey:
    return SSlibKey.from_crypto(private.public_key())


def signer_of(home: Home, name: str) -> CryptoSigner:
    """Load a key of this folder for signing. Raises `NotPermitted` when it is not here."""
    path = key_path(home, name)
    if not path.is_file():
        raise NotPermitted(
            f"the key {name} is not in this folder",
            remedy=f"ask its keeper, and put {name}.pem into keys/ for the signing",
        )
    private = read_signing_key(path)
    return CryptoSigner(private, _public_key(private))


def _make_key(home: Home, name: str) -> SSlibKey:
    """Make a key; its public half stays in the folder when the private one is carried away."""
    private = new_signing_key(key_path(home, name))
    write_public_key(key_path(home, name).with_suffix(".pub"), public_bytes(private))
    return _public_key(private)


def _key_id(home: Home, name: str) -> str:
    public = Ed25519PublicKey.from_public_bytes(read_public_key(key_path(home, name).with_suffix(".pub")))
    return str(SSlibKey.from_crypto(public).keyid)


def _check_quorum(home: Home, names: Iterable[str]) -> list[str]:
    """Give those of the keys that are here. Raises `NotPermitted` when they are too few to sign."""
    here = [name for name in names if key_path(home, name).is_file()]
    if len(here) < _THRESHOLD:
        raise NotPermitted(
            f"{len(here)} of the {_THRESHOLD} keys needed are in this folder",
            remedy="bring the keepers of two of the three keys together, with their key files in keys/",
        )
    return here


def latest(home: Home, role: str) -> tuple[int, bytes]:
    """Give the newest signed version of `root` or `targets`."""
    versions = [int(path.name.split(".")[0]) for path in home.trust.glob(f"*.{role}.json")]
    newest = max(versions, default=0)
    return newest, (home.trust / f"{newest}.{role}.json").read_bytes()


def _sign(home: Home, metadata: "Metadata[Root] | Metadata[Targets]", names: Iterable[str]) -> None:
    """Sign with those of the keys that are here; fewer than the threshold is refused."""
    metadata.signatures.clear()
    for name in _check_quorum(home, names):
        metadata.sign(signer_of(home, name), append=True)


def _new_root(home: Home, now: datetime) -> "Metadata[Root]":
    root = Root(version=1, expires=_moment(now) + ROOT_LIFE, consistent_snapshot=True)
    root.roles = {role: Role([], 1) for role in ("root", "targets", "snapshot", "timestamp")}
    root.roles["root"].threshold = root.roles["targets"].threshold = _THRESHOLD
    for name in _ROOT_KEYS:
        root.add_key(_make_key(home, name), "root")
    for name in _TARGETS_KEYS:
        root.add_key(_make_key(home, name), "targets")
    online = _make_key(home, ONLINE_KEY)
    root.add_key(online, "snapshot")
    root.add_key(online, "timestamp")
    return Metadata(root)


def _moment(now: datetime) -> datetime:
    return now.replace(microsecond=0)


def _new_targets(home: Home, now: datetime) -> "Metadata[Targets]":
    online = signer_of(home, ONLINE_KEY).public_key
    role = DelegatedRole("catalogue", [online.keyid], 1, terminating=True, paths=["head.json"])
    delegations = Delegations({online.keyid: online}, {"catalogue": role})
    return Metadata(Targets(version=1, expires=_moment(now) + TARGETS_LIFE, delegations=delegations))


def _delegate(home: Home, targets: "Metadata[Targets]", agency: str, country: str) -> str:
    """Add an agency's role and key to targets, and give the role's name."""
    roles = _delegations(targets).roles or {}
    for number in range(1, 10_000):
        name = f"{AGENCY_PREFIX}{country.lower()}-{number}"
        if name not in roles:
            break
    key = _make_key(home, name)
    about = {"agency": {"name": agency, "country": country}}
    roles[name] = DelegatedRole(name, [key.keyid], 1, True, paths=[f"{name}/*"], unrecognized_fields=about)  # noqa: FBT003
    _delegations(targets).roles = roles
    _delegations(targets).keys[key.keyid] = key
    return name


def _delegations(targets: "Metadata[Targets]") -> Delegations:
    if targets.signed.delegations is None:
        raise TypeError("our targets always delegate")
    return targets.signed.delegations


def _write_targets(home: Home, targets: "Metadata[Targets]", now: datetime, outgoing: Sequence[str] = ()) -> None:
    targets.signed.expires = _moment(now) + TARGETS_LIFE
    _sign(home, targets, [*_TARGETS_KEYS, *outgoing])
    write_whole(home.trust / f"{targets.signed.version}.targets.json", targets.to_bytes(_SERIALIZER))


def change_targets(home: Home, now: datetime, change: Callable[[Targets], None]) -> None:
    """Sign the next version of targets with a change in it. Raises `NotPermitted` when too few keys are here."""
    targets: Metadata[Targets] = Metadata.from_bytes(latest(home, "targets")[1])
    change(targets.signed)
    targets.signed.version += 1
    _write_targets(home, targets, now)


def init_catalogue(
    folder: Path,
    *,
    agency: str,
    country: str,
    now: datetime,
    code_iterations: int = CODE_ITERATIONS,
    random_bytes: Callable[[int], bytes] = token_bytes,
) -> str:
    """Begin a catalogue with its keys, or name one more agency in an existing one; give the agency's role.

    Raises `BadInput` for a name or country that cannot be one, `NotPermitted` when too few keys are here.
    """
    if not _NAME.fullmatch(agency) or not _COUNTRY.fullmatch(country):
        raise BadInput(
            "the agency's name or country cannot be used",
            remedy='give a name of 3 to 120 characters without quotes, and a country such as "NL" (ISO 3166-1)',
        )
    home = Home(folder)
    if home.exists:
        targets: Metadata[Targets] = Metadata.from_bytes(latest(home, "targets")[1])
        role = _delegate(home, targets, agency, country)
        targets.signed.version += 1
        _write_targets(home, targets, now)
        return role
    if home.keys.exists() and any(home.keys.iterdir()):
        raise BadInput(
            "this folder has keys but no finished catalogue", remedy="give an empty folder, or move keys/ away"
        )
    home.keys.mkdir(parents=True, exist_ok=True, mode=0o700)
    root = _new_root(home, now)
    _sign(home, root, _ROOT_KEYS)
    fresh = _new_targets(home, now)
    role = _delegate(home, fresh, agency, country)
    _write_targets(home, fresh, now)
    create_register(home.registry, CodeStretch(code_iterations, random_bytes(_SALT_BYTES)))
    write_whole(home.trust / "1.root.json", root.to_bytes(_SERIALIZER))
    write_whole(home.pinned_root, root.to_bytes(_SERIALIZER))
    return role


def agencies_of(folder: Path) -> dict[str, tuple[str, str]]:
    """Give name and country of each agency that the trust root names, by its role."""
    home = Home(folder)
    home.check()
    targets: Metadata[Targets] = Metadata.from_bytes(latest(home, "targets")[1])
    return {
        name: (role.unrecognized_fields["agency"]["name"], role.unrecognized_fields["agency"]["country"])
        for name, role in (_delegations(targets).roles or {}).items()
        if name.startswith(AGENCY_PREFIX)
    }


def renew_trust(folder: Path, *, now: datetime, replace: Sequence[str] = ()) -> None:
    """Sign root and targets for another year, with the named keys replaced by new ones.

    A new root is signed by the old keys and the new, so that verifiers pinned on any earlier root follow. The
    files of replaced keys are renamed, never deleted here; a lost private key can be replaced too, for its public
    half is kept. Raises `BadInput`, `NotPermitted`.
    """
    home = Home(folder)
    home.check()
    root: Metadata[Root] = Metadata.from_bytes(latest(home, "root")[1])
    targets: Metadata[Targets] = Metadata.from_bytes(latest(home, "targets")[1])
    known = {*_ROOT_KEYS, *_TARGETS_KEYS, ONLINE_KEY, *(_delegations(targets).roles or {})} - {"catalogue"}
    if unknown := sorted(set(replace) - known):
        raise BadInput(f"there is no key called {unknown[0]}", remedy=f"known are: {', '.join(sorted(known))}")
    _check_quorum(home, _ROOT_KEYS)
    _check_quorum(home, _TARGETS_KEYS)
    outgoing = {name: f"{name}.until-root-{root.signed.version}" for name in replace}
    for name, old_name in outgoing.items():
        _replace_key(home, root.signed, targets.signed, name, old_name)
    root.signed.version += 1
    targets.signed.version += 1
    root.signed.expires = _moment(now) + ROOT_LIFE
    _sign(home, root, [*_ROOT_KEYS, *(outgoing[name] for name in replace if name in _ROOT_KEYS)])
    _write_targets(home, targets, now, [outgoing[name] for name in replace if name in _TARGETS_KEYS])
    write_whole(home.trust / f"{root.signed.version}.root.json", root.to_bytes(_SERIALIZER))
    agencies = [name for name in replace if name.startswith(AGENCY_PREFIX)]
    with Registry(folder) as registry:
        registry.sign_again(agencies)


def _replace_key(home: Home, root: Root, targets: Targets, name: str, old_name: str) -> None:
    old = _key_id(home, name)
    for suffix in (".pem", ".pub"):
        path = key_path(home, name).with_suffix(suffix)
        if path.is_file():
            path.rename(path.with_name(old_name + suffix))
    new: Key = _make_key(home, name)
    delegations = targets.delegations
    if delegations is None or delegations.roles is None:
        raise TypeError("our targets always delegate")
    if name in _ROOT_KEYS or name in _TARGETS_KEYS:
        role = "root" if name in _ROOT_KEYS else "targets"
        root.revoke_key(old, role)
        root.add_key(new, role)
        return
    if name == ONLINE_KEY:
        for role in ("snapshot", "timestamp"):
            root.revoke_key(old, role)
            root.add_key(new, role)
    delegated = delegations.roles["catalogue" if name == ONLINE_KEY else name]
    delegated.keyids = [new.keyid if each == old else each for each in delegated.keyids]
    delegations.keys.pop(old)
    delegations.keys[new.keyid] = new
