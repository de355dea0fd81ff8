# SPDX-License-Identifier: EUPL-1.2
"""Requests and signatures of a ceremony come on sticks and by mail: anything else in them is refused."""

import contextlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from police2peer.campaign import read_signing_key
from police2peer.catalogue import (
    CeremonyRequest,
    CeremonySignature,
    begin_ceremony,
    prepare_key,
    sign_request,
    summarise,
)
from police2peer.catalogue.ceremony_request import signed_file
from police2peer.errors import BadInput, NotAuthentic

if TYPE_CHECKING:
    from tests.catalogue.conftest import Case


@pytest.fixture(scope="module")
def good(built: "Case") -> CeremonyRequest:
    return begin_ceremony(built.folder, now=built.now)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.data())
def test_any_change_to_a_request_or_signature_is_refused_or_harmless(built: "Case", data: st.DataObject) -> None:
    request = begin_ceremony(built.folder, now=built.now).to_bytes()
    key = read_signing_key(built.home.keys / "root-1.pem")
    signature = sign_request(request, key, now=built.now).to_bytes()
    for content, parse in ((request, CeremonyRequest.from_bytes), (signature, CeremonySignature.from_bytes)):
        value = json.loads(content)
        place = data.draw(st.sampled_from(sorted(value)))
        if isinstance(value[place], dict) and value[place] and data.draw(st.booleans()):
            value[place][data.draw(st.sampled_from(sorted(value[place])))] = data.draw(_JSON)
        else:
            value[place] = data.draw(_JSON)
        with contextlib.suppress(BadInput, NotAuthentic):
            parse(json.dumps(value).encode())


@given(st.binary(max_size=300))
def test_any_bytes_are_a_request_or_refused(raw: bytes) -> None:
    for parse in (CeremonyRequest.from_bytes, CeremonySignature.from_bytes):
        with pytest.raises(BadInput):
            parse(raw)


@given(payload=_JSON, role=st.sampled_from(["root", "targets"]))
def test_anything_in_the_place_of_what_is_to_be_signed_is_refused(
    good: CeremonyRequest, payload: object, role: str
) -> None:
    value = json.loads(good.to_sign[role])
    for changed in (payload, value | {"keys": payload}, value | {"roles": payload}, value | {"delegations": payload}):
        raw = json.dumps(changed, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        try:
            request = CeremonyRequest.from_bytes(
                replace(good, to_sign={**good.to_sign, role: raw.encode("utf-8", "replace")}).to_bytes()
            )
        except BadInput:
            continue
        assert summarise(request)


def test_a_signed_file_is_what_python_tuf_writes(good: CeremonyRequest) -> None:
    raw = signed_file(good.to_sign["root"], {"ab": b"\x01\x02"})
    assert json.loads(raw)["signatures"] == [{"keyid": "ab", "sig": "0102"}]


def test_what_would_turn_the_writing_round_is_shown_by_its_number(good: CeremonyRequest) -> None:
    evil = good.to_sign["targets"].replace(b"Police Unit A", "Police\u202e Unit A".encode())
    lines = summarise(replace(good, to_sign={"targets": evil}))
    assert any("Police<U+202E> Unit A" in line for line in lines)


def test_one_key_never_has_two_places(case: "Case") -> None:
    with pytest.raises(BadInput, match="the key for root-2 is that of targets-1 already"):
        prepare_key(case.home, "root-2", case.home.keys / "targets-1.pub")
