# SPDX-License-Identifier: EUPL-1.2
"""Which addresses the lab knows: this machine's loopback, and TEST-NET-3 on the loopback of its namespace.

Sources: RFC 1122 (127/8), RFC 5737 (203.0.113.0/24 is for documentation and is routed nowhere).
"""

import ipaddress
from typing import Final
from urllib.parse import urlsplit

from police2peer.errors import NotPermitted

LOOPBACK: Final = ipaddress.ip_network("127.0.0.0/8")
LOOKS_PUBLIC: Final = ipaddress.ip_network("203.0.113.0/24")
"""Real clients refuse peers on 127/8 (Transmission does); in the namespace they meet on these instead."""


def is_in_lab(host: str) -> bool:
    """Whether a numeric address is the lab's; names are never looked up."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.version == LOOPBACK.version and (address in LOOPBACK or address in LOOKS_PUBLIC)


def check_in_lab(host: str) -> None:
    """Raise `NotPermitted` for an address that is not the lab's."""
    if not is_in_lab(host):
        raise NotPermitted(
            "the lab was given an address outside of itself",
            remedy="use numeric addresses in 127.0.0.0/8, or 203.0.113.0/24 inside the lab's namespace",
        )


def check_url_in_lab(url: str) -> None:
    """Raise `NotPermitted` for a tracker whose host is not the lab's."""
    check_in_lab(urlsplit(url).hostname or "")


def endpoint(text: str) -> tuple[str, int]:
    """Read `HOST:PORT`, both the lab's; raises `NotPermitted`."""
    host, _, port = text.rpartition(":")
    check_in_lab(host)
    if not port.isdigit() or not 0 < int(port) < 65536:  # noqa: PLR2004 - the ports there are
        raise NotPermitted("a port is missing or does not exist", remedy="write HOST:PORT")
    return host, int(port)
