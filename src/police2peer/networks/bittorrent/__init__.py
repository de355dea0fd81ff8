# SPDX-License-Identifier: EUPL-1.2
"""BitTorrent: v1 torrents over TCP and uTP, trackers and DHT, upload-only by construction.

`torrent_for`, `magnet` and `infohash` need no engine; `BitTorrent` imports libtorrent when it is first named.
"""

from typing import TYPE_CHECKING

from police2peer.networks.bittorrent import bencode
from police2peer.networks.bittorrent.settings import BitTorrentSettings
from police2peer.networks.bittorrent.torrent import InfoHash, infohash, magnet, torrent_for

if TYPE_CHECKING:
    from police2peer.networks.bittorrent.engine import BitTorrent

__all__ = ["BitTorrent", "BitTorrentSettings", "InfoHash", "bencode", "infohash", "magnet", "torrent_for"]


def __getattr__(name: str) -> object:
    if name == "BitTorrent":
        from police2peer.networks.bittorrent.engine import BitTorrent  # noqa: PLC0415 - 25 MB, only for nodes

        return BitTorrent
    raise AttributeError(name)
