# SPDX-License-Identifier: EUPL-1.2
"""The strangers of a demo: the stand-in downloader always, real clients where they can run, probes that ask nothing.

Each fetches offers of the lab's node as its user would, by .torrent file or by magnet link, and is compared byte
for byte with what was published.
"""

import asyncio
import json
import subprocess
import time
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from police2peer.contacts import ClientFamily, client_family
from police2peer.lab.clients import Client, Wanted, all_clients, fetch, installed
from police2peer.lab.namespace import client_host, is_closed
from police2peer.lab.probes import read_metadata, shake_hands
from police2peer.lab.report import ClientResult
from police2peer.lab.stranger import downloader_command
from police2peer.networks import Offer
from police2peer.networks.bittorrent import infohash, magnet, torrent_for

STAND_IN: Final = "stand-in downloader"
_LIMIT_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where the strangers meet the node, and what they may fetch."""

    folder: Path
    node: tuple[str, int]
    tracker_url: str
    bootstrap: tuple[str, ...]
    allowed: Path


def distinct(offers: Sequence[Offer]) -> list[Offer]:
    """Leave out offers that would be saved under a name that another has: one title may name several files."""
    return list({offer.file_name(): offer for offer in offers}.values())


def torrents(place: Place, offers: Sequence[Offer]) -> list[str]:
    """Write .torrent files for these offers and give their paths."""
    paths = []
    for offer in offers:
        path = place.folder / f"{offer.id}.torrent"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(torrent_for(offer, [place.tracker_url]))
        paths.append(str(path))
    return paths


def magnets(offers: Sequence[Offer]) -> list[str]:
    """Give magnet links without trackers: the DHT alone leads to the node."""
    return [magnet(offer, []) for offer in offers]


def stand_in(
    place: Place,
    offers: Sequence[Offer],
    *,
    way: str,
    bind: str,
    stop_after: int | None = None,
    tcp_only: bool = False,
) -> ClientResult:
    """Let the stand-in downloader fetch these offers, from an address of its own."""
    sources = torrents(place, offers) if way != "magnet" else magnets(offers)
    into = place.folder / f"fetched-{bind}"
    arguments = ["--allow", str(place.allowed), "--into", str(into), "--bind", bind, "--limit-s", str(_LIMIT_S)]
    if way == "magnet":
        arguments += [part for node in place.bootstrap for part in ("--dht", node)]
    if stop_after is not None:
        arguments += ["--stop-after", str(stop_after)]
    if tcp_only:
        arguments.append("--tcp-only")
    began = time.monotonic()
    done = subprocess.run(
        downloader_command([*sources, *arguments]), capture_output=True, text=True, timeout=_LIMIT_S + 30, check=False
    )
    fetched = [json.loads(line) for line in done.stdout.splitlines()]
    wanted = {infohash(offer).hex(): offer.hashes.sha256 for offer in offers}
    return ClientResult(
        client=STAND_IN,
        way=way if stop_after is None else f"{way}, left after {stop_after // 1024} KiB",
        offers=len(fetched),
        size_bytes=sum(one["bytes_received"] for one in fetched),
        seconds=time.monotonic() - began,
        identical=bool(fetched) and all(one["sha256"] == wanted[one["infohash"]] for one in fetched),
        is_whole=stop_after is None,
    )


def real_clients(place: Place, offers: Sequence[Offer]) -> list[ClientResult]:
    """Let each installed client fetch one offer by .torrent and one by magnet; say of the others why not.

    The clients work at the same time, each with offers of its own, and each goes one way after the other.
    """
    present = {client.name for client in installed()}
    with ThreadPoolExecutor() as threads:
        works = [
            threads.submit(_both_ways, place, client, offers[2 * number : 2 * number + 2], 2 * number, present)
            for number, client in enumerate(all_clients())
        ]
        return [result for work in works for result in work.result()]


def _both_ways(
    place: Place, client: Client, offers: Sequence[Offer], number: int, present: Collection[str]
) -> list[ClientResult]:
    results = []
    for turn, (way, offer) in enumerate(zip(("torrent", "magnet"), offers, strict=True)):
        why = "" if client.name in present else f"{client.program} is not installed"
        why = why or ("" if is_closed() else "this system lets nobody make a network namespace")
        if why:
            results.append(ClientResult(client.name, way, skipped=why))
            continue
        source = torrents(place, [offer])[0] if way == "torrent" else magnet(offer, [place.tracker_url])
        wanted = Wanted(source, offer.file_name(), offer.hashes.size, offer.hashes.sha256)
        folder = place.folder / f"{client.name.lower()}-{way}"
        ended = fetch(client, wanted, folder, client_host(number + turn), limit_s=_LIMIT_S)
        size = offer.hashes.size if ended.whole else 0
        results.append(ClientResult(client.name, way, 1, size, ended.seconds, identical=ended.whole))
    return results


def probe(place: Place, offers: Sequence[Offer]) -> int:
    """Shake hands and read descriptions as crawlers do; ask for no content. Give the number of probes."""

    async def run() -> None:
        for number, offer in enumerate(offers):
            host = f"127.9.0.{1 + number % 250}" if place.node[0].startswith("127.") else client_host(10 + number)
            await shake_hands(place.node, infohash(offer), bind=host)
            await read_metadata(place.node, infohash(offer), bind=host)

    asyncio.run(run())
    return 2 * len(offers)


def probe_one(place: Place, offer: Offer, host: str, *, metadata: bool) -> None:
    """Shake hands about one offer from a host, and read its description if so asked; ask for no content."""
    look = read_metadata if metadata else shake_hands
    asyncio.run(look(place.node, infohash(offer), bind=host))


def family_of(result: ClientResult) -> ClientFamily:
    """Give the family under which a node counts this client; the stand-in is libtorrent and says so."""
    return client_family(b"", "libtorrent/2" if result.client == STAND_IN else f"{result.client} 1")
