# SPDX-License-Identifier: EUPL-1.2
"""Being there: one package a network, all behind the one contract in `contract`."""

from police2peer.networks.contract import (
    Address,
    ClientNamed,
    DataRequested,
    DataSent,
    Departure,
    EvidenceGap,
    Health,
    MetadataSent,
    Network,
    Offer,
    OfferId,
    OfferPulled,
    PeerConnected,
    PeerEvent,
    PeerLeft,
    TrackerHealth,
    WireEvent,
)

__all__ = [
    "Address",
    "ClientNamed",
    "DataRequested",
    "DataSent",
    "Departure",
    "EvidenceGap",
    "Health",
    "MetadataSent",
    "Network",
    "Offer",
    "OfferId",
    "OfferPulled",
    "PeerConnected",
    "PeerEvent",
    "PeerLeft",
    "TrackerHealth",
    "WireEvent",
]
