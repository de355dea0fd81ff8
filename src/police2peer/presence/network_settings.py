# SPDX-License-Identifier: EUPL-1.2
"""The tables of `police2peer.toml` that say how this machine is present on each network, and what it may take.

They are read without loading any network. A table that is absent means that the network is not set up here; offers
of a release on it are then left to other machines, and `status` says so.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from police2peer.errors import BadInput
from police2peer.networks import Limits
from police2peer.strict_toml import Table

_MOST: Final = 2**40
_PORTS: Final = {"least": 1, "most": 65535}
_OPTIONAL_PORTS: Final = {"least": 0, "most": 65535}


@dataclass(frozen=True, slots=True)
class HubEntry:
    """One hub: `address` as hubs publish theirs, with the keyprint; `password_file` for a registered nick."""

    address: str
    nick: str
    password_file: Path | None


@dataclass(frozen=True, slots=True)
class DirectConnectTable:
    """`[directconnect]`: 0 in both ports makes the node passive."""

    hubs: tuple[HubEntry, ...]
    port: int
    tls_port: int
    public_host: str
    description: str


@dataclass(frozen=True, slots=True)
class Ed2kTable:
    """`[ed2k]`: servers as `ADDRESS:PORT`; 0 as `files_a_server` means no limit of our own."""

    servers: tuple[str, ...]
    port: int
    nick: str
    public_host: str
    files_a_server: int


def read_limits(limits: Table) -> Limits:
    """Read `[limits]`; they hold for each network by itself."""
    read = Limits(
        upload_slots=limits.integer("upload_slots", 0, most=_MOST) or None,
        connections=limits.integer("connections", Limits().connections, least=1, most=_MOST),
        upload_bytes_per_s=limits.integer("upload_bytes_per_s", 0, most=_MOST) or None,
    )
    limits.finish()
    return read


def read_directconnect(directconnect: Table, folder: Path) -> DirectConnectTable | None:
    """Read `[directconnect]`; None when it is absent."""
    hubs = tuple(_hub(hub, folder) for hub in directconnect.tables("hubs"))
    read = DirectConnectTable(
        hubs=hubs,
        port=directconnect.integer("port", 0, **_OPTIONAL_PORTS),
        tls_port=directconnect.integer("tls_port", 0, **_OPTIONAL_PORTS),
        public_host=directconnect.text("public_host", ""),
        description=directconnect.text("description", ""),
    )
    if directconnect.values and not hubs:
        directconnect.problem("hubs", "no hub is named", "write [[directconnect.hubs]] with address and nick")
    directconnect.finish()
    return read if directconnect.values else None


def _hub(hub: Table, folder: Path) -> HubEntry:
    password = hub.text("password_file", "")
    entry = HubEntry(hub.text("address"), hub.text("nick"), folder / password if password else None)
    if entry.password_file is not None and not entry.password_file.is_file():
        hub.problem("password_file", "there is no such file", "write the password into it, readable by you alone")
    hub.finish()
    return entry


def read_ed2k(ed2k: Table) -> Ed2kTable | None:
    """Read `[ed2k]`; None when it is absent."""
    read = Ed2kTable(
        servers=ed2k.texts("servers", required=False),
        port=ed2k.integer("port", 4662, **_PORTS),
        nick=ed2k.text("nick", "police2peer"),
        public_host=ed2k.text("public_host", ""),
        files_a_server=ed2k.integer("files_a_server", 0, most=_MOST),
    )
    if ed2k.values and not read.servers:
        ed2k.problem("servers", "no server is named", 'write servers = ["ADDRESS:PORT"]')
    ed2k.finish()
    return read if ed2k.values else None


def check_distinct_ports(document: Table, ports: dict[str, int]) -> None:
    """Note two networks that would listen on one port."""
    seen: dict[int, str] = {}
    for name, port in ports.items():
        if port and (other := seen.setdefault(port, name)) != name:
            document.report.add(None, name, f"the same port as {other}", "choose a port for each")


def following_room(following: Table) -> int | None:
    """Read `[following]`: how many offers may be up at once; None for all."""
    most = following.integer("most_offers", 0, most=_MOST)
    following.finish()
    return most or None


def refuse_unset(names: list[str]) -> BadInput:
    """Give the error for a release of which nothing can be offered here."""
    return BadInput(
        f"none of the networks of the release ({', '.join(names)}) is set up on this machine",
        remedy="write the table of at least one into police2peer.toml",
    )
