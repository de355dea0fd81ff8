# SPDX-License-Identifier: EUPL-1.2
"""One observation: asks the DHT and the trackers of the settings about the list, and gives sums.

Only while an order on BitTorrent is in force. It never connects to a peer; it asks meeting places, which learn by
it that somebody asks for these hashes, as from everybody who does.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime

from police2peer.contacts import DHT, Observation
from police2peer.errors import NotPermitted, Police2PeerError, Unavailable
from police2peer.fleet import offers_of, read_release
from police2peer.networks.bittorrent import infohash
from police2peer.networks.observation import DhtSettings, HashList, count_by_dht, scrape_tracker
from police2peer.presence.assembly import order_checker
from police2peer.presence.settings import Settings
from police2peer.warningfiles import read_manifest

OBSERVED_FILE = "observed.sqlite"
_BITTORRENT = "bittorrent"
_CANARIES = 20  # one of them is enough; where presence follows demand not every offer is up
_NO_CANARY = "none of our own offers is known there, so that nothing can be told from silence"


def permitted_canaries(settings: Settings, now: datetime) -> list[bytes]:
    """Check that an order on BitTorrent is in force, and give infohashes that our own node announces.

    Raises `NotPermitted`, `NotAuthentic` or `BadInput`.
    """
    release = read_release(settings.release, trusted=settings.trusted_release_key())
    order = order_checker(settings, release)(now)
    if _BITTORRENT not in {space.network for space in order.spaces}:
        raise NotPermitted("the order names no space on BitTorrent", remedy="observe under an order that does")
    files = {file.id: file for file in read_manifest(settings.files).files}
    offers = [
        offer
        for offer in offers_of(release, files, dict.fromkeys(files, settings.files))
        if offer.network == _BITTORRENT
    ]
    return [infohash(offer) for offer in offers[:: max(1, len(offers) // _CANARIES)][:_CANARIES]]


def observe(
    settings: Settings,
    hashes: HashList,
    canaries: list[bytes],
    *,
    country_of: Callable[[str], str],
    clock: Callable[[], datetime],
    lookup_s: float = 4.0,
) -> list[Observation]:
    """Ask every source once; a source that fails is in the result as unknown, never as zero."""

    async def run() -> list[Observation]:
        where = DhtSettings(settings.listen_hosts[0], settings.dht_bootstrap, settings.closed_network, lookup_s)
        asked = [_by_dht(where, hashes, canaries, country_of, clock())]
        asked += [_by_tracker(url, hashes, clock()) for url in settings.observed_trackers]
        return list(await asyncio.gather(*asked))

    return asyncio.run(run())


async def _by_dht(
    where: DhtSettings, hashes: HashList, canaries: list[bytes], country_of: Callable[[str], str], at: datetime
) -> Observation:
    try:
        found = await count_by_dht(where, hashes, canaries, country_of)
    except Unavailable as error:
        return _unknown(at, DHT, hashes, error)
    peers = sum(found.by_country.values())
    note = "" if found.canary_seen else _NO_CANARY
    return Observation(at, DHT, found.canary_seen, len(hashes), found.hashes_alive, peers, found.by_country, note)


async def _by_tracker(url: str, hashes: HashList, at: datetime) -> Observation:
    try:
        found = await scrape_tracker(url, hashes)
    except Police2PeerError as error:
        return _unknown(at, url, hashes, error)
    return Observation(at, url, True, len(hashes), found.hashes_alive, found.seeds + found.leechers, {})  # noqa: FBT003


def _unknown(at: datetime, source: str, hashes: HashList, error: Police2PeerError) -> Observation:
    return Observation(at, source, False, len(hashes), 0, 0, {}, error.facts)  # noqa: FBT003 - a column's value
