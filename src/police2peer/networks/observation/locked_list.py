# SPDX-License-Identifier: EUPL-1.2
"""The list on the disk: AES-256-GCM under a key that scrypt makes of a pass phrase.

Layout: the line `p2p-observed-1`, 16 bytes of salt, 12 bytes of nonce, then the sealed content with its tag. The
content is the number of hashes (4 bytes), the hashes, and zeros up to a multiple of 64 KiB, so that the size of the
file hardly tells how many there are. Sources: RFC 7914 (scrypt), NIST SP 800-38D (GCM); the cost of scrypt is that of
locked keys (`campaign.locked_key`).
"""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from police2peer.errors import BadInput, NotAuthentic
from police2peer.networks.observation.hash_list import HASH_BYTES, MOST_HASHES, HashList
from police2peer.storage import write_whole

_MAGIC: Final = b"p2p-observed-1\n"
_SALT_BYTES, _NONCE_BYTES, _TAG_BYTES = 16, 12, 16
_PADDED_TO: Final = 65_536
_N, _R, _P = 2**14, 8, 5
_MOST_BYTES: Final = MOST_HASHES * HASH_BYTES + 2 * _PADDED_TO


def seal_list(path: Path, hashes: HashList, pass_phrase: bytes, random_bytes: Callable[[int], bytes]) -> None:
    """Write the list to `path`, sealed, whole or not at all, readable by its owner alone."""
    content = struct.pack("!I", len(hashes)) + b"".join(hashes.reveal())
    content += bytes(-len(content) % _PADDED_TO)
    salt, nonce = random_bytes(_SALT_BYTES), random_bytes(_NONCE_BYTES)
    head = _MAGIC + salt
    sealed = AESGCM(_key(pass_phrase, salt)).encrypt(nonce, content, head)
    write_whole(path, head + nonce + sealed, mode=0o600)


def open_list(path: Path, pass_phrase: bytes) -> HashList:
    """Open a sealed list.

    Raises `BadInput` when there is none or it is of another form, `NotAuthentic` for a wrong pass phrase or a change.
    """
    try:
        with path.open("rb") as handle:
            raw = handle.read(_MOST_BYTES)
    except OSError as error:
        raise BadInput(
            f"there is no list of hashes in {path.name}", remedy="give one: `police2peer observe import`"
        ) from error
    start = len(_MAGIC) + _SALT_BYTES
    if not raw.startswith(_MAGIC) or len(raw) < start + _NONCE_BYTES + _TAG_BYTES:
        raise BadInput(f"{path.name} is no sealed list of hashes", remedy="import the list again")
    head, nonce, sealed = raw[:start], raw[start : start + _NONCE_BYTES], raw[start + _NONCE_BYTES :]
    try:
        content = AESGCM(_key(pass_phrase, head[-_SALT_BYTES:])).decrypt(nonce, sealed, head)
    except InvalidTag:
        raise NotAuthentic(
            f"the pass phrase does not open {path.name}, or the file was changed",
            remedy="give the pass phrase with which the list was imported, or import the list again",
        ) from None
    (count,) = struct.unpack_from("!I", content)
    places = range(4, 4 + count * HASH_BYTES, HASH_BYTES)
    return HashList(content[place : place + HASH_BYTES] for place in places)


def _key(pass_phrase: bytes, salt: bytes) -> bytes:
    return Scrypt(salt, 32, _N, _R, _P).derive(pass_phrase)
