# SPDX-License-Identifier: EUPL-1.2
"""eD2k links: a file by name, size and hash, and where it can be had. Source: aMule, `ED2KLink.cpp`."""

import ipaddress
from collections.abc import Iterable
from urllib.parse import quote

from police2peer.networks.contract import Offer


def ed2k_link(offer: Offer, sources: Iterable[tuple[str, int]] = ()) -> str:
    """Give the link of an offer; `sources` are nodes that have it, as numeric host and port."""
    hashes = offer.hashes
    name = quote(offer.file_name(), safe="")
    link = f"ed2k://|file|{name}|{hashes.size}|{hashes.ed2k.upper()}|h={hashes.aich}|/"
    places = [f"{ipaddress.ip_address(host)}:{port}" for host, port in sources]
    return f"{link}|sources,{','.join(places)}|/" if places else link
