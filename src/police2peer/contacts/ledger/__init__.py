# SPDX-License-Identifier: EUPL-1.2
"""The sealed ledger: contacts as records, under an order that demands them, and under no other.

A node writes it and cannot read it: every record is encrypted to a key that the agency keeps offline.
"""

from police2peer.contacts.ledger.build import build_sha256, tool_version
from police2peer.contacts.ledger.clock import QUARANTINE_MS, ClockReading, read_kernel_clock
from police2peer.contacts.ledger.describing import RecordMaker
from police2peer.contacts.ledger.erasure import (
    DUE,
    ErasureNotice,
    ErasureProof,
    due_segments,
    erase_records,
    erase_segments,
    keys_of_the_rest,
    prove_erasures,
    read_notice,
)
from police2peer.contacts.ledger.frames import EntryKind
from police2peer.contacts.ledger.inspection import Inspection, inspect_ledger
from police2peer.contacts.ledger.ledger import Ledger, LedgerTerms
from police2peer.contacts.ledger.reader import LedgerReader, SealedEntry, open_with_record_key
from police2peer.contacts.ledger.record import ContactRecord, GapRecord, LedgerRecord, RecordedConnection, read_record
from police2peer.contacts.ledger.sealing import RecordKey
from police2peer.contacts.ledger.segment import SegmentHeader
from police2peer.contacts.ledger.sink import LedgerSink
from police2peer.contacts.ledger.stamps import Stamp, add_stamp, ask_stamp, check_stamp, read_authorities, stamps_of
from police2peer.contacts.ledger.states import LedgerState, open_state
from police2peer.contacts.ledger.witnessing import Confirmation, add_confirmation, ask_witness, confirmations

__all__ = [
    "DUE",
    "QUARANTINE_MS",
    "ClockReading",
    "Confirmation",
    "ContactRecord",
    "EntryKind",
    "ErasureNotice",
    "ErasureProof",
    "GapRecord",
    "Inspection",
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
    "Stamp",
    "add_confirmation",
    "add_stamp",
    "ask_stamp",
    "ask_witness",
    "build_sha256",
    "check_stamp",
    "confirmations",
    "due_segments",
    "erase_records",
    "erase_segments",
    "inspect_ledger",
    "keys_of_the_rest",
    "open_state",
    "open_with_record_key",
    "prove_erasures",
    "read_authorities",
    "read_kernel_clock",
    "read_notice",
    "read_record",
    "stamps_of",
    "tool_version",
]
