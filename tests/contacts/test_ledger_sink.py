# SPDX-License-Identifier: EUPL-1.2
"""What is seen becomes a record, and what happens to the record becomes a record too."""

import dataclasses
import errno
import hashlib
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.contacts.ledger_records import AT
from tests.contacts.ledgers import evidence_key, open_ledger, terms

from police2peer.campaign import Approver, EvidenceMode, NetworkSpace, OperationOrder, public_bytes
from police2peer.contacts import Country, Rung
from police2peer.contacts.clients import OTHER
from police2peer.contacts.flags import ExculpatoryFlag
from police2peer.contacts.ledger import (
    ClockReading,
    ContactRecord,
    GapRecord,
    Ledger,
    LedgerReader,
    LedgerSink,
    LedgerTerms,
    RecordMaker,
    build_sha256,
    read_record,
    tool_version,
)
from police2peer.contacts.ledger import ledger as writing
from police2peer.contacts.ledger.frames import EntryKind
from police2peer.contacts.visits import VisitConnection, VisitRecord
from police2peer.errors import NotPermitted
from police2peer.networks import Address, Departure, EvidenceGap, Identifier, IdentifierKind, Offer, OfferId

if TYPE_CHECKING:
    from tests.contacts.conftest import Desk

_DAY = timedelta(days=1)


def _order(**changes: object) -> OperationOrder:
    keys = [public_bytes(Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32)) for n in (1, 2)]
    order = OperationOrder(
        id="no-2027-01",
        authority="Example National Police",
        country="NO",
        legal_ground="Example Police Act, section 1",
        spaces=(NetworkSpace("bittorrent", "some swarms", "on file 17"),),
        approvers=(Approver("One", keys[0]), Approver("Two", keys[1])),
        start=AT - _DAY,
        end=AT + _DAY,
        evidence=EvidenceMode.ON,
        campaign_sha256="ab" * 32,
        evidence_recipients=(evidence_key().public,),
        evidence_keep_days=30,
    )
    return dataclasses.replace(order, **changes)  # type: ignore[arg-type] # the tests name the fields


def _visit(number: int = 1) -> VisitRecord:
    peer = Address(f"127.5.0.{number}", 51_413)
    return VisitRecord(
        visit_id=bytes([number]) * 16,
        network="bittorrent",
        offer=OfferId("bittorrent-000001"),
        arm="warning",
        language="en",
        country=Country("NO"),
        connections=(
            VisitConnection(peer, Address("127.0.0.1", 6881), AT, AT + timedelta(seconds=3), Departure.CLOSED),
        ),
        identifiers=(Identifier(IdentifierKind.PEER_ID, b"-XX0001-abcdefghijkl"),),
        client=OTHER,
        client_words="a program 1.0",
        first_at=AT,
        last_at=AT + timedelta(seconds=3),
        rung=Rung.PIECE,
        came_back=False,
        asked_bytes=70_000,
        sent_bytes=65_536,
        acknowledged_bytes=None,
        pieces_sent=1,
        piece_bytes=65_536,
        size_bytes=200_000,
        flags=(ExculpatoryFlag.SEVERAL_CLIENTS,),
    )


class _Stage:
    """A sink on a ledger, with both clocks in our hands."""

    def __init__(self, folder: Path, offer: Offer) -> None:
        self.folder = folder
        self.now, self.steady_s = AT, 1000.0
        self.offer = offer
        self.reading = ClockReading(0.5, 4.0, "kernel (adjtimex)", AT)

    def open(self) -> tuple[Ledger, LedgerSink]:
        ledger = open_ledger(self.folder)
        maker = RecordMaker(
            order=_order(),
            campaign_id="no-2027-01",
            node="node-1",
            offers={OfferId("bittorrent-000001"): self.offer}.get,
            network_ids=lambda _: (("btih", "cd" * 20),),
            tool_version="0.1.0",
            build_sha256="ef" * 32,
        )
        sink = LedgerSink(
            ledger,
            maker,
            clock=lambda: self.now,
            steady=lambda: self.steady_s,
            read_clock=lambda now: dataclasses.replace(self.reading, measured_at=now),
        )
        return ledger, sink

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.steady_s += seconds

    def records(self) -> list[ContactRecord | GapRecord]:
        reader = LedgerReader(self.folder)
        sealed = (entry for entry in reader.entries() if entry.kind is EntryKind.RECORD)
        return [read_record(reader.unseal(entry, evidence_key())) for entry in sealed]

    def gaps(self) -> list[GapRecord]:
        return [record for record in self.records() if isinstance(record, GapRecord)]


