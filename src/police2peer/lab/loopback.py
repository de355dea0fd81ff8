# SPDX-License-Identifier: EUPL-1.2
"""The lab's network as one thing: a tracker and a small DHT, up while the block runs."""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from police2peer.lab.dht import DhtRing
from police2peer.lab.namespace import client_host, is_closed
from police2peer.lab.tracker import Tracker

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


@contextlib.contextmanager
def lab_network(hashes: Iterable[bytes], *, host: str) -> Iterator[LabNetwork]:
    """Run a tracker on `host` for these infohashes, and a DHT beside it."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="lab-network", daemon=True)
    thread.start()

    def call(work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, loop).result(_CALL_S)

    ring = DhtRing([client_host(number) for number in range(-4, 0)]) if is_closed() else DhtRing()
    tracker = Tracker(hashes, host=host, interval_s=_INTERVAL_S)
    try:
        call(tracker.start())
        ring.start()
        yield LabNetwork(tracker, ring.bootstrap[:2])  # nodes named for bootstrap are not counted as known
    finally:
        ring.stop()
        call(tracker.stop())
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_CALL_S)
        loop.close()
