# SPDX-License-Identifier: EUPL-1.2
"""The lab's network as one thing: a tracker and a small DHT, up while the block runs."""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from police2peer.lab.dht import DhtRing
from police2peer.lab.namespace import client_host, is_closed
from police2peer.lab.tracker import Tracker

Result = TypeVar("Result")

_CALL_S: Final = 20.0
_INTERVAL_S: Final = 600  # libtorrent asks no tracker more often than every 300 s; a member is kept three intervals


@dataclass(frozen=True, slots=True)
class LabNetwork:
    """Where the lab's tracker and DHT are: `tracker_url` for torrents, `bootstrap` as `host:port`."""

    tracker: Tracker
    bootstrap: tuple[str, ...]

    @property
    def announces(self) -> int:
        """How many announcements the tracker has taken."""
        return self.tracker.swarms.announces


class Background:
    """An event loop in a thread of its own, for what runs beside a demo; `call` waits for a coroutine there."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def call(self, work: Coroutine[Any, Any, Result], *, limit_s: float = _CALL_S) -> Result:
        """Run `work` in the loop and give what it gives."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(limit_s)


@contextlib.contextmanager
def background(name: str) -> Iterator[Background]:
    """Run an event loop in a thread while the block runs."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name=name, daemon=True)
    thread.start()
    try:
        yield Background(loop)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_CALL_S)
        loop.close()


@contextlib.contextmanager
def lab_network(hashes: Iterable[bytes], *, host: str) -> Iterator[LabNetwork]:
    """Run a tracker on `host` for these infohashes, and a DHT beside it."""
    ring = DhtRing([client_host(number) for number in range(-4, 0)]) if is_closed() else DhtRing()
    tracker = Tracker(hashes, host=host, interval_s=_INTERVAL_S)
    with background("lab-network") as beside:
        try:
            beside.call(tracker.start())
            ring.start()
            yield LabNetwork(tracker, ring.bootstrap[:2])  # nodes named for bootstrap are not counted as known
        finally:
            ring.stop()
            beside.call(tracker.stop())
