# SPDX-License-Identifier: EUPL-1.2
"""Upload-only by construction: the one place where flags, settings and their alarms stand.

Promise: the engine never asks a peer for a byte. It was measured that seed mode alone downloads a whole file
when ours is missing, and that auto management clears upload mode (facts/bittorrent.md, section 1). So every
torrent bears `FLAGS`, the session bears `session_settings`, a magnet is never added (reading metadata is a
download), no torrent is auto managed, and outgoing connections are off. `broken_invariants` is the alarm.
libtorrent takes misspelt attributes of `add_torrent_params` in silence: `parameters` sets them through a check.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import libtorrent as lt

from police2peer.errors import Unavailable
from police2peer.networks.bittorrent.settings import BitTorrentSettings
from police2peer.networks.bittorrent.torrent import info_of
from police2peer.networks.contract import Offer

_F = lt.torrent_flags

FLAGS: Final = (
    _F.seed_mode
    | _F.upload_mode
    | _F.default_dont_download
    | _F.apply_ip_filter
    | _F.duplicate_is_error
    # Peers' addresses are not passed on to strangers, and none are taken in.
    | _F.disable_pex
    | _F.disable_lsd
)
# libtorrent clears seed mode by itself once every piece was hashed, and keeps `default_dont_download` as the
# priority of the file and not as a flag; the rest must stand for ever.
LASTING: Final = FLAGS & ~(_F.seed_mode | _F.default_dont_download | _F.duplicate_is_error)
FORBIDDEN: Final = _F.auto_managed | _F.share_mode | _F.super_seeding | _F.paused

# Must be zero, or publish-only is broken: a request is preceded by "interested" always, and we set no web seeds.
ASKED: Final = "ses.num_outgoing_interested"
# Zero as well, unless a hostile peer pushes what nobody asked for: thrown away, told, and no alarm that anybody
# could ring at will.
PUSHED: Final = ("net.recv_payload_bytes", "ses.num_incoming_piece")

_C = lt.alert_category
# Beside the mask of the facts: `tracker` for health, `dht` for the bootstrap, `incoming_request` for rung 3
# (docs/adr/0006). Never `peer_log`: it holds addresses and keys, 15 alerts for each block.
ALERT_MASK: Final = (
    _C.error | _C.peer | _C.connect | _C.status | _C.upload | _C.ip_block | _C.tracker | _C.dht | _C.incoming_request
)
_ALERT_QUEUE: Final = 100_000  # 20,000 contacts in 3 s lost none at this size; 2,000 (default) lost two of three


def session_settings(wanted: BitTorrentSettings) -> "lt.settings_pack":
    """Give libtorrent's settings; an unknown key would raise in libtorrent, not pass."""
    closed, limits = wanted.closed_network, wanted.limits
    return {
        "listen_interfaces": ",".join(f"{host}:{wanted.listen_port}" for host in wanted.listen_hosts),
        "max_retry_port_bind": 0,
        "listen_system_port_fallback": False,  # else a taken port is silently replaced by another
        "enable_outgoing_tcp": False,
        "enable_outgoing_utp": False,
        "seeding_outgoing_connections": False,
        "enable_lsd": False,
        "enable_upnp": False,
        "enable_natpmp": False,
        "webtorrent_stun_server": "",  # the default asks a third party
        "num_want": 0,  # trackers need not name any peer to us
        "announce_to_all_tiers": True,
        "announce_to_all_trackers": True,
        "stop_tracker_timeout": 2,
        "tracker_backoff": 0 if closed else 250,
        "ssrf_mitigation": not closed,
        "allow_multiple_connections_per_ip": True,  # many subscribers share one address (CGNAT)
        "connections_limit": limits.connections,
        "listen_queue_size": 3000,
        "unchoke_slots_limit": -1 if limits.upload_slots is None else limits.upload_slots,
        "upload_rate_limit": limits.upload_bytes_per_s or 0,  # 0 is libtorrent's word for none
        "alert_queue_size": _ALERT_QUEUE,
        "alert_mask": ALERT_MASK,
        "enable_dht": wanted.dht,
        "dht_bootstrap_nodes": ",".join(wanted.dht_bootstrap),
        "dht_announce_interval": wanted.dht_announce_interval_s,
        "dht_restrict_routing_ips": not closed,
        "dht_block_ratelimit": 1_000_000 if closed else 5,
        "dht_upload_rate_limit": 1_000_000 if closed else 8000,  # answers to others; our own announces pass
    }


def open_session(wanted: BitTorrentSettings) -> lt.session:
    """Start libtorrent; it names itself with its own true client string."""
    settings = lt.session_params(session_settings(wanted))
    settings.disk_io_constructor = "pread_disk_io_constructor"  # mmap costs twice the CPU on many cold torrents
    session = lt.session(settings)
    session.set_peer_class_filter(_limits_for_all())
    return session


def _limits_for_all() -> lt.ip_filter:
    """Put every peer under the session's limits; libtorrent alone would exempt private addresses."""
    everyone = lt.ip_filter()
    limited = 1 << lt.session.global_peer_class_id
    everyone.add_rule("0.0.0.0", "255.255.255.255", limited)  # noqa: S104 - a range, nothing is bound
    everyone.add_rule("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", limited)
    return everyone


def parameters(offer: Offer, trackers: tuple[str, ...]) -> lt.add_torrent_params:
    """Give what is added for an offer: its bytes lie at `offer.path`, whatever its title is. Nothing is hashed."""
    made = lt.load_torrent_buffer(b"d4:info" + info_of(offer) + b"e")
    path = Path(offer.path).absolute()
    for name, value in (
        ("save_path", str(path.parent)),
        ("renamed_files", {0: path.name}),
        ("flags", FLAGS),
        ("trackers", list(trackers)),
        ("tracker_tiers", list(range(len(trackers)))),
    ):
        if not hasattr(type(made), name):
            raise AttributeError(name)
        setattr(made, name, value)
    return made


def assert_upload_only(handle: lt.torrent_handle) -> None:
    """Check the flags the engine really holds; raises `Unavailable`, after which the offer must be taken down."""
    try:
        flags = handle.flags()
    except RuntimeError:  # libtorrent's word for a torrent that was removed meanwhile
        return
    if flags & LASTING != LASTING or flags & FORBIDDEN:
        raise Unavailable(
            "the engine did not keep an offer upload-only",
            remedy="the offer was taken down; install the pinned libtorrent and run the tests of networks",
        )


def broken_invariants(counters: Mapping[str, int]) -> tuple[str, ...]:
    """Name what does not hold; empty is well, anything else is an alarm."""
    if counters.get(ASKED, 0) == 0:
        return ()
    received = counters.get(PUSHED[0], 0)
    return (f"publish-only does not hold: a peer was asked for data, {received} bytes came",)


def pushed_bytes(counters: Mapping[str, int]) -> int:
    """Give how many bytes came that nobody asked for; they were thrown away."""
    return 0 if counters.get(ASKED, 0) else counters.get(PUSHED[0], 0)
