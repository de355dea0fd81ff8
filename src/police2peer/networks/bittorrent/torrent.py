# SPDX-License-Identifier: EUPL-1.2
"""From an offer to what strangers use to find it: the info dictionary, the .torrent file, the magnet link.

Everything follows from the hashes made with the file; the payload is never read here. Version 1 torrents only:
aria2 computes another infohash for hybrids, Transmission 3 refuses them (facts/bittorrent.md, section 3).
Sources: BEP 3, BEP 9 (magnets), BEP 12 (tracker tiers).
"""

import hashlib
from collections.abc import Sequence
from typing import NewType
from urllib.parse import quote

from police2peer.networks.bittorrent import bencode
from police2peer.networks.contract import Offer

InfoHash = NewType("InfoHash", bytes)


def info_of(offer: Offer) -> bytes:
    """Give the bencoded info dictionary of an offer; its SHA-1 is the infohash."""
    hashes = offer.hashes
    return bencode.encode(
        {
            b"length": hashes.size,
            b"name": offer.file_name().encode(),
            b"piece length": hashes.bt_piece_length,
            b"pieces": hashes.bt_pieces,
        }
    )


def infohash(offer: Offer) -> InfoHash:
    """Give the 20 bytes that name the offer's swarm."""
    return InfoHash(hashlib.sha1(info_of(offer), usedforsecurity=False).digest())


def torrent_for(offer: Offer, trackers: Sequence[str]) -> bytes:
    """Give the bytes of a .torrent file; the same offer and trackers give the same bytes always.

    There is no creation date and no maker's name in it. Every tracker is a tier of its own, so that clients try all.
    """
    # The info dictionary is placed as the very bytes that were hashed, between keys that sort before and after.
    head = b"d"
    if trackers:
        head += b"8:announce" + bencode.encode(trackers[0].encode())
    if len(trackers) > 1:
        head += b"13:announce-list" + bencode.encode([[tracker.encode()] for tracker in trackers])
    return head + b"4:info" + info_of(offer) + b"e"


def magnet(offer: Offer, trackers: Sequence[str]) -> str:
    """Give the magnet link of an offer, with its name and its trackers. It shows the title: never log it."""
    parts = [f"magnet:?xt=urn:btih:{infohash(offer).hex()}", f"dn={quote(offer.file_name(), safe='')}"]
    parts += [f"tr={quote(tracker, safe='')}" for tracker in trackers]
    return "&".join(parts)
