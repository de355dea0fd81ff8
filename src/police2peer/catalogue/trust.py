# SPDX-License-Identifier: EUPL-1.2
"""The trust root: makes the keys, signs root and targets, names agencies, renews and replaces.

Roles and lives follow docs/keys.md: root and targets two of three keys and one year; one online key for
catalogue, snapshot and timestamp; one key for each agency's records, named by targets.

For the example all keys are made in one folder by one command; a programme carries the offline ones to their
keepers.
Source: TUF specification 1.0; `tuf.api` (python-tuf).
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from secrets import token_bytes

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from securesystemslib.signer import CryptoSigner, SSlibKey  # type: ignore[attr-defined] # no __all__
from tuf.api.metadata import DelegatedRole, Delegations, Key, Metadata, Role, Root, Targets  # type: ignore[attr-defined] # no __all__
from tuf.api.serialization.json import JSONSerializer

from police2peer.campaign import (
    read_public_key,
    read_signing_key,
)
from police2peer.catalogue.delegations import (
    check_agency_name,
    delegate_agency,
    delegations_of,
    every_role_ever,
    named_agencies,
    next_role_name,
    set_role_keys,
)
from police2peer.catalogue.draft import drop_draft, keep_draft
from police2peer.catalogue.home import Home, own_membership
from police2peer.catalogue.lookup import CODE_ITERATIONS, CodeStretch
from police2peer.catalogue.metadata import AGENCY_PREFIX
from police2peer.catalogue.prepared_keys import retire_key, take_key
from police2peer.catalogue.register_file import create_register
from police2peer.catalogue.registry import Registry
from police2peer.errors import BadInput, NotPermitted
from police2peer.storage import write_whole

__all__ = [
    "ONLINE_KEY",
    "ROOT_LIFE",
    "TARGETS_LIFE",
    "agencies_of",
    "change_targets",
    "init_catalogue",
    "key_path",
    "latest",
    "new_trust",
    "put_key",
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
    """Take the key that was prepared or make one; its public half stays here when the private one is carried away."""
    return SSlibKey.from_crypto(Ed25519PublicKey.from_public_bytes(take_key(home, name)))


def _key_id(home: Home, name: str) -> str:
    public = Ed25519PublicKey.from_public_bytes(read_public_key(key_path(home, name).with_suffix(".pub")))
    return str(SSlibKey.from_crypto(public).keyid)


def _check_quorum(home: Home, names: Iterable[str]) -> list[str]:
    """Give those of the keys that are here. Raises `NotPermitted` when they are too few to sign."""
    here = [name for name in names if key_path(home, name).is_file()]
    if len(here) < _THRESHOLD:
        raise NotPermitted(
            f"{len(here)} of the {_THRESHOLD} keys needed are in this folder",
            remedy="bring the keepers of two of the three keys together, with their key files in keys/; or carry a "
            "request to them: police2peer catalogue ceremony begin",
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
    online = _make_key(home, ONLINE_KEY)
    role = DelegatedRole("catalogue", [online.keyid], 1, terminating=True, paths=["head.json"])
    delegations = Delegations({online.keyid: online}, {"catalogue": role})
    return Metadata(Targets(version=1, expires=_moment(now) + TARGETS_LIFE, delegations=delegations))


def _name_own_agency(home: Home, targets: "Metadata[Targets]", agency: str, country: str) -> str:
    """Name an agency whose key is made and kept in this folder, and give the role's name."""
    taken = every_role_ever(home) | (delegations_of(targets.signed).roles or {}).keys()
    name = next_role_name(taken, country)
    delegate_agency(targets.signed, name, agency, country, [_make_key(home, name)])
    return name


def _write_targets(home: Home, targets: "Metadata[Targets]", now: datetime, outgoing: Sequence[str] = ()) -> None:
    targets.signed.expires = _moment(now) + TARGETS_LIFE
    keep_draft(home, targets.signed)
    _sign(home, targets, [*_TARGETS_KEYS, *outgoing])
    write_whole(home.trust / f"{targets.signed.version}.targets.json", targets.to_bytes(_SERIALIZER))
    drop_draft(home)


