# SPDX-License-Identifier: EUPL-1.2
"""What one peer does on one connection, as wire events.

A peer that connects names no file: it is heard of when it first asks about one of our offers, and left when its
connection ends. The list of our files is about all offers and none: who reads it makes no event.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from police2peer.networks.contract import (
    Address,
    ClientNamed,
    DataRequested,
    DataSent,
    Departure,
    Identifier,
    IdentifierKind,
    MetadataSent,
    OfferId,
    PeerConnected,
    PeerLeft,
    WireEvent,
)
from police2peer.networks.directconnect.hub_session import User
from police2peer.networks.directconnect.message import Cid, from_base32

NAME: Final = "directconnect"


class Exchange:
    """The events of one connection. `user` is what a hub told about the peer, if one did."""

    def __init__(
        self,
        peer: Address,
        ours: Address,
        cid: Cid,
        user: User | None,
        *,
        emit: Callable[[WireEvent], None],
        clock: Callable[[], datetime],
    ) -> None:
        self._peer = peer
        self._ours = ours
        self._client = user.client if user else ""
        identifiers = [Identifier(IdentifierKind.CID, from_base32(cid))]
        if user and user.nick:
            identifiers.append(Identifier(IdentifierKind.NICK, user.nick.encode()))
        self._identifiers = tuple(identifiers)
        self._emit = emit
        self._clock = clock
        self._offers: dict[OfferId, None] = {}

    def speaks_of(self, offer: OfferId) -> bool:
        """Whether the peer asked about this offer on this connection."""
        return offer in self._offers

    def described(self, offer: OfferId) -> None:
        """Note that the peer was told about an offer: its leaves, its size."""
        self._meet(offer)
        self._emit(MetadataSent(self._clock(), NAME, offer, self._peer))

    def requested(self, offer: OfferId, first_byte: int, length: int) -> None:
        """Note that the peer asked for bytes."""
        self._meet(offer)
        self._emit(DataRequested(self._clock(), NAME, offer, self._peer, first_byte, length))

    def sent(self, offer: OfferId, first_byte: int, length: int) -> None:
        """Note that bytes were handed to the connection."""
        self._emit(DataSent(self._clock(), NAME, offer, self._peer, first_byte, length))

    def left(self, departure: Departure) -> None:
        """Note that the connection ended."""
        for offer in self._offers:
            self._emit(PeerLeft(self._clock(), NAME, offer, self._peer, departure))
        self._offers.clear()

    def _meet(self, offer: OfferId) -> None:
        if offer in self._offers:
            return
        self._offers[offer] = None
        at = self._clock()
        self._emit(PeerConnected(at, NAME, offer, self._peer, self._ours))
        self._emit(ClientNamed(at, NAME, offer, self._peer, b"", self._client, self._identifiers))
