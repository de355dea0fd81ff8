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
    from police2peer.contacts.evidence.custody import Custody, begin_custody
    from police2peer.contacts.evidence.custody_entry import Act, CustodyEntry
    from police2peer.contacts.evidence.plain_text import shown
    from police2peer.contacts.evidence.request import (
        EvidenceRequest,
        Recipient,
        Selection,
        TransferGround,
        check_inside,
    )
    from police2peer.contacts.evidence.statement import RUNGS, set_statement, words

__all__ = [
    "RUNGS",
    "Act",
    "CaseFrame",
    "Custody",
    "CustodyEntry",
    "Disclosed",
    "EvidenceRequest",
    "Recipient",
    "Selection",
    "SignedRequest",
    "TransferGround",
    "approve_request",
    "begin_custody",
    "case_graph",
    "check_inside",
    "check_request",
    "ontology",
    "read_request",
    "set_statement",
    "shown",
    "sign_request",
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
    "custody": ("Custody", "begin_custody"),
    "custody_entry": ("Act", "CustodyEntry"),
    "plain_text": ("shown",),
    "request": ("EvidenceRequest", "Recipient", "Selection", "TransferGround", "check_inside"),
    "statement": ("RUNGS", "set_statement", "words"),
}
_MODULE_OF = {name: module for module, names in _WHERE.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _MODULE_OF:
        raise AttributeError(name)
    return getattr(importlib.import_module(f"police2peer.contacts.evidence.{_MODULE_OF[name]}"), name)
