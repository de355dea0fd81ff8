# SPDX-License-Identifier: EUPL-1.2
"""The conformance suite of networks, run by `test_conformance` and `table`: what was seen, a line a check.

`python -m tests.networks.conformance.rehearsing NETWORK FOLDER` runs inside the lab's namespace, with the network's
meeting place, our engine and every installed client together. The engine lives twice: the first life has no limits,
the second comes after a stop, with a bandwidth cap. Every client fetches offers of its own, all at the same time.
"""

import asyncio
import json
import os
import random
import shutil
import sys
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from tests.networks.conformance.crowds import Take, taker
from tests.networks.conformance.garbage import throw_garbage

from police2peer.campaign import Arm, Language, Title, TitleId
from police2peer.contacts import Contact, Contacts, RegistryCountries, Rung, TallyStore
from police2peer.lab.namespace import client_host
from police2peer.lab.rigs import Rig, Stranger, make_rig
from police2peer.networks import DataSent, Limits, Network, Offer, OfferId, WireEvent
from police2peer.warningfiles import FileHashes, hash_file

if TYPE_CHECKING:
    from police2peer.warningfiles import WarningFileId

EVERY_PEER: Final = "every peer"
CROWD: Final = 200
_SIZE: Final = 300_000
_CAPPED_SIZE: Final = 600_000
_LAG_S: Final = 0.5
_CAP: Final = 200_000  # bytes a second for all clients together
_FIND_S: Final = 45.0
_GONE_S: Final = 5.0
_FETCH_S: Final = 60.0

# What is asked of each client, and of the network with all its peers; the columns of docs/networks.md in this order.
CLIENT_CHECKS: Final = (
    "found",
    "fetched, bytes equal",
    "rung 5, by name",
    "two titles on one file",
    "withdrawn is gone",
    "after a restart",
    "cap held",
)
NETWORK_CHECKS: Final = (f"{CROWD} at once", "garbage on the port", "health is true")


@dataclass(frozen=True, slots=True)
class Seen:
    """How one check went."""

    network: str
    client: str
    check: str
    ok: bool
    note: str = ""


class Life:
    """One life of an engine: everything it told, and the contacts that were made of it."""

    def __init__(self, engine: Network, known: dict[OfferId, Offer], folder: Path) -> None:
        self.engine = engine
        self.events: list[WireEvent] = []
        self.contacts: dict[OfferId, Contact] = {}
        self._known = known
        self._folder = folder

    async def run(self, work: Callable[["Life"], Awaitable[None]]) -> None:
        """Start the engine, do the work, stop it; contacts are there afterwards."""
        with TallyStore(self._folder / f"{random.getrandbits(64):x}.sqlite") as store:
            counting = Contacts(
                store,
                offers=self._known.get,
                countries=RegistryCountries(),
                random_bytes=os.urandom,
                closed=self._keep,
            )
            await self.engine.start()
            reading = asyncio.create_task(self._read(counting))
            try:
                await work(self)
            finally:
                await self.engine.stop()
                await asyncio.wait_for(reading, 15)
                counting.close()

    def _keep(self, contact: Contact) -> None:
        self.contacts.setdefault(contact.offer, contact)

    async def _read(self, counting: Contacts) -> None:
        async for event in self.engine.events():
            self.events.append(event)
            counting.feed(event)

    def sent(self) -> list[DataSent]:
        return [event for event in self.events if isinstance(event, DataSent)]


