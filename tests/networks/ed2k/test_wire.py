# SPDX-License-Identifier: EUPL-1.2
"""Packets, tags, hellos, searches: golden bytes, bounds, and foreign bytes that become one error and nothing else."""

import hashlib
import os
import struct
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from Cryptodome.Cipher import ARC4
from hypothesis import given, settings
from hypothesis import strategies as st

from police2peer.errors import BadInput
from police2peer.lab.ed2k_index import read_offers, read_search
from police2peer.networks.ed2k import greeting, requests, tags, wire
from police2peer.networks.ed2k.identification import Identification, IdentKey
from police2peer.networks.ed2k.obfuscation import IncomingStream
from police2peer.networks.ed2k.server_session import ServerSession
from police2peer.networks.ed2k.wire import Op, Packet, PacketReader, ServerOp

# An aMule's hello, packet by packet as the protocol's documents have it: 16, user hash, id, port, tags, server.
_HELLO = bytes.fromhex(
    "10" "00112233440e66778899aabbccdd6fff" "cb007103" "3612"
    "03000000"
    "02" "0100" "01" "0600" "73616d706c65"  # a text by its old name: the nick
    "83" "fb" "800d0403"  # a number in the new style: aMule 2.3.3
    "03" "0100" "fa" "00001000"  # an old number: takes deflated parts
    "cb00711e" "3512"
)  # fmt: skip


def test_a_packet_is_protocol_length_opcode_and_payload() -> None:
    assert wire.pack(Op.SET_FILE_ID, b"x" * 16) == bytes.fromhex("e3 11000000 4f") + b"x" * 16
    reader = PacketReader()
    reader.feed(bytes.fromhex("e3 11000000 4f") + b"x" * 16 + b"\xc5")
    assert reader.next() == Packet(Op.SET_FILE_ID, b"x" * 16)
    assert reader.next() is None


def test_a_hello_is_read_in_both_styles_of_tags() -> None:
    read = greeting.read_greeting(_HELLO, is_answer=False)
    assert (read.nick, read.program, read.port) == ("sample", "aMule 2.3.3", 0x1236)
    assert read.takes_compressed
    assert read.client_id.to_bytes(4, "little") == bytes((203, 0, 113, 3))
    assert read.server == (bytes((203, 0, 113, 30)), 0x1235)


@pytest.mark.parametrize(
    ("raw", "program"),
    [
        (3 << 24 | 2 << 17 | 3 << 10 | 3 << 7, "aMule 2.3.3"),
        (0 << 24 | 0 << 17 | 50 << 10 | 0 << 7, "eMule 0.50a"),
        (0x77 << 24 | 1 << 17, "eMule compatible 1.0.0"),
    ],
)
def test_a_program_is_named_with_its_version(raw: int, program: str) -> None:
    hello = _HELLO[:23] + tags.write_tags([tags.Tag(0xFB, raw)]) + _HELLO[-6:]
    assert greeting.read_greeting(hello, is_answer=False).program == program


def test_a_packed_packet_is_unpacked_and_one_that_grows_too_long_is_refused() -> None:
    reader = PacketReader(packed_as=wire.EDONKEY)
    reader.feed(wire.pack_small(ServerOp.OFFER_FILES, bytes(5000)))
    assert reader.next() == Packet(ServerOp.OFFER_FILES, bytes(5000))
    bomb = zlib.compress(bytes(10_000_000))
    reader.feed(struct.pack("<BIB", wire.PACKED, len(bomb) + 1, 0x15) + bomb)
    with pytest.raises(BadInput, match="packed"):
        reader.next()


@pytest.mark.parametrize("head", ["e3ffffff7f01", "e30000000001", "474554202f20", "d401000100ff"])
def test_a_wrong_header_is_refused_before_anything_is_kept(head: str) -> None:
    reader = PacketReader()
    reader.feed(bytes.fromhex(head))
    with pytest.raises(BadInput):
        reader.next()


@given(st.lists(st.binary(max_size=200), max_size=8), st.integers(1, 40))
def test_packets_are_the_same_however_the_stream_is_cut(payloads: list[bytes], cut: int) -> None:
    stream = b"".join(wire.pack(Op.SET_FILE_ID, payload) for payload in payloads)
    reader, got = PacketReader(), []
    for at in range(0, len(stream), cut):
        reader.feed(stream[at : at + cut])
        while (packet := reader.next()) is not None:
            got.append(packet.payload)
    assert got == payloads


_VALUES = st.one_of(
    st.integers(0, (1 << 64) - 1), st.text(max_size=50), st.binary(max_size=50), st.floats(width=32, allow_nan=False)
)


@given(st.lists(st.tuples(st.integers(0, 255), _VALUES), max_size=20), st.booleans())
def test_tags_come_back_as_they_were(pairs: list[tuple[int, Any]], new_style: bool) -> None:  # noqa: FBT001
    written = [tags.Tag(name, value) for name, value in pairs]
    fields = wire.Fields(tags.write_tags(written, new_style=new_style))
    read = tags.read_tags(fields)
    assert fields.left == 0
    for before, after in zip(written, read, strict=True):
        assert after.name == before.name
        assert after.value == before.value or str(before.value).startswith("\ufeff")


