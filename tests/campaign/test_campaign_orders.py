# SPDX-License-Identifier: EUPL-1.2
"""Nothing is published without an order that two different people signed, in its period, for this very campaign."""

import dataclasses
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from police2peer.campaign import (
    Approver,
    EvidenceMode,
    NetworkSpace,
    OperationOrder,
    OrderSignature,
    SignedOrder,
    check_order,
    load_campaign,
    permitted,
    public_bytes,
    read_signed_order,
    sign_campaign,
    sign_order,
    withdraw_campaign,
    withdraw_order,
)
from police2peer.errors import BadInput, NotAuthentic, NotPermitted

if TYPE_CHECKING:
    from tests.campaign.conftest import Ready

_NOW = datetime(2027, 3, 1, tzinfo=UTC)
_FIRST, _SECOND, _THIRD = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2, 3))
_DIGEST = "ab" * 32
_TRUSTED = frozenset(public_bytes(key) for key in (_FIRST, _SECOND, _THIRD))


def _order(**changes: object) -> OperationOrder:
    order = OperationOrder(
        id="no-2027-01",
        authority="Example National Police",
        country="NO",
        legal_ground="Example Police Act, section 1",
        spaces=(NetworkSpace("bittorrent", "some swarms", "on file 17"),),
        approvers=(Approver("One", public_bytes(_FIRST)), Approver("Two", public_bytes(_SECOND))),
        start=_NOW - timedelta(days=1),
        end=_NOW + timedelta(days=1),
        evidence=EvidenceMode.OFF,
        campaign_sha256=_DIGEST,
    )
    return dataclasses.replace(order, **changes)  # type: ignore[arg-type] # the tests name the fields


def _signed() -> SignedOrder:
    return sign_order(sign_order(_order().to_bytes(), _FIRST), _SECOND)


def _check(signed: SignedOrder, *, now: datetime = _NOW, trusted: frozenset[bytes] = _TRUSTED) -> OperationOrder:
    return check_order(signed, now=now, trusted=trusted, campaign_sha256=_DIGEST)


def test_an_order_signed_by_both_is_in_force() -> None:
    assert _check(_signed()) == _order()
    assert _check(SignedOrder.from_bytes(_signed().to_bytes())) == _order()


def test_one_signature_is_not_enough() -> None:
    with pytest.raises(NotPermitted, match="not signed by Two"):
        _check(sign_order(_order().to_bytes(), _FIRST))


def test_the_same_approver_signing_twice_is_not_enough() -> None:
    once = sign_order(_order().to_bytes(), _FIRST)
    assert sign_order(once, _FIRST) == once
    twice = dataclasses.replace(once, signatures=once.signatures * 2)
    with pytest.raises(NotPermitted, match="not signed by Two"):
        _check(twice)


@pytest.mark.parametrize(
    ("approvers", "facts"),
    [
        ((("One", _FIRST),), "1 approver is named"),
        ((), "0 approvers are named"),
        ((("One", _FIRST), ("Two", _SECOND), ("Three", _THIRD)), "3 approvers are named"),
        ((("One", _FIRST), (" ONE ", _SECOND)), "named twice"),
        ((("One", _FIRST), ("Two", _FIRST)), "same key"),
        ((("One", _FIRST), (" ", _SECOND)), "no name"),
    ],
)
def test_an_order_names_exactly_two_different_approvers(
    approvers: tuple[tuple[str, Ed25519PrivateKey], ...], facts: str
) -> None:
    with pytest.raises(BadInput, match=facts):
        _order(approvers=tuple(Approver(name, public_bytes(key)) for name, key in approvers))


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "../order"},
        {"country": "UK"},
        {"country": "no"},
        {"authority": " "},
        {"legal_ground": ""},
        {"spaces": ()},
        {"spaces": (NetworkSpace("bittorrent", "some swarms", " "),)},
        {"end": _NOW - timedelta(days=2)},
        {"end": _NOW - timedelta(days=1)},
        {"start": datetime(2027, 1, 1)},  # noqa: DTZ001 - the naive time is the fault
        {"campaign_sha256": "xyz"},
    ],
)
def test_an_order_is_valid_or_cannot_be_made(changes: dict[str, object]) -> None:
    with pytest.raises(BadInput):
        _order(**changes)


def test_an_expired_order_permits_nothing() -> None:
    with pytest.raises(NotPermitted, match="ended on 2027-03-02") as caught:
        _check(_signed(), now=_order().end)
    assert "clock" in caught.value.remedy


