# SPDX-License-Identifier: EUPL-1.2
"""An invented order, requests and people, for the tests of evidence packs."""

from dataclasses import replace
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from police2peer.campaign import Approver, EvidenceMode, NetworkSpace, OperationOrder, public_bytes
from police2peer.contacts.evidence import (
    EvidenceRequest,
    Recipient,
    Selection,
    SignedRequest,
    approve_request,
    sign_request,
)

START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)
NOW = datetime(2026, 8, 1, 12, 0, 0, 500_000, tzinfo=UTC)
ASKER = Ed25519PrivateKey.from_private_bytes(b"a" * 32)
APPROVER = Ed25519PrivateKey.from_private_bytes(b"b" * 32)
TRUSTED = frozenset({public_bytes(ASKER), public_bytes(APPROVER)})


def order(evidence: EvidenceMode = EvidenceMode.OFF) -> OperationOrder:
    """Give an order for the first half of 2026 on two networks."""
    return OperationOrder(
        id="no-2027-01",
        authority="Example National Police",
        country="NO",
        legal_ground="Section 1 of an invented act",
        spaces=(
            NetworkSpace("bittorrent", "an invented space", "invented grounds"),
            NetworkSpace("ed2k", "another invented space", "invented grounds"),
        ),
        approvers=(Approver("First Person", b"1" * 32), Approver("Second Person", b"2" * 32)),
        start=START,
        end=END,
        evidence=evidence,
        campaign_sha256="0" * 64,
    )


def selection(**changes: object) -> Selection:
    """Give a selection of everything that the order covers on BitTorrent."""
    return replace(Selection(START, END, ("bittorrent",), ("NO",)), **changes)  # type: ignore[arg-type]  # tests change one field


def request(**changes: object) -> EvidenceRequest:
    """Give a request for a partner in Portugal."""
    plain = EvidenceRequest(
        id="no-2027-01-r1",
        order_id="no-2027-01",
        requester="Asking Person",
        reason="an invented case",
        legal_ground="Section 2 of an invented act",
        recipients=(Recipient("Example Partner Police", "PT"),),
        selection=selection(),
        made_at=NOW,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # as above


def approved(asked: EvidenceRequest | None = None) -> SignedRequest:
    """Give a request with both signatures."""
    return approve_request(sign_request(asked or request(), ASKER), "Approving Person", APPROVER, NOW)
