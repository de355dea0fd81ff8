# SPDX-License-Identifier: EUPL-1.2
"""Links of every network are read, looked up, and never followed further than their ids go."""

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.catalogue.link_cases import AICH, BROKEN_LINKS, ED2K, SOUND_LINKS, TTH

from police2peer.catalogue import Outcome, Registry
from police2peer.catalogue.link import parse_link, take_code_from_address
from police2peer.catalogue.lookup import Alias
from police2peer.errors import BadInput

if TYPE_CHECKING:
    from tests.catalogue.conftest import Case


@pytest.mark.parametrize(("link", "ids"), SOUND_LINKS.items())
def test_a_link_gives_the_ids_in_it_and_nothing_else(link: str, ids: tuple[tuple[str, str], ...]) -> None:
    assert parse_link(link) == tuple(Alias(*pair) for pair in ids)


@pytest.mark.parametrize("link", BROKEN_LINKS)
def test_a_link_that_does_not_say_which_file_is_wrong_use_and_is_not_repeated(link: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_link(link)
    assert "copy the whole link again" in str(caught.value)
    assert "sample-clip" not in str(caught.value)


_PIECES = st.sampled_from(
    [
        "magnet:?",
        "ed2k://|file|",
        "&xt=urn:",
        "btih:",
        "tree:tiger:",
        "aich:",
        "|h=",
        "|/",
        "%7C",
        "1",
        ED2K,
        TTH,
        AICH,
    ]
)


@given(st.lists(_PIECES | st.text(max_size=20), max_size=12).map("".join))
def test_any_text_as_a_link_is_read_or_wrong_use(raw: str) -> None:
    try:
        assert parse_link(raw)
    except BadInput:
        return


@given(st.text(max_size=60))
def test_any_text_behind_the_hash_of_an_address_is_a_text_and_an_address_alone_stays(raw: str) -> None:
    assert "https:" not in take_code_from_address(f"https://police.example/verify#{raw}") or "https:" in raw
    assert take_code_from_address(f"https://{raw.replace('#', '')}").startswith("https://")


def _list(case: "Case", number: int, *ids: tuple[str, str]) -> None:
    with Registry(case.folder) as registry:
        registry.add_network_ids([(case.drafts[number].id, *pair) for pair in ids])
    case.publish()


def test_a_link_of_ed2k_or_direct_connect_is_genuine_where_the_agency_lists_it(case: "Case") -> None:
    links = [link for link, ids in SOUND_LINKS.items() if {pair[0] for pair in ids} <= {"ed2k", "aich", "tth"}]
    assert len(links) == 9
    assert {case.verifier.link(link).outcome for link in links} == {Outcome.CANNOT_TELL}
    _list(case, 0, ("ed2k", ED2K), ("aich", AICH), ("tth", TTH))
    assert {case.verifier.link(link).outcome for link in links} == {Outcome.GENUINE}
    case.withdraw(0)
    case.publish()
    assert {case.verifier.link(link).outcome for link in links} == {Outcome.WITHDRAWN}


def test_a_link_that_joins_an_id_of_ours_with_a_strange_one_is_not_genuine(case: "Case") -> None:
    ours, other = (f"urn:btih:{case.drafts[number].network_ids[0][1]}" for number in (0, 1))
    for second in (f"urn:ed2k:{ED2K}", f"urn:btih:{'12' * 20}", other):
        verdict = case.verifier.link(f"magnet:?xt={ours}&xt={second}")
        assert verdict.outcome is Outcome.CANNOT_TELL
        assert "not in the catalogue" in verdict.reason


def test_the_code_of_a_scanned_address_is_checked(case: "Case") -> None:
    address = f"https://police.example/verify#{case.code(0).lower()}"
    assert case.verifier.code(address).outcome is Outcome.GENUINE
    slip = case.verifier.code(address[:-1] + ("X" if address[-1] != "x" else "Y"))
    assert slip.outcome is Outcome.CANNOT_TELL
    assert slip.suggestion == case.code(0)
