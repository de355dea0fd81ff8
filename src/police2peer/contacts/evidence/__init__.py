# SPDX-License-Identifier: EUPL-1.2
"""From a request that two people signed to a pack that another country can verify; and the log of who did what.

Names are loaded on first use: setting the paper of a pack loads typst, checking one does not.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from police2peer.contacts.evidence.approval import (
        SignedRequest,
        approve_request,
        check_request,
        read_request,
        sign_request,
        write_request,
    )
    from police2peer.contacts.evidence.case import CaseFrame, Disclosed, case_graph, ontology, write_case
    from police2peer.contacts.evidence.checking import ReceivedPack, as_json, check_received, warning_files
    from police2peer.contacts.evidence.custody import Custody, begin_custody
    from police2peer.contacts.evidence.custody_entry import Act, CustodyEntry
    from police2peer.contacts.evidence.envelope import is_sealed, open_envelope, seal_envelope
    from police2peer.contacts.evidence.export import Export, Exported, export_pack
    from police2peer.contacts.evidence.following import Officer, Review, follow_ledger, review_ledger
    from police2peer.contacts.evidence.looking import Access, Look, Told, look_at, tell_person
    from police2peer.contacts.evidence.opened_ledger import OpenedEntry, OpenedLedger
    from police2peer.contacts.evidence.plain_text import shown
    from police2peer.contacts.evidence.request import (
        EvidenceRequest,
        Recipient,
        Selection,
        TransferGround,
        check_inside,
    )
    from police2peer.contacts.evidence.request_file import read_request_file
    from police2peer.contacts.evidence.statement import RUNGS, set_statement, words
    from police2peer.contacts.evidence.verify_pack import summary

__all__ = [
    "RUNGS",
    "Access",
    "Act",
    "CaseFrame",
    "Custody",
    "CustodyEntry",
    "Disclosed",
    "EvidenceRequest",
    "Export",
    "Exported",
    "Look",
    "Officer",
    "OpenedEntry",
    "OpenedLedger",
    "ReceivedPack",
    "Recipient",
    "Review",
    "Selection",
    "SignedRequest",
    "Told",
    "TransferGround",
    "approve_request",
    "as_json",
    "begin_custody",
    "case_graph",
    "check_inside",
    "check_received",
    "check_request",
    "export_pack",
    "follow_ledger",
    "is_sealed",
    "look_at",
    "ontology",
    "open_envelope",
    "read_request",
    "read_request_file",
    "review_ledger",
    "seal_envelope",
    "set_statement",
    "shown",
    "sign_request",
    "summary",
    "tell_person",
    "warning_files",
    "words",
    "write_case",
    "write_request",
]

_WHERE = {
    "approval": (
        "SignedRequest",
        "approve_request",
        "check_request",
        "read_request",
        "sign_request",
        "write_request",
    ),
    "case": ("CaseFrame", "Disclosed", "case_graph", "ontology", "write_case"),
    "checking": ("ReceivedPack", "as_json", "check_received", "warning_files"),
    "custody": ("Custody", "begin_custody"),
    "custody_entry": ("Act", "CustodyEntry"),
    "envelope": ("is_sealed", "open_envelope", "seal_envelope"),
    "export": ("Export", "Exported", "export_pack"),
    "following": ("Officer", "Review", "follow_ledger", "review_ledger"),
    "looking": ("Access", "Look", "Told", "look_at", "tell_person"),
    "opened_ledger": ("OpenedEntry", "OpenedLedger"),
    "plain_text": ("shown",),
    "request": ("EvidenceRequest", "Recipient", "Selection", "TransferGround", "check_inside"),
    "request_file": ("read_request_file",),
    "statement": ("RUNGS", "set_statement", "words"),
    "verify_pack": ("summary",),
}
_MODULE_OF = {name: module for module, names in _WHERE.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _MODULE_OF:
        raise AttributeError(name)
    return getattr(importlib.import_module(f"police2peer.contacts.evidence.{_MODULE_OF[name]}"), name)
