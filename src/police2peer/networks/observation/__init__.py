# SPDX-License-Identifier: EUPL-1.2
"""Observation on BitTorrent: how many announce hashes that the police supplied, never connecting to anybody.

The list is secret: it lies encrypted, prints as nothing, and only counts leave this package. Publish-only stands: no
torrent is added, no peer is contacted, no byte of content and no description is asked for.
"""

from typing import TYPE_CHECKING

from police2peer.networks.observation.hash_list import HashList, parse_hashes
from police2peer.networks.observation.locked_list import open_list, seal_list
from police2peer.networks.observation.trackers import TrackerCounts, scrape_tracker

if TYPE_CHECKING:
    from police2peer.networks.observation.dht import DhtCounts, DhtSettings, count_by_dht

__all__ = [
    "DhtCounts",
    "DhtSettings",
    "HashList",
    "TrackerCounts",
    "count_by_dht",
    "open_list",
    "parse_hashes",
    "scrape_tracker",
    "seal_list",
]


def __getattr__(name: str) -> object:
    if name in ("DhtCounts", "DhtSettings", "count_by_dht"):
        from police2peer.networks.observation import dht  # noqa: PLC0415 - libtorrent, only for who observes

        return getattr(dht, name)
    raise AttributeError(name)
