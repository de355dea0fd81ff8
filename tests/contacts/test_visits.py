# SPDX-License-Identifier: EUPL-1.2
import copy
import pickle
from dataclasses import replace

import pytest
from tests.contacts.conftest import NOON

from police2peer.contacts import Country, ExculpatoryFlag, Rung, VisitConnection, VisitRecord, VisitSinks
from police2peer.contacts.clients import UNNAMED
from police2peer.networks import Address, EvidenceGap, Identifier, IdentifierKind, OfferId


def _record() -> VisitRecord:
    return VisitRecord(
        visit_id=bytes(16),
        network="bittorrent",
        offer=OfferId("bittorrent-000001"),
        arm="help",
        language="en",
        country=Country("NO"),
        connections=(VisitConnection(Address("203.0.113.9", 40_000), None, NOON),),
        identifiers=(Identifier(IdentifierKind.PEER_ID, b"-TR4050-abcdefghijkl"),),
        client=UNNAMED,
        client_words="",
        first_at=NOON,
        last_at=NOON,
        rung=Rung.ASKED,
        came_back=False,
        asked_bytes=1,
        sent_bytes=0,
        acknowledged_bytes=None,
        pieces_sent=0,
        piece_bytes=1,
        size_bytes=1,
    )


class _Sink:
    def __init__(self, *, broken: bool = False) -> None:
        self.broken = broken
        self.told: list[object] = []

    def contact_began(self, visit: VisitRecord) -> None:
        self._take(visit)

    def contact_ended(self, visit: VisitRecord) -> None:
        self._take(visit)

    def gap(self, gap: EvidenceGap) -> None:
        self._take(gap)

    def _take(self, given: object) -> None:
        if self.broken:
            raise OSError(28, "no room for 203.0.113.9")
        self.told.append(given)


def test_a_visit_is_never_stored_as_it_is_and_shows_no_address() -> None:
    record = _record()
    for text in (repr(record), str(record), f"{record}", repr(record.connections), repr([record])):
        assert "203" not in text
        assert "abcdef" not in text
    for store in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="never stored"):
            store(record)
    assert replace(record, came_back=True).came_back


def test_a_sink_that_fails_costs_the_others_nothing_and_is_told_without_its_words(
    caplog: pytest.LogCaptureFixture,
) -> None:
    good, bad = _Sink(), _Sink(broken=True)
    sinks, record = VisitSinks([bad, good]), _record()
    sinks.began(record)
    sinks.ended(record)
    sinks.gap(EvidenceGap(NOON, "bittorrent", "the alert queue was full"))
    assert good.told == [record, record, EvidenceGap(NOON, "bittorrent", "the alert queue was full")]
    lost = sinks.take_lost(NOON)
    assert lost is not None
    assert lost.what == "3 records could not be kept by a sink"
    assert sinks.take_lost(NOON) is None
    assert "OSError" in caplog.text
    assert "203" not in caplog.text


def test_each_flag_says_in_a_sentence_what_was_seen() -> None:
    for flag in ExculpatoryFlag:
        assert flag.explanation.endswith(".")
        assert len(flag.explanation.split()) > 8
