# SPDX-License-Identifier: EUPL-1.2
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from police2peer.contacts import ByteRanges
from police2peer.contacts.ranges import verifiable_bytes

if TYPE_CHECKING:
    from tests.contacts.conftest import Desk

_Pieces = st.lists(st.tuples(st.integers(0, 300), st.integers(-3, 80)), max_size=40)


def _filled(pieces: list[tuple[int, int]]) -> tuple[ByteRanges, set[int]]:
    ranges, truth = ByteRanges(), set[int]()
    for start, length in pieces:
        ranges.add(start, start + length)
        truth |= set(range(start, start + length))
    return ranges, truth


@given(_Pieces, _Pieces)
def test_what_two_have_in_common_is_counted_to_the_byte(
    one: list[tuple[int, int]], other: list[tuple[int, int]]
) -> None:
    (first, truth), (second, of_other) = _filled(one), _filled(other)
    assert first.total == len(truth)
    assert first.shared_bytes(second) == second.shared_bytes(first) == len(truth & of_other)


@given(_Pieces, st.integers(1, 60), st.integers(1, 390))
def test_a_piece_is_whole_when_each_of_its_bytes_was_sent(
    pieces: list[tuple[int, int]], piece: int, size: int
) -> None:
    clipped = [(start, min(start + length, size) - start) for start, length in pieces]
    ranges, truth = _filled(clipped)
    whole = sum(set(range(at, min(at + piece, size))) <= truth for at in range(0, size, piece))
    assert ranges.whole_pieces(piece, size) == whole


@pytest.mark.parametrize(
    ("network", "size", "piece"),
    [
        ("bittorrent", 100_000, 32_768),
        ("ed2k", 100_000, 100_000),
        ("ed2k", 30_000_000, 9_728_000),
        ("directconnect", 30_000_000, 30_000_000),
        ("another", 30_000_000, 30_000_000),
    ],
)
def test_a_peer_can_verify_what_its_network_hashes(
    desk: "Desk", tmp_path: Path, network: str, size: int, piece: int
) -> None:
    offer = next(iter(desk.offers.values()))
    assert verifiable_bytes(replace(offer, network=network, hashes=replace(offer.hashes, size=size))) == piece
    assert tmp_path.exists()
