# SPDX-License-Identifier: EUPL-1.2
"""Records go to sinks when an order names them, at once and whole; without a sink nothing of a peer is kept."""

from pathlib import Path
from typing import TYPE_CHECKING

from tests.contacts.conftest import Desk

from police2peer.contacts import ExculpatoryFlag, Rung, VisitRecord
from police2peer.networks import (
    Address,
    ClientNamed,
    DataAcknowledged,
    Departure,
    EvidenceGap,
    Identifier,
    IdentifierKind,
    PeerConnected,
    PeerLeft,
)

if TYPE_CHECKING:
    from tests.contacts.conftest import Peer

_OURS = Address("192.0.2.1", 6881)


class _Ledger:
    def __init__(self) -> None:
        self.began: list[VisitRecord] = []
        self.ended: list[VisitRecord] = []
        self.gaps: list[EvidenceGap] = []

    def contact_began(self, visit: VisitRecord) -> None:
        self.began.append(visit)

    def contact_ended(self, visit: VisitRecord) -> None:
        self.ended.append(visit)

    def gap(self, gap: EvidenceGap) -> None:
        self.gaps.append(gap)


class _Broken(_Ledger):
    def contact_ended(self, visit: VisitRecord) -> None:
        raise OSError(28, f"no room for {visit}")


def _visit(desk: Desk, peer: "type[Peer]") -> None:
    one, two = peer(port=1111), peer(port=2222)
    ids = tuple(Identifier(IdentifierKind.PEER_ID, b"-TR4050-" + bytes([n]) * 12) for n in (1, 2))
    for event in (
        PeerConnected(one.when(0), *one.about, _OURS),
        one.reads(1),
        ClientNamed(one.when(1), *one.about, b"-TR4050-", "Transmission\x07 4.05\n", ids[:1]),
        one.leaves(2),
        PeerConnected(one.when(3), *two.about, _OURS),
        ClientNamed(one.when(3), *two.about, b"-TR4050-", "", ids[1:]),
        two.asks(0, 65_536, at=4),
        two.gets(0, 40_000, at=5),
        two.gets(32_768, 32_768, at=6),
        DataAcknowledged(two.when(7), *two.about, 0, 32_768),
        PeerLeft(two.when(8), *two.about, Departure.CLOSED),
    ):
        desk.contacts.feed(event)


def test_a_record_begins_with_the_first_request_and_ends_with_the_visit(tmp_path: Path, peer: "type[Peer]") -> None:
    ledger = _Ledger()
    desk = Desk(tmp_path, sinks=[ledger])
    looker = peer("127.0.0.3")
    for event in (looker.connects(), looker.reads(), looker.leaves()):
        desk.contacts.feed(event)
    _visit(desk, peer)
    (began,) = ledger.began
    assert ledger.ended == []
    assert (began.rung, began.asked_bytes, began.sent_bytes) == (Rung.ASKED, 65_536, 0)
    assert began.last_at == peer.when(4)
    desk.contacts.close()
    (ended,) = ledger.ended
    assert ended.visit_id == began.visit_id
    assert len(ended.visit_id) == 16
    assert (ended.first_at, ended.last_at) == (peer.when(0), peer.when(8))
    assert [one.peer.reveal()[1] for one in ended.connections] == [1111, 2222]
    assert {one.ours for one in ended.connections} == {_OURS}
    assert [one.ended_at for one in ended.connections] == [peer.when(2), peer.when(8)]
    assert [one.departure for one in ended.connections] == [Departure.CLOSED, Departure.CLOSED]
    assert [one.reveal()[-1] for one in ended.identifiers] == [1, 2]
    assert ended.client_words == "Transmission\N{REPLACEMENT CHARACTER} 4.05"
    assert (ended.sent_bytes, ended.pieces_sent, ended.acknowledged_bytes) == (65_536, 2, 32_768)
    assert (ended.piece_bytes, ended.size_bytes, ended.language, ended.arm) == (32_768, 100_000, "en", "help")
    assert ended.flags == ()
    assert not ended.came_back
    assert ledger.gaps == []
    desk.store.close()


def test_a_sink_without_room_costs_no_count_and_no_other_sink_and_is_a_gap(
    tmp_path: Path, peer: "type[Peer]"
) -> None:
    good, broken = _Ledger(), _Broken()
    desk = Desk(tmp_path, sinks=[broken, good])
    _visit(desk, peer)
    desk.contacts.close()
    assert desk.store.contacts() == 1
    assert len(good.ended) == 1
    assert [gap.what for gap in desk.store.gaps()] == ["1 records could not be kept by a sink"]
    desk.store.close()


def test_gaps_reach_the_sinks_too_and_a_stop_without_a_word_among_them(tmp_path: Path, peer: "type[Peer]") -> None:
    for _ in range(2):
        ledger = _Ledger()
        desk = Desk(tmp_path, sinks=[ledger])
        desk.contacts.begin(peer.when(0))
        desk.store.close()
    desk = Desk(tmp_path, sinks=[ledger])
    desk.contacts.feed(EvidenceGap(peer.when(9), "bittorrent", "the alert queue was full"))
    assert [gap.what[:32] for gap in ledger.gaps] == [
        "the node stopped without a word:",
        "the alert queue was full",
    ]
    desk.store.close()


def test_without_a_sink_no_port_connection_or_identifier_is_kept(desk: Desk, peer: "type[Peer]") -> None:
    _visit(desk, peer)
    (visit,) = desk.contacts._visits.values()
    assert visit.details is None
    kept = repr([getattr(visit, name, None) for name in type(visit).__slots__])
    assert "1111" not in kept
    assert "2222" not in kept
    assert "TR4050" not in kept
    desk.contacts.close()
    assert desk.contacts._visits == {}
    assert desk.contacts._hosts == {}
    (contact,) = desk.closed
    assert "127" not in repr(contact)
    assert contact.flags == frozenset()
    assert contact.acknowledged_bytes == 32_768


def test_a_record_says_what_speaks_for_the_person(tmp_path: Path, peer: "type[Peer]") -> None:
    ledger = _Ledger()
    desk = Desk(tmp_path, sinks=[ledger])
    one, other = peer("100.64.3.4", port=1), peer("100.64.3.4", port=2)
    for event in (
        one.connects(),
        one.reads(),
        one.is_named(b"A2-1-36-"),
        other.connects(),
        other.is_named(b"-qB4520-"),
        one.asks(),
        one.leaves(),
        other.leaves(),
    ):
        desk.contacts.feed(event)
    desk.contacts.close()
    assert ledger.ended[0].flags == (
        ExculpatoryFlag.SHARED_ADDRESS,
        ExculpatoryFlag.SEVERAL_CLIENTS,
        ExculpatoryFlag.METADATA_ONLY_CLIENT,
        ExculpatoryFlag.TITLE_NOT_SHOWN,
        ExculpatoryFlag.ABORTED_EARLY,
    )
    desk.store.close()
