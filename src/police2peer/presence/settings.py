# SPDX-License-Identifier: EUPL-1.2
"""What belongs to one machine and not to the campaign: where it listens, whom it trusts, where its data lies.

`police2peer.toml` stands beside `campaign.toml`; every key has a safe default (loopback, counts only), so the
file may be absent. Secrets are paths to files, never values.
"""

import ipaddress
from dataclasses import dataclass
from pathlib import Path

from police2peer.campaign import ORDER_NAME, read_public_key, read_public_keys
from police2peer.contacts import PERIODS
from police2peer.errors import BadInput
from police2peer.networks import Limits
from police2peer.presence.network_settings import (
    DirectConnectTable,
    Ed2kTable,
    check_distinct_ports,
    following_room,
    read_directconnect,
    read_ed2k,
    read_limits,
)
from police2peer.strict_toml import Table, parse_document, read_document

SETTINGS_FILE = "police2peer.toml"
_LOOPBACK = "127.0.0.1"
# The port that libtorrent and most clients of the field listen on by default.
_DEFAULT_PORT = 6881
_DEFAULT_PAGE_PORT = 8080


@dataclass(frozen=True, slots=True)
class Settings:
    """The machine's settings; paths are absolute.

    `listen_hosts` are the addresses on which networks are served, `port` their port.
    `dht_bootstrap` are `host:port` of DHT nodes to begin with;
    `closed_network` says that all of it lives on this machine (the lab). `page_*` is where the public page is served.
    `counting_period` is how long one key stands for the same hosts; `period_key` is where nodes that count together
    find theirs, None for a node that counts for itself.
    `most_offers` is how many may be up at once; with it presence follows demand (`following`).
    `observed_*` are the sealed list of hashes that is observed, and the trackers that are asked about it.

    `ledger*` matter under an order that demands records only; `witnesses` are the public keys of partners who confirm
    the ledger, and `witnesses_needed` how many of them must have.
    """

    node_name: str
    listen_hosts: tuple[str, ...]
    port: int
    trackers: tuple[str, ...]
    dht_enabled: bool
    dht_bootstrap: tuple[str, ...]
    closed_network: bool
    page_enabled: bool
    page_host: str
    page_port: int
    counting_period: str
    period_key: Path | None
    limits: Limits
    directconnect: DirectConnectTable | None
    ed2k: Ed2kTable | None
    most_offers: int | None
    observed_list: Path
    observed_trackers: tuple[str, ...]
    data: Path
    files: Path
    public: Path
    catalogue: Path
    release: Path
    order: Path
    approvers: Path
    release_key: Path
    root: Path
    ledger: Path
    ledger_key: Path
    ledger_name: str
    witnesses: tuple[Path, ...]
    witnesses_needed: int

    def trusted_approvers(self) -> frozenset[bytes]:
        """Read the public keys of those whose signature on an order this machine accepts, one hex key a line."""
        keys = frozenset(read_public_keys(self.approvers))
        if not keys:
            raise BadInput(
                f"{self.approvers.name} trusts nobody",
                remedy="write the public key of each person who may approve, one a line",
            )
        return keys

    def trusted_release_key(self) -> bytes:
        """Read the public key whose releases this machine follows."""
        return read_public_key(self.release_key)


def read_settings(folder: Path) -> Settings:
    """Read `police2peer.toml` of a unit's folder, or take the defaults when there is none.

    Raises `Problems` (a `BadInput`) with everything that is wrong, line by line.
    """
    path = folder / SETTINGS_FILE
    document = read_document(path) if path.exists() else parse_document(b"", path)
    names = ("node", "page", "counting", "trust", "places", "evidence")
    node, page, counting, trust, places, evidence = (document.table(name, required=False) for name in names)
    observation = document.table("observation", required=False)
    networks = {name: document.table(name, required=False) for name in ("directconnect", "ed2k")}
    node_name = node.text("name", "node-1")
    witnesses = evidence.texts("witnesses", required=False)
    settings = Settings(
        node_name=node_name,
        listen_hosts=_hosts(node, "listen"),
        port=node.integer("port", _DEFAULT_PORT, least=1, most=65535),
        trackers=node.texts("trackers", required=False),
        dht_enabled=node.boolean("dht", default=True),
        dht_bootstrap=node.texts("dht_bootstrap", required=False),
        closed_network=node.boolean("closed_network", default=False),
        page_enabled=page.boolean("serve", default=True),
        page_host=_page_host(page),
        page_port=page.integer("port", _DEFAULT_PAGE_PORT, most=65535),
        counting_period=_period(counting),
        period_key=_optional_path(folder, counting, "period_key"),
        limits=read_limits(document.table("limits", required=False)),
        directconnect=read_directconnect(networks["directconnect"], folder),
        ed2k=read_ed2k(networks["ed2k"]),
        most_offers=following_room(document.table("following", required=False)),
        observed_list=folder / observation.text("list", "observed.list"),
        observed_trackers=observation.texts("trackers", required=False),
        data=folder / places.text("data", "node"),
        files=folder / places.text("files", "files"),
        public=folder / places.text("public", "public"),
        catalogue=folder / places.text("catalogue", "catalogue"),
        release=folder / places.text("release", "release.json"),
        order=folder / ORDER_NAME,
        approvers=folder / trust.text("approvers", "trust/approvers.pub"),
        release_key=folder / trust.text("release", "trust/release.pub"),
        root=folder / trust.text("root", "trust/root.json"),
        ledger=folder / evidence.text("ledger", "node/ledger"),
        ledger_key=folder / evidence.text("key", "node/ledger.pem"),
        ledger_name=evidence.text("name", f"police2peer/ledger/{node_name}"),
        witnesses=tuple(folder / name for name in witnesses),
        witnesses_needed=evidence.integer("needed", len(witnesses), most=len(witnesses)),
    )
    check_distinct_ports(document, _tcp_ports(settings))
    for table in (node, page, counting, observation, trust, places, evidence, document):
        table.finish()
    document.report.raise_if_any()
    return settings


def _period(table: Table) -> str:
    period = table.text("period", "month")
    if period not in PERIODS:
        table.problem("period", "no counting period", f"write one of {', '.join(PERIODS)}")
    return period


def _optional_path(folder: Path, table: Table, key: str) -> Path | None:
    text = table.text(key, "")
    return folder / text if text else None


def _tcp_ports(settings: Settings) -> dict[str, int]:
    ports = {"node.port": settings.port}
    if settings.directconnect is not None:
        ports |= {
            "directconnect.port": settings.directconnect.port,
            "directconnect.tls_port": settings.directconnect.tls_port,
        }
    if settings.ed2k is not None:
        ports["ed2k.port"] = settings.ed2k.port
    return ports


def _page_host(table: Table) -> str:
    host = table.text("listen", _LOOPBACK)
    try:
        ipaddress.ip_address(host)
    except ValueError:
        table.problem("listen", "not an IP address", "write an address of this machine, as 127.0.0.1")
    return host


def _hosts(table: Table, key: str) -> tuple[str, ...]:
    hosts = table.texts(key, required=False) or (_LOOPBACK,)
    for index, host in enumerate(hosts):
        try:
            ipaddress.ip_address(host)
        except ValueError:
            table.problem(key, "not an IP address", "write an address of this machine, as 127.0.0.1", index=index)
    return hosts
