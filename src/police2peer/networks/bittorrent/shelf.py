# SPDX-License-Identifier: EUPL-1.2
"""Which offers are up, on their way up or on their way down: bookkeeping that two threads share, without the engine.

The publisher's thread places and takes; the thread of alerts reports what the engine did. An offer taken while it is
still on its way up is taken the moment the engine reports it. A withdrawn offer is remembered for a few seconds, so
that alerts which come late still find it.
"""

import threading
from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final

import libtorrent as lt

from police2peer.errors import BadInput
from police2peer.networks.bittorrent.torrent import InfoHash
from police2peer.networks.contract import Offer, OfferId

_FORGET_AFTER_S: Final = 10.0


@dataclass(slots=True, eq=False)
class Placed:
    """One offer on the shelf."""

    id: OfferId
    swarm: InfoHash
    size_bytes: int
    piece_length_bytes: int
    handle: lt.torrent_handle | None = None
    settled: bool = False
    """The engine has looked at its file, refused it, or let go of it: nobody needs to wait."""
    refused: bool = False
    withdrawn: bool = False
    gone: Future[None] | None = None

    @property
    def prefix(self) -> str:
        """How libtorrent's messages call its torrent."""
        return self.swarm.hex()[:6]


class Shelf:
    """The offers of one session."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._by_id: dict[OfferId, Placed] = {}
        self._by_swarm: dict[InfoHash, Placed] = {}
        self._by_handle: dict[lt.torrent_handle, Placed] = {}
        self._leaving: deque[tuple[float, lt.torrent_handle]] = deque()

    def __len__(self) -> int:
        return len(self._by_id)

    def ids(self) -> list[OfferId]:
        """Give the ids of what is up or on its way up."""
        with self._changed:
            return list(self._by_id)

    def get(self, offer: OfferId) -> Placed | None:
        """Give what is up or on its way up under this id."""
        return self._by_id.get(offer)

    def find(self, handle: lt.torrent_handle) -> Placed | None:
        """Give the offer that a torrent stands for, also a little after it was withdrawn."""
        return self._by_handle.get(handle)

    def place(self, offer: Offer, swarm: InfoHash) -> Placed:
        """Note an offer that is given to the engine now; raises `BadInput` when its swarm is another offer's."""
        with self._changed:
            if (other := self._by_swarm.get(swarm)) is not None:
                raise BadInput(
                    f"offers {other.id} and {offer.id} have the same file and the same title",
                    remedy="give each offer of one file its own title",
                )
            placed = Placed(offer.id, swarm, offer.hashes.size, offer.hashes.bt_piece_length)
            self._by_id[offer.id] = self._by_swarm[swarm] = placed
            return placed

    def added(self, swarm: InfoHash, handle: lt.torrent_handle | None) -> Placed | None:
        """Note that the engine took (or, without a handle, refused) an offer; give the offer."""
        with self._changed:
            placed = self._by_swarm.get(swarm)
            if placed is None:
                return None
            placed.handle = handle
            if handle is not None:
                self._by_handle[handle] = placed
            else:
                placed.refused = True
                self._drop(placed)
            return placed

    def settle(self, handle: lt.torrent_handle) -> None:
        """Note that the engine has looked at an offer's file."""
        with self._changed:
            if (placed := self._by_handle.get(handle)) is not None:
                placed.settled = True
                self._changed.notify_all()

    def wait_settled(self, batch: Iterable[Placed], limit_s: float) -> bool:
        """Wait until nobody needs to wait for any of these; False when the limit came first."""
        waiting = list(batch)
        with self._changed:
            return self._changed.wait_for(lambda: all(placed.settled for placed in waiting), limit_s)

    def take(self, offer: OfferId) -> Placed | None:
        """Take an offer off the shelf; its `gone` ends when the engine has let go of it."""
        with self._changed:
            placed = self._by_id.pop(offer, None)
            if placed is not None:
                placed.withdrawn = True
                placed.gone = Future()
            return placed

    def removed(self, handle: lt.torrent_handle, now_s: float) -> None:
        """Note that the engine has let go of an offer, and forget what was removed long ago."""
        with self._changed:
            self._leaving.append((now_s + _FORGET_AFTER_S, handle))
            if (placed := self._by_handle.get(handle)) is not None:
                self._drop(placed)

    def forget(self, now_s: float) -> None:
        """Forget what was removed long enough ago."""
        with self._changed:
            while self._leaving and self._leaving[0][0] <= now_s:
                self._by_handle.pop(self._leaving.popleft()[1], None)

    def _drop(self, placed: Placed) -> None:
        if self._by_swarm.get(placed.swarm) is placed:
            del self._by_swarm[placed.swarm]
        if self._by_id.get(placed.id) is placed:
            del self._by_id[placed.id]
        placed.settled = True
        self._changed.notify_all()
        if placed.gone is not None and not placed.gone.done():
            placed.gone.set_result(None)
