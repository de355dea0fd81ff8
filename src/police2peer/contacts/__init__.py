# SPDX-License-Identifier: EUPL-1.2
"""Contacts: how far a peer went, and counts without persons."""

from police2peer.contacts.clients import (
    OTHER,
    UNNAMED,
    VERIFIED_BY_CODE,
    ClientFamily,
    clean_words,
    client_family,
    known_families,
)
from police2peer.contacts.contact import Contact
from police2peer.contacts.counting import Contacts
from police2peer.contacts.countries import UNKNOWN_COUNTRY, Countries, Country, RegistryCountries
from police2peer.contacts.crawlers import CrawlerReason
from police2peer.contacts.demand import Asked, Demand, DemandRow, DemandStore, searches_in_hour_of_day
from police2peer.contacts.flags import ExculpatoryFlag
from police2peer.contacts.folding import FOLDED, Bounds, TallyRow
from police2peer.contacts.ladder import FIRST_CONTACT, Ladder, Rung
from police2peer.contacts.observed import DHT, Observation, ObservationStore, ObservedDay
from police2peer.contacts.period import PERIODS, OwnKeys, Period, PeriodKey, PeriodKeys, SharedKeys, write_period_key
from police2peer.contacts.period_store import FLOOR, CountedPeriod, merge, publishable
from police2peer.contacts.ranges import ByteRanges
from police2peer.contacts.sketches import Estimate
from police2peer.contacts.tallies import CrawlerKey, Gap, TallyKey, TallyStore, Totals, hour_of
from police2peer.contacts.uniques import Counted, SketchKey
from police2peer.contacts.visits import EVERY_NETWORK, VisitConnection, VisitRecord, VisitSink, VisitSinks

__all__ = [
    "DHT",
    "EVERY_NETWORK",
    "FIRST_CONTACT",
    "FLOOR",
    "FOLDED",
    "OTHER",
    "PERIODS",
    "UNKNOWN_COUNTRY",
    "UNNAMED",
    "VERIFIED_BY_CODE",
    "Asked",
    "Bounds",
    "ByteRanges",
    "ClientFamily",
    "Contact",
    "Contacts",
    "Counted",
    "CountedPeriod",
    "Countries",
    "Country",
    "CrawlerKey",
    "CrawlerReason",
    "Demand",
    "DemandRow",
    "DemandStore",
    "Estimate",
    "ExculpatoryFlag",
    "Gap",
    "Ladder",
    "Observation",
    "ObservationStore",
    "ObservedDay",
    "OwnKeys",
    "Period",
    "PeriodKey",
    "PeriodKeys",
    "RegistryCountries",
    "Rung",
    "SharedKeys",
    "SketchKey",
    "TallyKey",
    "TallyRow",
    "TallyStore",
    "Totals",
    "VisitConnection",
    "VisitRecord",
    "VisitSink",
    "VisitSinks",
    "clean_words",
    "client_family",
    "hour_of",
    "known_families",
    "merge",
    "publishable",
    "searches_in_hour_of_day",
    "write_period_key",
]
