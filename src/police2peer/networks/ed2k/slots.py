# SPDX-License-Identifier: EUPL-1.2
"""Who is sent bytes now and who waits: first come, first served. No clock and no socket of its own.

Slots are given to connections, so that a user hash that many share is no way around them; waiting is by user hash.

A place in the queue is kept for who went away and asks again within an hour, as clients do. We call nobody back: a
person who stopped asking is left alone.
"""

from collections import OrderedDict
from collections.abc import Mapping
from itertools import islice
from typing import Final

_KEPT_S: Final = 3600.0
_MOST_QUEUED: Final = 20_000  # about 5 MB; who comes later is told the last rank and remembered no more


class Slots:
    """`most` connections may be sent bytes at once; None means all. A connection is any number that stands for it."""

    def __init__(self, most: int | None) -> None:
        self._most = most
        self._given: set[int] = set()
        self._queue: OrderedDict[bytes, float] = OrderedDict()

    @property
    def given(self) -> int:
        """How many have a slot."""
        return len(self._given)

    @property
    def queued(self) -> int:
        """How many wait."""
        return len(self._queue)

    def ask(self, who: bytes, connection: int, now_s: float) -> int:
        """Ask for a slot: 0 when it is given, or else the place in the queue, from 1."""
        self._expire(now_s)
        if connection in self._given:
            return 0
        if self._is_free():
            self._queue.pop(who, None)
            self._given.add(connection)
            return 0
        if who in self._queue or len(self._queue) < _MOST_QUEUED:
            self._queue[who] = now_s
        return self._place(who)

    def leave(self, connection: int) -> None:
        """Give a slot back, if there was one."""
        self._given.discard(connection)

    def next_of(self, present: Mapping[bytes, int], now_s: float) -> int | None:
        """Give a free slot to the first in the queue that is connected; None when there is no slot or nobody.

        `present` gives the connection of each user hash that waits in one.
        """
        self._expire(now_s)
        who = next((one for one in self._queue if one in present), None) if self._is_free() else None
        if who is None:
            return None
        del self._queue[who]
        self._given.add(present[who])
        return present[who]

    def _is_free(self) -> bool:
        return self._most is None or len(self._given) < self._most

    def _place(self, who: bytes) -> int:
        for place, one in enumerate(self._queue, 1):
            if one == who:
                return place
        return len(self._queue) + 1

    def _expire(self, now_s: float) -> None:
        # Old places are few and in front: whoever asks again keeps the place and renews the time.
        for who in [who for who, seen_s in islice(self._queue.items(), 16) if seen_s < now_s - _KEPT_S]:
            del self._queue[who]
