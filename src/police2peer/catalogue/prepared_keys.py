# SPDX-License-Identifier: EUPL-1.2
"""Keys that wait to take their place: made elsewhere by a keeper, in a token, or here with a pass phrase.

`prepared/NAME.pub` in the catalogue's folder is the public half of the next key called NAME; beside it, `NAME.pem` is
the private half or the address of the token that has it, where it is to be used from here. Whatever makes a key for
the catalogue takes a prepared one first.
"""

import os
from pathlib import Path

from police2peer.campaign import (
    TokenUri,
    name_token_key,
    new_key_pair,
    new_signing_key,
    public_bytes,
    read_public_key,
    read_signing_key,
    write_public_key,
)
from police2peer.catalogue.home import Home
from police2peer.errors import BadInput

__all__ = ["OFFLINE_KEYS", "prepare_key", "prepared_key", "retire_key", "take_key"]

OFFLINE_KEYS = ("root-1", "root-2", "root-3", "targets-1", "targets-2", "targets-3")
_SUFFIXES = (".pem", ".pub")


def _place(home: Home, name: str) -> Path:
    return home.folder / "prepared" / f"{name}.pem"


def prepared_key(home: Home, name: str) -> bytes | None:
    """Give the public half of the key that waits for this place, if one does."""
    public = _place(home, name).with_suffix(".pub")
    return read_public_key(public) if public.is_file() else None


def prepare_key(
    home: Home, name: str, source: Path | TokenUri | None = None, *, pass_phrase: bytes | None = None
) -> bytes:
    """Have a key wait for a place, in the stead of one that waited, and give its public half.

    `source` is a public key file, a private key file, or a key in a token; without one the key is made.
    Raises `BadInput` for a key that has another place: two places with one key would need one keeper less.
    """
    if source is not None:
        _check_free(home, name, _public_half(source))
    place = _place(home, name)
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    for suffix in _SUFFIXES:
        place.with_suffix(suffix).unlink(missing_ok=True)
    if source is None:
        return public_bytes(new_key_pair(place, pass_phrase))
    if isinstance(source, TokenUri):
        return public_bytes(name_token_key(place, source, make=False))
    public = _public_half(source)
    if _public_file(source) is None:
        descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(source.read_bytes())
    write_public_key(place.with_suffix(".pub"), public)
    return public


def _public_half(source: Path | TokenUri) -> bytes:
    found = _public_file(source) if isinstance(source, Path) else None
    return found or public_bytes(read_signing_key(source))


def _check_free(home: Home, name: str, public: bytes) -> None:
    places = [*home.keys.glob("*.pub"), *_place(home, name).parent.glob("*.pub")]
    taken = sorted({path.stem for path in places if read_public_key(path) == public} - {name})
    if taken:
        raise BadInput(
            f"the key for {name} is that of {taken[0]} already", remedy="have each keeper make a key for each place"
        )


def _public_file(path: Path) -> bytes | None:
    try:
        return read_public_key(path)
    except BadInput:
        if path.suffix == ".pub":
            raise
        return None


def retire_key(home: Home, name: str, new_name: str) -> None:
    """Rename the files of a key that goes out; they are never deleted here.

    Nothing happens without its public half: then an interrupted run has renamed it, and what is there follows it.
    """
    if not (home.keys / f"{name}.pub").is_file():
        return
    for suffix in _SUFFIXES:
        path = home.keys / f"{name}{suffix}"
        if path.is_file():
            path.rename(home.keys / f"{new_name}{suffix}")


def take_key(home: Home, name: str) -> bytes:
    """Give the public half of the key for a place: the prepared one, the one that is there, or a new one."""
    prepared = prepared_key(home, name)
    place = home.keys / f"{name}.pem"
    if prepared is not None:
        home.keys.mkdir(parents=True, exist_ok=True, mode=0o700)
        for suffix in _SUFFIXES:  # the public half last: what is cut off between the two is done again
            source = _place(home, name).with_suffix(suffix)
            if source.is_file():
                source.rename(place.with_suffix(suffix))
        return prepared
    if place.with_suffix(".pub").is_file():
        return read_public_key(place.with_suffix(".pub"))
    public = public_bytes(new_signing_key(place))
    write_public_key(place.with_suffix(".pub"), public)
    return public
