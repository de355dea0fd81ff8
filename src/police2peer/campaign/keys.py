# SPDX-License-Identifier: EUPL-1.2
"""Ed25519 keys of approvers, reviewers and keepers: made here, kept as files or in a token, never shown.

A private key is PEM (PKCS #8, RFC 5958), with a pass phrase or without, in a file that only its owner can read; or
that file holds one line instead, the address of a key in a token (`pkcs11:...`, RFC 7512). A public key is one line
of 64 hexadecimal digits. No error text holds anything of a key.
"""

import contextlib
import hashlib
import os
import stat
from collections.abc import Iterable
from pathlib import Path
from secrets import token_bytes

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from police2peer.campaign.locked_key import lock_private_key
from police2peer.campaign.passphrase import pass_phrases
from police2peer.campaign.token_key import new_token_key, open_token_key
from police2peer.campaign.token_uri import SCHEME, TokenUri
from police2peer.errors import BadInput, NotPermitted
from police2peer.storage import write_whole

__all__ = [
    "PUBLIC_KEY_BYTES",
    "change_pass_phrase",
    "free_public_path",
    "name_token_key",
    "new_key_pair",
    "new_signing_key",
    "parse_public_key",
    "public_bytes",
    "read_private_file",
    "read_public_key",
    "read_public_keys",
    "read_signing_key",
    "read_trusted",
    "write_private_file",
    "write_public_key",
]

PUBLIC_KEY_BYTES = 32  # RFC 8032, section 5.1.5


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    """Give the 32 bytes of the public key."""
    return key.public_key().public_bytes_raw()


def _pem(key: Ed25519PrivateKey, pass_phrase: bytes | None) -> bytes:
    if pass_phrase is not None:
        return lock_private_key(key, pass_phrase, token_bytes)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def new_signing_key(path: Path, pass_phrase: bytes | None = None) -> Ed25519PrivateKey:
    """Make a private key and write it to `path`, readable by the owner only; never overwrites."""
    key = Ed25519PrivateKey.generate()
    write_private_file(path, _pem(key, pass_phrase))
    return key


def write_private_file(path: Path, content: bytes) -> None:
    """Write a secret to `path`, readable by the owner only; never overwrites."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError as error:
        raise BadInput(
            f"{path.name} is there already", remedy="keep it, or give another path: keys are never overwritten"
        ) from error
    try:
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
    except OSError:
        path.unlink(missing_ok=True)
        raise


def new_key_pair(path: Path, pass_phrase: bytes | None = None) -> Ed25519PrivateKey:
    """Make a private key at `path` and its public key beside it, ending in .pub; never overwrites."""
    public_path = free_public_path(path)
    key = new_signing_key(path, pass_phrase)
    write_public_key(public_path, public_bytes(key))
    return key


def name_token_key(path: Path, uri: TokenUri, *, make: bool) -> Ed25519PrivateKey:
    """Write the address of a token's key to `path`, its public key beside it; `make` has the token make the key."""
    public_path = free_public_path(path)
    if path.exists():
        raise BadInput(f"{path.name} is there already", remedy="give another path: keys are never overwritten")
    key = new_token_key(uri) if make else open_token_key(uri)
    write_private_file(path, f"{uri}\n".encode())
    write_public_key(public_path, public_bytes(key))
    return key


def free_public_path(path: Path) -> Path:
    """Give the place of a new key's public half; raises `BadInput` when it is taken."""
    public_path = path.with_suffix(".pub")
    if public_path == path or public_path.exists():
        raise BadInput(
            f"{public_path.name} is there already, or is the private key's own name",
            remedy="give another path, as in approvers/first.key: keys are never overwritten",
        )
    return public_path


def change_pass_phrase(path: Path, pass_phrase: bytes) -> None:
    """Lock a key file with a new pass phrase, whole or not at all. Raises `BadInput` when it cannot be opened."""
    if _read(path).startswith(SCHEME):
        raise BadInput(
            f"{path.name} names a key in a token", remedy="change the token's PIN with the token's own tool"
        )
    write_whole(path, _pem(read_signing_key(path), pass_phrase), mode=0o600)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(
            f"{path.name} cannot be read ({error.strerror})", remedy="give the path of a key file that you may read"
        ) from error


def read_private_file(path: Path) -> bytes:
    """Read a secret; refuses a file that others can read."""
    content = _read(path)
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise BadInput(
            f"{path.name} can be read by other users of this machine",
            remedy=f"run chmod 600 {path.name}, and make a new key if somebody may have copied it",
        )
    return content


def read_signing_key(where: Path | TokenUri) -> Ed25519PrivateKey:
    """Open a private key: of a file, or in a token. Refuses a file that others can read.

    A pass phrase or PIN is asked of the source that the command set (`passphrase.using`).
    """
    if isinstance(where, TokenUri):
        return open_token_key(where)
    content = read_private_file(where)
    if content.startswith(SCHEME):
        return open_token_key(TokenUri.parse(content.decode("utf-8", "replace").strip()))
    opened, fingerprint = pass_phrases().opened, hashlib.sha256(content).digest()
    if fingerprint not in opened:
        opened[fingerprint] = _load(content, where)
    return opened[fingerprint]


def _load(pem: bytes, path: Path) -> Ed25519PrivateKey:
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except TypeError:  # locked; the library has no other sign
        key = _unlock(pem, path)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BadInput(
            f"{path.name} is not a private key", remedy="give the file that `police2peer key new` made"
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise BadInput(f"{path.name} is not an Ed25519 key", remedy="make one with `police2peer key new`")
    return key


def _unlock(pem: bytes, path: Path) -> PrivateKeyTypes:
    source = pass_phrases()
    for _ in range(source.tries(path.stem)):
        given = source.of(path.stem, f"pass phrase of {path.name}")
        with contextlib.suppress(ValueError, TypeError, UnsupportedAlgorithm):
            return serialization.load_pem_private_key(pem, given)
    raise BadInput(
        f"this pass phrase does not open {path.name}",
        remedy="look at the keyboard layout and at which key this is; without its pass phrase a key is lost, and is "
        "to be replaced",
    )


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
