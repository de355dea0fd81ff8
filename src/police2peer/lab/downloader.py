# SPDX-License-Identifier: EUPL-1.2
"""The stand-in downloader: a separate program that plays the stranger, in the lab and nowhere else.

`python -m police2peer.lab.downloader` is the only code of the project that asks anybody for content. It cannot
leave the lab: it binds to and talks with loopback and TEST-NET-3 only (everything else is filtered), takes
trackers and peers only there, and fetches only hashes that stand in the list it is given. A test holds that no
other module imports it. One JSON object a file is printed when it ends.
"""

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

import libtorrent as lt

from police2peer.errors import BadInput, NotPermitted, Police2PeerError
from police2peer.lab.hashes import read_hashes
from police2peer.lab.places import check_in_lab, check_url_in_lab, endpoint

_EVERYTHING: Final = ("0.0.0.0", "255.255.255.255")  # noqa: S104 - to filter it, not to bind to it
_LAB_RANGES: Final = (("127.0.0.0", "127.255.255.255"), ("203.0.113.0", "203.0.113.255"))
_TURN_S: Final = 0.05
_ASK_DHT_EVERY_S: Final = 3.0  # the node may have announced itself only after the first question


@dataclass(frozen=True, slots=True)
class Fetched:
    """How one fetch ended; `sha256` is empty unless the file is whole."""

    infohash: str
    whole: bool
    bytes_received: int
    seconds: float
    path: str
    sha256: str


@dataclass(slots=True)
class _Fetch:
    handle: lt.torrent_handle
    infohash: str
    done_at: float | None = None


def read_source(source: str, allowed: frozenset[str]) -> lt.add_torrent_params:
    """Read a .torrent file or a magnet link; raises unless it is one of the lab's and names only the lab's places."""
    try:
        if source.startswith("magnet:"):
            wanted = lt.parse_magnet_uri(source)
            hosts = parse_qs(urlsplit(source).query).get("x.pe", [])
        else:
            wanted = lt.load_torrent_buffer(Path(source).read_bytes())
            hosts = []
    except (OSError, RuntimeError) as error:
        raise BadInput("this is no torrent file and no magnet link", remedy="give one of the lab's") from error
    if str(wanted.info_hashes.v1) not in allowed:
        raise NotPermitted(
            "this is not one of the lab's files", remedy="the downloader fetches only what the lab made"
        )
    for tracker in wanted.trackers:
        check_url_in_lab(tracker)
    for host in hosts:
        endpoint(host)
    wanted.url_seeds = []
    wanted.http_seeds = []
    return wanted


