# SPDX-License-Identifier: EUPL-1.2
"""A private key locked with a pass phrase: PKCS #8 EncryptedPrivateKeyInfo with scrypt and AES-256-CBC.

Written here, because the library that reads it would write PBKDF2 with 2,048 rounds, which lets a thief try millions
of pass phrases a second; scrypt as below takes 16 MB and about half a second for each. OpenSSL reads these files.
Sources: RFC 5958 (3), RFC 8018 (6.2, A.4), RFC 7914 (7); ITU-T X.690 for the few DER types that are needed.
"""

import base64
import textwrap
from collections.abc import Callable

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.padding import PKCS7

__all__ = ["lock_private_key"]

# N 2^14 with r 8 fits the 32 MB that OpenSSL allows; p 5 makes it as hard as N 2^17 alone (OWASP, password storage).
_SCRYPT_N, _SCRYPT_R, _SCRYPT_P = 2**14, 8, 5
_SALT_BYTES, _BLOCK_BYTES, _KEY_BYTES = 16, 16, 32

_SEQUENCE, _OCTETS, _INTEGER, _OBJECT_ID = 0x30, 0x04, 0x02, 0x06
_PBES2 = bytes.fromhex("2a864886f70d01050d")  # 1.2.840.113549.1.5.13
_SCRYPT = bytes.fromhex("2b06010401da47040b")  # 1.3.6.1.4.1.11591.4.11
_AES_256_CBC = bytes.fromhex("60864801650304012a")  # 2.16.840.1.101.3.4.1.42


def _der(tag: int, *parts: bytes) -> bytes:
    """Write one DER value; lengths here are below 65,536."""
    content = b"".join(parts)
    length = len(content)
    if length < 0x80:  # noqa: PLR2004 - X.690, 8.1.3.4: the short form
        return bytes((tag, length)) + content
    digits = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(digits))) + digits + content


def _number(value: int) -> bytes:
    return _der(_INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def lock_private_key(key: PrivateKeyTypes, pass_phrase: bytes, random_bytes: Callable[[int], bytes]) -> bytes:
    """Give the PEM text of the key, locked with the pass phrase."""
    plain = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    salt, start = random_bytes(_SALT_BYTES), random_bytes(_BLOCK_BYTES)
    wrapping = Scrypt(salt, _KEY_BYTES, _SCRYPT_N, _SCRYPT_R, _SCRYPT_P).derive(pass_phrase)
    padder = PKCS7(8 * _BLOCK_BYTES).padder()
    encryptor = Cipher(algorithms.AES(wrapping), modes.CBC(start)).encryptor()
    locked = encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()
    stretch = _der(_SEQUENCE, _der(_OCTETS, salt), _number(_SCRYPT_N), _number(_SCRYPT_R), _number(_SCRYPT_P))
    scheme = _der(
        _SEQUENCE,
        _der(_SEQUENCE, _der(_OBJECT_ID, _SCRYPT), stretch),
        _der(_SEQUENCE, _der(_OBJECT_ID, _AES_256_CBC), _der(_OCTETS, start)),
    )
    der = _der(_SEQUENCE, _der(_SEQUENCE, _der(_OBJECT_ID, _PBES2), scheme), _der(_OCTETS, locked))
    lines = "\n".join(textwrap.wrap(base64.b64encode(der).decode(), 64))
    return f"-----BEGIN ENCRYPTED PRIVATE KEY-----\n{lines}\n-----END ENCRYPTED PRIVATE KEY-----\n".encode()
