# SPDX-License-Identifier: EUPL-1.2
"""An invented order, requests, people and a ledger, for the tests of evidence packs."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from tests.contacts.ledger_records import AT, contact_record, gap_record

from police2peer.campaign import (
    Approver,
    EvidenceKey,
    EvidenceMode,
    EvidencePublicKey,
    NetworkSpace,
    OperationOrder,
    SignedOrder,
    public_bytes,
    sign_order,
)
from police2peer.catalogue import KnownFile
from police2peer.contacts.evidence import (
    Custody,
    EvidenceRequest,
    Export,
    Officer,
    OpenedLedger,
    Recipient,
    Selection,
    SignedRequest,
    approve_request,
    begin_custody,
    sign_request,
)
from police2peer.contacts.ledger import Ledger, LedgerReader, LedgerTerms

START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)
NOW = datetime(2026, 8, 1, 12, 0, 0, 500_000, tzinfo=UTC)
ASKER = Ed25519PrivateKey.from_private_bytes(b"a" * 32)
APPROVER = Ed25519PrivateKey.from_private_bytes(b"b" * 32)
FIRST, SECOND = (Ed25519PrivateKey.from_private_bytes(letter * 32) for letter in (b"c", b"d"))
EXPORTER = Officer("Exporting Person", Ed25519PrivateKey.from_private_bytes(b"e" * 32))
NODE_KEY = Ed25519PrivateKey.from_private_bytes(b"f" * 32)
ORIGIN = "police.example/ledger/node-1"
TRUSTED = frozenset({public_bytes(ASKER), public_bytes(APPROVER)})


def agency_key(seed: bytes = b"g") -> EvidenceKey:
    """Give the key to which the ledger is sealed; the same each time."""
    return EvidenceKey(X25519PrivateKey.from_private_bytes(seed * 32), None)


def order(recipients: tuple[EvidencePublicKey, ...] = ()) -> OperationOrder:
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
        approvers=(Approver("First Person", public_bytes(FIRST)), Approver("Second Person", public_bytes(SECOND))),
        start=START,
        end=END,
        evidence=EvidenceMode.ON if recipients else EvidenceMode.OFF,
        campaign_sha256="0" * 64,
        evidence_recipients=recipients,
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


def signed_order() -> SignedOrder:
    """Give the order that demands records, with the signatures of both approvers."""
    return sign_order(sign_order(order((agency_key().public,)).to_bytes(), FIRST), SECOND)


def seeded(seed: str) -> "_Bytes":
    """Give bytes that are the same each time."""
    return _Bytes(seed)


class _Bytes:
    def __init__(self, seed: str) -> None:
        self._seed, self._turn = seed, 0

    def __call__(self, count: int) -> bytes:
        self._turn += 1
        return hashlib.shake_128(f"{self._seed} {self._turn}".encode()).digest(count)


def write_ledger(folder: Path, payloads: Sequence[bytes], *, segment_records: int = 10) -> Path:
    """Make a ledger under the order, a commit for each five records."""
    terms = LedgerTerms.under(signed_order().order, tool_version="0.1.0", build_sha256="ef" * 32)
    with Ledger(
        folder, ORIGIN, NODE_KEY, terms, random_bytes=seeded("ledger"), segment_records=segment_records
    ) as ledger:
        for start in range(0, len(payloads), 5):
            ledger.commit(payloads[start : start + 5], AT)
    return folder


def payloads(count: int = 24) -> list[bytes]:
    """Give invented records, one of them a gap."""
    return [*(contact_record(number).to_bytes() for number in range(count)), gap_record().to_bytes()]


def no_catalogue(_files: Sequence[KnownFile]) -> Mapping[str, bytes]:
    """Stand for an agency that proves its files another way."""
    return {}


def export(folder: Path, signed: SignedRequest | None = None) -> Export:
    """Give everything that an export needs; ledger and custody log are made in the folder when they are not there."""
    ledger = folder / "ledger"
    if not ledger.exists():
        write_ledger(ledger, payloads())
        begin_custody(folder / "custody", "police.example/custody")
    return Export(
        signed=signed or approved(),
        order=signed_order(),
        ledger=OpenedLedger(LedgerReader(ledger), agency_key()),
        custody=Custody(folder / "custody"),
        officer=EXPORTER,
        trusted=TRUSTED,
        approvers=frozenset({public_bytes(FIRST), public_bytes(SECOND)}),
        excerpt=no_catalogue,
        random_bytes=seeded("envelope"),
        tool_version="0.1.0",
        build_sha256="ef" * 32,
    )
