# SPDX-License-Identifier: EUPL-1.2
r"""Seals a finished pack to the keys of its recipients, so that it can travel by any means.

::

    p2p-sealed-pack-1\n
    {"wraps":[[id of a key, base64], ...]}\n      the key of the file, sealed to each recipient (HPKE)
    ...                                           AES-256-GCM, nonce 0, over the pack; both lines are bound in

The key of the file is fresh and seals once. What comes out is the very pack, which is then checked as any other.
Source: RFC 9180 (HPKE), NIST SP 800-38D (GCM).
"""

import base64
import json
from collections.abc import Callable, Sequence
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from police2peer.campaign import EvidenceKey, EvidencePublicKey
from police2peer.contacts.evidence.encoding import canonical, reading
from police2peer.errors import BadInput

__all__ = ["is_sealed", "open_envelope", "seal_envelope"]

_MAGIC: Final = b"p2p-sealed-pack-1\n"
_INFO: Final = b"p2p-sealed-pack-key-1\n"
_KEY_BYTES: Final = 32
_NONCE: Final = bytes(12)
_HEAD_LIMIT_BYTES: Final = 64 * 1024
_MOST_BYTES: Final = 2**31 - 1024  # what one AES-GCM message takes here


def is_sealed(raw: bytes) -> bool:
    """Whether this is a sealed pack; nothing is checked."""
    return raw.startswith(_MAGIC)


def seal_envelope(
    pack: bytes, recipients: Sequence[EvidencePublicKey], random_bytes: Callable[[int], bytes]
) -> bytes:
    """Seal a pack. Raises `BadInput` when it is too large for one envelope."""
    if len(pack) > _MOST_BYTES:
        raise BadInput("the pack is larger than 2 GB", remedy="ask for a shorter period, in several requests")
    key = random_bytes(_KEY_BYTES)
    wraps = [[each.id, base64.b64encode(each.wrap(key, _INFO)).decode()] for each in recipients]
    head = _MAGIC + canonical({"wraps": wraps}) + b"\n"
    return head + AESGCM(key).encrypt(_NONCE, pack, head)


def open_envelope(raw: bytes, private: EvidenceKey) -> bytes:
    """Give the pack inside. Raises `BadInput` for another key and for damage."""
    end = raw.find(b"\n", len(_MAGIC), _HEAD_LIMIT_BYTES) + 1
    remedy = "use the private half of a key that the request names, and an undamaged file"
    with reading("a sealed evidence pack", remedy):
        wraps = {
            str(name): base64.b64decode(text, validate=True)
            for name, text in json.loads(raw[len(_MAGIC) : end])["wraps"]
        }
    if private.public.id not in wraps:
        raise BadInput("the pack was not sealed to this evidence key", remedy=remedy)
    key = private.unwrap(wraps[private.public.id], _INFO)
    try:
        return AESGCM(key).decrypt(_NONCE, raw[end:], raw[:end])
    except (InvalidTag, ValueError) as error:
        raise BadInput("the sealed pack is damaged", remedy=remedy) from error
