# SPDX-License-Identifier: EUPL-1.2
"""The sealed ledger: contacts as records, under an order that demands them, and under no other.

A node writes it and cannot read it: every record is encrypted to a key that the agency keeps offline.
"""

from police2peer.contacts.ledger.build import build_sha256, tool_version
from police2peer.contacts.ledger.clock import QUARANTINE_MS, ClockReading, read_kernel_clock
from police2peer.contacts.ledger.describing import RecordMaker
from police2peer.contacts.ledger.ledger import Ledger, LedgerTerms
from police2peer.contacts.ledger.reader import LedgerReader, SealedEntry, open_with_record_key
from police2peer.contacts.ledger.record import ContactRecord, GapRecord, LedgerRecord, RecordedConnection, read_record
from police2peer.contacts.ledger.sealing import RecordKey
from police2peer.contacts.ledger.segment import SegmentHeader
from police2peer.contacts.ledger.sink import LedgerSink
from police2peer.contacts.ledger.states import LedgerState, open_state

__all__ = [
    "QUARANTINE_MS",
    "ClockReading",
    "ContactRecord",
    "GapRecord",
    "Ledger",
    "LedgerReader",
    "LedgerRecord",
    "LedgerSink",
    "LedgerState",
    "LedgerTerms",
    "RecordKey",
    "RecordMaker",
    "RecordedConnection",
    "SealedEntry",
    "SegmentHeader",
    "build_sha256",
    "open_state",
    "open_with_record_key",
    "read_kernel_clock",
    "read_record",
    "tool_version",
]
