# SPDX-License-Identifier: EUPL-1.2
"""What an operator decides about presence on eD2k."""

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from police2peer.errors import BadInput
from police2peer.networks.contract import Limits

_PORTS: Final = range(1, 65536)
_MOST_NICK: Final = 40


@dataclass(frozen=True, slots=True)
class Ed2kServer:
    """A server by its numeric address: names are not looked up, so that nobody can turn one elsewhere."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> "Ed2kServer":
        """Read `HOST:PORT`; raises `BadInput`."""
        host, _, port = text.rpartition(":")
        if not port.isdigit():
            raise BadInput("an eD2k server has no port", remedy="write it as ADDRESS:PORT")
        return cls(host, int(port))

    def __post_init__(self) -> None:
        try:
            address = ipaddress.IPv4Address(self.host)
        except ValueError:
            raise BadInput(
                "an eD2k server is not named by an IPv4 address", remedy="write its address in numbers"
            ) from None
        if self.port not in _PORTS:
            raise BadInput(f"port {self.port} does not exist", remedy="choose a port from 1 to 65535")
        object.__setattr__(self, "host", str(address))

    @property
    def wire(self) -> tuple[bytes, int]:
        """The server as hellos name it."""
        return ipaddress.IPv4Address(self.host).packed, self.port


@dataclass(frozen=True, slots=True)
class Ed2kSettings:
    """Where to listen, on which servers to be known, and how much to give.

    `identity` is the file of the user hash and the key by which servers and peers know this node again; without it
    both are drawn anew at each start. `offer_pause_s` lies between two packets of 200 offers to one server, and
    `files_a_server` is how many titles one server is told: public servers send away who tells them too much too
    fast. `public_host` is the address that servers should see; another one is told in `health`. `closed_network` is
    for the lab: servers may ask us to call peers on loopback and documentation addresses, and no pause is kept.
    """

    listen_hosts: tuple[str, ...] = ("127.0.0.1",)
    listen_port: int = 4662
    servers: tuple[Ed2kServer, ...] = ()
    nick: str = "police2peer"
    identity: Path | None = None
    public_host: str | None = None
    offer_pause_s: float = 60.0
    files_a_server: int | None = None
    limits: Limits = Limits()  # noqa: RUF009 - frozen
    closed_network: bool = False

    def __post_init__(self) -> None:
        if self.listen_port not in _PORTS:
            raise BadInput(f"port {self.listen_port} does not exist", remedy="choose a listen port from 1 to 65535")
        if not self.listen_hosts:
            raise BadInput("no address to listen on", remedy="name at least one, such as 127.0.0.1")
        if not 0 < len(self.nick) <= _MOST_NICK:
            raise BadInput("the nick is empty or too long", remedy=f"choose one of 1 to {_MOST_NICK} letters")
        if len(set(self.servers)) != len(self.servers):
            raise BadInput("an eD2k server is named twice", remedy="name each once")
        if self.files_a_server is not None and self.files_a_server < 1:
            raise BadInput("`files_a_server` is below 1", remedy="leave it out, or name a number that servers take")
