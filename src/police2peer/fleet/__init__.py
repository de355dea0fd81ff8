# SPDX-License-Identifier: EUPL-1.2
"""What travels between an agency's centre and its nodes: signed releases."""

from police2peer.fleet.network_ids import NETWORK_IDS_FILE, names_of, network_ids, offers_of, write_network_ids
from police2peer.fleet.release import (
    Release,
    ReleasedOffer,
    parse_release,
    plan_offers,
    plan_release,
    read_release,
    write_release,
)

__all__ = [
    "NETWORK_IDS_FILE",
    "Release",
    "ReleasedOffer",
    "names_of",
    "network_ids",
    "offers_of",
    "parse_release",
    "plan_offers",
    "plan_release",
    "read_release",
    "write_network_ids",
    "write_release",
]
