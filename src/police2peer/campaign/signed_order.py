# SPDX-License-Identifier: EUPL-1.2
"""An operation order with its signatures, and the check before anything is published.

Each approver signs the exact bytes of the order (Ed25519, RFC 8032) behind a prefix, so that a signature made for
one purpose is worth nothing for another. One approver alone can withdraw an order. A withdrawal is a mark in the
order's file: a machine that never receives the new file learns of it only through the next release.
"""

import base64
import hashlib
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from police2peer.campaign.keys import parse_public_key, public_bytes
from police2peer.campaign.order import SIGN_REMEDY, OperationOrder, canonical_json
from police2peer.errors import BadInput, NotAuthentic, NotPermitted

__all__ = ["OrderSignature", "SignedOrder", "Withdrawal", "check_order", "sign_order", "withdraw_order"]

_ORDER_PREFIX = b"p2p-order-v1\n"
_WITHDRAWAL_PREFIX = b"p2p-order-withdrawal-v1\n"
_FORMAT = "police2peer-signed-order-1"
MAX_ORDER_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class OrderSignature:
    """One approver's signature over the payload."""

    public_key: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """One approver's word that the order ends now."""

    public_key: bytes
    signature: bytes
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class SignedOrder:
    """The exact bytes signed, who signed them, and whether one of them took it back."""

    payload: bytes
    signatures: tuple[OrderSignature, ...] = ()
    withdrawals: tuple[Withdrawal, ...] = ()

    @property
    def order(self) -> OperationOrder:
        """The order as parsed; nothing in it is proved before `check_order`."""
        return OperationOrder.from_bytes(self.payload)

    def to_bytes(self) -> bytes:
        """Give the content of order.json."""
        document = {
            "format": _FORMAT,
            "payload": base64.b64encode(self.payload).decode(),
            "signatures": [
                {"public_key": one.public_key.hex(), "signature": one.signature.hex()} for one in self.signatures
            ],
            "withdrawals": [
                {
                    "public_key": one.public_key.hex(),
                    "signature": one.signature.hex(),
                    "at": one.at.isoformat(),
                    "reason": one.reason,
                }
                for one in self.withdrawals
            ],
        }
        return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> "SignedOrder":
        """Parse order.json; raises `BadInput` on anything else."""
        if len(content) > MAX_ORDER_BYTES:
            raise BadInput("this is too long for a signed operation order", remedy=SIGN_REMEDY)
        try:
            values = json.loads(content)
            signed = cls(
                base64.b64decode(values["payload"], validate=True),
                tuple(
                    OrderSignature(parse_public_key(one["public_key"]), bytes.fromhex(one["signature"]))
                    for one in values["signatures"]
                ),
                tuple(
                    Withdrawal(
                        parse_public_key(one["public_key"]),
                        bytes.fromhex(one["signature"]),
                        _moment(one["at"]),
                        str(one["reason"]),
                    )
                    for one in values["withdrawals"]
                ),
            )
            is_ours = values["format"] == _FORMAT
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            raise BadInput("this is not a signed operation order", remedy=SIGN_REMEDY) from error
        if not is_ours:
            raise BadInput("this signed order is of another format", remedy=SIGN_REMEDY)
        return signed


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError
    return moment.astimezone(UTC)


def _withdrawal_bytes(payload: bytes, at: datetime, reason: str) -> bytes:
    order_sha256 = hashlib.sha256(payload).hexdigest()
    told = {"order_sha256": order_sha256, "at": at.isoformat(), "reason": reason}
    return _WITHDRAWAL_PREFIX + canonical_json(told)


def sign_order(payload: bytes | SignedOrder, key: Ed25519PrivateKey) -> SignedOrder:
    """Add one approver's signature; signing again changes nothing.

    Raises `NotPermitted` when the key is not one of the two that the order names.
    """
    signed = payload if isinstance(payload, SignedOrder) else SignedOrder(payload)
    signer = _named_signer(signed, key)
    if any(one.public_key == signer for one in signed.signatures):
        return signed
    added = OrderSignature(signer, key.sign(_ORDER_PREFIX + signed.payload))
    return replace(signed, signatures=(*signed.signatures, added))


