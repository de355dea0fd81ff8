# SPDX-License-Identifier: EUPL-1.2
"""Which networks this machine joins, from its settings; an engine is loaded only when it is set up here.

A new network is one line in `_MAKERS` and one function.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final

from police2peer.campaign import ApprovedTerm
from police2peer.networks import Network
from police2peer.networks.bittorrent import BitTorrent, BitTorrentSettings
from police2peer.presence.network_settings import refuse_unset
from police2peer.presence.settings import Settings

Clock = Callable[[], datetime]
Terms = tuple[ApprovedTerm, ...]
_Maker = Callable[[Settings, Terms, Clock], Network | None]


def join_networks(
    names: Iterable[str], settings: Settings, terms: Terms, clock: Clock
) -> tuple[dict[str, Network], tuple[str, ...]]:
    """Give the engine of each network that is set up here, and the names of the others.

    Raises `BadInput` when none is, or when a setting cannot be used.
    """
    joined: dict[str, Network] = {}
    left_out = []
    for name in sorted(set(names)):
        network = _MAKERS[name](settings, terms, clock) if name in _MAKERS else None
        if network is None:
            left_out.append(name)
        else:
            joined[name] = network
    if not joined:
        raise refuse_unset(left_out)
    return joined, tuple(left_out)


def _bittorrent(settings: Settings, _: Terms, clock: Clock) -> Network:
    return BitTorrent(
        BitTorrentSettings(
            listen_hosts=settings.listen_hosts,
            listen_port=settings.port,
            trackers=settings.trackers,
            dht=settings.dht_enabled,
            dht_bootstrap=settings.dht_bootstrap,
            limits=settings.limits,
            closed_network=settings.closed_network,
        ),
        clock=clock,
    )


def _ed2k(settings: Settings, _: Terms, clock: Clock) -> Network | None:
    table = settings.ed2k
    if table is None:
        return None
    from police2peer.networks.ed2k import Ed2k, Ed2kServer, Ed2kSettings  # noqa: PLC0415 - only where it is set up

    return Ed2k(
        Ed2kSettings(
            listen_hosts=settings.listen_hosts,
            listen_port=table.port,
            servers=tuple(Ed2kServer.parse(server) for server in table.servers),
            nick=table.nick,
            identity=settings.data / "ed2k-identity",
            public_host=table.public_host or None,
            files_a_server=table.files_a_server or None,
            limits=settings.limits,
            closed_network=settings.closed_network,
        ),
        clock=clock,
    )


def _directconnect(settings: Settings, terms: Terms, clock: Clock) -> Network | None:
    table = settings.directconnect
    if table is None:
        return None
    from police2peer.networks.directconnect import (  # noqa: PLC0415 - only where it is set up
        DirectConnect,
        DirectConnectSettings,
        HubAddress,
        HubSettings,
    )

    hubs = tuple(HubSettings(HubAddress.parse(hub.address), hub.nick, hub.password_file) for hub in table.hubs)
    return DirectConnect(
        DirectConnectSettings(
            state=settings.data / "directconnect",
            hubs=hubs,
            listen_host=settings.listen_hosts[0],
            listen_port=table.port,
            tls_port=table.tls_port,
            public_host=table.public_host,
            description=table.description,
            limits=settings.limits,
        ),
        terms=terms,
        clock=clock,
    )


_MAKERS: Final[dict[str, _Maker]] = {
    "bittorrent": _bittorrent,
    "directconnect": _directconnect,
    "ed2k": _ed2k,
}
# Networks on which people search, so that demand is seen there.
SEARCHED: Final = frozenset({"directconnect"})