def open_session(bind: str, dht_bootstrap: Sequence[str], *, utp: bool = True) -> lt.session:
    """Start a session that can reach the lab only."""
    check_in_lab(bind)
    for node in dht_bootstrap:
        endpoint(node)
    session = lt.session(
        {
            "listen_interfaces": f"{bind}:0",
            "outgoing_interfaces": bind,
            "enable_dht": bool(dht_bootstrap),
            "dht_bootstrap_nodes": ",".join(dht_bootstrap),
            "dht_restrict_routing_ips": False,
            "dht_block_ratelimit": 1_000_000,
            "dht_upload_rate_limit": 10_000_000,
            "enable_outgoing_utp": utp,
            "enable_lsd": False,
            "enable_upnp": False,
            "enable_natpmp": False,
            "webtorrent_stun_server": "",
            "ssrf_mitigation": False,
            "allow_multiple_connections_per_ip": True,
            "seeding_outgoing_connections": False,
            "stop_tracker_timeout": 1,
            "alert_mask": lt.alert_category.dht,
        }
    )
    walls = lt.ip_filter()
    walls.add_rule(*_EVERYTHING, 1)
    walls.add_rule("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 1)
    for first, last in _LAB_RANGES:
        walls.add_rule(first, last, 0)
    session.set_ip_filter(walls)
    return session


def begin(
    session: lt.session, wanted: lt.add_torrent_params, folder: Path, peers: Sequence[tuple[str, int]]
) -> _Fetch:
    """Begin one fetch."""
    wanted.save_path = str(folder)
    wanted.flags = (lt.torrent_flags.default_flags & ~lt.torrent_flags.auto_managed & ~lt.torrent_flags.paused) | (
        lt.torrent_flags.disable_pex | lt.torrent_flags.disable_lsd
    )
    infohash = str(wanted.info_hashes.v1)
    handle = session.add_torrent(wanted)
    for peer in peers:
        handle.connect_peer(peer)
    return _Fetch(handle, infohash)


def wait(session: lt.session, fetches: Sequence[_Fetch], *, limit_s: float, stop_after: int | None) -> None:
    """Wait until every fetch is whole, has `stop_after` bytes, or the limit is over."""
    began = asked_at = time.monotonic()
    while any(fetch.done_at is None for fetch in fetches) and time.monotonic() - began < limit_s:
        bootstrapped = any(isinstance(alert, lt.dht_bootstrap_alert) for alert in session.pop_alerts())
        if bootstrapped or time.monotonic() - asked_at > _ASK_DHT_EVERY_S:
            asked_at = time.monotonic()
            for fetch in fetches:
                if fetch.done_at is None:
                    fetch.handle.force_dht_announce()
        for fetch in fetches:
            status = fetch.handle.status()
            enough = stop_after is not None and status.total_payload_download >= stop_after
            if fetch.done_at is None and (status.is_seeding or enough):
                fetch.done_at = time.monotonic() - began
                if enough and not status.is_seeding:
                    fetch.handle.pause()
        time.sleep(_TURN_S)


def report(fetch: _Fetch, folder: Path, limit_s: float) -> Fetched:
    """Say how a fetch ended, with the SHA-256 of a whole file."""
    status = fetch.handle.status()
    path = folder / status.name if status.has_metadata else folder
    digest = ""
    if status.is_seeding:
        with path.open("rb") as handle:
            digest = hashlib.file_digest(handle, "sha256").hexdigest()
    seconds = round(limit_s if fetch.done_at is None else fetch.done_at, 3)
    return Fetched(fetch.infohash, status.is_seeding, status.total_payload_download, seconds, str(path), digest)


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="police2peer.lab.downloader", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("sources", nargs="+", help=".torrent files or magnet links of the lab")
    parser.add_argument("--allow", type=Path, required=True, help="file with the lab's infohashes")
    parser.add_argument("--into", type=Path, required=True, help="folder for what is fetched")
    parser.add_argument("--bind", default="127.0.0.1", help="the lab's address to use")
    parser.add_argument("--peer", action="append", default=[], metavar="HOST:PORT", help="a peer to dial")
    parser.add_argument("--dht", action="append", default=[], metavar="HOST:PORT", help="a node of the lab's DHT")
    parser.add_argument("--limit-s", type=float, default=60.0, help="give up after this long")
    parser.add_argument("--stop-after", type=int, help="leave after this many bytes, as many strangers do")
    parser.add_argument("--tcp-only", action="store_true", help="dial over TCP only, for measuring")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Fetch; exit code 0 when all is as asked, 1 when something is missing, 2 when it was refused."""
    asked = _arguments(argv)
    try:
        allowed = read_hashes(asked.allow)
        wanted = [read_source(source, allowed) for source in asked.sources]
        peers = [endpoint(peer) for peer in asked.peer]
        session = open_session(asked.bind, asked.dht, utp=not asked.tcp_only)
    except Police2PeerError as error:
        sys.stderr.write(f"refused: {error}\n")
        return 2
    asked.into.mkdir(parents=True, exist_ok=True)
    fetches = [begin(session, one, asked.into, peers) for one in wanted]
    wait(session, fetches, limit_s=asked.limit_s, stop_after=asked.stop_after)
    ended = [report(fetch, asked.into, asked.limit_s) for fetch in fetches]
    for one in ended:
        sys.stdout.write(json.dumps(asdict(one)) + "\n")
    as_asked = all(one.whole or (asked.stop_after and one.bytes_received >= asked.stop_after) for one in ended)
    return 0 if as_asked else 1


if __name__ == "__main__":
    sys.exit(main())