class Bench:
    """The offers of a rehearsal: four for each client, one for the crowd.

    All stand on two files. Where no peer says under which title it found a file (`tells_title` is not), each client
    and the crowd have files of their own, and only the two titles of one client share one.
    """

    def __init__(self, network: str, folder: Path, clients: int, *, tells_title: bool) -> None:
        self._network = network
        self._folder = folder
        self._count = 0
        self._files: dict[tuple[int, int], tuple[Path, FileHashes]] = {}
        whose = [0 if tells_title else 1 + number for number in range(clients)]
        # Two titles on one file, one for after the restart; the crowd's own.
        self.first = [self._offer(_SIZE, one) for one in whose]
        self.second = [self._offer(_SIZE, one) for one in whose]
        self.later = [self._offer(_CAPPED_SIZE, one) for one in whose]
        self.crowd = self._offer(_SIZE, 0)
        self.all = [*self.first, *self.second, *self.later, self.crowd]

    def _file(self, size: int, whose: int) -> tuple[Path, FileHashes]:
        if (size, whose) not in self._files:
            path = self._folder / f"{size}-{whose}.mp4"
            path.write_bytes(random.Random(size + whose).randbytes(size))
            self._files[size, whose] = path, hash_file(path)
        return self._files[size, whose]

    def _offer(self, size: int, whose: int) -> Offer:
        self._count += 1
        path, hashes = self._file(size, whose)
        return Offer(
            id=OfferId(f"{self._network}-{self._count:06d}"),
            network=self._network,
            title_id=TitleId(f"T-{self._count:04d}"),
            title=Title.parse(f"sample-clip-{self._count:02d}"),
            extension="mp4",
            path=path,
            hashes=hashes,
            arm=Arm.HELP,
            language=Language("en"),
            warning_file_id=cast("WarningFileId", f"F-{size}"),
        )