def change_targets(home: Home, now: datetime, change: Callable[[Targets], None]) -> None:
    """Sign the next version of targets with a change in it. Raises `NotPermitted` when too few keys are here."""
    targets: Metadata[Targets] = Metadata.from_bytes(latest(home, "targets")[1])
    change(targets.signed)
    targets.signed.version += 1
    _write_targets(home, targets, now)


def new_trust(
    home: Home, agency: str, country: str, now: datetime
) -> "tuple[Metadata[Root], Metadata[Targets], str]":
    """Give a first root and targets that nobody has signed, and the role of the first agency; makes the keys."""
    root, targets = _new_root(home, now), _new_targets(home, now)
    return root, targets, _name_own_agency(home, targets, agency, country)


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
    check_agency_name(agency, country)
    home = Home(folder)
    if home.exists:
        home.check_coordinates()
        targets: Metadata[Targets] = Metadata.from_bytes(latest(home, "targets")[1])
        role = _name_own_agency(home, targets, agency, country)
        targets.signed.version += 1
        _write_targets(home, targets, now)
        return role
    if home.keys.exists() and any(home.keys.iterdir()):
        raise BadInput(
            "this folder has keys but no finished catalogue", remedy="give an empty folder, or move keys/ away"
        )
    home.keys.mkdir(parents=True, exist_ok=True, mode=0o700)
    root, fresh, role = new_trust(home, agency, country, now)
    _sign(home, root, _ROOT_KEYS)
    _write_targets(home, fresh, now)
    create_register(home.registry, CodeStretch(code_iterations, random_bytes(_SALT_BYTES)))
    write_whole(home.trust / "1.root.json", root.to_bytes(_SERIALIZER))
    write_whole(home.pinned_root, root.to_bytes(_SERIALIZER))
    return role


def agencies_of(folder: Path) -> dict[str, tuple[str, str]]:
    """Give name and country of each agency whose files this folder may hold, by its role."""
    home = Home(folder)
    if home.membership.is_file():
        return own_membership(home)
    home.check()
    return named_agencies(Metadata[Targets].from_bytes(latest(home, "targets")[1]).signed)


def renew_trust(folder: Path, *, now: datetime, replace: Sequence[str] = ()) -> None:
    """Sign root and targets for another year, with the named keys replaced by new ones.

    A new root is signed by the old keys and the new, so that verifiers pinned on any earlier root follow. The
    files of replaced keys are renamed, never deleted here; a lost private key can be replaced too, for its public
    half is kept. Raises `BadInput`, `NotPermitted`.
    """
    home = Home(folder)
    home.check_coordinates()
    root: Metadata[Root] = Metadata.from_bytes(latest(home, "root")[1])
    targets: Metadata[Targets] = Metadata.from_bytes(latest(home, "targets")[1])
    delegated = {role for role in delegations_of(targets.signed).roles or {} if _has_public_half(home, role)}
    known = {*_ROOT_KEYS, *_TARGETS_KEYS, ONLINE_KEY, *delegated}
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


def _has_public_half(home: Home, name: str) -> bool:
    """Whether a key was made in this folder, so that it can be replaced here."""
    return key_path(home, name).with_suffix(".pub").is_file()


def _replace_key(home: Home, root: Root, targets: Targets, name: str, old_name: str) -> None:
    old = _key_id(home, name)
    retire_key(home, name, old_name)
    put_key(root, targets, name, old, _make_key(home, name))


def put_key(root: Root, targets: Targets, name: str, old: str, new: Key) -> None:
    """Name a key in the place of the one with the key id `old`; the files in keys/ stay as they are."""
    if name in _ROOT_KEYS or name in _TARGETS_KEYS:
        role = "root" if name in _ROOT_KEYS else "targets"
        root.revoke_key(old, role)
        root.add_key(new, role)
        return
    if name == ONLINE_KEY:
        for role in ("snapshot", "timestamp"):
            root.revoke_key(old, role)
            root.add_key(new, role)
    set_role_keys(targets, "catalogue" if name == ONLINE_KEY else name, [new])
