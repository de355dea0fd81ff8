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
to the peer's connection piece by piece; whether the peer kept it only the peer knows, and where its network has a
word for that it is kept beside ("acknowledged") and moves no rung.
Levels 0 to 2 are never contacts: crawlers and other seeds stop there, and so does who connected by mistake.
A set of rungs is one whole number with a bit for each: `1 << rung`.
"""

import enum
from typing import Final, assert_never

from police2peer.contacts.ranges import ByteRanges
from police2peer.networks import (
    ClientNamed,
    DataAcknowledged,
    DataRequested,
    DataSent,
    MetadataSent,
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

# Plain numbers: these stand in the way of every event.
_HANDSHAKE: Final = int(Rung.HANDSHAKE)
_METADATA: Final = int(Rung.METADATA)
_ASKED: Final = int(Rung.ASKED)
_PIECE: Final = int(Rung.PIECE)
_ALL: Final = int(Rung.ALL)
_CAME_BACK_BIT: Final = 1 << Rung.CAME_BACK


def rungs_of(bits: int) -> tuple[Rung, ...]:
    """Give the rungs of a set, lowest first."""
    return tuple(rung for rung in Rung if bits >> rung & 1)


class Ladder:
    """The climb of one peer on one offer in one window.

    `piece_bytes` is what a peer can verify by itself at once: a BitTorrent piece, an eD2k part, a whole file.
    `came_back` may be set until the first request for data. Each step gives the set of rungs that it reached for
    the first time.
    """

    __slots__ = (
        "acknowledged",
        "asked_bytes",
        "came_back",
        "level",
        "piece_bytes",
        "read_metadata",
        "sent",
        "size_bytes",
    )

    def __init__(self, size_bytes: int, piece_bytes: int, *, came_back: bool = False) -> None:
        self.size_bytes = size_bytes
        self.piece_bytes = piece_bytes
        self.came_back = came_back
        self.level = 0
        self.read_metadata = False
        self.asked_bytes = 0
        self.sent: ByteRanges | None = None
        self.acknowledged: ByteRanges | None = None

    def feed(self, event: PeerEvent) -> tuple[Rung, ...]:
        """Take one event in; give the rungs reached by it for the first time, lowest first."""
        match event:
            case PeerConnected():
                return rungs_of(self.connect())
            case MetadataSent():
                return rungs_of(self.read())
            case DataRequested():
                return rungs_of(self.ask(event.length_bytes))
            case DataSent():
                return rungs_of(self.send(event.first_byte, event.length_bytes))
            case DataAcknowledged():
                self.acknowledge(event.first_byte, event.length_bytes)
                return ()
            case ClientNamed() | PeerLeft():
                return ()
        assert_never(event)

    def connect(self) -> int:
        """Note that the peer connected and named the offer."""
        return self._reach(_HANDSHAKE)

    def read(self) -> int:
        """Note that the peer was sent the description."""
        self.read_metadata = True
        return self._reach(_METADATA)

    def ask(self, length_bytes: int) -> int:
        """Note that the peer asked for bytes."""
        self.asked_bytes += length_bytes
        return self._reach(_ASKED)

    def send(self, first_byte: int, length_bytes: int) -> int:
        """Note that bytes were handed to the peer's connection; what lies beyond the file counts for nothing."""
        if self.sent is None:
            self.sent = ByteRanges()
        size, piece = self.size_bytes, self.piece_bytes
        start, end = self.sent.add(max(first_byte, 0), min(first_byte + length_bytes, size))
        if self.sent.total >= size:
            return self._reach(_ALL)
        first_whole = -(-start // piece) * piece
        whole = end >= first_whole + piece or (end == size and first_whole < end)
        return self._reach(_PIECE if whole else _ASKED)

    def acknowledge(self, first_byte: int, length_bytes: int) -> None:
        """Note that the peer said it holds these bytes."""
        if self.acknowledged is None:
            self.acknowledged = ByteRanges()
        self.acknowledged.add(max(first_byte, 0), min(first_byte + length_bytes, self.size_bytes))

    def _reach(self, level: int) -> int:
        before = self.level
        if level <= before:
            return 0
        self.level = level
        reached = (2 << level) - (2 << before)
        return reached | _CAME_BACK_BIT if self.came_back and before < _ASKED <= level else reached

    @property
    def rung(self) -> Rung:
        """The highest of rungs 0 to 5 that was reached."""
        return Rung(self.level)

    @property
    def is_contact(self) -> bool:
        """Whether the peer asked us for bytes of our file."""
        return self.level >= _ASKED

    @property
    def sent_bytes(self) -> int:
        """How many bytes of the file were sent, each counted once."""
        return self.sent.total if self.sent is not None else 0

    @property
    def pieces_sent(self) -> int:
        """How many whole pieces were sent."""
        return self.sent.whole_pieces(self.piece_bytes, self.size_bytes) if self.sent is not None else 0

    @property
    def acknowledged_bytes(self) -> int | None:
        """How many of the bytes sent the peer said it holds; None when it said nothing."""
        if self.acknowledged is None:
            return None
        return self.sent.shared_bytes(self.acknowledged) if self.sent is not None else 0
