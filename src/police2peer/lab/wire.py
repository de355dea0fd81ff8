# SPDX-License-Identifier: EUPL-1.2
"""What went over the wire, read independently of the node: TCP packets of the lab's loopback, and BitTorrent in them.

It shares no code with the node. Rules without I/O: packets in, conversations out; `wiretap` has the socket. What
stays obfuscated (message stream encryption) is not read: then only ends, times and the number of bytes are known.
Sources: RFC 791, RFC 9293 (headers); BEP 3 (handshake, request, piece).
"""

import socket
import struct
from dataclasses import dataclass, field
from typing import Final

__all__ = ["Conversation", "Packet", "conversations", "read_packet"]

_IPV4, _TCP = 0x0800, 6
_FIN_OR_RST, _SYN = 0x05, 0x02
_HANDSHAKE: Final = b"\x13BitTorrent protocol"
_HANDSHAKE_BYTES: Final = 68
_REQUEST, _PIECE = 6, 7
_MOST_MESSAGE: Final = 1 << 20
_MOST_GREETING: Final = 2048  # of message stream encryption, after which both sides may agree on plain text
End = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Packet:
    """One TCP segment; `at_s` is when it was seen (Unix time)."""

    at_s: float
    source: End
    target: End
    number: int
    flags: int
    data: bytes


def read_packet(frame: bytes, at_s: float) -> Packet | None:
    """Read an Ethernet frame of the loopback; None for what is no TCP over IPv4."""
    if len(frame) < 34 or struct.unpack_from("!H", frame, 12)[0] != _IPV4 or frame[23] != _TCP:  # noqa: PLR2004 - both headers
        return None
    start = 14 + (frame[14] & 0x0F) * 4
    length = 14 + struct.unpack_from("!H", frame, 16)[0]
    if len(frame) < start + 20:
        return None
    source, target, number = struct.unpack_from("!HHI", frame, start)
    data = start + (frame[start + 12] >> 4) * 4
    hosts = [socket.inet_ntoa(frame[at : at + 4]) for at in (26, 30)]
    return Packet(at_s, (hosts[0], source), (hosts[1], target), number, frame[start + 13], frame[data:length])


@dataclass(slots=True)
class _Stream:
    """One direction: bytes in order, and when the bytes up to a place had been seen."""

    first: int | None = None
    parts: dict[int, bytes] = field(default_factory=dict)
    times: dict[int, float] = field(default_factory=dict)

    def add(self, packet: Packet) -> None:
        if packet.flags & _SYN:
            self.first = packet.number + 1
        elif packet.data and self.first is not None:
            at = (packet.number - self.first) % 2**32
            if len(packet.data) > len(self.parts.get(at, b"")):
                self.parts[at] = packet.data
                self.times.setdefault(at, packet.at_s)

    def content(self) -> tuple[bytes, list[tuple[int, float]]]:
        """Give the bytes up to the first hole, and the place and time of each packet's end."""
        whole, seen = bytearray(), []
        for at in sorted(self.parts):
            if at > len(whole):
                break
            whole += self.parts[at][len(whole) - at :]
            seen.append((len(whole), self.times[at]))
        return bytes(whole), seen


@dataclass(slots=True)
class Conversation:
    """What one connection to the node said. Without `is_read` it was obfuscated, and the three last are unknown.

    `asked` are the lengths of all requests, `sent` the bytes of the file that were answered, each counted once.
    """

    peer: End
    node: End
    began_s: float
    ended_s: float
    is_read: bool = False
    infohash: str = ""
    bytes_to_peer: int = 0
    first_request_s: float | None = None
    asked_bytes: int = 0
    sent_bytes: int = 0


def conversations(packets: list[Packet], node: End) -> list[Conversation]:
    """Give every connection that somebody opened to the node, in the order of their beginning."""
    streams: dict[End, tuple[Conversation, _Stream, _Stream]] = {}
    done: list[tuple[Conversation, _Stream, _Stream]] = []
    for packet in packets:
        if node not in (packet.source, packet.target):
            continue
        to_node = packet.target == node
        peer = packet.source if to_node else packet.target
        if to_node and packet.flags & _SYN:
            streams[peer] = (Conversation(peer, node, packet.at_s, packet.at_s), _Stream(), _Stream())
            done.append(streams[peer])
        if peer in streams:
            talk, up, down = streams[peer]
            talk.ended_s = packet.at_s
            (up if to_node else down).add(packet)
    for talk, up, down in done:
        _read(talk, up, down)
    return [talk for talk, _, _ in done]


def _read(talk: Conversation, up: _Stream, down: _Stream) -> None:
    asked, times = up.content()
    answered, _ = down.content()
    talk.bytes_to_peer = len(answered)
    start = asked.find(_HANDSHAKE, 0, _MOST_GREETING)
    theirs = answered.find(_HANDSHAKE, 0, _MOST_GREETING)
    if start < 0 or theirs < 0 or len(asked) < start + _HANDSHAKE_BYTES:
        return
    talk.is_read, talk.infohash = True, asked[start + 28 : start + 48].hex()
    for end, kind, body in _messages(asked, start):
        if kind == _REQUEST and len(body) == 12:  # noqa: PLR2004 - piece, begin, length
            talk.asked_bytes += struct.unpack("!III", body)[2]
            if talk.first_request_s is None:
                talk.first_request_s = next(at for place, at in times if place >= end)
    blocks = {}
    for _, kind, body in _messages(answered, theirs):
        if kind == _PIECE and len(body) > 8:  # noqa: PLR2004 - piece and begin
            blocks[body[:8]] = len(body) - 8
    talk.sent_bytes = sum(blocks.values())


def _messages(raw: bytes, start: int) -> list[tuple[int, int, bytes]]:
    """Give end, kind and body of every whole message behind the handshake that begins at `start`."""
    found, at = [], start + _HANDSHAKE_BYTES
    while at + 5 <= len(raw):
        (length,) = struct.unpack_from("!I", raw, at)
        end = at + 4 + length
        if length > _MOST_MESSAGE or end > len(raw):
            break
        if length:
            found.append((end, raw[at + 4], raw[at + 5 : end]))
        at = end
    return found
