# SPDX-License-Identifier: EUPL-1.2
"""What a catalogue says of its log, and the lists that lead from packs to it: any bytes are read or refused."""

import hashlib
import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from police2peer.catalogue.distrust import distrusting
from police2peer.catalogue.log.cosignature import witness_key
from police2peer.catalogue.log.note import KeyType, NoteKey
from police2peer.catalogue.log.packs import PackList
from police2peer.catalogue.log.policy import LogPolicy
from police2peer.errors import BadInput, NotAuthentic

LOG = NoteKey("example.org/log", KeyType.ED25519, bytes(32))
WITNESSES = tuple(witness_key(f"police.example/{number}", bytes([number]) * 32) for number in (1, 2, 3))
KEYS = {"some id": LOG.public}
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def _read(value: object) -> LogPolicy:
    with distrusting("the log"):
        return LogPolicy.read(value, KEYS)


def test_a_policy_is_read_as_it_was_written() -> None:
    policy = LogPolicy((LOG,), WITNESSES, 2)
    assert _read(json.loads(json.dumps(policy.to_json()))) == policy
    assert policy.origin == "example.org/log"


@given(st.sampled_from(["origin", "needed", "grace_days", "witnesses"]), _JSON)
def test_any_field_of_a_policy_is_read_or_refused(field: str, value: object) -> None:
    whole = LogPolicy((LOG,), WITNESSES, 2).to_json() | {field: value}
    try:
        policy = _read(whole)
    except NotAuthentic:
        return
    assert 0 < policy.needed <= len(policy.witnesses) or not policy.witnesses


@given(_JSON)
def test_any_value_is_a_policy_or_refused(value: object) -> None:
    with pytest.raises(NotAuthentic):
        _read(value)


def _wrong() -> Iterator[dict[str, object]]:
    whole = LogPolicy((LOG,), WITNESSES, 2).to_json()
    one = {"name": "a", "key": "01" * 32}
    yield whole | {"needed": 4}
    yield whole | {"needed": 0}
    yield whole | {"needed": True}
    yield whole | {"grace_days": -1}
    yield whole | {"grace_days": 10**9}
    yield whole | {"witnesses": [one, one]}
    yield whole | {"witnesses": [one | {"key": "00" * 32}], "needed": 1}  # the log as its own witness
    yield whole | {"witnesses": [one | {"key": "01"}], "needed": 1}
    yield whole | {"witnesses": [one | {"name": "a b"}], "needed": 1}
    yield whole | {"witnesses": [{"name": str(n), "key": f"{n + 1:064x}"} for n in range(33)]}
    yield whole | {"origin": ""}


@pytest.mark.parametrize("value", list(_wrong()))
def test_a_policy_that_asks_for_nothing_or_too_much_is_refused(value: dict[str, object]) -> None:
    with pytest.raises(NotAuthentic):
        _read(value)


def test_two_witnesses_with_one_key_are_one() -> None:
    again = witness_key("police.example/other", WITNESSES[0].public)
    with pytest.raises(BadInput, match="one key"):
        LogPolicy((LOG,), (*WITNESSES, again), 2)


@given(st.binary(max_size=80))
def test_any_bytes_are_a_pack_list_or_refused(raw: bytes) -> None:
    try:
        listed = PackList.from_bytes(raw)
    except NotAuthentic:
        return
    assert listed.to_bytes() == raw


@given(st.integers(0, 2**40), st.lists(st.binary(min_size=1, max_size=20), min_size=1, max_size=9))
def test_a_list_leads_to_each_record_of_its_pack_and_to_nothing_between(first: int, blobs: list[bytes]) -> None:
    pack = b"".join(blobs)
    listed = PackList.from_bytes(PackList(first, tuple(map(len, blobs))).to_bytes())
    assert listed.entries(pack) == [hashlib.sha256(blob).digest() for blob in blobs]
    offset = 0
    for number, blob in enumerate(blobs):
        assert listed.leaf_at(offset, len(blob)) == first + number
        with pytest.raises(NotAuthentic):
            listed.leaf_at(offset, len(blob) + 100)
        offset += len(blob)
    for other in (pack + b"x", pack[1:]):
        with pytest.raises(NotAuthentic):
            listed.entries(other)
