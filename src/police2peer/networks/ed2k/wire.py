# SPDX-License-Identifier: EUPL-1.2
"""eD2k on the wire: packets, fields and their bounds. Bytes in, values out; no socket.

A packet is a protocol byte, a 32-bit length, an opcode and a payload; all numbers are little endian. Promise: a
packet longer than its reader allows is refused by its header alone, packed or not, and whatever is wrong with
foreign bytes becomes `BadInput`. Sources: Kulbak and Bickson, "The eMule Protocol Specification" (2005), sections
2 and 6; aMule, `include/protocol/`.
"""

import enum
import struct
import zlib
from typing import Final, NamedTuple

from police2peer.errors import BadInput

HEADER_BYTES: Final = 6
HASH_BYTES: Final = 16
EDONKEY: Final = 0xE3
EMULE: Final = 0xC5
PACKED: Final = 0xD4
_PROTOCOLS: Final = frozenset({EDONKEY, EMULE, PACKED})

MOST_FROM_PEER: Final = 64 << 10
"""No message that we understand is longer; the longest, a hello with all its tags, has some hundreds of bytes."""
MOST_FROM_SERVER: Final = 256 << 10
"""A server's greeting text is the longest it sends us."""


class Op(enum.IntEnum):
    """What packets mean: the protocol byte and the opcode as one number."""

    # Between peers, as eDonkey had it
    HELLO = 0xE301
    SENDING_PART = 0xE346
    REQUEST_PARTS = 0xE347
    NO_SUCH_FILE = 0xE348
    END_OF_DOWNLOAD = 0xE349
    ASK_SHARED_FILES = 0xE34A
    HELLO_ANSWER = 0xE34C
    MESSAGE = 0xE34E
    SET_FILE_ID = 0xE34F
    FILE_STATUS = 0xE350
    HASH_SET_REQUEST = 0xE351
    HASH_SET_ANSWER = 0xE352
    START_UPLOAD = 0xE354
    ACCEPT_UPLOAD = 0xE355
    CANCEL_TRANSFER = 0xE356
    OUT_OF_PARTS = 0xE357
    REQUEST_FILE_NAME = 0xE358
    FILE_NAME_ANSWER = 0xE359
    ASK_SHARED_FOLDERS = 0xE35D
    ASK_SHARED_IN_FOLDER = 0xE35E
    SHARED_DENIED = 0xE361
    # Between peers, eMule's extensions
    EMULE_INFO = 0xC501
    EMULE_INFO_ANSWER = 0xC502
    COMPRESSED_PART = 0xC540
    QUEUE_RANKING = 0xC560
    PUBLIC_KEY = 0xC585
    SIGNATURE = 0xC586
    IDENT_STATE = 0xC587
    PUBLIC_ADDRESS_REQUEST = 0xC597
    PUBLIC_ADDRESS_ANSWER = 0xC598
    AICH_REQUEST = 0xC59B
    AICH_ANSWER = 0xC59C
    AICH_ROOT_ANSWER = 0xC59D
    AICH_ROOT_REQUEST = 0xC59E
    COMPRESSED_PART_64 = 0xC5A1
    SENDING_PART_64 = 0xC5A2
    REQUEST_PARTS_64 = 0xC5A3


class ServerOp(enum.IntEnum):
    """What packets to and from a server mean."""

    LOGIN = 0xE301
    REJECT = 0xE305
    GET_SERVER_LIST = 0xE314
    OFFER_FILES = 0xE315
    SEARCH = 0xE316
    DISCONNECT = 0xE318
    GET_SOURCES = 0xE319
    CALLBACK_REQUEST = 0xE31C
    MORE_RESULTS = 0xE321
    GET_SOURCES_OBFUSCATED = 0xE323
    SERVER_LIST = 0xE332
    SEARCH_RESULT = 0xE333
    SERVER_STATUS = 0xE334
    CALLBACK_REQUESTED = 0xE335
    CALLBACK_FAILED = 0xE336
    SERVER_MESSAGE = 0xE338
    ID_CHANGE = 0xE340
    SERVER_IDENT = 0xE341
    FOUND_SOURCES = 0xE342
    FOUND_SOURCES_OBFUSCATED = 0xE344


