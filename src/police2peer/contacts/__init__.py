# SPDX-License-Identifier: EUPL-1.2
"""Contacts: how far a peer went, and counts without persons."""

from police2peer.contacts.clients import OTHER, UNNAMED, ClientFamily, client_family, known_families
from police2peer.contacts.counting import Contacts
from police2peer.contacts.countries import UNKNOWN_COUNTRY, Countries, Country, RegistryCountries
from police2peer.contacts.flags import ExculpatoryFlag
from police2peer.contacts.ladder import FIRST_CONTACT, ByteRanges, Contact, CrawlerReason, Ladder, Rung
from police2peer.contacts.tallies import CrawlerKey, Gap, TallyKey, TallyStore, hour_of
from police2peer.contacts.visits import EVERY_NETWORK, VisitConnection, VisitRecord, VisitSink, VisitSinks

__all__ = [
    "EVERY_NETWORK",
    "FIRST_CONTACT",
    "OTHER",
    "UNKNOWN_COUNTRY",
    "UNNAMED",
    "ByteRanges",
    "ClientFamily",
    "Contact",
    "Contacts",
    "Countries",
    "Country",
    "CrawlerKey",
    "CrawlerReason",
    "ExculpatoryFlag",
    "Gap",
    "Ladder",
    "RegistryCountries",
    "Rung",
    "TallyKey",
    "TallyStore",
    "VisitConnection",
    "VisitRecord",
    "VisitSink",
    "VisitSinks",
    "client_family",
    "hour_of",
    "known_families",
]
