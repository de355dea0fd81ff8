# SPDX-License-Identifier: EUPL-1.2
"""The files of one node as eD2k sees them: a file is its MD4 name, and may bear several of our titles.

A peer asks by hash and never says under which title it found a file. Which title it is told, and which offer the
contact is booked on, is decided here once: the title that stands first on the server the peer says it uses, for each
server gets the titles of a file in an order of its own (`ordered`), or else the first offer.
"""

import base64
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from police2peer.errors import BadInput
from police2peer.networks.contract import Offer, OfferId

NAME: Final = "ed2k"
PART_BYTES: Final = 9_728_000
MOST_BYTES: Final = 1 << 38  # 256 GiB: the largest that clients take

Server = tuple[bytes, int]


@dataclass(slots=True, eq=False)
class SharedFile:
    """One file and the offers that stand on it. `packs` and `checked` are what was found out about its parts."""

    hash: bytes
    size: int
    path: Path
    part_hashes: bytes
    aich_root: bytes
    offers: dict[OfferId, Offer] = field(default_factory=dict)
    checked: set[int] = field(default_factory=set)
    packs: dict[int, bool] = field(default_factory=dict)

    @property
    def parts(self) -> int:
        """How many parts it has that hold bytes."""
        return -(-self.size // PART_BYTES)

    def part_hash(self, part: int) -> bytes:
        """Give the MD4 of a part."""
        return self.part_hashes[part * 16 : part * 16 + 16]

    def ordered(self, server: Server | None) -> list[Offer]:
        """Give the offers in the order in which this server gets them: the same each time, another for another."""
        offers = list(self.offers.values())
        if server is None or len(offers) < 2:  # noqa: PLR2004 - one has one order
            return offers
        return sorted(offers, key=lambda offer: _weight(server, offer))

    def offer_for(self, server: Server | None) -> Offer:
        """Give the offer that a peer on this server is told of; the file must have one."""
        if server is None or server == NO_SERVER or len(self.offers) == 1:
            return next(iter(self.offers.values()))
        return min(self.offers.values(), key=lambda offer: _weight(server, offer))


NO_SERVER: Final[Server] = (bytes(4), 0)


def _weight(server: Server, offer: Offer) -> bytes:
    host, port = server
    return hashlib.sha256(host + port.to_bytes(2, "little") + offer.id.encode()).digest()


class Shelf:
    """What is offered now, by hash and by id."""

    def __init__(self) -> None:
        self._files: dict[bytes, SharedFile] = {}
        self._by_offer: dict[OfferId, SharedFile] = {}

    def __len__(self) -> int:
        return len(self._by_offer)

    def files(self) -> Iterator[SharedFile]:
        """Give every file that is offered."""
        return iter(list(self._files.values()))

    def find(self, hash_: bytes) -> SharedFile | None:
        """Give the file of this name, if it is one of ours."""
        return self._files.get(hash_)

    def has(self, offer: OfferId) -> bool:
        """Whether an offer is up."""
        return offer in self._by_offer

    def place(self, offer: Offer) -> SharedFile:
        """Take an offer in; raises `BadInput` when its file cannot be offered. A second time changes nothing."""
        if (known := self._by_offer.get(offer.id)) is not None:
            return known
        _check(offer)
        name = bytes.fromhex(offer.hashes.ed2k)
        there = self._files.get(name)
        if there is None:
            root = base64.b32decode(offer.hashes.aich)
            there = SharedFile(name, offer.hashes.size, offer.path, offer.hashes.ed2k_parts, root)
            self._files[name] = there
        elif any(other.file_name() == offer.file_name() for other in there.offers.values()):
            raise BadInput(
                f"offer {offer.id} has the file and the title of another", remedy="give each offer its own title"
            )
        there.offers[offer.id] = offer
        self._by_offer[offer.id] = there
        return there

    def take(self, offer: OfferId) -> SharedFile | None:
        """Take an offer off; with its last offer a file is gone."""
        there = self._by_offer.pop(offer, None)
        if there is not None:
            del there.offers[offer]
            if not there.offers:
                del self._files[there.hash]
        return there


def _check(offer: Offer) -> None:
    if not 0 < offer.hashes.size <= MOST_BYTES:
        raise BadInput(
            f"the file of offer {offer.id} has {offer.hashes.size} bytes", remedy="eD2k takes 1 byte to 256 GiB"
        )
    try:
        size = offer.path.stat().st_size
    except OSError:
        size = -1
    if size != offer.hashes.size:
        raise BadInput(
            f"the file of offer {offer.id} is not there or has another size", remedy="make the files again"
        )


def new_ranges(held: set[int], parts: Iterable[int], size: int) -> list[tuple[int, int]]:
    """Note parts as held; give the ranges (first byte, length) of those that were not, joined where they touch."""
    ranges: list[tuple[int, int]] = []
    for part in sorted(set(parts) - held):
        first = part * PART_BYTES
        length = min(PART_BYTES, size - first)
        if ranges and sum(ranges[-1]) == first:
            ranges[-1] = (ranges[-1][0], ranges[-1][1] + length)
        elif length > 0:
            ranges.append((first, length))
        held.add(part)
    return ranges
