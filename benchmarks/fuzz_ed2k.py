# SPDX-License-Identifier: EUPL-1.2
"""Messages for the codec and the sessions of eD2k: true ones, spoilt in some way, seeded.

One message goes the whole way: through the obfuscation's reader, cut from a stream, unpacked, given to a peer's or a
server's dialogue. Only `BadInput` may come out, and ends the connection; the next message meets a new one.
"""

import contextlib
import os
import random
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

from police2peer.campaign import Arm, Language, Title, TitleId
from police2peer.errors import BadInput
from police2peer.lab.ed2k_index import read_offers, read_search
from police2peer.networks import Offer, OfferId
from police2peer.networks.ed2k.greeting import OurSelf
from police2peer.networks.ed2k.identification import Identification, IdentKey
from police2peer.networks.ed2k.obfuscation import IncomingStream
from police2peer.networks.ed2k.peer import Peer
from police2peer.networks.ed2k.protocol import EDONKEY, Op, PacketReader, ServerOp, Tag, encode_text, pack, write_tags
from police2peer.networks.ed2k.server_session import ServerSession
from police2peer.networks.ed2k.shelf import SharedFile
from police2peer.warningfiles import FilePlan, WarningFileId, Zeros
from police2peer.warningfiles.store import BaseStore

_SIZE: Final = 20_000_000
_HASH: Final = bytes(range(16))
_US: Final = OurSelf(bytes(16), "sample", 4662, (0, 1, 0))
_THEM: Final = OurSelf(b"t" * 16, "sample", 4662, (0, 1, 0), identifies=True)
_KEY: Final = IdentKey.draw(os.urandom)
_HELLO: Final = pack(Op.HELLO, _THEM.hello(0x0100007F, (bytes(4), 0)))
_FROM_PEERS: Final = (
    _HELLO,
    pack(Op.EMULE_INFO, _THEM.info()),
    pack(Op.REQUEST_FILE_NAME, _HASH + b"\3\0\5\1\0"),
    pack(Op.SET_FILE_ID, _HASH),
    pack(Op.HASH_SET_REQUEST, _HASH),
    pack(Op.AICH_ROOT_REQUEST, _HASH),
    pack(Op.START_UPLOAD, _HASH),
    pack(Op.REQUEST_PARTS, _HASH + struct.pack("<6I", 0, 184_320, 0, 184_320, 368_640, 0)),
    pack(Op.REQUEST_PARTS_64, _HASH + struct.pack("<6Q", 0, 184_320, 0, 184_320, 368_640, 0)),
    pack(Op.CANCEL_TRANSFER),
    pack(Op.END_OF_DOWNLOAD, _HASH),
    pack(Op.ASK_SHARED_FILES),
    pack(Op.PUBLIC_ADDRESS_REQUEST),
    pack(Op.MESSAGE, encode_text("hello")),
    pack(Op.IDENT_STATE, b"\2abcd"),
    pack(Op.PUBLIC_KEY, bytes((len(_KEY.public),)) + _KEY.public),
    pack(Op.SIGNATURE, b"\x30" + bytes(48)),
)
_FROM_SERVERS: Final = (
    pack(ServerOp.ID_CHANGE, struct.pack("<II", 0x097100CB, 0x119)),
    pack(ServerOp.SERVER_MESSAGE, encode_text("welcome")),
    pack(ServerOp.SERVER_STATUS, struct.pack("<II", 5, 7)),
    pack(ServerOp.CALLBACK_REQUESTED, bytes((203, 0, 113, 5)) + b"\x36\x12"),
    pack(ServerOp.SERVER_LIST, b"\1" + bytes(6)),
    pack(ServerOp.REJECT),
    b"\xd4" + struct.pack("<IB", 1 + len(zlib.compress(bytes(900))), 0x38) + zlib.compress(bytes(900)),
)
_WORDS: Final = b"\x01" + encode_text("sample clip")
_SEARCHES: Final = (
    _WORDS,
    b"\0\0" + _WORDS + b"\x02" + encode_text("Video") + b"\1\0\3",
    b"\0\2" + _WORDS + b"\0\1" + _WORDS + b"\x03" + struct.pack("<IB", 4000, 1) + b"\1\0\2",
)
_OFFERS: Final = (
    struct.pack("<I16sIH", 1, _HASH, 0, 0)
    + write_tags([Tag(1, "sample-clip-07.mp4"), Tag(2, 5000), Tag(3, "Video")], new_style=True),
)
_PIECES: Final = (b"\0", b"\xff" * 4, b"\xe3", b"\xc5", b"\xd4", b"\x80", b"\x10", b"A" * 300, "é".encode())

