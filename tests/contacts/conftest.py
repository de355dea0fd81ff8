# SPDX-License-Identifier: EUPL-1.2
"""What the tests of contacts share: an offer, a moment, events in short, a store."""

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from police2peer.campaign import Arm, Language, Title, TitleId
from police2peer.contacts import Contact, Contacts, Country, TallyStore, VisitSink
from police2peer.networks import (
    Address,
    ClientNamed,
    DataRequested,
    DataSent,
    Departure,
    MetadataSent,
    Offer,
    OfferId,
    PeerConnected,
    PeerLeft,
)
from police2peer.warningfiles import FileHashes

if TYPE_CHECKING:
    from police2peer.warningfiles import WarningFileId

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PIECE = 32_768
SIZE = 100_000


class Peer:
    """Says in short what one peer does about one offer; `at` is in seconds after noon."""

    def __init__(self, host: str = "127.0.0.9", offer: str = "bittorrent-000001", port: int = 40_000) -> None:
        self.about = ("bittorrent", OfferId(offer), Address(host, port))

    @staticmethod
    def when(at: float) -> datetime:
        return NOON + timedelta(seconds=at)

    def connects(self, at: float = 0.0) -> PeerConnected:
        return PeerConnected(self.when(at), *self.about)

    def is_named(self, peer_id: bytes = b"-TR4050-", name: str = "", at: float = 0.0) -> ClientNamed:
        return ClientNamed(self.when(at), *self.about, peer_id, name)

    def reads(self, at: float = 0.0) -> MetadataSent:
        return MetadataSent(self.when(at), *self.about)

    def asks(self, first: int = 0, length: int = 16_384, at: float = 0.0) -> DataRequested:
        return DataRequested(self.when(at), *self.about, first, length)

    def gets(self, first: int = 0, length: int = 16_384, at: float = 0.0) -> DataSent:
        return DataSent(self.when(at), *self.about, first, length)

    def leaves(self, at: float = 0.0) -> PeerLeft:
        return PeerLeft(self.when(at), *self.about, Departure.CLOSED)


class Elsewhere:
    """Every host is registered in Norway."""

    def country_of(self, host: str) -> Country:
        del host
        return Country("NO")


class Desk:
    """A counter with its store, and what it closed."""

    def __init__(self, folder: Path, *, sinks: Sequence[VisitSink] = (), seed: int = 3) -> None:
        self.closed: list[Contact] = []
        self.store = TallyStore(folder / "tallies.sqlite")
        self.offers: dict[OfferId, Offer] = {}
        self.offer_more(2)
        self.contacts = Contacts(
            self.store,
            offers=self.offers.get,
            countries=Elsewhere(),
            random_bytes=random.Random(seed).randbytes,
            closed=self.closed.append,
            sinks=sinks,
            window_s=600,
        )

    def offer_more(self, count: int) -> None:
        """Have `count` offers, bittorrent-000001 and on; the arms alternate."""
        for number in range(1, count + 1):
            offer = _offer(OfferId(f"bittorrent-{number:06d}"), (Arm.BLANK, Arm.HELP)[number % 2])
            self.offers.setdefault(offer.id, offer)


def _offer(id_: OfferId, arm: Arm) -> Offer:
    hashes = FileHashes(
        SIZE, "0" * 64, "0" * 40, "0" * 32, PIECE, b"", b"", b"", "0" * 32, bytes(16), "A" * 32, "A" * 39, b""
    )
    return Offer(
        id=id_,
        network="bittorrent",
        title_id=TitleId("T-0001"),
        title=Title.parse("sample-clip-07"),
        extension="mp4",
        path=Path("clip.mp4"),
        hashes=hashes,
        arm=arm,
        language=Language("en"),
        warning_file_id=cast("WarningFileId", "F-0001"),
    )


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.store.close()


@pytest.fixture
def peer() -> type[Peer]:
    return Peer
