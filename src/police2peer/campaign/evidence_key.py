# SPDX-License-Identifier: EUPL-1.2
"""The key to which records are sealed: its private half stays offline with the agency, its public half in the order.

Two kinds: `mlkem768-x25519`, where a reader of today's recordings would have to break both ML-KEM-768 and X25519, and
`x25519` alone for agencies whose rules know no other. A private key file holds one PEM block (PKCS #8) for each half,
with a pass phrase or without; a public key is one line: `p2p-evidence-1 KIND BASE64`.

Promise: whoever has the public half can seal and not open. No error text holds anything of a key.
Sources: RFC 9180 (HPKE); draft-ietf-hpke-pq for the hybrid; FIPS 203 (ML-KEM); RFC 7748 (X25519).
"""

import base64
import binascii
import contextlib
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from secrets import token_bytes

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)

from police2peer.campaign.keys import free_public_path, read_private_file, write_private_file
from police2peer.campaign.locked_key import lock_private_key
from police2peer.campaign.passphrase import pass_phrases
from police2peer.errors import BadInput
from police2peer.storage import write_whole

__all__ = ["EvidenceKey", "EvidenceKeyKind", "EvidencePublicKey", "new_evidence_key", "read_evidence_key"]

_PREFIX = "p2p-evidence-1"
_X25519_BYTES, _MLKEM_BYTES = 32, 1184  # RFC 7748, section 5; FIPS 203, table 3
_ID_BYTES = 8
_LINE_LIMIT_BYTES = 4096
_BLOCK = re.compile(rb"-----BEGIN [A-Z ]+-----\n.+?-----END [A-Z ]+-----\n", re.DOTALL)
_REMEDY = "make one with `police2peer key evidence`, and give the .pub file that it wrote"


class EvidenceKeyKind(StrEnum):
    """How a key is made up."""

    HYBRID = "mlkem768-x25519"
    CLASSIC = "x25519"


_SUITES = {
    EvidenceKeyKind.HYBRID: Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM),
    EvidenceKeyKind.CLASSIC: Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM),
}
_PUBLIC_BYTES = {EvidenceKeyKind.HYBRID: _MLKEM_BYTES + _X25519_BYTES, EvidenceKeyKind.CLASSIC: _X25519_BYTES}


@dataclass(frozen=True, slots=True)
class EvidencePublicKey:
    """The public half: `public` is the ML-KEM key, if any, and then the X25519 key. Raises `BadInput`."""

    kind: EvidenceKeyKind
    public: bytes

    def __post_init__(self) -> None:
        if len(self.public) != _PUBLIC_BYTES[self.kind]:
            raise BadInput("this evidence key has a wrong length", remedy=_REMEDY)
        try:
            self._loaded()
        except ValueError as error:
            raise BadInput("this is no evidence key", remedy=_REMEDY) from error

    def _loaded(self) -> X25519PublicKey | MLKEM768X25519PublicKey:
        x25519 = X25519PublicKey.from_public_bytes(self.public[-_X25519_BYTES:])
        if self.kind is EvidenceKeyKind.CLASSIC:
            return x25519
        return MLKEM768X25519PublicKey(MLKEM768PublicKey.from_public_bytes(self.public[:_MLKEM_BYTES]), x25519)

    @property
    def id(self) -> str:
        """A short name (hex) by which wraps say for whom they are."""
        return hashlib.sha256(self.text().encode()).hexdigest()[: 2 * _ID_BYTES]

    def text(self) -> str:
        """Write the line that is handed over."""
        return f"{_PREFIX} {self.kind} {base64.b64encode(self.public).decode()}"

    @classmethod
    def parse(cls, text: str) -> "EvidencePublicKey":
        """Read the line. Raises `BadInput`."""
        try:
            prefix, kind, encoded = text.strip().split(" ")
            key = cls(EvidenceKeyKind(kind), base64.b64decode(encoded, validate=True))
        except (ValueError, binascii.Error) as error:
            raise BadInput("this is no public evidence key", remedy=_REMEDY) from error
        if prefix != _PREFIX or key.text() != text.strip():
            raise BadInput("this public evidence key is of another format", remedy=_REMEDY)
        return key

    @classmethod
    def read(cls, path: Path) -> "EvidencePublicKey":
        """Read a .pub file. Raises `BadInput`."""
        try:
            with path.open("rb") as handle:
                return cls.parse(handle.read(_LINE_LIMIT_BYTES).decode("ascii"))
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput(f"{path.name} cannot be read as a public evidence key", remedy=_REMEDY) from error

    def wrap(self, secret: bytes, info: bytes) -> bytes:
        """Seal `secret` to this key, for the purpose that `info` names (HPKE, base mode)."""
        return _SUITES[self.kind].encrypt(secret, self._loaded(), info)


