# SPDX-License-Identifier: EUPL-1.2
"""`order.json` beside a campaign: written by two people in turn, read before anything is published."""

from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from police2peer.campaign.campaign import Campaign
from police2peer.campaign.order import OperationOrder
from police2peer.campaign.signed_order import SignedOrder, check_order, sign_order, withdraw_order
from police2peer.errors import BadInput, NotPermitted
from police2peer.storage import write_whole

__all__ = ["ORDER_NAME", "permitted", "read_signed_order", "sign_campaign", "withdraw_campaign"]

ORDER_NAME = "order.json"


def read_signed_order(campaign: Campaign) -> SignedOrder:
    """Read the campaign's order.json; raises `NotPermitted` when there is none."""
    try:
        content = (campaign.folder / ORDER_NAME).read_bytes()
    except FileNotFoundError as error:
        raise NotPermitted(
            "there is no signed order beside the campaign",
            remedy="have both approvers run `police2peer order sign` with their key",
        ) from error
    except OSError as error:
        raise BadInput(f"{ORDER_NAME} cannot be read ({error.strerror})", remedy="make it readable") from error
    return SignedOrder.from_bytes(content)


def sign_campaign(campaign: Campaign, key: Ed25519PrivateKey, *, anew: bool = False) -> SignedOrder:
    """Add one approver's signature to order.json.

    `anew` puts away an order for the campaign as it was before; without it a change after the first signature is
    refused, so that nobody's signature is thrown away unseen.
    """
    payload = campaign.order_payload()
    signed = SignedOrder(payload)
    if not anew and (campaign.folder / ORDER_NAME).exists():
        signed = read_signed_order(campaign)
        if signed.payload != payload:
            raise NotPermitted(
                "the campaign was changed after order.json was signed",
                remedy="undo the change, or sign anew with --anew; then the other approver signs anew too",
            )
        if signed.withdrawals:
            raise NotPermitted(
                "this order was withdrawn",
                remedy="give the order a new id in the campaign file, and sign with --anew",
            )
    signed = sign_order(signed, key)
    write_whole(campaign.folder / ORDER_NAME, signed.to_bytes())
    return signed


def withdraw_campaign(campaign: Campaign, key: Ed25519PrivateKey, *, at: datetime, reason: str) -> SignedOrder:
    """Mark order.json as withdrawn by one approver."""
    signed = withdraw_order(read_signed_order(campaign), key, at=at, reason=reason)
    write_whole(campaign.folder / ORDER_NAME, signed.to_bytes())
    return signed


def permitted(campaign: Campaign, *, now: datetime, trusted: frozenset[bytes]) -> OperationOrder:
    """Give the order when it permits publishing this campaign now; see `check_order` for what is raised."""
    return check_order(read_signed_order(campaign), now=now, trusted=trusted, campaign_sha256=campaign.sha256)
