# SPDX-License-Identifier: EUPL-1.2
from dataclasses import fields, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.contacts.evidence_twins import (
    APPROVER,
    ASKER,
    END,
    NOW,
    START,
    TRUSTED,
    approved,
    order,
    request,
    selection,
)

from police2peer.contacts import Rung
from police2peer.contacts.evidence import (
    EvidenceRequest,
    Recipient,
    Selection,
    SignedRequest,
    TransferGround,
    approve_request,
    check_inside,
    check_request,
    sign_request,
)
from police2peer.errors import BadInput, NotAuthentic, NotPermitted


def test_a_request_that_two_people_signed_may_be_carried_out() -> None:
    asked = check_request(SignedRequest.from_bytes(approved().to_bytes()), trusted=TRUSTED)
    assert asked == request()
    check_inside(asked, order())


def test_nobody_approves_their_own_request() -> None:
    signed = sign_request(request(), ASKER)
    with pytest.raises(NotPermitted, match="cannot approve"):
        approve_request(signed, "Approving Person", ASKER, NOW)
    with pytest.raises(NotPermitted, match="cannot approve"):
        approve_request(signed, "asking  PERSON", APPROVER, NOW)


def test_without_approval_nothing_is_carried_out() -> None:
    with pytest.raises(NotPermitted, match="has not been approved"):
        check_request(sign_request(request(), ASKER), trusted=TRUSTED)


def test_a_key_that_is_in_no_list_counts_for_nothing() -> None:
    for key in TRUSTED:
        with pytest.raises(NotPermitted, match="not in the list"):
            check_request(approved(), trusted=TRUSTED - {key})


def test_an_approval_holds_for_the_very_bytes_that_were_approved() -> None:
    signed = approved()
    wider = request(selection=selection(networks=("bittorrent", "ed2k"))).to_bytes()
    with pytest.raises(NotAuthentic):
        check_request(replace(signed, payload=wider), trusted=TRUSTED)
    resigned = replace(sign_request(EvidenceRequest.from_bytes(wider), ASKER), approval=signed.approval)
    with pytest.raises(NotAuthentic, match="the approval"):
        check_request(resigned, trusted=TRUSTED)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"start": START - timedelta(seconds=1)}, "beyond the period"),
        ({"end": END + timedelta(seconds=1)}, "beyond the period"),
        ({"networks": ("gnutella",)}, "names no space on gnutella"),
        ({"countries": ("NO", "SE")}, "contacts of SE"),
    ],
)
def test_a_request_outside_the_order_is_refused_with_what_may_be_asked(changes: dict[str, object], said: str) -> None:
    with pytest.raises(BadInput, match=said) as refused:
        check_inside(request(selection=selection(**changes)), order())
    assert refused.value.remedy


def test_a_request_under_another_order_is_refused() -> None:
    with pytest.raises(BadInput, match="this is order"):
        check_inside(request(order_id="no-2027-02"), order())


def test_contacts_of_a_recipients_country_may_be_asked_for() -> None:
    check_inside(request(selection=selection(countries=("PT", "ZZ"))), order())


def test_a_transfer_to_a_third_country_needs_a_recorded_ground() -> None:
    with pytest.raises(BadInput, match="no ground for the transfer"):
        Recipient("Example Police", "CA")
    with pytest.raises(BadInput, match="no ground for the transfer"):
        Recipient("Example Police", "CA", TransferGround.SAFEGUARDS, " ")
    assert Recipient("Example Police", "CA", TransferGround.SAFEGUARDS, "an invented agreement").is_third_country
    assert not Recipient("Example Police", "IS").is_third_country


def test_nobody_can_be_followed_across_networks() -> None:
    names = {field.name for kind in (Selection, EvidenceRequest) for field in fields(kind)}
    assert not {name for name in names if any(word in name for word in ("person", "address", "host", "peer"))}
    with pytest.raises(BadInput, match="across networks"):
        selection(networks=("bittorrent", "ed2k"), visits=("0" * 32,))
    selection(visits=("0" * 32,))


@pytest.mark.parametrize(
    "changes",
    [
        {"least_rung": Rung.METADATA},
        {"end": START},
        {"networks": ()},
        {"countries": ()},
        {"visits": ("no visit",)},
        {"start": START.replace(tzinfo=None)},
    ],
)
def test_a_selection_that_makes_no_sense_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(BadInput):
        selection(**changes)


@pytest.mark.parametrize(
    "changes", [{"reason": " "}, {"id": "../up"}, {"id": ""}, {"recipients": ()}, {"legal_ground": "x" * 5000}]
)
def test_a_request_that_lacks_something_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(BadInput):
        request(**changes)


@given(st.binary(max_size=300))
def test_foreign_bytes_are_no_request(raw: bytes) -> None:
    for read in (SignedRequest.from_bytes, EvidenceRequest.from_bytes):
        with pytest.raises(BadInput):
            read(raw)


_SIGNED = approved().to_bytes()


@given(st.integers(0, len(_SIGNED) * 8 - 1))
def test_a_flipped_bit_never_passes(bit: int) -> None:
    changed = bytearray(_SIGNED)
    changed[bit // 8] ^= 1 << bit % 8
    with pytest.raises((BadInput, NotAuthentic, NotPermitted)):
        check_request(SignedRequest.from_bytes(bytes(changed)), trusted=TRUSTED)
