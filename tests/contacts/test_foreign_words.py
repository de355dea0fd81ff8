# SPDX-License-Identifier: EUPL-1.2
"""Names that peers give themselves never break the counting and never reach what is kept."""

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from police2peer.contacts import VERIFIED_BY_CODE, clean_words, client_family, known_families
from police2peer.contacts.clients import MOST_WORDS
from police2peer.networks import ClientNamed, OfferId

if TYPE_CHECKING:
    from tests.contacts.conftest import Desk, Peer

_GARBAGE = (
    "n" * 65_536,
    "\x00\x01\x02\x1b[2J",
    "\u202egpj.exe",
    "\ud800 lone",
    b"\xff\xfe\xfa".decode("utf-8", "replace"),
    "a\nb\r\nc\td",
    "'; DROP TABLE tally; --",
    "Tr\u00e4nsmission\u0301",
    " " * 70_000,
    "",
)


@pytest.mark.parametrize("name", _GARBAGE, ids=range(len(_GARBAGE)))
def test_a_garbage_name_is_counted_as_a_family_of_the_closed_list(
    name: str, desk: "Desk", peer: "type[Peer]"
) -> None:
    one = peer()
    named = ClientNamed(one.when(0), *one.about, b"\xff\x00\n", name)
    for event in (one.connects(), named, one.asks(), one.leaves()):
        desk.contacts.feed(event)
    desk.contacts.close()
    assert desk.store.contacts() == 1
    assert {key.client for key in desk.store.tallies()} <= known_families()


@given(st.text(max_size=500) | st.sampled_from(_GARBAGE))
def test_words_are_cleaned_and_cut_whatever_they_are(name: str) -> None:
    words = clean_words(name)
    assert len(words) <= MOST_WORDS
    assert words.isprintable()
    words.encode()
    assert client_family(b"", name) in known_families()


def test_a_code_that_was_used_is_the_sixth_rung_of_nobody_known(desk: "Desk", peer: "type[Peer]") -> None:
    desk.contacts.note_code_used(peer.when(0), OfferId("bittorrent-000001"))
    desk.contacts.note_code_used(peer.when(0), OfferId("bittorrent-999999"))
    desk.contacts.close()
    ((key, count),) = desk.store.tallies().items()
    assert (key.rung, key.country, key.client, count) == (6, "ZZ", VERIFIED_BY_CODE, 1)
    assert desk.store.contacts() == 0
