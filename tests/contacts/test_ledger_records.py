# SPDX-License-Identifier: EUPL-1.2
import dataclasses
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.contacts.ledger_records import AT, contact_record, gap_record

from police2peer.contacts.ledger import (
    QUARANTINE_MS,
    ClockReading,
    ContactRecord,
    GapRecord,
    read_kernel_clock,
    read_record,
)
from police2peer.errors import BadInput


def test_a_record_comes_back_the_same() -> None:
    for record in (contact_record(3), gap_record(), contact_record(4, event="began")):
        raw = record.to_bytes()
        assert read_record(raw) == record
        assert read_record(raw).to_bytes() == raw


def test_a_record_is_canonical_json_and_says_what_is_in_question() -> None:
    raw = contact_record().to_bytes()
    value = json.loads(raw)
    assert json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() == raw
    assert value["format"] == "p2p-contact-1"
    assert value["contact"]["quarantined"] is False
    assert value["offered"]["category"] == "unknown"
    assert value["offered"]["fact_or_assessment"] == "fact"


def test_a_record_prints_nothing_of_a_person_or_a_title() -> None:
    record = contact_record()
    assert repr(record) == "<contact record>"
    assert repr(record.connections[0]) == "<connection>"


@pytest.mark.parametrize("offset_ms", [None, 40.1, -41.0])
def test_a_record_of_a_doubtful_clock_is_kept_and_marked(offset_ms: float | None) -> None:
    clock = ClockReading(offset_ms, 50.0, "kernel", AT)
    assert clock.quarantined
    raw = contact_record(clock=clock).to_bytes()
    assert json.loads(raw)["contact"]["quarantined"] is True
    assert read_record(raw).clock == clock


def test_a_mark_that_does_not_fit_its_clock_is_refused() -> None:
    raw = contact_record().to_bytes().replace(b'"quarantined":false', b'"quarantined":true')
    with pytest.raises(BadInput):
        read_record(raw)


@given(st.binary(max_size=300))
def test_foreign_bytes_are_no_record(raw: bytes) -> None:
    with pytest.raises(BadInput):
        read_record(raw)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
        max_leaves=8,
    ),
    st.data(),
)
def test_a_record_with_a_foreign_value_is_refused_or_comes_back_the_same(value: object, data: st.DataObject) -> None:
    for make in (contact_record, gap_record):
        plain = json.loads(make().to_bytes())
        part = data.draw(st.sampled_from([p for p in (plain, *plain.values()) if isinstance(p, dict)]))
        part[data.draw(st.sampled_from(sorted(part)))] = value
        raw = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")
        for kind in (ContactRecord, GapRecord):
            try:
                read = kind.from_bytes(raw)
            except BadInput:
                continue
            assert read.to_bytes() == raw


@given(st.integers(0, 2000), st.integers(1, 255))
def test_a_record_with_a_changed_byte_is_another_record_or_none(place: int, change: int) -> None:
    raw = bytearray(contact_record().to_bytes())
    raw[place % len(raw)] ^= change
    try:
        read = read_record(bytes(raw))
    except BadInput:
        return
    assert read != contact_record()


def test_what_cannot_be_recorded_is_said_when_the_record_is_made() -> None:
    record = contact_record()
    with pytest.raises(BadInput, match="not in UTC"):
        dataclasses.replace(record, started_at=datetime(2026, 3, 1, tzinfo=timezone(timedelta(hours=1))))
    with pytest.raises(BadInput, match="out of its range"):
        dataclasses.replace(record, rung=7)
    with pytest.raises(BadInput, match="too long"):
        dataclasses.replace(record, client_name="x" * 5000)
    with pytest.raises(BadInput, match="no Unicode"):
        dataclasses.replace(record, client_name="\ud800").to_bytes()


def test_the_kernel_is_believed_as_far_as_it_tells() -> None:
    def synchronised(timex: object) -> int:
        timex.offset, timex.status, timex.maxerror = -2_500_000, 0x2001, 12_000  # type: ignore[attr-defined]
        return 0

    def free_running(timex: object) -> int:
        timex.status = 0x40  # type: ignore[attr-defined]
        return 5

    good = read_kernel_clock(AT, synchronised)
    assert (good.offset_ms, good.uncertainty_ms, good.quarantined) == (-2.5, 12.0, False)
    assert read_kernel_clock(AT, free_running).quarantined
    assert read_kernel_clock(AT, lambda _: -1).quarantined
    assert abs(good.offset_ms or 0) < QUARANTINE_MS
    assert ClockReading(0.1, 1500.0, "kernel", AT).quarantined, "nobody has corrected it for long"


def test_this_machine_answers() -> None:
    reading = read_kernel_clock(datetime.now(UTC))
    assert reading.source.startswith("kernel (adjtimex)")
    assert (reading.offset_ms is None) == ("not synchronised" in reading.source)
