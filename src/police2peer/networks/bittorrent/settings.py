# SPDX-License-Identifier: EUPL-1.2
"""What an operator decides about presence on BitTorrent."""

from dataclasses import dataclass

from police2peer.errors import BadInput
from police2peer.networks.contract import Address, Limits

_ANY = frozenset({"0.0.0.0", "::"})  # noqa: S104 - to tell them apart, not to bind
_PORTS = range(1, 65536)


@dataclass(frozen=True, slots=True)
class BitTorrentSettings:
    """Where to listen, where to announce.

    `closed_network` is for the lab: it lets trackers and DHT nodes live on loopback, where many share one address.
    """

    listen_hosts: tuple[str, ...] = ("127.0.0.1",)
    listen_port: int = 6881
    trackers: tuple[str, ...] = ()
    dht: bool = False
    dht_bootstrap: tuple[str, ...] = ()
    dht_announce_interval_s: int = 1200  # DHT nodes forget after 45 minutes; shorter costs traffic
    limits: Limits = Limits()  # noqa: RUF009 - frozen
    closed_network: bool = False

    def __post_init__(self) -> None:
        if self.listen_port not in _PORTS:
            raise BadInput(f"port {self.listen_port} does not exist", remedy="choose a listen port from 1 to 65535")
        if not self.listen_hosts:
            raise BadInput("no address to listen on", remedy="name at least one, such as 127.0.0.1")
        for tracker in self.trackers:
            if not tracker.startswith(("http://", "https://", "udp://")):
                raise BadInput(
                    "a tracker is neither http, https nor udp", remedy="write it as http://HOST:PORT/announce"
                )

    def our_end(self, peer_host: str) -> Address | None:
        """Give our end of a connection with a host; None where several of our addresses, or any, could be it."""
        ours = [host for host in self.listen_hosts if (":" in host) == (":" in peer_host)]
        if len(ours) != 1 or ours[0] in _ANY:
            return None
        return Address(ours[0], self.listen_port)
