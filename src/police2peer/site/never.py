# SPDX-License-Identifier: EUPL-1.2
"""The list of what police never do, as one file for all languages, with a signature that anybody can check.

Promise: the words are those of the page "Is this message a scam?"; the signature covers every byte of the file and
needs nothing but OpenSSL. The list says what it is in its first line, so that its signature passes for nothing else.
Source: RFC 8032 (Ed25519, over the file itself), RFC 8410 (the public key as SubjectPublicKeyInfo).
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from police2peer.site.texts import PageTexts

__all__ = ["CHECK_COMMAND", "KEY_NAME", "LIST_NAME", "SIGNATURE_NAME", "NeverList", "never_list"]

LIST_NAME, SIGNATURE_NAME, KEY_NAME = "never.json", "never.json.sig", "never.pem"
CHECK_COMMAND = f"openssl pkeyutl -verify -pubin -inkey {KEY_NAME} -rawin -in {LIST_NAME} -sigfile {SIGNATURE_NAME}"
_TYPE = "police2peer/never"
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class NeverList:
    """The list, and with a key its signature and public key; both are empty without one."""

    content: bytes
    signature: bytes
    public_key: bytes

    @property
    def key_sha256(self) -> str:
        """The fingerprint of the key file, empty when the list is not signed."""
        return hashlib.sha256(self.public_key).hexdigest() if self.public_key else ""

    def files(self) -> Mapping[str, bytes]:
        """Give the files to publish, by their names."""
        every = {LIST_NAME: self.content, SIGNATURE_NAME: self.signature, KEY_NAME: self.public_key}
        return {name: content for name, content in every.items() if content}


def never_list(
    texts: Iterable[PageTexts], *, agency: str, today: date, key: Ed25519PrivateKey | None = None
) -> NeverList:
    """Write the list in all languages and, with a key, sign it."""
    value = {
        "type": _TYPE,
        "format": _FORMAT,
        "publisher": agency,
        "published_on": today.isoformat(),
        "languages": {each.tag: _words(each) for each in texts},
    }
    content = (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()
    if key is None:
        return NeverList(content, b"", b"")
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return NeverList(content, key.sign(content), public)


def _words(texts: PageTexts) -> Mapping[str, object]:
    section = texts.sections("scam")[0]
    return {"heading": section.heading, "text": section.text, "never": section.points}
