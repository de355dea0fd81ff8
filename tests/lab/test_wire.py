# SPDX-License-Identifier: EUPL-1.2
import socket
import struct

from hypothesis import given
from hypothesis import strategies as st

from police2peer.lab.wire import Conversation, Packet, conversations, read_packet

_NODE, _PEER = ("203.0.113.1", 6881), ("203.0.113.7", 50_000)
_GREETING = b"\x13BitTorrent protocol" + bytes(8) + b"\xab" * 20 + b"-ZZ0001-" + bytes(12)


def _frame(packet: Packet) -> bytes:
    tcp = struct.pack(
        "!HHIIBBHHH", packet.source[1], packet.target[1], packet.number, 0, 5 << 4, packet.flags, 0, 0, 0
    )
    length = 20 + len(tcp) + len(packet.data)
    hosts = socket.inet_aton(packet.source[0]) + socket.inet_aton(packet.target[0])
    ip = struct.pack("!BBHHHBBH", 0x45, 0, length, 0, 0, 64, 6, 0) + hosts
    return bytes(12) + b"\x08\x00" + ip + tcp + packet.data


def _message(kind: int, body: bytes) -> bytes:
    return struct.pack("!IB", len(body) + 1, kind) + body


def _talk(up: bytes, down: bytes, *, cut: int = 7) -> list[Packet]:
    """Give the packets of one connection, in small pieces, the sides in turn."""
    packets = [Packet(1.0, _PEER, _NODE, 99, 0x02, b""), Packet(1.0, _NODE, _PEER, 199, 0x12, b"")]
    for source, target, first, data in ((_PEER, _NODE, 100, up), (_NODE, _PEER, 200, down)):
        places = range(0, len(data), cut)
        packets += [Packet(2.0 + at, source, target, first + at, 0x18, data[at : at + cut]) for at in places]
    return packets


def _one(packets: list[Packet]) -> Conversation:
    (found,) = conversations(packets, _NODE)
    return found


_UP = (
    _GREETING
    + _message(2, b"")
    + _message(6, struct.pack("!III", 0, 0, 16))
    + _message(6, struct.pack("!III", 0, 16, 4))
)
_DOWN = (
    _GREETING + _message(7, struct.pack("!II", 0, 0) + bytes(16)) + _message(7, struct.pack("!II", 0, 16) + bytes(4))
)


def test_requests_and_pieces_are_read_from_the_packets() -> None:
    talk = _one(_talk(_UP, _DOWN))
    assert (talk.peer, talk.node, talk.is_read, talk.infohash) == (_PEER, _NODE, True, "ab" * 20)
    assert (talk.asked_bytes, talk.sent_bytes, talk.bytes_to_peer) == (20, 20, len(_DOWN))
    assert talk.first_request_s is not None


def test_a_block_that_is_sent_twice_is_counted_once_and_a_request_as_often_as_it_is_made() -> None:
    again = _message(6, struct.pack("!III", 0, 0, 16))
    block = _message(7, struct.pack("!II", 0, 0) + bytes(16))
    talk = _one(_talk(_UP + again, _DOWN + block))
    assert (talk.asked_bytes, talk.sent_bytes) == (36, 20)


def test_packets_in_another_order_and_sent_again_make_the_same_conversation() -> None:
    packets = _talk(_UP, _DOWN)
    shuffled = [*packets[:2], *reversed(packets[2:]), *packets[5:9]]
    first, second = _one(packets), _one(shuffled)
    assert (first.asked_bytes, first.sent_bytes) == (second.asked_bytes, second.sent_bytes)


def test_what_a_lost_packet_would_have_held_is_not_guessed() -> None:
    packets = _talk(_UP, _DOWN)
    without = [packet for packet in packets if packet.number != 100 + 7 * 11]
    assert _one(without).asked_bytes < 20


def test_a_greeting_behind_the_exchange_of_keys_is_found_and_what_stays_obfuscated_is_not_read() -> None:
    assert _one(_talk(b"k" * 300 + _UP, b"k" * 500 + _DOWN)).asked_bytes == 20
    hidden = _one(_talk(b"k" * 300, b"k" * 500))
    assert (hidden.is_read, hidden.bytes_to_peer) == (False, 500)


def test_what_is_between_others_is_not_looked_at() -> None:
    assert conversations(_talk(_UP, _DOWN), ("203.0.113.2", 6881)) == []


def test_a_frame_is_read_back() -> None:
    for packet in _talk(_UP, _DOWN):
        assert read_packet(_frame(packet), packet.at_s) == packet


@given(st.binary(max_size=120))
def test_any_frame_is_a_packet_or_none(frame: bytes) -> None:
    packet = read_packet(bytes(12) + b"\x08\x00" + frame, 0.0)
    if packet is not None:
        conversations([packet], packet.target)


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_any_bytes_make_a_conversation(up: bytes, down: bytes) -> None:
    talk = _one(_talk(_GREETING + up, _GREETING + down))
    assert talk.is_read
    assert talk.sent_bytes <= len(down)
