# SPDX-License-Identifier: EUPL-1.2
"""Node, tracker and real clients of others together in the lab's namespace: what each fetched, what was counted.

The answer to "does it work with the program this person used?", which a court may ask of the very version.
"""

import asyncio
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from police2peer.contacts import Contact, Contacts, RegistryCountries, TallyStore
from police2peer.lab.clients import Client, ClientFetch, Wanted, fetch
from police2peer.lab.namespace import NODE_HOST, check_closed, client_host
from police2peer.lab.tracker import Tracker
from police2peer.networks import Offer
from police2peer.networks.bittorrent import BitTorrent, BitTorrentSettings, infohash, magnet, torrent_for

_LEAVE_S: Final = 20.0
_QUIET_S: Final = 2.0  # two connections of one download lie closer together
_NODE_PORT: Final = 6881


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """One fetch by a real client, and the contact that was recorded for it; None when there was none."""

    fetched: ClientFetch
    contact: Contact | None


def _now() -> datetime:
    return datetime.now(UTC)


async def rehearse(
    clients: Sequence[Client],
    offers: Sequence[Offer],
    folder: Path,
    *,
    limit_s: float = 90.0,
    told: Callable[[Rehearsed], None] = lambda _: None,
) -> list[Rehearsed]:
    """Let each client fetch one offer by .torrent and another by magnet. Only inside the namespace.

    All fetch at the same time, each from an address of its own. There must be two offers a client. `told` hears
    of each fetch as it ends.
    """
    check_closed()
    if len(offers) < 2 * len(clients):
        raise ValueError(len(offers))
    tracker = Tracker([infohash(offer) for offer in offers], host=NODE_HOST)
    await tracker.start()
    node = BitTorrent(
        BitTorrentSettings(
            listen_hosts=(NODE_HOST,), listen_port=_NODE_PORT, trackers=(tracker.url,), closed_network=True
        )
    )
    closed: list[Contact] = []
    known = {offer.id: offer for offer in offers}
    with TallyStore(folder / "tallies.sqlite") as store:
        contacts = Contacts(
            store,
            offers=known.get,
            countries=RegistryCountries(),
            random_bytes=os.urandom,
            closed=closed.append,
            window_s=_QUIET_S,
        )
        await node.start()
        counting = asyncio.create_task(_count(node, contacts))
        try:
            await node.publish_many(offers)
            await _until_announced(node, len(offers))

            async def one(number: int, client: Client, offer: Offer, *, by_magnet: bool) -> Rehearsed:
                place = folder / f"{client.program}-{'magnet' if by_magnet else 'torrent'}"
                wanted = _wanted(offer, place, tracker.url, by_magnet=by_magnet)
                fetched = await asyncio.to_thread(fetch, client, wanted, place, client_host(number), limit_s=limit_s)
                ended = Rehearsed(fetched, await _contact_of(offer, contacts, closed))
                told(ended)
                return ended

            plan = enumerate(_plan(clients, offers))
            return list(await asyncio.gather(*(one(n, c, offer, by_magnet=m) for n, (c, offer, m) in plan)))
        finally:
            await node.stop()
            await counting
            await tracker.stop()


def _plan(clients: Sequence[Client], offers: Sequence[Offer]) -> list[tuple[Client, Offer, bool]]:
    ways = [(client, by_magnet) for client in clients for by_magnet in (False, True)]
    return [(client, offer, by_magnet) for (client, by_magnet), offer in zip(ways, offers, strict=False)]


def _wanted(offer: Offer, place: Path, tracker: str, *, by_magnet: bool) -> Wanted:
    source = magnet(offer, [tracker])
    if not by_magnet:
        place.mkdir(parents=True)
        path = place / "wanted.torrent"
        path.write_bytes(torrent_for(offer, [tracker]))
        source = str(path)
    return Wanted(source, offer.file_name(), offer.hashes.size, offer.hashes.sha256)


async def _count(node: BitTorrent, contacts: Contacts) -> None:
    async for event in node.events():
        contacts.feed(event)
    contacts.close()


async def _until_announced(node: BitTorrent, offers: int) -> None:
    async with asyncio.timeout(_LEAVE_S):
        while sum(tracker.answered for tracker in (await node.health()).trackers) < offers:  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def _contact_of(offer: Offer, contacts: Contacts, closed: list[Contact]) -> Contact | None:
    """Wait until the client has left, and give the one contact about this offer."""
    for _ in range(int(_LEAVE_S / 0.1)):
        contacts.flush(_now())
        found = [contact for contact in closed if contact.offer == offer.id]
        if found:
            return found[0]
        await asyncio.sleep(0.1)
    return None