class Packet(NamedTuple):
    """One packet: `op` is the number of an `Op` or `ServerOp`, or one that we do not know."""

    op: int
    payload: bytes


def pack(op: int, payload: bytes = b"") -> bytes:
    """Give the bytes of a packet."""
    return struct.pack("<BIB", op >> 8, len(payload) + 1, op & 0xFF) + payload


def pack_small(op: int, payload: bytes) -> bytes:
    """Give the bytes of a packet, deflated where that makes it shorter."""
    packed = zlib.compress(payload, 6)
    if len(packed) >= len(payload):
        return pack(op, payload)
    return struct.pack("<BIB", PACKED, len(packed) + 1, op & 0xFF) + packed


class PacketReader:
    """Cuts a stream into packets. `packed_as` is the protocol that packed packets belong to on this connection."""

    def __init__(self, *, most_bytes: int = MOST_FROM_PEER, packed_as: int = EMULE) -> None:
        self._most_bytes = most_bytes
        self._packed_as = packed_as
        self._buffer = bytearray()

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the stream; call `next` until it gives None before the next feeding."""
        self._buffer += data

    def next(self) -> Packet | None:
        """Give the next whole packet; raises `BadInput` when the stream is none of ours or a packet is too long."""
        buffer = self._buffer
        if not buffer:
            return None
        if buffer[0] not in _PROTOCOLS:
            raise _fault("a packet begins with an unknown protocol")
        if len(buffer) < HEADER_BYTES:
            return None
        protocol, length, opcode = struct.unpack_from("<BIB", buffer)
        if not 0 < length <= self._most_bytes:
            raise _fault("a packet is longer than any that is understood, or has no opcode")
        end = HEADER_BYTES - 1 + length
        if len(buffer) < end:
            return None
        payload = bytes(buffer[HEADER_BYTES:end])
        del buffer[:end]
        if protocol == PACKED:
            protocol, payload = self._packed_as, _unpack(payload, self._most_bytes)
        return Packet(protocol << 8 | opcode, payload)


def _unpack(payload: bytes, most_bytes: int) -> bytes:
    inflate = zlib.decompressobj()
    try:
        plain = inflate.decompress(payload, most_bytes)
    except zlib.error:
        raise _fault("a packed packet does not unpack") from None
    if inflate.unconsumed_tail or not inflate.eof:
        raise _fault("a packed packet is cut off or longer than any that is understood")
    return plain


class Fields:
    """Reads values off a payload, in order; raises `BadInput` where it ends too soon."""

    def __init__(self, payload: bytes) -> None:
        self._payload = payload
        self._at = 0

    @property
    def left(self) -> int:
        """How many bytes are left."""
        return len(self._payload) - self._at

    def take(self, count: int) -> bytes:
        """Give the next `count` bytes."""
        if count > self.left:
            raise _fault("a packet ends too soon")
        self._at += count
        return self._payload[self._at - count : self._at]

    def number(self, size_bytes: int) -> int:
        """Give the next unsigned number of this many bytes."""
        return int.from_bytes(self.take(size_bytes), "little")

    def hash(self) -> bytes:
        """Give the next 16 bytes: the name of a file or of a user."""
        return self.take(HASH_BYTES)

    def text(self, length_bytes: int = 2) -> str:
        """Give the next text, whose length stands before it."""
        return decode_text(self.take(self.number(length_bytes)))


def decode_text(raw: bytes) -> str:
    """Read a text as clients write it: UTF-8, with or without a mark, or else Latin-1."""
    try:
        return raw.removeprefix(b"\xef\xbb\xbf").decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def encode_text(text: str) -> bytes:
    """Give a text with its length before it, cut where 16 bits cannot tell more."""
    raw = text.encode()[:0xFFFF]
    return struct.pack("<H", len(raw)) + raw


def _fault(facts: str) -> BadInput:
    return BadInput(facts, remedy="the connection is ended; nothing else needs doing")
