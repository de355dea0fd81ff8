# SPDX-License-Identifier: EUPL-1.2
import contextlib
import hashlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from police2peer.errors import BadInput
from police2peer.networks.bittorrent import bencode, infohash, torrent_for
from police2peer.networks.foreign_text import without_addresses

if TYPE_CHECKING:
    from tests.networks.conftest import Workshop

_VALUES: st.SearchStrategy[bencode.Value] = st.recursive(
    st.integers(-(2**63), 2**63) | st.binary(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.binary(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(_VALUES)
def test_what_is_encoded_reads_back_the_same(value: bencode.Value) -> None:
    assert bencode.decode(bencode.encode(value)) == value


@given(st.binary(max_size=200) | st.text("ilde0123456789:-", max_size=60).map(str.encode))
def test_whatever_a_stranger_sends_is_read_or_is_bad_input(raw: bytes) -> None:
    with contextlib.suppress(BadInput):
        bencode.decode(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"i", b"ie", b"i-0e", b"i01e", b"i1", b"5:abc", b"-1:", b"l", b"d", b"d1:ae", b"di1ei2ee", b"i1ei2e",
        b"d1:ai1e1:ai2ee", b"l" * 5000, b"i" + b"9" * 5000 + b"e", b"99999999999999999999999:x", b"x",
    ],
)  # fmt: skip
def test_malformed_bytes_are_bad_input(raw: bytes) -> None:
    with pytest.raises(BadInput):
        bencode.decode(raw)


@pytest.mark.parametrize(
    ("value", "raw"),
    [
        (0, b"i0e"),
        (-3, b"i-3e"),
        (b"spam", b"4:spam"),
        ([b"spam", b"eggs"], b"l4:spam4:eggse"),
        ({b"spam": [b"a", b"b"], b"cow": b"moo"}, b"d3:cow3:moo4:spaml1:a1:bee"),
    ],
)
def test_the_examples_of_bep_3_stand(value: bencode.Value, raw: bytes) -> None:
    assert bencode.encode(value) == raw
    assert bencode.decode(raw) == value


def test_a_torrent_is_canonical_names_no_maker_and_no_date_and_is_the_same_each_time(workshop: "Workshop") -> None:
    (offer,) = workshop.offers(workshop.clip(100_000))
    made = torrent_for(offer, ["http://127.0.0.1:1/announce", "udp://127.0.0.1:2"])
    assert made == torrent_for(offer, ["http://127.0.0.1:1/announce", "udp://127.0.0.1:2"])
    read = bencode.decode(made)
    assert isinstance(read, dict)
    assert bencode.encode(read) == made
    assert set(read) == {b"announce", b"announce-list", b"info"}
    info = read[b"info"]
    assert isinstance(info, dict)
    assert set(info) == {b"length", b"name", b"piece length", b"pieces"}
    assert info[b"name"] == b"sample-clip-000001.mp4"
    content = offer.path.read_bytes()
    piece = offer.hashes.bt_piece_length
    hashes = [
        hashlib.sha1(content[at : at + piece], usedforsecurity=False).digest() for at in range(0, 100_000, piece)
    ]
    assert info[b"pieces"] == b"".join(hashes)
    assert infohash(offer) == hashlib.sha1(bencode.encode(info), usedforsecurity=False).digest()


def test_a_torrent_without_trackers_holds_its_info_only(workshop: "Workshop") -> None:
    (offer,) = workshop.offers(workshop.clip(1000))
    assert torrent_for(offer, [])[:6] == b"d4:inf"


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("blocked: 198.51.100.7 is not wanted", "blocked: <address> is not wanted"),
        ("peer 2001:db8::7 refused", "peer <address> refused"),
        ("\x1b[31mred\n", "[31mred"),
        ("", "no reason given"),
        ("x" * 500, "x" * 120),
    ],
)
def test_what_a_tracker_says_loses_addresses_and_control_characters(said: str, kept: str) -> None:
    assert without_addresses(said) == kept
