# SPDX-License-Identifier: EUPL-1.2
"""Run inside the namespace by `test_real_amule`: aMules that find by search and fetch; what was seen, as JSON.

Each scenario has an engine, a server and an aMule with addresses of their own; all run at the same time.
"""

import asyncio
import json
import random
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from police2peer.campaign import Arm, Language, Title, TitleId
from police2peer.lab.amule import Amule
from police2peer.lab.clients import Wanted, is_whole
from police2peer.lab.ed2k_server import Ed2kLabServer
from police2peer.networks import ClientNamed, DataSent, IdentifierKind, MetadataSent, Offer, OfferId, WireEvent
from police2peer.networks.ed2k import Ed2k, Ed2kServer, Ed2kSettings
from police2peer.warningfiles import BaseStore, FilePlan, Zeros, hash_file

if TYPE_CHECKING:
    from police2peer.warningfiles import WarningFileId

PART = 9_728_000
_FIND_S, _FETCH_S = 30.0, 100.0
_STALLED_S = 20.0
_TRIES = 3  # aMule 2.3.3 itself stalls now and then (amule-org/amule, pull request 882); an empty one begins anew


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is tried: `low` gives our engine a low id, `hides` lets aMule obfuscate; `parts` of zeros, or random."""

    name: str
    number: int
    size: int
    is_blank: bool = False
    low: bool = False
    hides: bool = False


SCENARIOS = (
    Scenario("two parts, obfuscated", 0, PART + 2_000_000, hides=True),
    Scenario("one part, low id", 1, 3_000_000, low=True),
    Scenario("two parts, blank", 2, PART + 2_000_000, is_blank=True),
)
# Takes a minute, most of it aMule's own work: `python -m benchmarks ed2k` runs it.
SEVENTY_PARTS = Scenario("seventy parts, blank", 3, 69 * PART + 5_000_000, is_blank=True)


def _offer(scenario: Scenario, folder: Path) -> Offer:
    path = folder / f"{scenario.number}.avi"
    plan = FilePlan((Zeros(scenario.size),), BaseStore(folder / "store"))
    if scenario.is_blank:
        plan.write(path, flushed=False)
    else:
        path.write_bytes(random.Random(scenario.number).randbytes(scenario.size))
    return Offer(
        id=OfferId(f"ed2k-{scenario.number}"),
        network="ed2k",
        title_id=TitleId(f"T-{scenario.number:04d}"),
        title=Title.parse(f"sample-clip-{scenario.number:02d}"),
        extension="avi",
        path=path,
        hashes=plan.hashes() if scenario.is_blank else hash_file(path),
        arm=Arm.BLANK,
        language=Language("en"),
        warning_file_id=cast("WarningFileId", "F-0001"),
    )


async def _fetch(amule: Amule, offer: Offer, events: list[WireEvent]) -> bool:
    amule_says, give_up_at = asyncio.to_thread, time.monotonic() + _FIND_S
    number = None
    while number is None and time.monotonic() < give_up_at:
        await amule_says(amule.search, offer.title.reveal())
        await asyncio.sleep(0.7)
        number = (await amule_says(amule.results)).get(offer.file_name())
    if number is None:
        return False
    await amule_says(amule.download, number)
    wanted = Wanted("", offer.file_name(), offer.hashes.size, offer.hashes.sha256)
    give_up_at, told, moved_at = time.monotonic() + _FETCH_S, -1, time.monotonic()
    while time.monotonic() < min(give_up_at, moved_at + _STALLED_S):
        if await amule_says(is_whole, amule.got / offer.file_name(), wanted):
            return True
        await asyncio.sleep(0.3)
        if len(events) != told:
            told, moved_at = len(events), time.monotonic()
    return False


async def _run(scenario: Scenario, folder: Path) -> dict[str, object]:
    base = 3 * scenario.number + 2
    ours, server_host, theirs = (f"203.0.113.{base + n}" for n in range(3))
    unreachable = frozenset({ours} if scenario.low else ())
    server = Ed2kLabServer(host=server_host, port=4661, unreachable=unreachable, hides=scenario.hides)
    await server.start()
    node = Ed2k(Ed2kSettings(listen_hosts=(ours,), servers=(Ed2kServer(server_host, 4661),), closed_network=True))
    events: list[WireEvent] = []

    async def read() -> None:
        async for event in node.events():
            events.append(event)  # noqa: PERF401 - they are looked at while they come

    await node.start()
    reading = asyncio.create_task(read())
    offer = await asyncio.to_thread(_offer, scenario, folder)
    await node.publish(offer)
    began, tries, whole = time.monotonic(), 0, False
    try:
        while not whole and tries < _TRIES:
            tries += 1
            events.clear()
            place = folder / f"amule-{scenario.number}-{tries}"
            amule = Amule(place, theirs, number=scenario.number, hides=scenario.hides)
            up = amule.up()
            await asyncio.to_thread(up.__enter__)
            try:
                await asyncio.to_thread(amule.connect, f"{server_host}:4661")
                whole = await _fetch(amule, offer, events)
                health = await node.health()
            finally:
                await asyncio.to_thread(up.__exit__, None, None, None)
    finally:
        await node.stop()
        await reading
        await server.stop()
    named = [event for event in events if isinstance(event, ClientNamed)]
    sent = [event for event in events if isinstance(event, DataSent)]
    span_s = (sent[-1].at - sent[0].at).total_seconds() if sent else 0.0
    return {
        "name": scenario.name,
        "whole": whole,
        "tries": tries,
        "seconds": round(time.monotonic() - began, 1),
        "sending_s": round(span_s, 2),
        "size": offer.hashes.size,
        "sent": sum(event.length_bytes for event in sent),
        "hash_sets": sum(isinstance(event, MetadataSent) for event in events),
        "client": named[0].name if named else "",
        "proved": any(one.kind is IdentifierKind.PROVED_KEY for event in named for one in event.identifiers),
        "obfuscated": health.counters["obfuscated"],
        "calls": health.counters["calls"],
        "searches": server.searches,
    }


async def _all(folder: Path, names: list[str]) -> None:
    chosen = [one for one in (*SCENARIOS, SEVENTY_PARTS) if one.name in names] or SCENARIOS
    for seen in await asyncio.gather(*(_run(scenario, folder) for scenario in chosen)):
        sys.stdout.write(json.dumps(seen) + "\n")


if __name__ == "__main__":
    asyncio.run(_all(Path(sys.argv[1]), sys.argv[2:]))
