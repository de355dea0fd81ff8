# SPDX-License-Identifier: EUPL-1.2
"""A small DHT of the lab's own: libtorrent nodes on loopback addresses, without torrents, known to nobody else.

Source: BEP 5. With many nodes on one machine, libtorrent's rules against neighbours must be loosened
(`dht_restrict_routing_ips`), which only the lab does.
"""

import time
from collections.abc import Sequence
from typing import Final

import libtorrent as lt

from police2peer.errors import Unavailable
from police2peer.lab.places import check_in_lab

_READY_S: Final = 20.0


class DhtRing:
    """A handful of DHT nodes. `bootstrap` is what a client is told to begin with."""

    def __init__(self, hosts: Sequence[str] = ("127.0.6.1", "127.0.6.2", "127.0.6.3", "127.0.6.4")) -> None:
        for host in hosts:
            check_in_lab(host)
        self._hosts = hosts
        self._nodes: list[lt.session] = []
        self.bootstrap: tuple[str, ...] = ()

    def start(self) -> None:
        """Start the nodes and wait until each knows another; raises `Unavailable`."""
        for host in self._hosts:
            node = lt.session(_settings(host, self.bootstrap))
            self._nodes.append(node)
            self.bootstrap = (*self.bootstrap, f"{host}:{_port_of(node)}")
        give_up_at = time.monotonic() + _READY_S
        waiting = self._nodes[1:]
        while waiting and time.monotonic() < give_up_at:
            waiting = [node for node in waiting if not _knows_others(node)]
            time.sleep(0.05)
        if waiting:
            raise Unavailable("the lab's DHT did not come together", remedy="start the lab again")

    def stop(self) -> None:
        """End every node."""
        self._nodes.clear()


def _settings(host: str, bootstrap: Sequence[str]) -> "lt.settings_pack":
    return {
        "listen_interfaces": f"{host}:0",
        "enable_dht": True,
        "dht_bootstrap_nodes": ",".join(bootstrap),
        "dht_restrict_routing_ips": False,
        "dht_block_ratelimit": 1_000_000,
        "dht_upload_rate_limit": 10_000_000,  # a node announces hundreds of offers to these few at once
        "enable_lsd": False,
        "enable_upnp": False,
        "enable_natpmp": False,
        "enable_incoming_tcp": False,
        "enable_outgoing_tcp": False,
        "enable_outgoing_utp": False,
        "webtorrent_stun_server": "",
        "alert_mask": lt.alert_category.dht | lt.alert_category.stats,
    }


def _port_of(node: lt.session) -> int:
    give_up_at = time.monotonic() + _READY_S
    while not (port := node.listen_port()):
        if time.monotonic() > give_up_at:
            raise Unavailable("a DHT node of the lab found no port", remedy="free some ports on loopback")
        time.sleep(0.02)
    return port


def _knows_others(node: lt.session) -> bool:
    return any(isinstance(alert, lt.dht_bootstrap_alert) for alert in node.pop_alerts())
