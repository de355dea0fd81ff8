# SPDX-License-Identifier: EUPL-1.2
"""Peers of the tests, byte by byte, for the check with 200 at once: one module a network, with one `take`."""

import importlib
import importlib.util
from collections.abc import Awaitable, Callable

from police2peer.networks import Offer

Take = Callable[[tuple[str, int], Offer, str], Awaitable[bytes]]
"""Connect from the address given to the door given, fetch the whole offer, give its bytes, and leave."""


def taker(network: str) -> Take | None:
    """Give the `take` of a network; None while it has none."""
    name = f"{__name__}.{network}"
    if importlib.util.find_spec(name) is None:
        return None
    take: Take = importlib.import_module(name).take
    return take
