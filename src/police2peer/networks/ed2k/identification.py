# SPDX-License-Identifier: EUPL-1.2
"""Secure identification: who can prove that a user hash is theirs, and our own proof. No socket.

Each side has an RSA key of 384 bits and signs the other's public key and a number that the other drew. Such a key
guards nothing today; it makes it hard to take over another's user hash in passing, and no more than that is said of
it. Version 1 is spoken, which leaves addresses out. Source: aMule, `ClientCredits.cpp`; Kulbak and Bickson (2005),
section 1.6.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from Cryptodome.Hash import SHA1
from Cryptodome.PublicKey import RSA
from Cryptodome.Signature import pkcs1_15
from Cryptodome.Util import number

from police2peer.errors import BadInput
from police2peer.networks.ed2k.wire import Fields, Op, pack

VERSION: Final = 1
_KEY_BITS: Final = 384  # what every client takes; longer keys are refused (80 bytes at most)
_EXPONENT: Final = 17  # Crypto++'s, which clients draw their keys with
_MOST_KEY_BYTES: Final = 80
_SIGNATURE_WANTED, _KEY_AND_SIGNATURE_WANTED = 1, 2


@dataclass(frozen=True, slots=True)
class IdentKey:
    """Our key; `public` is what is sent."""

    private: RSA.RsaKey
    public: bytes

    @classmethod
    def draw(cls, random_bytes: Callable[[int], bytes]) -> "IdentKey":
        """Draw a new key."""
        while True:
            p = int(number.getPrime(_KEY_BITS // 2, random_bytes))
            q = int(number.getPrime(_KEY_BITS // 2, random_bytes))
            order = (p - 1) * (q - 1)
            if p != q and order % _EXPONENT and (p * q).bit_length() == _KEY_BITS:
                return cls._of(RSA.construct((p * q, _EXPONENT, pow(_EXPONENT, -1, order), p, q)))

    @classmethod
    def from_bytes(cls, raw: bytes) -> "IdentKey":
        """Read a key that `to_bytes` wrote; raises `BadInput`."""
        try:
            return cls._of(RSA.import_key(raw))
        except (ValueError, IndexError, TypeError):
            raise BadInput("the eD2k key cannot be read", remedy="delete its file; a new one is drawn") from None

    def to_bytes(self) -> bytes:
        """Give the key for a file that nobody else reads."""
        return self.private.export_key("DER")

    @classmethod
    def _of(cls, private: RSA.RsaKey) -> "IdentKey":
        return cls(private, private.public_key().export_key("DER"))


class Identification:
    """The exchange with one peer."""

    def __init__(self, key: IdentKey, random_bytes: Callable[[int], bytes]) -> None:
        self._key = key
        self._random_bytes = random_bytes
        self._our_number = b""
        self._their_number = b""
        self.their_key = b""
        self.is_proved = False

    def begin(self, can_identify: int) -> list[bytes]:
        """Ask a peer that can for its key and signature, once."""
        if self._our_number or not can_identify & VERSION:
            return []
        self._our_number = self._random_bytes(4)
        return [pack(Op.IDENT_STATE, struct.pack("<B4s", _KEY_AND_SIGNATURE_WANTED, self._our_number))]

    def asked(self, payload: bytes) -> list[bytes]:
        """Answer a peer that asks for our key, our signature or both."""
        fields = Fields(payload)
        state, self._their_number = fields.number(1), fields.take(4)
        packets = []
        if state == _KEY_AND_SIGNATURE_WANTED:
            packets.append(pack(Op.PUBLIC_KEY, bytes((len(self._key.public),)) + self._key.public))
        if state in (_SIGNATURE_WANTED, _KEY_AND_SIGNATURE_WANTED):
            packets += self._sign()
        return packets

    def key_came(self, payload: bytes) -> list[bytes]:
        """Take the peer's key; it stays what it was first."""
        fields = Fields(payload)
        key = fields.take(fields.number(1))
        if len(key) > _MOST_KEY_BYTES or (self.their_key and key != self.their_key):
            raise BadInput("a peer sent a second key, or one of an unknown length", remedy="the connection is ended")
        self.their_key = key
        return self._sign()

    def signature_came(self, payload: bytes) -> bool:
        """Check the peer's signature: whether it proved the key just now. A wrong one is no fault."""
        fields = Fields(payload)
        signature = fields.take(fields.number(1))
        if not self.their_key or not self._our_number or self.is_proved:
            return False
        try:
            theirs = RSA.import_key(self.their_key)
            pkcs1_15.new(theirs).verify(SHA1.new(self._key.public + self._our_number), signature)
        except (ValueError, IndexError, TypeError, ArithmeticError):
            return False
        self.is_proved = True
        return True

    def _sign(self) -> list[bytes]:
        if not self.their_key or not self._their_number:
            return []
        said = SHA1.new(self.their_key + self._their_number)
        self._their_number = b""
        signature = pkcs1_15.new(self._key.private).sign(said)
        return [pack(Op.SIGNATURE, bytes((len(signature),)) + signature)]
