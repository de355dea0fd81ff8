# SPDX-License-Identifier: EUPL-1.2
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from police2peer.contacts import ByteRanges, CrawlerReason, Ladder, Rung, client_family, known_families
from police2peer.contacts.crawlers import crawler_reason

if TYPE_CHECKING:
    from tests.contacts.conftest import Peer


def test_each_rung_is_reached_once_and_in_order(peer: "type[Peer]") -> None:
    ladder, one = Ladder(size_bytes=100_000, piece_bytes=32_768), peer()
    assert ladder.feed(one.connects()) == (Rung.HANDSHAKE,)
    assert ladder.feed(one.connects()) == ()
    assert ladder.feed(one.reads()) == (Rung.METADATA,)
    assert ladder.feed(one.is_named()) == ()
    assert not ladder.is_contact
    assert ladder.feed(one.asks(0, 100_000)) == (Rung.ASKED,)
    assert ladder.feed(one.gets(0, 16_384)) == ()
    assert ladder.feed(one.gets(16_384, 16_384)) == (Rung.PIECE,)
    assert ladder.feed(one.gets(40_000, 60_000)) == ()
    assert ladder.feed(one.gets(30_000, 10_000)) == (Rung.ALL,)
    assert ladder.feed(one.leaves()) == ()
    assert ladder.is_contact


def test_the_same_piece_sent_over_and_over_is_not_all_of_the_file(peer: "type[Peer]") -> None:
    ladder, one = Ladder(size_bytes=100_000, piece_bytes=32_768), peer()
    for _ in range(10):
        ladder.feed(one.gets(0, 32_768))
    assert ladder.rung is Rung.PIECE
    assert ladder.sent_bytes == 32_768


def test_the_short_last_piece_is_a_whole_piece(peer: "type[Peer]") -> None:
    ladder = Ladder(size_bytes=100_000, piece_bytes=32_768)
    ladder.feed(peer().gets(98_304, 1_696))
    assert ladder.rung is Rung.PIECE


def test_two_halves_of_different_pieces_are_no_piece(peer: "type[Peer]") -> None:
    ladder = Ladder(size_bytes=100_000, piece_bytes=32_768)
    ladder.feed(peer().gets(16_384, 32_768))
    assert ladder.rung is Rung.ASKED


def test_bytes_beyond_the_end_of_the_file_count_for_nothing(peer: "type[Peer]") -> None:
    ladder = Ladder(size_bytes=100_000, piece_bytes=32_768)
    ladder.feed(peer().gets(99_000, 16_384))
    assert ladder.sent_bytes == 1_000


def test_who_returns_reaches_the_sixth_rung_only_by_asking_again(peer: "type[Peer]") -> None:
    ladder = Ladder(size_bytes=100_000, piece_bytes=32_768, came_back=True)
    assert ladder.feed(peer().connects()) == (Rung.HANDSHAKE,)
    assert ladder.feed(peer().asks()) == (Rung.METADATA, Rung.ASKED, Rung.CAME_BACK)
    assert ladder.feed(peer().gets(0, 32_768)) == (Rung.PIECE,)


@pytest.mark.parametrize(
    ("read_metadata", "was_complete", "offers", "reason"),
    [
        (False, False, 1, CrawlerReason.HANDSHAKE_ONLY),
        (True, False, 1, CrawlerReason.METADATA_ONLY),
        (False, True, 1, CrawlerReason.ALREADY_COMPLETE),
        (False, True, 8, CrawlerReason.SCANNER),
        (False, False, 9, CrawlerReason.SCANNER),
        (True, False, 8, CrawlerReason.INDEXER),
        (True, True, 7, CrawlerReason.METADATA_ONLY),
    ],
)
def test_who_never_asked_is_told_by_manner(
    *, read_metadata: bool, was_complete: bool, offers: int, reason: CrawlerReason
) -> None:
    found = crawler_reason(read_metadata=read_metadata, was_complete=was_complete, offers_spoken_of=offers)
    assert found is reason


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(1, 80)), max_size=40))
def test_byte_ranges_hold_exactly_the_bytes_added(pieces: list[tuple[int, int]]) -> None:
    ranges, truth = ByteRanges(), set[int]()
    for start, length in pieces:
        truth |= set(range(start, start + length))
        low, high = ranges.add(start, start + length)
        assert set(range(low, high)) <= truth
        assert low - 1 not in truth
        assert high not in truth
        assert ranges.total == len(truth)


@pytest.mark.parametrize(
    ("peer_id", "name", "family"),
    [
        (b"-TR3000-", "", "Transmission"),
        (b"-qB4520-", "qBittorrent/4.5.2", "qBittorrent"),
        (b"A2-1-36-", "", "aria2"),
        (b"-LT2110-", "", "libtorrent"),
        (b"-lt0D80-", "", "rTorrent"),
        (b"-LT1000-", "libTorrent (Rakshasa) 0.13", "rTorrent"),
        (b"-UT355W-", "µTorrent 3.5.5", "uTorrent"),
        (b"-XX0000-", "", "other"),
        (b"\xff\xfe\x00garbage", "", "other"),
        (b"", "", "unnamed"),
        (b"\0" * 8, "", "unnamed"),
        (b"", "Some Program 1", "other"),
    ],
)
def test_a_client_is_reduced_to_its_family(peer_id: bytes, name: str, family: str) -> None:
    assert client_family(peer_id, name) == family


@given(st.binary(max_size=20), st.text(max_size=30))
def test_whatever_a_client_says_only_known_families_come_out(peer_id: bytes, name: str) -> None:
    assert client_family(peer_id, name) in known_families()