def withdraw_order(signed: SignedOrder, key: Ed25519PrivateKey, *, at: datetime, reason: str) -> SignedOrder:
    """Mark the order as withdrawn; one of its approvers suffices."""
    signer = _named_signer(signed, key)
    at = at.astimezone(UTC)
    added = Withdrawal(signer, key.sign(_withdrawal_bytes(signed.payload, at, reason)), at, reason)
    return replace(signed, withdrawals=(*signed.withdrawals, added))


def _named_signer(signed: SignedOrder, key: Ed25519PrivateKey) -> bytes:
    signer = public_bytes(key)
    if signer not in {approver.public_key for approver in signed.order.approvers}:
        raise NotPermitted(
            "this key belongs to neither approver of the order",
            remedy="use the key of an approver, or name this person in the campaign file and sign anew",
        )
    return signer


def check_order(
    signed: SignedOrder, *, now: datetime, trusted: frozenset[bytes], campaign_sha256: str | None
) -> OperationOrder:
    """Give the order when it permits publishing now; raise otherwise.

    1. The payload is an order with two different approvers (`BadInput`).
    2. This machine trusts both approvers (`NotPermitted`).
    3. Every signature is an approver's and holds (`NotAuthentic`).
    4. Both approvers have signed (`NotPermitted`).
    5. No approver has withdrawn it (`NotPermitted`; a forged withdrawal is `NotAuthentic`).
    6. `now` lies in its period (`NotPermitted`).
    7. It approves this very campaign (`NotPermitted`); None leaves this step to the caller.
    """
    order = signed.order  # 1
    names = {approver.public_key: approver.name for approver in order.approvers}
    for public_key, name in names.items():  # 2
        if public_key not in trusted:
            raise NotPermitted(
                f"this machine does not trust the approver {name}",
                remedy="have the administrator add the public key to the trusted ones, after checking it in person",
            )
    for one in signed.signatures:  # 3
        _verify(one.public_key, one.signature, _ORDER_PREFIX + signed.payload, names, "signature")
    missing = [name for key, name in names.items() if key not in {one.public_key for one in signed.signatures}]
    if missing:  # 4
        raise NotPermitted(
            f"not signed by {' and '.join(missing)}", remedy="have them run `police2peer order sign` with their key"
        )
    _check_withdrawals(signed, names)  # 5
    _check_period(order, now)  # 6
    if campaign_sha256 is not None and campaign_sha256 != order.campaign_sha256:  # 7
        raise NotPermitted(
            "the campaign was changed after the order was signed",
            remedy="undo the change, or have both approvers sign anew with `police2peer order sign`",
        )
    return order


def _verify(public_key: bytes, signature: bytes, message: bytes, names: dict[bytes, str], what: str) -> None:
    if public_key not in names:
        raise NotAuthentic(f"a {what} is by nobody whom the order names", remedy=SIGN_REMEDY)
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError) as error:
        raise NotAuthentic(
            f"the {what} of {names[public_key]} does not hold",
            remedy="publish nothing, find out who changed the file, and sign anew",
        ) from error


def _check_withdrawals(signed: SignedOrder, names: dict[bytes, str]) -> None:
    for one in signed.withdrawals:
        message = _withdrawal_bytes(signed.payload, one.at, one.reason)
        _verify(one.public_key, one.signature, message, names, "withdrawal")
        raise NotPermitted(
            f"the order was withdrawn by {names[one.public_key]} on {one.at:%Y-%m-%d %H:%M} UTC",
            remedy="stop publishing; to begin again, have a new order signed",
        )


def _check_period(order: OperationOrder, now: datetime) -> None:
    if now < order.start:
        raise NotPermitted(
            f"the order starts on {order.start:%Y-%m-%d %H:%M} UTC", remedy="wait, or check this machine's clock"
        )
    if now >= order.end:
        raise NotPermitted(
            f"the order ended on {order.end:%Y-%m-%d %H:%M} UTC",
            remedy="have a new order signed, or check this machine's clock",
        )
