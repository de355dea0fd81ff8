# SPDX-License-Identifier: EUPL-1.2
"""Keeps the right offers up on every network: all of them, or those that a rule chooses for the hour."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from police2peer.networks import Network, Offer, OfferId, OfferPulled

Choose = Callable[[datetime], frozenset[OfferId]]
"""Gives the ids of what is to be up at a moment."""


class Shelves:
    """What is up on each network. `choose` is asked once an hour; without it everything is up always."""

    def __init__(
        self, networks: Mapping[str, Network], offers: Sequence[Offer], choose: Choose | None = None
    ) -> None:
        self._networks = networks
        self._offers = offers
        self._choose = choose
        self._up: dict[OfferId, Offer] = {}
        self._hour = ""
        self._lock = asyncio.Lock()

    def up_on(self, network: str) -> int:
        """Say how many offers are up on a network."""
        return sum(offer.network == network for offer in self._up.values())

    async def settle(self, now: datetime) -> None:
        """Publish what is to be up and is not, withdraw what is up and is not to be."""
        hour = f"{now:%Y-%m-%dT%H}"
        if hour == self._hour or (self._hour and self._choose is None):
            return
        async with self._lock:
            chosen = self._choose(now) if self._choose else None
            wanted = {offer.id: offer for offer in self._offers if chosen is None or offer.id in chosen}
            for offer in [offer for offer_id, offer in self._up.items() if offer_id not in wanted]:
                await self._networks[offer.network].withdraw(offer)
                self._up.pop(offer.id, None)
            for name, network in self._networks.items():
                new = [one for one in wanted.values() if one.network == name and one.id not in self._up]
                await network.publish_many(new)
                self._up |= {offer.id: offer for offer in new}
            self._hour = hour

    def pulled(self, event: OfferPulled) -> None:
        """Note that a network took an offer down by itself."""
        self._up.pop(event.offer, None)

    def clear(self, network: str) -> None:
        """Note that a network stopped."""
        self._up = {offer_id: offer for offer_id, offer in self._up.items() if offer.network != network}
