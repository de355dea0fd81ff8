# SPDX-License-Identifier: EUPL-1.2
"""Events on their way from a network to its one reader: in order, bounded, and what was lost is said.

Source of the bound: facts of the engines; half a million events are about 100 MB.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from typing import Final

from police2peer.networks.contract import EvidenceGap, WireEvent

MOST_WAITING: Final = 500_000


class EventQueue:
    """Takes events in without waiting; a reader that lags too far finds an `EvidenceGap` where events are missing."""

    def __init__(self, network: str, *, clock: Callable[[], datetime], most_waiting: int = MOST_WAITING) -> None:
        self._network = network
        self._clock = clock
        self._most_waiting = most_waiting
        self._waiting: deque[WireEvent] = deque()
        self._overflowed = 0
        self._arrived = asyncio.Event()
        self._ended = False

    def put(self, events: Sequence[WireEvent]) -> None:
        """Take events in; call it in the loop's own thread."""
        room = self._most_waiting - len(self._waiting)
        self._waiting.extend(events[: max(room, 0)])
        lost = len(events) - max(room, 0)
        if lost > 0:
            self._overflowed += lost
        elif self._overflowed:
            self._tell_lost()
        self._arrived.set()

    def end(self) -> None:
        """Let the reader finish what is waiting, and then end."""
        if self._overflowed:
            self._tell_lost()
        self._ended = True
        self._arrived.set()

    async def read(self) -> AsyncIterator[WireEvent]:
        """Hand out events in order until `end`. One reader only."""
        while True:
            while self._waiting:
                yield self._waiting.popleft()
            if self._ended:
                return
            self._arrived.clear()
            await self._arrived.wait()

    def _tell_lost(self) -> None:
        what = f"{self._overflowed} events were not read in time"
        self._waiting.append(EvidenceGap(self._clock(), self._network, what))
        self._overflowed = 0
