# SPDX-License-Identifier: EUPL-1.2
"""The signed register of warning files: who may say "this is ours", and how anyone checks it.

What makes and publishes the catalogue needs python-tuf; what verifies does not. Names are loaded on first use,
so that a verification starts quickly.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from police2peer.catalogue.agencies import accept_contribution, add_agency, leave_agency, set_agency_keys
    from police2peer.catalogue.ceremony import (
        Ceremony,
        begin_ceremony,
        begin_first_ceremony,
        finish_ceremony,
        sign_request,
    )
    from police2peer.catalogue.ceremony_request import CeremonyRequest, CeremonySignature, sha256_of
    from police2peer.catalogue.ceremony_summary import summarise
    from police2peer.catalogue.contributing import Contributed, contribute, contribute_again
    from police2peer.catalogue.contribution import Contribution
    from police2peer.catalogue.drafts import drafts_of, read_network_ids
    from police2peer.catalogue.excerpt import KnownFile, check_excerpt, take_excerpt
    from police2peer.catalogue.home import Home
    from police2peer.catalogue.log.audit import Audit, audit_log
    from police2peer.catalogue.log.confirming import add_cosignatures
    from police2peer.catalogue.log.description import describe_log, named_log_keys
    from police2peer.catalogue.log.naming import begin_log, name_witnesses
    from police2peer.catalogue.log.note import NoteKey
    from police2peer.catalogue.log.witness import Confirmed, Witness, begin_witness, read_key_file
    from police2peer.catalogue.membership import begin_agency, join_catalogue, replace_own_key
    from police2peer.catalogue.metadata import Agency, Versions, head_sha256_of
    from police2peer.catalogue.prepared_keys import OFFLINE_KEYS, prepare_key
    from police2peer.catalogue.publication import Publication, publish_catalogue
    from police2peer.catalogue.record import Record, RecordDraft, Status
    from police2peer.catalogue.registry import Registry
    from police2peer.catalogue.seen import SeenFile, SeenNothing, default_seen_file
    from police2peer.catalogue.trust import agencies_of, init_catalogue, renew_trust
    from police2peer.catalogue.verdict import EXIT_CODES, Outcome, Verdict
    from police2peer.catalogue.verifier import Verifier

__all__ = [
    "EXIT_CODES",
    "OFFLINE_KEYS",
    "Agency",
    "Audit",
    "Ceremony",
    "CeremonyRequest",
    "CeremonySignature",
    "Confirmed",
    "Contributed",
    "Contribution",
    "Home",
    "KnownFile",
    "NoteKey",
    "Outcome",
    "Publication",
    "Record",
    "RecordDraft",
    "Registry",
    "SeenFile",
    "SeenNothing",
    "Status",
    "Verdict",
    "Verifier",
    "Versions",
    "Witness",
    "accept_contribution",
    "add_agency",
    "add_cosignatures",
    "agencies_of",
    "audit_log",
    "begin_agency",
    "begin_ceremony",
    "begin_first_ceremony",
    "begin_log",
    "begin_witness",
    "check_excerpt",
    "contribute",
    "contribute_again",
    "default_seen_file",
    "describe_log",
    "drafts_of",
    "finish_ceremony",
    "head_sha256_of",
    "init_catalogue",
    "join_catalogue",
    "leave_agency",
    "name_witnesses",
    "named_log_keys",
    "prepare_key",
    "publish_catalogue",
    "read_key_file",
    "read_network_ids",
    "renew_trust",
    "replace_own_key",
    "set_agency_keys",
    "sha256_of",
    "sign_request",
    "summarise",
    "take_excerpt",
]

_WHERE = {
    "ceremony": ("Ceremony", "begin_ceremony", "begin_first_ceremony", "finish_ceremony", "sign_request"),
    "ceremony_request": ("CeremonyRequest", "CeremonySignature", "sha256_of"),
    "ceremony_summary": ("summarise",),
    "prepared_keys": ("OFFLINE_KEYS", "prepare_key"),
    "agencies": ("accept_contribution", "add_agency", "leave_agency", "set_agency_keys"),
    "contributing": ("Contributed", "contribute", "contribute_again"),
    "contribution": ("Contribution",),
    "drafts": ("drafts_of", "read_network_ids"),
    "excerpt": ("KnownFile", "check_excerpt", "take_excerpt"),
    "home": ("Home",),
    "log.audit": ("Audit", "audit_log"),
    "log.confirming": ("add_cosignatures",),
    "log.description": ("describe_log", "named_log_keys"),
    "log.naming": ("begin_log", "name_witnesses"),
    "log.note": ("NoteKey",),
    "log.witness": ("Confirmed", "Witness", "begin_witness", "read_key_file"),
    "membership": ("begin_agency", "join_catalogue", "replace_own_key"),
    "metadata": ("Agency", "Versions", "head_sha256_of"),
    "publication": ("Publication", "publish_catalogue"),
    "record": ("Record", "RecordDraft", "Status"),
    "registry": ("Registry",),
    "seen": ("SeenFile", "SeenNothing", "default_seen_file"),
    "trust": ("agencies_of", "init_catalogue", "renew_trust"),
    "verdict": ("EXIT_CODES", "Outcome", "Verdict"),
    "verifier": ("Verifier",),
}
_MODULE_OF = {name: module for module, names in _WHERE.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _MODULE_OF:
        raise AttributeError(name)
    return getattr(importlib.import_module(f"police2peer.catalogue.{_MODULE_OF[name]}"), name)