def test_an_order_permits_nothing_before_its_start() -> None:
    with pytest.raises(NotPermitted, match="starts on 2027-02-28"):
        _check(_signed(), now=_order().start - timedelta(seconds=1))


def test_an_approver_whom_this_machine_does_not_trust_counts_for_nothing() -> None:
    with pytest.raises(NotPermitted, match="does not trust the approver Two"):
        _check(_signed(), trusted=frozenset({public_bytes(_FIRST)}))


def test_a_change_of_the_campaign_after_signing_is_refused() -> None:
    with pytest.raises(NotPermitted, match="changed after the order was signed"):
        check_order(_signed(), now=_NOW, trusted=_TRUSTED, campaign_sha256="cd" * 32)


def test_a_stranger_cannot_sign() -> None:
    with pytest.raises(NotPermitted, match="neither approver"):
        sign_order(_signed(), _THIRD)


def test_a_third_signature_raises_the_alarm() -> None:
    signed = _signed()
    third = OrderSignature(public_bytes(_THIRD), b"\x00" * 64)
    with pytest.raises(NotAuthentic, match="nobody whom the order names"):
        _check(dataclasses.replace(signed, signatures=(*signed.signatures, third)))


def test_signatures_moved_to_a_longer_order_do_not_hold() -> None:
    longer = _order(end=_NOW + timedelta(days=900))
    with pytest.raises(NotAuthentic, match="of One does not hold"):
        _check(dataclasses.replace(_signed(), payload=longer.to_bytes()))


def test_a_signature_over_the_bare_bytes_does_not_hold() -> None:
    payload = _order().to_bytes()
    bare = tuple(OrderSignature(public_bytes(key), key.sign(payload)) for key in (_FIRST, _SECOND))
    with pytest.raises(NotAuthentic):
        _check(SignedOrder(payload, bare))


def test_an_order_with_a_key_of_the_same_name_added_is_refused() -> None:
    payload = json.loads(_order().to_bytes())
    payload["allow"] = "everything"
    spaced = json.dumps(payload).encode()
    with pytest.raises(BadInput, match="another format"):
        _check(SignedOrder(spaced))


@given(st.data())
def test_no_flipped_bit_of_a_signed_order_permits_anything_else(data: st.DataObject) -> None:
    content = bytearray(_signed().to_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= 1 << data.draw(st.integers(0, 7))
    try:
        order = _check(SignedOrder.from_bytes(bytes(content)))
    except (BadInput, NotAuthentic, NotPermitted):
        return
    # A change of white space, or of the case of a digit, leaves the order as it was.
    assert order == _order()


@given(st.binary(max_size=400))
def test_any_bytes_are_an_order_or_bad_input(content: bytes) -> None:
    for parse in (SignedOrder.from_bytes, OperationOrder.from_bytes):
        with pytest.raises(BadInput):
            parse(content)


_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=5,
)


@given(st.sampled_from(sorted(json.loads(_signed().to_bytes()))), _JSON)
def test_any_value_in_a_field_of_order_json_is_bad_input_or_not_enough(field: str, value: object) -> None:
    document = json.loads(_signed().to_bytes())
    document[field] = value
    try:
        signed = SignedOrder.from_bytes(json.dumps(document).encode())
        order = _check(signed)
    except (BadInput, NotAuthentic, NotPermitted):
        return
    assert (field, order) == ("withdrawals", _order())


