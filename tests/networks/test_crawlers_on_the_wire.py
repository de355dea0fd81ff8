# SPDX-License-Identifier: EUPL-1.2
"""Crawlers as they are met, against a real node, among people who download: no crawler is a contact, all others are.

Three behaviours: an indexer that samples the DHT, asks it who holds what and reads each description; a reader of
descriptions; a scanner that shakes hands for everything. And those who only tell: that they hold a file (DHT), that
others do (peer exchange).
"""

import asyncio
import os
from typing import TYPE_CHECKING

import pytest

from police2peer.contacts import Contacts, CrawlerReason, RegistryCountries, Rung, TallyStore
from police2peer.lab.dht import DhtRing
from police2peer.lab.probes import announce_to_dht, ask_dht, name_others, read_metadata, sample_dht, shake_hands
from police2peer.networks import DataRequested, PeerConnected, PeerLeft
from police2peer.networks.bittorrent import infohash

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.networks.conftest import Node, Workshop

    from police2peer.networks import Offer

_BLOCK = 16_384
_CRAWLERS = 40 if os.environ.get("P2P_SOAK") == "1" else 4
_DOWNLOADERS = 60


class _Met:
    """What the crawlers did, counted by themselves."""

    def __init__(self) -> None:
        self.handshakes = 0
        self.indexed: set[bytes] = set()


async def _index(up: "Node", dht: "Sequence[tuple[str, int]]", host: str, ours: "set[bytes]", met: _Met) -> None:
    for node in dht:
        for swarm in await sample_dht(node, bind=host):
            if swarm in ours and await ask_dht(node, swarm, bind=host):
                await read_metadata(up.where, swarm, bind=host)
                met.indexed.add(swarm)
                met.handshakes += 1


async def _look(up: "Node", offers: "Sequence[Offer]", kind: int, host: str, met: _Met) -> None:
    for number, offer in enumerate(offers):
        swarm = infohash(offer)
        if kind == 0:
            await shake_hands(up.where, swarm, bind=host)
        elif kind == 1:
            await read_metadata(up.where, swarm, bind=host)
        else:
            others = [(f"127.88.{number}.{last}", 6881) for last in range(1, 40)]
            await name_others(up.where, swarm, others, bind=host)
        met.handshakes += 1


async def _download(workshop: "Workshop", up: "Node", offer: "Offer", host: str) -> None:
    peer = await workshop.peer(up, offer, host)
    peer.say(2)
    peer.ask(0, 0, _BLOCK)
    assert await asyncio.wait_for(peer.hear_pieces(1), 60) == _BLOCK
    peer.close()


@pytest.mark.soak
async def test_no_crawler_is_a_contact_and_everybody_who_asked_for_data_is(workshop: "Workshop") -> None:
    offers = workshop.offers(workshop.clip(_BLOCK), 12)
    known, met = {offer.id: offer for offer in offers}, _Met()
    swarms: set[bytes] = {infohash(offer) for offer in offers}
    ring = DhtRing(("127.0.6.11", "127.0.6.12"))
    await asyncio.to_thread(ring.start)
    dht = [(host, int(port)) for host, _, port in (node.rpartition(":") for node in ring.bootstrap)]
    async with workshop.node(dht=True, dht_bootstrap=ring.bootstrap) as up:
        await up.network.publish_many(offers)
        async with asyncio.timeout(40):
            while not any([await sample_dht(node, bind="127.7.0.1") for node in dht]):  # noqa: ASYNC110
                await asyncio.sleep(0.2)
        crawling = [
            *(_index(up, dht, f"127.7.1.{1 + n}", swarms, met) for n in range(_CRAWLERS)),
            *(_look(up, offers, n % 3, f"127.7.{2 + n % 3}.{1 + n // 3}", met) for n in range(3 * _CRAWLERS)),
            *(announce_to_dht(node, swarm, 6881, bind="127.7.9.9") for node in dht for swarm in swarms),
        ]
        asking = [_download(workshop, up, offers[n % len(offers)], f"127.8.0.{1 + n}") for n in range(_DOWNLOADERS)]
        await asyncio.gather(*crawling, *asking)
        await up.until(lambda: len(up.of(PeerLeft)) >= met.handshakes + _DOWNLOADERS, 40)
    ring.stop()
    assert met.indexed, "the indexer found our offers in the DHT"
    assert len({event.peer for event in up.of(DataRequested)}) == _DOWNLOADERS
    assert len(up.of(PeerConnected)) == met.handshakes + _DOWNLOADERS, "nobody of whom others told"
    with TallyStore(workshop.folder / "tallies.sqlite") as store:
        contacts = Contacts(store, offers=known.get, countries=RegistryCountries(), random_bytes=os.urandom)
        for event in up.events:
            contacts.feed(event)
        contacts.close()
        assert store.contacts() == store.reached()[""][Rung.ALL] == _DOWNLOADERS
        assert store.gaps() == []
        reasons = {key.reason for key in store.crawlers()}
        assert sum(store.crawlers().values()) <= met.handshakes
        assert CrawlerReason.SCANNER in reasons
