# SPDX-License-Identifier: EUPL-1.2
"""Spoilt messages through codec and sessions; `make fuzz` sends ten million, and has atheris choose more."""

import contextlib

import pytest
from benchmarks import fuzz_directconnect
from hypothesis import given
from hypothesis import strategies as st

from police2peer.errors import BadInput
from police2peer.networks.directconnect.message import Message, parse
from police2peer.networks.directconnect.search_message import read_search
from police2peer.networks.directconnect.settings import HubAddress


@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_but_bad_input_comes_out_of_the_sessions(seed: int) -> None:
    good, bad = fuzz_directconnect.run(seed, 10_000)
    assert good > 1000
    assert bad > 1000


@given(st.binary(max_size=400))
def test_any_bytes_are_taken_as_a_stream(data: bytes) -> None:
    fuzz_directconnect.one(data)


_PARAMETERS = st.lists(
    st.tuples(st.sampled_from(["AN", "NO", "EX", "GE", "LE", "EQ", "TY", "TR", "TO", "XX"]), st.text(max_size=8)).map(
        "".join
    ),
    max_size=8,
)


@given(_PARAMETERS)
def test_whatever_a_search_holds_it_is_read_or_is_bad_input(parameters: list[str]) -> None:
    with contextlib.suppress(BadInput):
        read_search(Message("B", "SCH", "PEER", parameters=tuple(parameters)))


def test_the_searches_of_the_specification_are_read() -> None:
    asked = read_search(parse(b"BSCH BBBB ANubuntu ANlinux NOgentoo EXISO EXIMG TO123456789 TY1"))
    assert asked is not None
    assert asked.search is not None
    assert (asked.search.words, asked.search.excluded) == (("ubuntu", "linux"), ("gentoo",))
    assert (asked.search.extensions, asked.token, asked.wants_directory) == (("ISO", "IMG"), "123456789", False)
    smaller = read_search(parse(b"BSCH BBBB ANubuntu LE4294967296 TO123456789"))
    assert smaller is not None
    assert smaller.search is not None
    assert (smaller.search.least_bytes, smaller.search.most_bytes) == (0, 4294967296)


@given(st.text(max_size=60) | st.text("adcs:/.?kp=SHA256[]@1", max_size=40))
def test_whatever_stands_for_a_hub_is_read_or_is_bad_input(text: str) -> None:
    with contextlib.suppress(BadInput):
        address = HubAddress.parse(text)
        assert HubAddress.parse(str(address)).host == address.host


def test_the_address_of_the_specification_is_read() -> None:
    keyprint = "G3PJC4F4MQ5KOXGE2MPYJW5EW63IC6M7RN7OS663JLLWN2M5I6FQ"
    address = HubAddress.parse(f"adcs://example.com:1234/?kp=SHA256/{keyprint}")
    assert (address.host, address.port, address.tls) == ("example.com", 1234, True)
    assert address.keyprint is not None
    assert len(address.keyprint) == 32


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.com:411",
        "dchub://example.com:411",
        "adc://example.com",
        "adc://:411",
        "adc://example.com:0",
        "adc://example.com:99999",
        "adcs://example.com:1/?kp=MD5/AAAA",
        "adcs://example.com:1/?kp=SHA256/AAAA",
        "adc://[::1",
    ],
)
def test_what_is_no_address_of_a_hub_is_bad_input(text: str) -> None:
    with pytest.raises(BadInput):
        HubAddress.parse(text)