class Rehearsal:
    """All checks of one network."""

    def __init__(self, network: str, folder: Path) -> None:
        self._network = network
        self._folder = folder
        self._rig: Rig = make_rig(network)
        self._strangers = [one for one in self._rig.strangers() if not one.program or shutil.which(one.program)]
        self._bench = Bench(network, folder, len(self._strangers), tells_title=self._rig.tells_title)
        self._known = {offer.id: offer for offer in self._bench.all}
        self.seen: list[Seen] = []

    async def run(self) -> list[Seen]:
        await self._rig.open(self._make("place"), self._bench.all)
        try:
            for number, stranger in enumerate(self._strangers):
                await stranger.open(self._make(f"{number}-{stranger.program or 'twin'}"), client_host(number))
            free = Life(self._rig.engine(Limits()), self._known, self._folder)
            await free.run(self._first_life)
            self._by_name(free)
            capped = Life(self._rig.engine(Limits(upload_bytes_per_s=_CAP)), self._known, self._folder)
            await capped.run(self._second_life)
            self._cap_held(capped)
        finally:
            for stranger in self._strangers:
                await stranger.close()
            await self._rig.close()
        return self.seen

    async def _first_life(self, life: Life) -> None:
        bench, engine = self._bench, life.engine
        before = await engine.health()
        await engine.publish_many([*bench.first, *bench.second, bench.crowd])
        await self._rig.settled(engine, [*bench.first, *bench.second, bench.crowd])
        if self._rig.doors:
            heard = len(life.events)
            await throw_garbage(self._rig.doors)
            health = await engine.health()
            quiet = len(life.events) == heard
            self._note(EVERY_PEER, "garbage on the port", ok=health.ok and quiet, note=health.detail)
        take = taker(self._network) if self._rig.doors else None
        crowd = [self._crowd(life, take)] if take else []
        await asyncio.gather(*crowd, *(self._two_titles(n, one) for n, one in enumerate(self._strangers)))
        for offer in bench.first:
            await engine.withdraw(offer)
        await asyncio.gather(*(self._gone(n, one) for n, one in enumerate(self._strangers)))
        during = await engine.health()
        told = not before.ok and during.ok and during.offers == len(bench.second) + 1 and not during.alarms
        self._note(EVERY_PEER, "health is true", ok=told, note=f"{before.detail} / {during.detail}")

    async def _two_titles(self, number: int, stranger: Stranger) -> None:
        first, second = self._bench.first[number], self._bench.second[number]
        found = await stranger.find(first, limit_s=_FIND_S)
        self._note(stranger.name, "found", ok=found)
        got = await stranger.fetch(first, limit_s=_FETCH_S) if found else None
        self._note(stranger.name, "fetched, bytes equal", ok=_equal(got, first))
        found = await stranger.find(second, limit_s=_FIND_S)
        again = await stranger.fetch(second, limit_s=_FETCH_S) if found else None
        both = _equal(got, first) and _equal(again, second) and got != again
        self._note(stranger.name, "two titles on one file", ok=both)

    async def _gone(self, number: int, stranger: Stranger) -> None:
        found = await stranger.find(self._bench.first[number], limit_s=_GONE_S)
        self._note(stranger.name, "withdrawn is gone", ok=not found)

    async def _crowd(self, life: Life, take: Take) -> None:
        offer, door = self._bench.crowd, self._rig.doors[0]
        whole = offer.path.read_bytes()
        where = (door.host, door.port)
        got = await asyncio.gather(
            *(asyncio.wait_for(take(where, offer, client_host(n)), _FETCH_S) for n in range(CROWD)),
            return_exceptions=True,
        )
        served = sum(one == whole for one in got)
        await asyncio.sleep(1.0)  # what was sent is told within a moment
        sent: dict[object, int] = {}
        for event in life.sent():
            if event.offer == offer.id:
                sent[event.peer] = sent.get(event.peer, 0) + event.length_bytes
        told = sum(total == len(whole) for total in sent.values())
        failed = {type(one).__name__ for one in got if isinstance(one, BaseException)}
        note = f"{served} served, {told} told exactly {' '.join(sorted(failed))}"
        self._note(EVERY_PEER, f"{CROWD} at once", ok=served == told == CROWD, note=note)

    def _by_name(self, life: Life) -> None:
        for number, stranger in enumerate(self._strangers):
            made = [life.contacts.get(offers[number].id) for offers in (self._bench.first, self._bench.second)]
            if not self._rig.tells_title:  # one contact about the file, under either title, for both fetches
                made = [next((one for one in made if one), None)]
            right = [(int(Rung.ALL), stranger.family, _SIZE)] * (2 if self._rig.tells_title else 1)
            told = [(int(one.rung), one.client, one.sent_bytes) for one in made if one]
            note = "; ".join(f"rung {rung}, {client}, {sent} bytes" for rung, client, sent in told)
            self._note(stranger.name, "rung 5, by name", ok=told == right, note=note or "no contact")

    async def _second_life(self, life: Life) -> None:
        await life.engine.publish_many([*self._bench.later, self._bench.crowd])
        await self._rig.settled(life.engine, self._bench.later)
        await asyncio.gather(*(self._after_restart(n, one) for n, one in enumerate(self._strangers)))

    async def _after_restart(self, number: int, stranger: Stranger) -> None:
        offer = self._bench.later[number]
        found = await stranger.find(offer, limit_s=_FIND_S)
        got = await stranger.fetch(offer, limit_s=_FETCH_S) if found else None
        self._note(stranger.name, "after a restart", ok=_equal(got, offer))

    def _cap_held(self, life: Life) -> None:
        """No stretch of time saw more bytes than the cap allows, one second's worth at its beginning included."""
        sent = life.sent()
        most = _most_a_second([(event.at, event.length_bytes) for event in sent])
        for number, stranger in enumerate(self._strangers):
            mine = sum(event.length_bytes for event in sent if event.offer == self._bench.later[number].id)
            held = mine >= _CAPPED_SIZE and most <= 1.1 * _CAP
            self._note(stranger.name, "cap held", ok=held, note=f"at most {most:.0f} bytes a second, cap {_CAP}")

    def _note(self, client: str, check: str, *, ok: bool, note: str = "") -> None:
        self.seen.append(Seen(self._network, client, check, bool(ok), note))

    def _make(self, name: str) -> Path:
        folder = self._folder / name
        folder.mkdir(parents=True)
        return folder


def _equal(path: Path | None, offer: Offer) -> bool:
    return path is not None and path.read_bytes() == offer.path.read_bytes()


def _most_a_second(sent: Sequence[tuple[datetime, int]]) -> float:
    """Give the most bytes a second over any stretch, with a second added for what may go out at once.

    An event bears the time when an engine's queue was read; on a busy machine that may lag by `_LAG_S`.
    """
    most = 0.0
    for begin, (since, _) in enumerate(sent):
        total = 0
        for at, count in sent[begin:]:
            total += count
            most = max(most, total / ((at - since).total_seconds() + 1.0 + _LAG_S))
    return most


def show(seen: Iterable[Seen]) -> None:
    for one in seen:
        sys.stdout.write(json.dumps(asdict(one)) + "\n")


if __name__ == "__main__":
    show(asyncio.run(Rehearsal(sys.argv[1], Path(sys.argv[2])).run()))
