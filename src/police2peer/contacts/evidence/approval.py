# SPDX-License-Identifier: EUPL-1.2
"""A request with the signature of who asks and the approval of a second person; nothing is selected before both hold.

Each signs the exact bytes behind a prefix of its own (Ed25519, RFC 8032). The approver is another person with another
key, and both keys stand in a list that the agency's administrator keeps. Keys may be files or live in a token.
"""

import base64
import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from police2peer.campaign import parse_public_key, public_bytes
from police2peer.contacts.evidence.encoding import (
    canonical,
    read_canonical,
    read_moment,
    read_text,
    reading,
    write_moment,
)
from police2peer.contacts.evidence.request import EvidenceRequest
from police2peer.errors import BadInput, NotAuthentic, NotPermitted
from police2peer.storage import write_whole

__all__ = [
    "Approval",
    "SignedRequest",
    "approve_request",
    "check_request",
    "read_request",
    "sign_request",
    "write_request",
]

_FORMAT: Final = "p2p-signed-evidence-request-1"
_REQUEST_PREFIX: Final = b"p2p-evidence-request-v1\n"
_APPROVAL_PREFIX: Final = b"p2p-evidence-approval-v1\n"
_MOST_BYTES: Final = 2 * 1024 * 1024
_REMEDY: Final = "write it anew with `police2peer evidence request`"
_FORGED: Final = "export nothing, find out who changed the file, and ask anew"


@dataclass(frozen=True, slots=True)
class Approval:
    """The word of the second person."""

    name: str
    at: datetime
    public_key: bytes
    signature: bytes = b""

    def message(self, payload: bytes) -> bytes:
        """Give the bytes that are signed: name and time, bound to the request by its SHA-256."""
        told = {
            "request_sha256": hashlib.sha256(payload).hexdigest(),
            "name": self.name,
            "at": write_moment(self.at),
        }
        return _APPROVAL_PREFIX + canonical(told)


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """The exact bytes of a request, who signed them, and who approved; nothing is proved before `check_request`."""

    payload: bytes
    public_key: bytes
    signature: bytes
    approval: Approval | None = None

    @property
    def request(self) -> EvidenceRequest:
        """The request as parsed."""
        return EvidenceRequest.from_bytes(self.payload)

    def to_bytes(self) -> bytes:
        """Give the content of the file."""
        approval = self.approval
        return canonical(
            {
                "format": _FORMAT,
                "payload": base64.b64encode(self.payload).decode(),
                "public_key": self.public_key.hex(),
                "signature": self.signature.hex(),
                "approval": approval
                and {
                    "name": approval.name,
                    "at": write_moment(approval.at),
                    "public_key": approval.public_key.hex(),
                    "signature": approval.signature.hex(),
                },
            }
        )

    @classmethod
    def from_bytes(cls, raw: bytes) -> "SignedRequest":
        """Read what `to_bytes` wrote. Raises `BadInput` on anything else."""
        with reading("a signed request for evidence", _REMEDY):
            value = read_canonical(raw, _MOST_BYTES)
            signed = cls(
                payload=base64.b64decode(read_text(value["payload"]), validate=True),
                public_key=parse_public_key(read_text(value["public_key"])),
                signature=bytes.fromhex(read_text(value["signature"])),
                approval=None if value["approval"] is None else _read_approval(value["approval"]),
            )
            if value["format"] != _FORMAT or signed.to_bytes() != raw:
                raise ValueError("another format")
        return signed


def _read_approval(value: Any) -> Approval:  # noqa: ANN401 - read here for the first time
    return Approval(
        name=read_text(value["name"]),
        at=read_moment(value["at"]),
        public_key=parse_public_key(read_text(value["public_key"])),
        signature=bytes.fromhex(read_text(value["signature"])),
    )


def read_request(path: Path) -> SignedRequest:
    """Read a signed request from its file. Raises `BadInput`."""
    try:
        with path.open("rb") as handle:
            raw = handle.read(_MOST_BYTES + 1)
    except OSError as error:
        raise BadInput(f"{path.name} cannot be read ({error.strerror})", remedy="give the request's file") from error
    return SignedRequest.from_bytes(raw)


def sign_request(request: EvidenceRequest, key: Ed25519PrivateKey) -> SignedRequest:
    """Sign a request as who asks."""
    payload = request.to_bytes()
    return SignedRequest(payload, public_bytes(key), key.sign(_REQUEST_PREFIX + payload))


def approve_request(signed: SignedRequest, name: str, key: Ed25519PrivateKey, at: datetime) -> SignedRequest:
    """Approve a request as the second person. Raises `NotPermitted` for who asked, `BadInput` for no name."""
    if not name.strip():
        raise BadInput("the approver has no name", remedy="give it with --name")
    _check_signature(signed.public_key, signed.signature, _REQUEST_PREFIX + signed.payload, "the request")
    approval = Approval(name.strip(), at, public_bytes(key))
    _check_two_people(signed, approval)
    approval = replace(approval, signature=key.sign(approval.message(signed.payload)))
    return replace(signed, approval=approval)


def check_request(signed: SignedRequest, *, trusted: frozenset[bytes]) -> EvidenceRequest:
    """Give the request when it may be carried out; raise otherwise.

    1. It is a request (`BadInput`). 2. It bears an approval by another person with another key (`NotPermitted`).
    3. Both keys are in the agency's list (`NotPermitted`). 4. Both signatures hold (`NotAuthentic`).
    """
    request = signed.request  # 1
    approval = signed.approval
    if approval is None:  # 2
        raise NotPermitted(
            f"request {request.id} has not been approved",
            remedy="have a second person run `police2peer evidence approve` with their key",
        )
    _check_two_people(signed, approval)
    for key, name in ((signed.public_key, request.requester), (approval.public_key, approval.name)):  # 3
        if key not in trusted:
            raise NotPermitted(
                f"the key of {name} is not in the list of those who may ask for or approve evidence",
                remedy="have the administrator add it after checking it in person, or use a key that is in the list",
            )
    _check_signature(signed.public_key, signed.signature, _REQUEST_PREFIX + signed.payload, "the request")  # 4
    _check_signature(approval.public_key, approval.signature, approval.message(signed.payload), "the approval")
    return request


def write_request(path: Path, signed: SignedRequest) -> None:
    """Write a request for its owner alone: it may name visits."""
    write_whole(path, signed.to_bytes(), mode=0o600)


def _check_two_people(signed: SignedRequest, approval: Approval) -> None:
    asked_by = " ".join(signed.request.requester.casefold().split())
    if approval.public_key == signed.public_key or " ".join(approval.name.casefold().split()) == asked_by:
        raise NotPermitted(
            "who asks for evidence cannot approve it", remedy="have a second person approve, with a key of their own"
        )


def _check_signature(public: bytes, signature: bytes, message: bytes, what: str) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError) as error:
        raise NotAuthentic(f"the signature on {what} does not hold", remedy=_FORGED) from error