@pytest.fixture
def stage(tmp_path: Path, desk: "Desk") -> _Stage:
    return _Stage(tmp_path / "ledger", desk.offers[OfferId("bittorrent-000001")])


def test_a_visit_is_recorded_whole_when_it_begins_and_when_it_ends(stage: _Stage) -> None:
    ledger, sink = stage.open()
    sink.contact_began(_visit())
    sink.contact_ended(_visit())
    assert sink.flush() == 2
    ledger.abandon()
    began, ended = stage.records()
    assert isinstance(began, ContactRecord)
    assert isinstance(ended, ContactRecord)
    assert (began.event, ended.event) == ("began", "ended")
    assert began.visit_id == ended.visit_id == "01" * 16
    only = ended.connections[0]
    assert (only.peer_host, only.peer_port, only.our_host, only.our_port) == ("127.5.0.1", 51_413, "127.0.0.1", 6881)
    assert only.departure == "closed"
    assert ended.identifiers == (("peer id", b"-XX0001-abcdefghijkl".hex()),)
    assert ended.title == stage.offer.title.reveal()
    assert ended.file_name == stage.offer.file_name()
    assert ended.file_sha256 == stage.offer.hashes.sha256
    assert (ended.rung, ended.pieces_sent, ended.flags) == (4, 1, ("several_clients",))
    assert ended.erase_by == (AT + timedelta(seconds=3, days=30)).date()
    assert ended.clock.source == "kernel (adjtimex)"
    assert ended.legal_ground == "Example Police Act, section 1"


def test_the_time_in_which_the_node_was_not_running_is_a_record(stage: _Stage) -> None:
    ledger, sink = stage.open()
    sink.contact_began(_visit())
    sink.flush()
    stage.wait(5)
    sink.end("the node stopped", with_rest=True)
    ledger.abandon()
    stage.wait(600)
    ledger, sink = stage.open()
    sink.flush()
    ledger.abandon()
    closing, absence = stage.gaps()
    assert closing.what == "sealing ended: the node stopped"
    assert (closing.from_at, closing.until_at) == (AT + timedelta(seconds=5), None)
    assert absence.what == "the node was not running"
    assert (absence.from_at, absence.until_at) == (AT + timedelta(seconds=5), AT + timedelta(seconds=605))


def test_an_end_that_was_not_proper_is_a_record_that_says_from_when(stage: _Stage) -> None:
    ledger, sink = stage.open()
    sink.contact_began(_visit())
    sink.flush()
    stage.wait(7)
    sink.flush()  # nothing waits, and yet the node was alive
    ledger.abandon()
    stage.wait(60)
    ledger, sink = stage.open()
    sink.flush()
    ledger.abandon()
    (gap,) = stage.gaps()
    assert "without closing the ledger" in gap.what
    assert (gap.from_at, gap.until_at) == (AT + timedelta(seconds=7), AT + timedelta(seconds=67))


def test_nothing_is_sealed_once_the_order_has_ended(stage: _Stage) -> None:
    ledger, sink = stage.open()
    sink.contact_began(_visit(1))
    sink.flush()
    sink.contact_began(_visit(2))
    sink.end("the order was withdrawn", with_rest=False)
    sink.contact_ended(_visit(1))
    sink.gap(EvidenceGap(AT, "bittorrent", "late"))
    assert sink.flush() == 0
    sink.end("again", with_rest=True)
    ledger.abandon()
    first, closing = stage.records()
    assert isinstance(first, ContactRecord)
    assert isinstance(closing, GapRecord)
    assert closing.what == "sealing ended: the order was withdrawn; 1 records that waited were not sealed"
    assert list(LedgerReader(stage.folder).states())[-1].closed


@pytest.mark.parametrize(("step_s", "said"), [(-3.2, "back by 3200 ms"), (90.0, "forward by 90000 ms")])
def test_a_clock_that_was_set_is_a_record(stage: _Stage, step_s: float, said: str) -> None:
    ledger, sink = stage.open()
    sink.contact_began(_visit())
    stage.wait(0.1)
    sink.flush()
    stage.now += timedelta(seconds=step_s)
    stage.wait(0.1)
    sink.flush()
    stage.wait(0.1)
    sink.contact_ended(_visit())
    sink.flush()
    ledger.abandon()
    (gap,) = stage.gaps()
    assert said in gap.what
    assert len(stage.records()) == 3


