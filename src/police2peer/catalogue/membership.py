# SPDX-License-Identifier: EUPL-1.2
"""An agency's own folder in a catalogue that another body coordinates: its key, its role, its register.

The folder holds no key of the coordinating body. What the agency must know of the catalogue, how codes are
stretched and which role its key has, is taken from a published copy that a pinned root vouches for.
Source: docs/keys.md, "An agency in a programme".
"""

import json
from datetime import datetime
from pathlib import Path

from police2peer.campaign import new_signing_key, public_bytes, read_public_key, read_signing_key, write_public_key
from police2peer.catalogue.delegations import key_of
from police2peer.catalogue.home import Home, own_membership
from police2peer.catalogue.metadata import Agency, Versions, walk_metadata
from police2peer.catalogue.packing import RecordKey
from police2peer.catalogue.register_file import create_register
from police2peer.catalogue.registry import Registry
from police2peer.catalogue.snapshot import FolderReader
from police2peer.errors import BadInput, NotPermitted
from police2peer.storage import write_whole

__all__ = ["begin_agency", "join_catalogue", "own_record_key", "replace_own_key"]

_KEY = "agency"


def begin_agency(folder: Path) -> Path:
    """Make an agency's key, and give the place of its public half. Raises `BadInput` when there is one."""
    home = Home(folder)
    home.keys.mkdir(parents=True, exist_ok=True, mode=0o700)
    return _make_key(home)


def _make_key(home: Home) -> Path:
    private = new_signing_key(home.keys / f"{_KEY}.pem")
    public = home.keys / f"{_KEY}.pub"
    write_public_key(public, public_bytes(private))
    return public


def own_record_key(home: Home) -> RecordKey:
    """Load the key with which this agency signs. Raises `NotPermitted` when it is not here."""
    path = home.keys / f"{_KEY}.pem"
    if not path.is_file():
        raise NotPermitted("the agency's key is not in this folder", remedy=f"put {path.name} into its keys/")
    private = read_signing_key(path)
    return RecordKey(bytes.fromhex(key_of(public_bytes(private)).keyid), private)


def join_catalogue(folder: Path, published: Path, root: bytes, *, now: datetime) -> Agency:
    """Begin the agency's register for a published catalogue that names its key, or take over what changed there.

    Raises `BadInput` when the catalogue does not name the key, or is another than the one joined before;
    `NotAuthentic` when the copy does not hold; `NotPermitted` when it has expired.
    """
    home = Home(folder)
    trusted = walk_metadata(FolderReader(published), root, now, Versions())
    if trusted.expired_role is not None:
        raise NotPermitted("this copy of the catalogue is out of date", remedy="fetch a fresh one")
    own = read_public_key(home.keys / f"{_KEY}.pub")
    named = [agency for agency in trusted.agencies.values() if own in agency.ring.keys.values()]
    if not named:
        raise BadInput(
            "this catalogue does not name the agency's key",
            remedy=f"hand {_KEY}.pub to the coordinating body, and join when it has published",
        )
    if home.membership.is_file():
        _check_same(home, named[0], root)
    if not home.registry.exists():
        create_register(home.registry, trusted.head.stretch)
    write_whole(home.pinned_root, root)
    about = {"role": named[0].role, "name": named[0].name, "country": named[0].country}
    write_whole(home.membership, json.dumps(about, sort_keys=True).encode())
    return named[0]


def _check_same(home: Home, agency: Agency, root: bytes) -> None:
    if agency.role not in own_membership(home) or home.pinned_root.read_bytes() != root:
        raise BadInput(
            "this folder has joined another catalogue, or under another role",
            remedy="use a folder of its own for each",
        )


def replace_own_key(folder: Path, *, now: datetime) -> Path:
    """Make a new key, have every record signed with it next time, and give the place of its public half.

    The old key's files are renamed, never deleted here.
    """
    home = Home(folder)
    home.check_takes_part()
    for suffix in (".pem", ".pub"):
        path = home.keys / f"{_KEY}{suffix}"
        if path.is_file():
            path.rename(home.keys / f"{_KEY}.until-{now:%Y%m%d-%H%M%S}{suffix}")
    public = _make_key(home)
    with Registry(folder) as registry:
        registry.sign_again(own_membership(home))
    return public
