# SPDX-License-Identifier: EUPL-1.2
"""The [addresses] table: where help is, and where anyone can check a file.

Both are printed in every file for years, so they are https and short. Plain http and loopback are for a trial on
one machine and refused in production, and so are the names that nobody can own (RFC 2606).
"""

import ipaddress
from urllib.parse import SplitResult, urlsplit

from police2peer.errors import BadInput
from police2peer.strict_toml import Table

__all__ = ["read_addresses"]

MAX_ADDRESS_LENGTH = 100  # with the code behind it, it fits in a QR code that a phone reads off a screen
_NOBODYS = (".example", ".test", ".invalid", ".localhost", ".local")


def read_addresses(table: Table, *, production: bool) -> tuple[str, str]:
    """Give the help and the verify address."""
    found = []
    for key in ("help", "verify"):
        address = table.text(key)
        if address:
            with table.catch(key):
                _check(address, production=production)
        found.append(address)
    table.finish()
    return found[0], found[1]


def _check(address: str, *, production: bool) -> None:
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
        has_odd_part = bool(parts.query or parts.fragment or parts.username or parts.password or parts.port == 0)
    except ValueError as error:
        raise BadInput("this is no web address", remedy="write it as in https://verify.police.example/") from error
    if not host or not address.isascii() or not address.isprintable() or " " in address:
        raise BadInput("this is no web address", remedy="write it as in https://verify.police.example/")
    if len(address) > MAX_ADDRESS_LENGTH:
        raise BadInput(f"the address has {len(address)} characters", remedy=f"keep to {MAX_ADDRESS_LENGTH}")
    if has_odd_part or "#" in address or "?" in address:
        raise BadInput("the address has a query, a fragment or a user name", remedy="write the bare page")
    _check_scheme(parts, host, production=production)


def _check_scheme(parts: SplitResult, host: str, *, production: bool) -> None:
    if parts.scheme != "https" and (production or parts.scheme != "http" or not _is_loopback(host)):
        raise BadInput(
            "the address is not https", remedy="use https; http is for loopback in a trial without production"
        )
    if production and (_is_loopback(host) or f".{host}".endswith(_NOBODYS)):
        raise BadInput("nobody outside can reach this address", remedy="write the public page of your authority")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
