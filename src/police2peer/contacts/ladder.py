# SPDX-License-Identifier: EUPL-1.2
"""How far one peer went with one offer: a pure state machine, the same for every network.

::

    0 announced      somewhere, to somebody: never reached by a direct event
    1 handshake      connected to us and named the offer
    2 metadata       read its description, no content
    3 asked          asked us for bytes of it                      } from here on a contact
    4 piece          was sent a whole piece, which it can verify   }
    5 all            was sent every byte                           }
    6 came back      asked again after an earlier contact closed   }

Rungs 1 to 5 nest: whoever reaches one has reached those below. Rung 6 stands beside them. "Sent" means handed
to the peer's connection piece by piece; whether the peer kept it only the peer knows.
Levels 0 to 2 are never contacts: crawlers and other seeds stop there, and so does who connected by mistake.
"""

import enum
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, assert_never

from police2peer.contacts.clients import UNNAMED, ClientFamily
from police2peer.contacts.countries import Country
from police2peer.networks import (
    ClientNamed,
    DataAcknowledged,
    DataRequested,
    DataSent,
    MetadataSent,
    OfferId,
    PeerConnected,
    PeerEvent,
    PeerLeft,
)


class Rung(enum.IntEnum):
    """How far a peer went."""

    ANNOUNCED = 0
    HANDSHAKE = 1
    METADATA = 2
    ASKED = 3
    PIECE = 4
    ALL = 5
    CAME_BACK = 6


FIRST_CONTACT: Final = Rung.ASKED
"""The lowest rung that is a contact."""


class CrawlerReason(enum.StrEnum):
    """Why an exchange was no contact: what the peer left it at."""

    HANDSHAKE_ONLY = "handshake only"
    METADATA_ONLY = "metadata only"


class ByteRanges:
    """Which bytes of a file were sent: sorted ranges that never touch."""

    __slots__ = ("_ends", "_starts", "total")

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        self.total = 0

    def __len__(self) -> int:
        return len(self._starts)

    def add(self, start: int, end: int) -> tuple[int, int]:
        """Add `[start, end)`; give the whole range it is now part of."""
        low = bisect_left(self._ends, start)
        high = bisect_right(self._starts, end)
        for index in range(low, high):
            self.total -= self._ends[index] - self._starts[index]
        if low < high:
            start, end = min(start, self._starts[low]), max(end, self._ends[high - 1])
        self._starts[low:high] = [start]
        self._ends[low:high] = [end]
        self.total += end - start
        return start, end


@dataclass(slots=True)
class Ladder:
    """The climb of one peer on one offer in one window.

    `piece_bytes` is what a peer can verify by itself at once: a BitTorrent piece, an eD2k part, a whole file.
    """

    size_bytes: int
    piece_bytes: int
    came_back: bool = False
    rung: Rung = Rung.ANNOUNCED
    asked_bytes: int = 0
    sent: ByteRanges = field(default_factory=ByteRanges)

    def feed(self, event: PeerEvent) -> tuple[Rung, ...]:
        """Take one event in; give the rungs reached by it for the first time, lowest first."""
        match event:
            case PeerConnected():
                return self._reach(Rung.HANDSHAKE)
            case MetadataSent():
                return self._reach(Rung.METADATA) if self.rung < Rung.METADATA else ()
            case DataRequested():
                self.asked_bytes += event.length_bytes
                return self._reach(Rung.ASKED)
            case DataSent():
                return self._reach(self._after_sending(event.first_byte, event.length_bytes))
            case ClientNamed() | DataAcknowledged() | PeerLeft():
                return ()
        assert_never(event)

    def _after_sending(self, first: int, length: int) -> Rung:
        start, end = self.sent.add(max(first, 0), min(first + length, self.size_bytes))
        if self.sent.total >= self.size_bytes:
            return Rung.ALL
        first_whole = -(-start // self.piece_bytes) * self.piece_bytes
        whole = end >= first_whole + self.piece_bytes or (end == self.size_bytes and first_whole < end)
        return Rung.PIECE if whole else Rung.ASKED

    def _reach(self, rung: Rung) -> tuple[Rung, ...]:
        if rung <= self.rung:
            return ()
        before, self.rung = self.rung, rung
        new = [step for step in Rung if before < step <= rung]
        if self.came_back and before < FIRST_CONTACT <= rung:
            new.append(Rung.CAME_BACK)
        return tuple(new)

    @property
    def is_contact(self) -> bool:
        """Whether the peer asked us for bytes of our file."""
        return self.rung >= FIRST_CONTACT

    def crawler_reason(self) -> CrawlerReason | None:
        """Say why this was no contact; None when it was one."""
        if self.is_contact:
            return None
        return CrawlerReason.METADATA_ONLY if self.rung is Rung.METADATA else CrawlerReason.HANDSHAKE_ONLY


@dataclass(frozen=True, slots=True)
class Contact:
    """One closed contact, without a person: no field can hold an address. Times are aware UTC.

    `shared_address` is exculpatory: more than one kind of client spoke from the address, so that it may stand
    for several people.
    """

    network: str
    offer: OfferId
    arm: str
    country: Country
    client: ClientFamily = UNNAMED
    rung: Rung = Rung.ASKED
    came_back: bool = False
    first_at: datetime | None = None
    last_at: datetime | None = None
    asked_bytes: int = 0
    sent_bytes: int = 0
    connections: int = 0
    shared_address: bool = False
