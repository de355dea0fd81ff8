# SPDX-License-Identifier: EUPL-1.2
"""Asks the DHT who announces hashes (BEP 5, get_peers), counts by country in memory, and drops every address.

A libtorrent session without any torrent: incoming and outgoing connections are off and the node is read-only (BEP
43), so nothing is announced and nobody is connected to. Nobody answers when nobody announces, so a **canary**, a hash
that our own node announces, tells an empty swarm from a DHT that is down: where no canary is
found, zero means "unknown".

It counts who advertises. That can be spoofed, and does not tell who has what: an outcome measure for many, and never
a word about anybody. Sources: BEP 5, BEP 43; facts of libtorrent 2.1.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

import libtorrent as lt

from police2peer.errors import Unavailable
from police2peer.networks.observation.hash_list import HashList

_READY_S: Final = 20.0
_LOOKUP_S: Final = 4.0
_AT_ONCE: Final = 20
_TURN_MS: Final = 100
_MOST_HOSTS: Final = 50_000  # for one hash; beyond that somebody is inventing them


@dataclass(frozen=True, slots=True)
class DhtSettings:
    """Where to listen (UDP) and to begin; `closed_network` is for the lab."""

    host: str = "127.0.0.1"
    bootstrap: tuple[str, ...] = ()
    closed_network: bool = False
    lookup_s: float = _LOOKUP_S
    ready_s: float = _READY_S


@dataclass(frozen=True, slots=True)
class DhtCounts:
    """Different hosts that announce, summed over the list, by country; `canary_seen` says whether zero is a zero."""

    by_country: dict[str, int]
    hashes_alive: int
    canary_seen: bool


async def count_by_dht(
    settings: DhtSettings, hashes: HashList, canaries: Sequence[bytes], country_of: Callable[[str], str]
) -> DhtCounts:
    """Look every hash up once. Raises `Unavailable` when the DHT cannot be reached at all."""
    return await asyncio.to_thread(_count, settings, hashes, canaries, country_of)


def _count(
    settings: DhtSettings, hashes: HashList, canaries: Sequence[bytes], country_of: Callable[[str], str]
) -> DhtCounts:
    session = lt.session(_quiet(settings))
    _wait_ready(session, settings.ready_s)
    seen_before = _any_announced(session, canaries, settings.lookup_s)
    by_country: Counter[str] = Counter()
    alive = 0
    left = hashes.reveal()
    while group := list(islice(left, _AT_ONCE)):
        for hosts in _look_up(session, group, settings.lookup_s).values():
            alive += bool(hosts)
            by_country.update(map(country_of, hosts))
    seen_after = _any_announced(session, canaries, settings.lookup_s)
    return DhtCounts(dict(by_country), alive, seen_before and seen_after)


def _quiet(settings: DhtSettings) -> "lt.settings_pack":
    """Give the settings of a session that asks the DHT and does nothing else."""
    closed = settings.closed_network
    return {
        "listen_interfaces": f"{settings.host}:0",
        "enable_dht": True,
        "dht_read_only": True,
        "dht_bootstrap_nodes": ",".join(settings.bootstrap),
        "dht_restrict_routing_ips": not closed,
        "dht_block_ratelimit": 1_000_000 if closed else 5,
        "enable_incoming_tcp": False,
        "enable_outgoing_tcp": False,
        "enable_incoming_utp": False,
        "enable_outgoing_utp": False,
        "enable_lsd": False,
        "enable_upnp": False,
        "enable_natpmp": False,
        "webtorrent_stun_server": "",
        "alert_queue_size": 100_000,
        "alert_mask": lt.alert_category.dht | lt.alert_category.dht_operation,
    }


def _wait_ready(session: lt.session, limit_s: float) -> None:
    give_up_at = time.monotonic() + limit_s
    while time.monotonic() < give_up_at:
        session.wait_for_alert(_TURN_MS)
        if any(isinstance(alert, lt.dht_bootstrap_alert) for alert in session.pop_alerts()):
            return
    raise Unavailable("the DHT cannot be reached", remedy="see `dht_bootstrap` in police2peer.toml, and the network")


def _any_announced(session: lt.session, canaries: Sequence[bytes], limit_s: float) -> bool:
    return any(_look_up(session, canaries, limit_s).values())


def _look_up(session: lt.session, hashes: Iterable[bytes], limit_s: float) -> dict[bytes, set[str]]:
    """Give the hosts that announce each hash; the caller counts and drops them."""
    found: dict[bytes, set[str]] = {one: set() for one in hashes}
    for one in found:
        session.dht_get_peers(lt.sha1_hash(one))
    give_up_at = time.monotonic() + (limit_s if found else 0.0)
    while time.monotonic() < give_up_at:
        session.wait_for_alert(_TURN_MS)
        for alert in session.pop_alerts():
            if isinstance(alert, lt.dht_get_peers_reply_alert):
                hosts = found.get(alert.info_hash.to_bytes())
                if hosts is not None and len(hosts) < _MOST_HOSTS:
                    hosts.update(host for host, _ in alert.peers())
    return found
