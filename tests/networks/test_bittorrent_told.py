# SPDX-License-Identifier: EUPL-1.2
"""What a BitTorrent peer tells about itself: its id, what it holds, and which of our ends it spoke to."""

import asyncio
import struct
from typing import TYPE_CHECKING

from police2peer.networks import (
    Address,
    ClientNamed,
    DataAcknowledged,
    DataSent,
    IdentifierKind,
    PeerConnected,
    PeerLeft,
)
from police2peer.networks.bittorrent import BitTorrentSettings

if TYPE_CHECKING:
    from tests.networks.conftest import Workshop

_INTERESTED, _HAVE = 2, 4
_BLOCK = 16_384


async def test_pieces_that_a_peer_says_it_holds_are_acknowledged_and_nothing_else(workshop: "Workshop") -> None:
    (offer,) = workshop.offers(workshop.clip(5 * 65_536 + 100))
    piece = offer.hashes.bt_piece_length
    async with workshop.node() as up:
        await up.network.publish(offer)
        peer = await workshop.peer(up, offer, "127.0.0.21", b"-TR4050-")
        peer.say(_INTERESTED)
        for start in range(0, 2 * piece, _BLOCK):
            peer.ask(start // piece, start % piece, _BLOCK)
        await asyncio.wait_for(peer.hear_pieces(2 * piece // _BLOCK), 20)
        await up.until(lambda: sum(event.length_bytes for event in up.of(DataSent)) == 2 * piece)
        assert not up.of(DataAcknowledged), "what was sent is not what was received"
        peer.say(_HAVE, struct.pack("!I", 1))
        await up.until(lambda: bool(up.of(DataAcknowledged)))
        peer.say(_HAVE, struct.pack("!I", 0))
        await up.until(lambda: len(up.of(DataAcknowledged)) == 2)
        peer.close()
        await up.until(lambda: bool(up.of(PeerLeft)))
    told = [(event.first_byte, event.length_bytes) for event in up.of(DataAcknowledged)]
    assert told == [(piece, piece), (0, piece)]


async def test_the_id_is_told_whole_and_our_end_of_the_connection(workshop: "Workshop") -> None:
    (offer,) = workshop.offers(workshop.clip(_BLOCK))
    async with workshop.node() as up:
        await up.network.publish(offer)
        peer = await workshop.peer(up, offer, "127.0.0.22", b"-qB4520-")
        peer.say(_INTERESTED)
        peer.ask(0, 0, _BLOCK)
        await asyncio.wait_for(peer.hear_pieces(1), 20)
        peer.close()
        await up.until(lambda: bool(up.of(PeerLeft)))
    (connected,) = up.of(PeerConnected)
    assert connected.ours == Address(*up.where)
    (named,) = up.of(ClientNamed)
    (identifier,) = named.identifiers
    assert named.peer_id == b"-qB4520-"
    assert identifier.kind is IdentifierKind.PEER_ID
    assert len(identifier.reveal()) == 20
    assert identifier.reveal().startswith(b"-qB4520-")


async def test_a_client_that_has_all_and_leaves_has_acknowledged_all(workshop: "Workshop") -> None:
    (offer,) = workshop.offers(workshop.clip())
    async with workshop.node() as up:
        await up.network.publish(offer)
        await workshop.stranger([offer], [offer], "--peer", up.at)
        await up.until(lambda: bool(up.of(PeerLeft)))
    assert (up.of(DataAcknowledged)[-1].first_byte, up.of(DataAcknowledged)[-1].length_bytes) == (
        0,
        offer.hashes.size,
    )
    assert isinstance(up.events[-1], PeerLeft)


def test_our_end_is_told_only_where_it_can_be_no_other() -> None:
    assert BitTorrentSettings(("192.0.2.1", "2001:db8::1")).our_end("203.0.113.4") == Address("192.0.2.1", 6881)
    assert BitTorrentSettings(("192.0.2.1", "2001:db8::1")).our_end("2001:db8::9") == Address("2001:db8::1", 6881)
    assert BitTorrentSettings(("192.0.2.1", "192.0.2.2")).our_end("203.0.113.4") is None
    assert BitTorrentSettings(("0.0.0.0",)).our_end("203.0.113.4") is None  # noqa: S104 - never bound here
