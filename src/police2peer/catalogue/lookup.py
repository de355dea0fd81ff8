# SPDX-License-Identifier: EUPL-1.2
"""What can be looked up, and the blinded keys under which it is kept.

Who holds the file or sees the code can compute both keys; who holds only the catalogue can compute neither.
Source: docs/catalogue-format.md, "Lookup"; RFC 5869 (HKDF); RFC 8018 (PBKDF2).
"""

import hashlib
import hmac
import re
from dataclasses import dataclass

from police2peer.errors import BadInput

__all__ = [
    "CODE_ITERATIONS",
    "Alias",
    "CodeStretch",
    "entry_key",
    "lookup_key",
    "parse_network_id",
]

# docs/adr/0007: a sixth of the cost of the film in which a code stands; a code has only 50 bits.
CODE_ITERATIONS = 10_000
LOOKUP_KEY_BYTES = 16

_NETWORK_IDS = {
    "btih": re.compile(r"[0-9a-f]{40}"),
    "btmh": re.compile(r"[0-9a-f]{64}"),
    "ed2k": re.compile(r"[0-9a-f]{32}"),
    "aich": re.compile(r"[A-Z2-7]{32}"),
    "tth": re.compile(r"[A-Z2-7]{38}[AIQY]"),  # 192 bits in 39 letters: the last three bits are zero
}


@dataclass(frozen=True, slots=True)
class Alias:
    """A type and a value under which a record can be found."""

    type: str
    value: str


@dataclass(frozen=True, slots=True)
class CodeStretch:
    """How codes are made expensive to guess; part of the signed head."""

    iterations: int
    salt: bytes

    def value(self, code: str) -> str:
        """Stretch a code (with or without dashes) into the value that is looked up."""
        symbols = code.replace("-", "").encode("ascii")
        return hashlib.pbkdf2_hmac("sha256", symbols, self.salt, self.iterations).hex()


def lookup_key(alias: Alias) -> bytes:
    """Give the 16 bytes under which the index keeps the alias."""
    return hashlib.sha256(f"p2pw/lk/1|{alias.type}|{alias.value}".encode()).digest()[:LOOKUP_KEY_BYTES]


def entry_key(alias: Alias) -> bytes:
    """Give the AES-256 key of the alias' index entry: HKDF-SHA256, one block of output."""
    extracted = hmac.digest(b"p2pw/entry-key/1", f"{alias.type}|{alias.value}".encode(), "sha256")
    return hmac.digest(extracted, lookup_key(alias) + b"\x01", "sha256")


def parse_network_id(id_type: str, value: str) -> Alias:
    """Check a network id. Raises `BadInput`."""
    pattern = _NETWORK_IDS.get(id_type)
    if pattern is None or not pattern.fullmatch(value):
        raise BadInput(
            "this network id is of no known form",
            remedy="give btih (40), btmh (64) or ed2k (32 lower-case hexadecimal letters), "
            "aich (32) or tth (39 upper-case base32 letters)",
        )
    return Alias(id_type, value)
