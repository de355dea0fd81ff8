# SPDX-License-Identifier: EUPL-1.2
"""The sealed ledger: contacts as records, under an order that demands them, and under no other.

A node writes it and cannot read it: every record is encrypted to a key that the agency keeps offline.
"""

from police2peer.contacts.ledger.clock import QUARANTINE_MS, ClockReading, read_kernel_clock
from police2peer.contacts.ledger.record import ContactRecord, GapRecord, LedgerRecord, RecordedConnection, read_record

__all__ = [
    "QUARANTINE_MS",
    "ClockReading",
    "ContactRecord",
    "GapRecord",
    "LedgerRecord",
    "RecordedConnection",
    "read_kernel_clock",
    "read_record",
]