def _read_packets(data: bytes) -> None:
    reader = PacketReader(most_bytes=4096)
    reader.feed(data)
    while reader.next() is not None:
        pass


def _read_server(data: bytes) -> None:
    session = ServerSession(greeting.OurSelf(bytes(16), "sample", 4662, (0, 1, 0)))
    for op in ServerOp:
        session.take(Packet(op, data))


def _read_hidden(data: bytes) -> None:
    stream = IncomingStream(bytes(16), bytes)
    for at in range(0, len(data), 7):
        stream.receive(data[at : at + 7])


_KEY = IdentKey.draw(os.urandom)


def _read_ident(data: bytes) -> None:
    ident = Identification(_KEY, bytes)
    ident.begin(1)
    ident.asked(data)
    ident.key_came(data)
    ident.signature_came(data)


_PARSERS: list[Callable[[bytes], object]] = [
    _read_packets,
    lambda data: _read_packets(struct.pack("<BIB", wire.PACKED, len(data) + 1, 1) + data),
    lambda data: tags.read_tags(wire.Fields(data)),
    lambda data: greeting.read_greeting(data, is_answer=False),
    lambda data: greeting.read_greeting(b"\x10" + data, is_answer=False),
    lambda data: greeting.read_greeting(data, is_answer=True),
    lambda data: requests.read_ranges(data, wide=False),
    lambda data: requests.read_ranges(data, wide=True),
    lambda data: requests.read_held_parts(wire.Fields(data), 3),
    _read_server,
    _read_hidden,
    _read_ident,
    read_offers,
    read_search,
]


@pytest.mark.parametrize("parse", range(len(_PARSERS)))
@settings(max_examples=150)
@given(data=st.binary(max_size=400))
def test_foreign_bytes_become_bad_input_and_nothing_else(parse: int, data: bytes) -> None:
    try:
        _PARSERS[parse](data)
    except BadInput as error:
        assert error.remedy  # noqa: PT017 - most bytes are refused; what must not happen is any other exception


def test_the_obfuscation_of_a_peer_is_taken_off_and_put_on() -> None:
    ours, part = bytes(range(16)), b"\x01\x02\x03\x04"

    def stream(mark: int) -> ARC4.ARC4Cipher:
        made = ARC4.new(hashlib.md5(ours + bytes((mark,)) + part, usedforsecurity=False).digest())
        made.encrypt(bytes(1024))
        return made

    send, receive = stream(34), stream(203)
    node = IncomingStream(ours, lambda count: b"\5" * count)
    begin = b"\x99" + part + send.encrypt(b"\xc4\x6f\x5e\x83\0\0\3abc")
    answers = [node.receive(begin[at : at + 1]) for at in range(len(begin))]
    assert b"".join(clear for clear, _ in answers) == b""
    assert receive.decrypt(b"".join(answer for _, answer in answers)) == b"\xc4\x6f\x5e\x83\0\5" + b"\5" * 5
    assert node.is_hidden
    assert node.receive(send.encrypt(wire.pack(Op.HELLO))) == (wire.pack(Op.HELLO), b"")
    assert receive.decrypt(node.hide(b"welcome")) == b"welcome"


def test_two_sides_identify_each_other_and_a_wrong_signature_proves_nothing() -> None:
    one, other = (Identification(IdentKey.draw(os.urandom), os.urandom) for _ in range(2))
    line = [(other, packet) for packet in one.begin(1)] + [(one, packet) for packet in other.begin(1)]
    for to, packet in line:
        body = packet[6:]
        back = one if to is other else other
        match packet[5]:
            case 0x87:
                line += [(back, answer) for answer in to.asked(body)]
            case 0x85:
                line += [(back, answer) for answer in to.key_came(body)]
            case 0x86:
                assert not to.signature_came(b"\x30" + bytes(48))
                assert to.signature_came(body)
    assert one.is_proved
    assert other.is_proved


def test_a_search_joins_words_types_and_sizes() -> None:
    [listed] = read_offers(
        struct.pack("<I16sIH", 1, b"h" * 16, 0, 0)
        + tags.write_tags([tags.Tag(1, "sample-clip-07.mp4"), tags.Tag(2, 5000), tags.Tag(3, "Video")])
    )

    def words(text: str) -> bytes:
        return b"\x01" + wire.encode_text(text)

    video, image = (b"\x02" + wire.encode_text(kind) + b"\x01\x00\x03" for kind in ("Video", "Image"))
    large = b"\x03" + struct.pack("<IB", 4000, 1) + b"\x01\x00\x02"
    assert read_search(b"\0\0" + words("sample") + b"\0\0" + video + large)(listed)
    assert read_search(b"\0\1" + words("other") + words("clip 07"))(listed)
    assert not read_search(b"\0\2" + words("sample") + words("clip"))(listed)
    assert not read_search(b"\0\0" + words("sample") + image)(listed)
    with pytest.raises(BadInput, match="parts"):
        read_search(b"\0\0" * 500)