Receive = Callable[[bytes], None]


def run(seed: int, count: int) -> tuple[int, int]:
    """Feed `count` messages; give how many were good and how many bad. Any other exception comes out."""
    random_source = random.Random(seed)  # noqa: S311 - repeatable on purpose
    makers = ((_peer, _FROM_PEERS), (_server, _FROM_SERVERS), (_searches, _SEARCHES), (_offers, _OFFERS))
    weights = (8, 3, 1, 1)
    bad, left, receive, messages = 0, 0, _peer(), _FROM_PEERS
    for _ in range(count):
        if not left:
            ((make, messages),) = random_source.choices(makers, weights)
            receive, left = make(), 40
        left -= 1
        try:
            receive(spoil(random_source, random_source.choice(messages)))
        except BadInput:
            bad, left = bad + 1, 0
    return count - bad, bad


def spoil(random_source: random.Random, message: bytes) -> bytes:
    """Spoil a message in one of several ways, or leave it as it is."""
    draw = random_source.random()
    at = int(random_source.random() * (len(message) + 1))
    if draw < 0.4:
        return message
    if draw < 0.7:
        return message[:at] + bytes((int(random_source.random() * 256),)) + message[at + 1 :]
    if draw < 0.8:
        return _measured(message[:at] + random_source.choice(_PIECES) + message[at:])
    if draw < 0.95:
        return _measured(message[:at])
    return random_source.randbytes(at)


def _measured(message: bytes) -> bytes:
    """Make the length in the header true again, so that the payload is read, however it was cut."""
    if len(message) < 6 or message[0] != EDONKEY:
        return message
    return message[:1] + struct.pack("<I", len(message) - 5) + message[5:]


def _file() -> SharedFile:
    hashes = FilePlan((Zeros(_SIZE),), BaseStore(Path("unused"))).hashes()
    file = SharedFile(_HASH, _SIZE, Path("unused"), hashes.ed2k_parts, bytes(20))
    title = Title.parse("sample-clip-07")
    offer = Offer(
        OfferId("ed2k-1"), "ed2k", TitleId("T-0001"), title, "mp4", file.path, hashes,
        Arm.HELP, Language("en"), WarningFileId("F-0001"),
    )  # fmt: skip
    file.offers[offer.id] = offer
    return file


_FILE: Final = _file()


def _peer() -> Receive:
    peer = Peer(
        _US, lambda hash_: _FILE if hash_ == _HASH else None, address=bytes(4),
        identification=Identification(_KEY, os.urandom),
    )  # fmt: skip
    stream, reader = IncomingStream(bytes(16), os.urandom), PacketReader()
    said_hello = False

    def receive(data: bytes) -> None:
        nonlocal said_hello
        if not said_hello:
            said_hello, data = True, _HELLO + data
        clear, _ = stream.receive(data)
        reader.feed(clear)
        while (packet := reader.next()) is not None:
            peer.take(packet)
            peer.grant()

    return receive


def _server() -> Receive:
    session, reader = ServerSession(_US), PacketReader(packed_as=EDONKEY)

    def receive(data: bytes) -> None:
        reader.feed(data)
        while (packet := reader.next()) is not None:
            session.take(packet)

    return receive


def _searches() -> Receive:
    (listed,) = read_offers(_OFFERS[0])

    def receive(data: bytes) -> None:
        read_search(data)(listed)

    return receive


def _offers() -> Receive:
    def receive(data: bytes) -> None:
        read_offers(data)

    return receive


def one(data: bytes) -> None:
    """Take any bytes as each of the streams; for a fuzzer that chooses them itself."""
    for make in (_peer, _server, _searches, _offers):
        with contextlib.suppress(BadInput):
            make()(data)
