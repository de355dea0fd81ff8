# SPDX-License-Identifier: EUPL-1.2
"""What an operator decides about presence on Direct Connect."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

from police2peer.errors import BadInput
from police2peer.networks.contract import Limits
from police2peer.networks.directconnect.message import from_base32

_PORTS: Final = range(1, 65536)
_KEYPRINT: Final = "SHA256/"
_KEYPRINT_BYTES: Final = 32
_MOST_NICK: Final = 64
_REMEDY: Final = "write it as adcs://HOST:PORT/?kp=SHA256/..., or adc://HOST:PORT for one without TLS"


@dataclass(frozen=True, slots=True)
class HubAddress:
    """Where a hub is. `keyprint` pins its certificate; without one the first that is seen is pinned."""

    host: str
    port: int
    tls: bool
    keyprint: bytes | None = None

    @classmethod
    def parse(cls, text: str) -> "HubAddress":
        """Read an address as hubs publish theirs; raises `BadInput`."""
        try:
            parts = urlsplit(text)
            host, port = parts.hostname or "", parts.port or 0
            keyprints = parse_qs(parts.query).get("kp", [])
        except ValueError:
            raise BadInput("the address of a hub cannot be read", remedy=_REMEDY) from None
        if parts.scheme not in ("adc", "adcs") or not host or port not in _PORTS:
            raise BadInput("the address of a hub is neither adc nor adcs with host and port", remedy=_REMEDY)
        return cls(host, port, parts.scheme == "adcs", _keyprint(keyprints[0]) if keyprints else None)

    def __str__(self) -> str:
        return f"adc{'s' if self.tls else ''}://{self.host}:{self.port}"


def _keyprint(text: str) -> bytes:
    raw = from_base32(text.removeprefix(_KEYPRINT)) if text.startswith(_KEYPRINT) else b""
    if len(raw) != _KEYPRINT_BYTES:
        raise BadInput("the keyprint of a hub is not one of SHA-256", remedy=_REMEDY)
    return raw


@dataclass(frozen=True, slots=True)
class HubSettings:
    """One hub that the order covers; `password_file` holds the password of a registered nick."""

    address: HubAddress
    nick: str
    password_file: Path | None = None

    def __post_init__(self) -> None:
        if not 0 < len(self.nick) <= _MOST_NICK or not self.nick.isprintable() or " " in self.nick:
            raise BadInput(
                "the nick for a hub is empty, too long, or holds a space", remedy=f"choose up to {_MOST_NICK} letters"
            )


@dataclass(frozen=True, slots=True)
class DirectConnectSettings:
    """Where to be, and how others reach us.

    `state` is the folder that keeps the identity. `listen_port` takes plain peers and `tls_port` those over TLS; 0 in
    both makes the node passive, so that active clients alone can fetch. `public_host` is told to hubs where their
    view of our address is wrong.
    """

    state: Path
    hubs: tuple[HubSettings, ...] = ()
    listen_host: str = "127.0.0.1"
    listen_port: int = 0
    tls_port: int = 0
    public_host: str = ""
    description: str = ""
    limits: Limits = field(default_factory=Limits)
    stall_s: float = 60.0  # a peer that takes nothing for so long is let go
    idle_s: float = 180.0  # between two requests; DC++ keeps a connection for some minutes
    retry_s: float = 15.0  # the first pause before a hub is tried again; it doubles
    tell_s: float = 5.0  # hubs are told of changes together; they count updates as a flood

    def __post_init__(self) -> None:
        for port in (self.listen_port, self.tls_port):
            if port and port not in _PORTS:
                raise BadInput(f"port {port} does not exist", remedy="choose a port from 1 to 65535, or 0 for none")
        if self.listen_port and self.listen_port == self.tls_port:
            raise BadInput("plain and TLS have the same port", remedy="choose two ports")
        _check_distinct(hub.address for hub in self.hubs)

    @property
    def active(self) -> bool:
        """Whether others can connect to us."""
        return bool(self.listen_port or self.tls_port)

    @property
    def bind(self) -> tuple[str, int] | None:
        """Where we connect from: the address that we listen on, unless that is all of them."""
        return None if self.listen_host in ("", "0.0.0.0") else (self.listen_host, 0)  # noqa: S104 - compared


def _check_distinct(addresses: Iterable[HubAddress]) -> None:
    seen = set()
    for address in addresses:
        place = (address.host.lower(), address.port)
        if place in seen:
            raise BadInput("a hub stands twice in the settings", remedy="name each hub once")
        seen.add(place)