class EvidenceKey:
    """The private half; opens what was sealed to the public one."""

    def __init__(self, x25519: X25519PrivateKey, mlkem: MLKEM768PrivateKey | None) -> None:
        self._private = x25519 if mlkem is None else MLKEM768X25519PrivateKey(mlkem, x25519)
        kind = EvidenceKeyKind.CLASSIC if mlkem is None else EvidenceKeyKind.HYBRID
        first = b"" if mlkem is None else mlkem.public_key().public_bytes_raw()
        self.public = EvidencePublicKey(kind, first + x25519.public_key().public_bytes_raw())

    def __repr__(self) -> str:
        return f"<evidence key {self.public.id}>"

    def unwrap(self, sealed: bytes, info: bytes) -> bytes:
        """Open what `wrap` sealed for the same purpose. Raises `BadInput` when it was sealed to another key."""
        try:
            return _SUITES[self.public.kind].decrypt(sealed, self._private, info)
        except (InvalidTag, ValueError) as error:
            raise BadInput(
                "this evidence key does not open what was sealed to it, or that is damaged",
                remedy="use the private half of the key that the order names, or another copy of the ledger",
            ) from error


def new_evidence_key(
    path: Path, kind: EvidenceKeyKind = EvidenceKeyKind.HYBRID, pass_phrase: bytes | None = None
) -> EvidenceKey:
    """Make a private key at `path` and its public half beside it, ending in .pub; never overwrites."""
    public_path = free_public_path(path)
    mlkem = MLKEM768PrivateKey.generate() if kind is EvidenceKeyKind.HYBRID else None
    x25519 = X25519PrivateKey.generate()
    halves = (x25519,) if mlkem is None else (mlkem, x25519)
    write_private_file(path, b"".join(_pem(half, pass_phrase) for half in halves))
    made = EvidenceKey(x25519, mlkem)
    write_whole(public_path, f"{made.public.text()}\n".encode())
    return made


def _pem(half: MLKEM768PrivateKey | X25519PrivateKey, pass_phrase: bytes | None) -> bytes:
    if pass_phrase is not None:
        return lock_private_key(half, pass_phrase, token_bytes)
    form = serialization.PrivateFormat.PKCS8
    return half.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


def read_evidence_key(path: Path) -> EvidenceKey:
    """Open a private evidence key; a pass phrase is asked of the source that the command set. Raises `BadInput`."""
    blocks = _BLOCK.findall(read_private_file(path))
    try:
        return _join([serialization.load_pem_private_key(block, None) for block in blocks])
    except TypeError:  # locked; the library has no other sign
        return _unlock(blocks, path)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BadInput(f"{path.name} is no private evidence key", remedy=_REMEDY) from error


def _unlock(blocks: Sequence[bytes], path: Path) -> EvidenceKey:
    source = pass_phrases()
    for _ in range(source.tries(path.stem)):
        given = source.of(path.stem, f"pass phrase of {path.name}")
        with contextlib.suppress(ValueError, TypeError, UnsupportedAlgorithm):
            return _join([serialization.load_pem_private_key(block, given) for block in blocks])
    raise BadInput(
        f"this pass phrase does not open {path.name}",
        remedy="look at the keyboard layout and at which key this is; without its pass phrase what was sealed to it "
        "stays sealed, unless the order named a second key",
    )


def _join(halves: Sequence[object]) -> EvidenceKey:
    match halves:
        case [MLKEM768PrivateKey() as mlkem, X25519PrivateKey() as x25519]:
            return EvidenceKey(x25519, mlkem)
        case [X25519PrivateKey() as x25519]:
            return EvidenceKey(x25519, None)
    raise ValueError("other keys")
