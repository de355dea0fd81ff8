# SPDX-License-Identifier: EUPL-1.2
"""Ed25519 keys of approvers and reviewers: made here, kept as files, never shown.

A private key is PEM (PKCS #8, RFC 5958) in a file that only its owner can read; a public key is one line of
64 hexadecimal digits. No error text holds anything of a key.
"""

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from police2peer.errors import BadInput, NotPermitted
from police2peer.storage import write_whole

__all__ = [
    "PUBLIC_KEY_BYTES",
    "new_key_pair",
    "new_signing_key",
    "parse_public_key",
    "public_bytes",
    "read_public_key",
    "read_public_keys",
    "read_signing_key",
    "read_trusted",
    "write_public_key",
]

PUBLIC_KEY_BYTES = 32  # RFC 8032, section 5.1.5


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    """Give the 32 bytes of the public key."""
    return key.public_key().public_bytes_raw()


def new_signing_key(path: Path) -> Ed25519PrivateKey:
    """Make a private key and write it to `path`, readable by the owner only; never overwrites."""
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError as error:
        raise BadInput(
            f"{path.name} is there already", remedy="keep it, or give another path: keys are never overwritten"
        ) from error
    try:
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(pem)
            handle.flush()
            os.fsync(handle.fileno())
    except OSError:
        path.unlink(missing_ok=True)
        raise
    return key


def new_key_pair(path: Path) -> Ed25519PrivateKey:
    """Make a private key at `path` and its public key beside it, ending in .pub; never overwrites."""
    public_path = path.with_suffix(".pub")
    if public_path == path or public_path.exists():
        raise BadInput(
            f"{public_path.name} is there already, or is the private key's own name",
            remedy="give another path, as in approvers/first.key: keys are never overwritten",
        )
    key = new_signing_key(path)
    write_public_key(public_path, public_bytes(key))
    return key


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(
            f"{path.name} cannot be read ({error.strerror})", remedy="give the path of a key file that you may read"
        ) from error


def read_signing_key(path: Path) -> Ed25519PrivateKey:
    """Read a private key; refuses a file that others can read."""
    pem = _read(path)
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise BadInput(
            f"{path.name} can be read by other users of this machine",
            remedy=f"run chmod 600 {path.name}, and make a new key if somebody may have copied it",
        )
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise BadInput(
            f"{path.name} is not a private key without a pass phrase",
            remedy="give the file that `police2peer key new` made",
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise BadInput(f"{path.name} is not an Ed25519 key", remedy="make one with `police2peer key new`")
    return key


def parse_public_key(text: str) -> bytes:
    """Read 64 hexadecimal digits."""
    digits = text.strip()
    if len(digits) != 2 * PUBLIC_KEY_BYTES or not all(symbol in "0123456789abcdefABCDEF" for symbol in digits):
        raise BadInput("this is not a public key", remedy=f"write its {2 * PUBLIC_KEY_BYTES} hexadecimal digits")
    return bytes.fromhex(digits)


def write_public_key(path: Path, key: bytes) -> None:
    """Write a public key as one line of hexadecimal digits."""
    write_whole(path, f"{key.hex()}\n".encode())


def read_public_key(path: Path) -> bytes:
    """Read a file that holds one public key."""
    keys = read_public_keys(path)
    if len(keys) != 1:
        raise BadInput(f"{path.name} holds {len(keys)} keys", remedy="give a file with exactly one")
    return keys[0]


def read_trusted(paths: Iterable[Path]) -> frozenset[bytes]:
    """Read the keys that this machine trusts; raises `NotPermitted` when there are none."""
    keys = frozenset(key for path in paths for key in read_public_keys(path))
    if not keys:
        raise NotPermitted(
            "this machine trusts no approver",
            remedy="write the approvers' public keys, to trust/approvers.pub, after checking each in person",
        )
    return keys


def read_public_keys(path: Path) -> tuple[bytes, ...]:
    """Read a file with one public key a line; a name may stand behind a #."""
    try:
        lines = _read(path).decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise BadInput(f"{path.name} is not a list of public keys", remedy="write one key a line") from error
    keys = []
    for number, line in enumerate(lines, start=1):
        digits = line.partition("#")[0].strip()
        if digits:
            try:
                keys.append(parse_public_key(digits))
            except BadInput as error:
                raise BadInput(f"{path.name}:{number}: {error.facts}", remedy=error.remedy) from error
    return tuple(keys)
