# SPDX-License-Identifier: EUPL-1.2
"""A ledger of an invented node, for the tests: always the same keys, a clock that is given."""

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from tests.contacts.ledger_records import AT

from police2peer.campaign import EvidenceKey
from police2peer.contacts.ledger import Ledger, LedgerTerms

ORIGIN = "police.example/ledger/node-1"
NODE_KEY = Ed25519PrivateKey.from_private_bytes(b"node-1 of an invented ledger, v1")


def evidence_key(name: str = "agency") -> EvidenceKey:
    """Give the evidence key of an invented agency; the same each time."""
    seed = hashlib.sha512(name.encode()).digest()
    return EvidenceKey(X25519PrivateKey.from_private_bytes(seed[:32]), MLKEM768PrivateKey.from_seed_bytes(seed))


def terms(*recipients: EvidenceKey) -> LedgerTerms:
    """Give the terms of an invented order."""
    return LedgerTerms(
        order_id="no-2027-01",
        order_sha256="5c" * 32,
        recipients=tuple(each.public for each in recipients or (evidence_key(),)),
        keep=timedelta(days=180),
        tool_version="0.1.0",
        build_sha256="ef" * 32,
    )


def open_ledger(path: Path, *, segment_records: int = 1000, key: Ed25519PrivateKey = NODE_KEY) -> Ledger:
    """Open the ledger in a folder to write."""
    made = iter(range(10**9))

    def random_bytes(count: int) -> bytes:
        """Give other bytes each time, also after the folder was opened anew."""
        return hashlib.sha512(f"{path} {next(made)} {len(list(path.glob('segments/*')))}".encode()).digest()[:count]

    return Ledger(path, ORIGIN, key, terms(), random_bytes=random_bytes, segment_records=segment_records)


def write_ledger(path: Path, commits: Sequence[Sequence[bytes]], *, segment_records: int = 1000) -> None:
    """Make a ledger with these commits, a second apart."""
    with open_ledger(path, segment_records=segment_records) as ledger:
        for number, payloads in enumerate(commits):
            ledger.commit(payloads, AT + timedelta(seconds=number))