def test_a_small_slew_is_no_step(stage: _Stage) -> None:
    ledger, sink = stage.open()
    for _ in range(50):
        stage.wait(0.1)
        stage.now += timedelta(milliseconds=5)
        sink.flush()
    ledger.abandon()
    assert len(sink) == 0
    assert LedgerReader(stage.folder).segments() == ()


def test_records_of_an_unknown_clock_are_kept_and_marked(stage: _Stage) -> None:
    stage.reading = ClockReading(None, None, "kernel (adjtimex): not synchronised", AT)
    ledger, sink = stage.open()
    sink.contact_began(_visit())
    sink.flush()
    ledger.abandon()
    (record,) = stage.records()
    assert record.clock.quarantined


def test_a_disk_that_takes_nothing_costs_no_record_and_is_told(
    stage: _Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger, sink = stage.open()
    sink.contact_began(_visit(1))
    sink.flush()

    def full(file: int, content: bytes) -> None:
        os.write(file, content[: len(content) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(writing, "_write_through", full)
    stage.wait(1)
    sink.contact_began(_visit(2))
    assert sink.flush() == 0
    assert "not being sealed" in sink.alarm
    monkeypatch.undo()
    stage.wait(0.5)
    assert sink.flush() == 0, "it waits a moment before it tries again"
    stage.wait(1)
    assert sink.flush() == 2
    assert sink.alarm == ""
    ledger.abandon()
    first, second, gap = stage.records()
    assert isinstance(first, ContactRecord)
    assert isinstance(second, ContactRecord)
    assert isinstance(gap, GapRecord)
    assert "could not be written" in gap.what
    assert (gap.from_at, gap.until_at) == (AT + timedelta(seconds=1), AT + timedelta(seconds=2.5))


def test_a_commit_that_reached_the_file_and_not_the_disk_is_taken_back_and_sealed_once(
    stage: _Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger, sink = stage.open()

    def fail(file: int) -> None:
        raise OSError(errno.EIO, "Input/output error", file)

    for number in (1, 2):  # the first commit of a segment, and a later one
        sink.contact_began(_visit(number))
        monkeypatch.setattr(os, "fdatasync", fail)
        assert sink.flush() == 0
        monkeypatch.undo()
        stage.wait(1.5)
        assert sink.flush() == 2
        sink.contact_ended(_visit(number))
        assert sink.flush() == 1
    ledger.abandon()
    seen = [record.visit_id[:2] + record.event for record in stage.records() if isinstance(record, ContactRecord)]
    assert seen == ["01began", "01ended", "02began", "02ended"]
    assert len(stage.gaps()) == 2


def test_what_finds_no_room_is_counted_and_told(stage: _Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("police2peer.contacts.ledger.sink._MOST_WAITING", 3)
    ledger, sink = stage.open()
    for number in range(1, 6):
        sink.contact_began(_visit(number))
    assert len(sink) == 3
    sink.flush()
    ledger.abandon()
    assert [gap.what for gap in stage.gaps()] == ["2 records found no room while the ledger could not be written"]


def test_there_is_no_ledger_without_an_order_that_demands_it() -> None:
    with pytest.raises(NotPermitted, match="does not demand"):
        LedgerTerms.under(
            _order(evidence=EvidenceMode.OFF, evidence_recipients=()), tool_version="1", build_sha256="ef" * 32
        )
    with pytest.raises(NotPermitted, match="names no key"):
        LedgerTerms.under(_order(evidence_recipients=()), tool_version="1", build_sha256="ef" * 32)
    found = LedgerTerms.under(_order(), tool_version="1", build_sha256="ef" * 32)
    assert found.recipients == terms().recipients
    assert found.order_sha256 == hashlib.sha256(_order().to_bytes()).hexdigest()


def test_the_digest_of_the_program_is_that_of_its_files(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "two.py").write_bytes(b"2")
    (tmp_path / "a.py").write_bytes(b"1")
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "a.pyc").write_bytes(b"no")
    lines = [
        f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in (("a.py", b"1"), ("b/two.py", b"2"))
    ]
    assert build_sha256(tmp_path) == hashlib.sha256("".join(lines).encode()).hexdigest()
    assert tool_version()[:1].isdigit()


def test_times_of_other_zones_are_recorded_in_utc(stage: _Stage) -> None:
    stage.now = datetime.fromtimestamp(AT.timestamp(), UTC).astimezone()
    ledger, sink = stage.open()
    sink.contact_began(_visit())
    sink.flush()
    ledger.abandon()
    (record,) = stage.records()
    assert isinstance(record, ContactRecord)
    assert record.started_at.tzinfo is UTC
