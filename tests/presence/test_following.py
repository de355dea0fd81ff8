# SPDX-License-Identifier: EUPL-1.2
"""Offers move to what is asked for, within the release, and no arm of the trial gains by it."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from police2peer.campaign import ApprovedTerm, Arm, Term, TermId, Title, TitleId
from police2peer.errors import BadInput
from police2peer.networks import Offer, OfferId
from police2peer.presence.following import Block, blocks_of, choose_offers

if TYPE_CHECKING:
    from police2peer.warningfiles import FileHashes, WarningFileId

_ARMS = (Arm.HELP, Arm.COMBINED, Arm.BLANK)
_NETWORKS = ("bittorrent", "directconnect", "ed2k")
_SEARCHED = frozenset({"directconnect"})
_TERMS = [ApprovedTerm(TermId(f"S-{n:04d}"), Term.parse(f"sample {n:02d}")) for n in range(1, 21)]


def _offers(networks: tuple[str, ...] = _NETWORKS, titles: int = 20) -> list[Offer]:
    return [
        Offer(
            id=OfferId(f"{network}-{title}-{arm}"),
            network=network,
            title_id=TitleId(f"T-{title:04d}"),
            title=Title.parse(f"sample-clip-{title:02d}"),
            extension="mp4",
            path=Path("nowhere"),
            hashes=cast("FileHashes", None),
            arm=arm,
            language=None,
            warning_file_id=cast("WarningFileId", "F-0001"),
        )
        for network in networks
        for title in range(1, titles + 1)
        for arm in _ARMS
    ]


_OFFERS = {offer.id: offer for offer in _offers()}
_BLOCKS = blocks_of(_OFFERS.values(), _TERMS)
_DEMAND = st.dictionaries(
    st.tuples(st.sampled_from(_NETWORKS), st.sampled_from([term.id for term in _TERMS])), st.integers(0, 10**6)
)


def _chosen(demand: dict[tuple[str, str], int], most: int = 60, seed: str = "campaign\nnode-1") -> Counter[str]:
    up = choose_offers(_BLOCKS, demand, searched=_SEARCHED, most_offers=most, seed=seed)
    return Counter(f"{_OFFERS[offer].network} {_OFFERS[offer].title_id}" for offer in up)


@given(_DEMAND, st.integers(0, 200), st.text(max_size=8))
def test_whatever_is_asked_for_every_arm_is_up_as_often_and_the_bound_holds(
    demand: dict[tuple[str, str], int], most: int, seed: str
) -> None:
    up = choose_offers(_BLOCKS, demand, searched=_SEARCHED, most_offers=most, seed=seed)
    assert len(up) <= most
    assert up <= set(_OFFERS)
    arms = Counter(_OFFERS[offer].arm for offer in up)
    assert len(set(arms.values())) <= 1
    assert not up or set(arms) == set(_ARMS)
    blocks = Counter((_OFFERS[offer].network, _OFFERS[offer].title_id) for offer in up)
    assert set(blocks.values()) <= {len(_ARMS)}


def test_a_title_that_is_asked_for_is_up_on_nearly_every_machine_and_the_rest_stays_in_sight() -> None:
    asked = {("directconnect", "S-0007"): 1000}
    machines = [_chosen(asked, seed=f"campaign\nnode-{n}") for n in range(200)]
    of_it = sum("directconnect T-0007" in machine for machine in machines)
    before = sum("directconnect T-0007" in _chosen({}, seed=f"campaign\nnode-{n}") for n in range(200))
    assert of_it > 195
    assert 40 < before < 95  # a third of the room without demand
    others = {block for machine in machines for block in machine}
    assert len(others) == 60


def test_where_searches_do_not_reach_us_titles_follow_those_seen_elsewhere() -> None:
    asked = {("directconnect", "S-0007"): 1000}
    machines = [_chosen(asked, seed=f"campaign\nnode-{n}") for n in range(200)]
    assert sum("ed2k T-0007" in machine for machine in machines) > 150


def test_room_moves_between_networks_on_which_people_search() -> None:
    both = frozenset({"directconnect", "ed2k"})
    asked = {("ed2k", str(term.id)): 50 for term in _TERMS}
    up = choose_offers(_BLOCKS, asked, searched=both, most_offers=90, seed="s")
    networks = Counter(_OFFERS[offer].network for offer in up)
    assert networks["ed2k"] > 3 * networks["directconnect"] > 0
    assert networks["bittorrent"] == 30


def test_the_same_demand_gives_the_same_choice_and_a_little_more_moves_little() -> None:
    asked = {("directconnect", str(term.id)): 100 for term in _TERMS}
    assert _chosen(asked) == _chosen(asked)
    more = asked | {("directconnect", "S-0003"): 110}
    assert len(set(_chosen(asked)) ^ set(_chosen(more))) <= 2


def test_a_release_in_which_titles_carry_different_arms_is_not_moved() -> None:
    uneven = _offers()[:-1]
    with pytest.raises(BadInput, match="equally often"):
        blocks_of(uneven, _TERMS)


def test_a_block_knows_the_terms_whose_words_its_title_holds() -> None:
    block = next(block for block in _BLOCKS if block.id.title == "T-0007")
    assert block == Block(block.id, block.offers, ("S-0007",))