@given(st.sampled_from(sorted(json.loads(_order().to_bytes()))), _JSON)
def test_any_value_in_a_field_of_the_payload_is_an_order_or_bad_input(field: str, value: object) -> None:
    payload = json.loads(_order().to_bytes())
    payload[field] = value
    content = json.dumps(payload, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode(errors="replace")
    try:
        order = OperationOrder.from_bytes(content)
    except BadInput:
        return
    assert order.to_bytes() == content


def test_one_approver_withdraws_an_order() -> None:
    withdrawn = withdraw_order(_signed(), _SECOND, at=_NOW, reason="the ground is gone")
    again = SignedOrder.from_bytes(withdrawn.to_bytes())
    assert again == withdrawn
    with pytest.raises(NotPermitted, match="withdrawn by Two on 2027-03-01 00:00 UTC"):
        _check(again)


def test_a_stranger_cannot_withdraw_and_a_forged_withdrawal_raises_the_alarm() -> None:
    with pytest.raises(NotPermitted, match="neither approver"):
        withdraw_order(_signed(), _THIRD, at=_NOW, reason="none")
    withdrawn = withdraw_order(_signed(), _SECOND, at=_NOW, reason="the ground is gone")
    forged = dataclasses.replace(withdrawn.withdrawals[0], public_key=public_bytes(_FIRST))
    with pytest.raises(NotAuthentic, match="withdrawal of One does not hold"):
        _check(dataclasses.replace(withdrawn, withdrawals=(forged,)))


def test_a_withdrawal_of_one_order_does_not_withdraw_another() -> None:
    other = sign_order(sign_order(_order(id="no-2027-02").to_bytes(), _FIRST), _SECOND)
    withdrawn = withdraw_order(_signed(), _SECOND, at=_NOW, reason="the ground is gone")
    with pytest.raises(NotAuthentic):
        _check(dataclasses.replace(other, withdrawals=withdrawn.withdrawals))


def test_a_campaign_is_permitted_after_both_have_signed(ready: "Ready", now: datetime) -> None:
    campaign = load_campaign(ready.folder)
    with pytest.raises(NotPermitted, match="no signed order"):
        permitted(campaign, now=now, trusted=ready.trusted)
    sign_campaign(campaign, ready.first)
    with pytest.raises(NotPermitted, match="not signed by Second Approver"):
        permitted(campaign, now=now, trusted=ready.trusted)
    sign_campaign(campaign, ready.second)
    order = permitted(campaign, now=now, trusted=ready.trusted)
    assert order == campaign.order
    assert order.campaign_sha256 == campaign.sha256


def _reword_title(ready: "Ready") -> None:
    path = ready.folder / "titles.txt"
    path.write_text(path.read_text(encoding="utf-8").replace("sample-clip-07", "sample-clip-77"), encoding="utf-8")


@pytest.mark.parametrize(
    "change",
    [
        _reword_title,
        lambda ready: ready.change('message = "help"', 'message = "help"\noffers_per_title = 3'),
        lambda ready: ready.change('"pdf", ', ""),
        lambda ready: ready.change('"pl", ', ""),
        lambda ready: ready.change("Example National Police", "Example Other Police"),
        lambda ready: ready.change("police.example/help", "police.example/other"),
        lambda ready: ready.change("seconds = 40", "seconds = 41"),
        lambda ready: ready.change("replication = 1", "replication = 2"),
        lambda ready: ready.change("publish_network_ids = true", "publish_network_ids = false"),
        lambda ready: ready.change("2027-08-28", "2028-08-28"),
        lambda ready: (ready.folder / "badge.svg").write_bytes(b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
    ],
)
def test_any_change_after_signing_needs_both_to_sign_again(
    ready: "Ready", now: datetime, change: Callable[["Ready"], None]
) -> None:
    before = load_campaign(ready.folder)
    sign_campaign(before, ready.first)
    sign_campaign(before, ready.second)
    change(ready)
    after = load_campaign(ready.folder)
    assert after.sha256 != before.sha256
    with pytest.raises(NotPermitted, match="changed"):
        permitted(after, now=now, trusted=ready.trusted)
    with pytest.raises(NotPermitted, match="changed"):
        sign_campaign(after, ready.first)
    assert len(sign_campaign(after, ready.first, anew=True).signatures) == 1
    sign_campaign(after, ready.second)
    assert permitted(after, now=now, trusted=ready.trusted) == after.order


def test_a_withdrawn_order_is_not_signed_again(ready: "Ready", now: datetime) -> None:
    campaign = load_campaign(ready.folder)
    sign_campaign(campaign, ready.first)
    withdraw_campaign(campaign, ready.second, at=now, reason="the ground is gone")
    with pytest.raises(NotPermitted, match="withdrawn"):
        sign_campaign(campaign, ready.second)


def test_the_signed_order_holds_no_title(ready: "Ready") -> None:
    campaign = load_campaign(ready.folder)
    content = sign_campaign(campaign, ready.first).to_bytes() + campaign.order_payload()
    assert not any(title.title.reveal().encode() in content for title in campaign.titles)


def test_an_order_file_that_is_none_is_bad_input(ready: "Ready") -> None:
    campaign = load_campaign(ready.folder)
    (ready.folder / "order.json").write_text("{}")
    with pytest.raises(BadInput, match="not a signed operation order"):
        read_signed_order(campaign)
    (ready.folder / "order.json").write_bytes(b" " * 2_000_000)
    with pytest.raises(BadInput, match="too long"):
        read_signed_order(campaign)


def test_the_digest_is_the_same_wherever_the_campaign_lies(
    make_ready: Callable[[str], "Ready"], tmp_path: Path
) -> None:
    one = make_ready("one")
    moved = tmp_path / "moved"
    one.folder.rename(moved)
    again = load_campaign(moved).sha256
    moved.rename(one.folder)
    assert load_campaign(one.folder).sha256 == again
