# SPDX-License-Identifier: EUPL-1.2
"""Contacts: how far a peer went, and counts without persons."""

from police2peer.contacts.clients import OTHER, UNNAMED, ClientFamily, client_family, known_families
from police2peer.contacts.counting import Contacts
from police2peer.contacts.countries import UNKNOWN_COUNTRY, Countries, Country, RegistryCountries
from police2peer.contacts.ladder import FIRST_CONTACT, ByteRanges, Contact, CrawlerReason, Ladder, Rung
from police2peer.contacts.tallies import CrawlerKey, Gap, TallyKey, TallyStore, hour_of

__all__ = [
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
    "Gap",
    "Ladder",
    "RegistryCountries",
    "Rung",
    "TallyKey",
    "TallyStore",
    "client_family",
    "hour_of",
    "known_families",
]
