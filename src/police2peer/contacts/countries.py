# SPDX-License-Identifier: EUPL-1.2
"""The registry country of an address, looked up in memory before the address is dropped.

It is the country in whose name the address range is registered, not where a person is: any two good sources
agree on nine addresses of ten (facts/stack.md, section f). It serves statistics and is never evidence.
"""

import ipaddress
from typing import Final, NewType, Protocol

Country = NewType("Country", str)
UNKNOWN_COUNTRY: Final = Country("ZZ")
"""User-assigned code of ISO 3166-1, used for loopback, reserved and unregistered addresses."""


class Countries(Protocol):
    """Tells the registry country of a host."""

    def country_of(self, host: str) -> Country:
        """Give two capital letters, `ZZ` when unknown; never raises for a malformed host."""
        ...


class RegistryCountries:
    """The statistics of the five regional registries, as shipped in `iptocc`."""

    def __init__(self) -> None:
        import iptocc  # noqa: PLC0415 - only nodes count

        self._look_up = iptocc.country_code

    def country_of(self, host: str) -> Country:
        """Give the country in whose name the range is registered."""
        found = self._look_up(host)
        if found is None and ":" in host:
            found = self._look_up(_plain(host))
        return Country(found) if found else UNKNOWN_COUNTRY


def _plain(host: str) -> str:
    """Give an IPv4 address that is written as IPv6 in its own form, and drop the zone of a local one."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return ""
    return str(getattr(address, "ipv4_mapped", None) or address)
