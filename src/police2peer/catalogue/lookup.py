# SPDX-License-Identifier: EUPL-1.2
"""What can be looked up, and the blinded keys under which it is kept.

Who holds the file or sees the code can compute both keys; who holds only the catalogue can compute neither.
Source: docs/catalogue-format.md, "Lookup"; RFC 5869 (HKDF); RFC 8018 (PBKDF2).
"""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from urllib.parse import parse_qsl

from police2peer.errors import BadInput

__all__ = [
    "CODE_ITERATIONS",
    "Alias",
    "CodeStretch",
    "entry_key",
    "lookup_key",
    "parse_magnet",
    "parse_network_id",
]

# OWASP Password Storage Cheat Sheet (2023) for PBKDF2-HMAC-SHA256: 0.2 s in a browser; a code has only 50 bits.
CODE_ITERATIONS = 600_000
LOOKUP_KEY_BYTES = 16
_LONGEST_MAGNET = 16_384

_NETWORK_IDS = {"btih": re.compile(r"[0-9a-f]{40}"), "btmh": re.compile(r"[0-9a-f]{64}")}
_BTIH_BASE32 = re.compile(r"[A-Z2-7]{32}")
_SHA256_MULTIHASH = "1220"  # multihash prefix: SHA-256, 32 bytes


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
            remedy="give btih with 40 or btmh with 64 lower-case hexadecimal letters",
        )
    return Alias(id_type, value)


def _read_topic(topic: str) -> Alias | None:
    scheme, _, rest = topic.partition(":")
    kind, _, value = rest.partition(":")
    if scheme.lower() != "urn":
        return None
    match kind.lower():
        case "btih" if _BTIH_BASE32.fullmatch(value.upper()):
            return Alias("btih", base64.b32decode(value.upper()).hex())
        case "btih":
            return parse_network_id("btih", value.lower())
        case "btmh":
            return parse_network_id("btmh", value.lower().removeprefix(_SHA256_MULTIHASH))
        case _:
            return None


def parse_magnet(raw: str) -> tuple[Alias, ...]:
    """Read the BitTorrent ids of a magnet link; name, trackers and peers are dropped. Raises `BadInput`."""
    remedy = "copy the whole link again; it begins with magnet:? and holds xt=urn:btih: or xt=urn:btmh:"
    text = raw.strip()
    if not text.lower().startswith("magnet:?") or len(text) > _LONGEST_MAGNET:
        raise BadInput("this is no magnet link", remedy=remedy)
    try:
        fields = parse_qsl(text[len("magnet:?") :], max_num_fields=200, errors="replace")
    except ValueError as error:
        raise BadInput("this magnet link has too many parts", remedy=remedy) from error
    topics = [value for name, value in fields if re.fullmatch(r"xt(\.\d+)?", name.lower())]
    found = tuple(dict.fromkeys(alias for topic in topics if (alias := _read_topic(topic)) is not None))
    if not found:
        raise BadInput("this magnet link names no BitTorrent file", remedy=remedy)
    return found
