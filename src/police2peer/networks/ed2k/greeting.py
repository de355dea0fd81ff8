# SPDX-License-Identifier: EUPL-1.2
"""Hellos: who a peer says it is and what it can do, and what we say of ourselves.

We declare little, so that the dialogue stays small: no source exchange, no multi-packets, no comments, no chat, no
browsing. Our name and version are our own. Sources: Kulbak and Bickson (2005), section 6.4; aMule, `BaseClient.cpp`.
"""

import struct
from dataclasses import dataclass
from typing import Final

from police2peer.errors import BadInput
from police2peer.networks.ed2k.tags import Tag, numbers_of, read_tags, texts_of, write_tags
from police2peer.networks.ed2k.wire import HASH_BYTES, Fields

_NAME: Final = 0x01
_PROTOCOL_VERSION: Final = 0x11
_MOD: Final = 0x55
_UDP_PORTS: Final = 0xF9
_OPTIONS: Final = 0xFA
_PROGRAM: Final = 0xFB
_MORE_OPTIONS: Final = 0xFE
_EDONKEY_VERSION: Final = 0x3C  # 60: what every client of today says

# Places of the fields in the number of options; each of four bits where it is a version.
_NO_BROWSING: Final = 1 << 2
_EXTENDED_REQUESTS_AT: Final = 8
_IDENT_AT: Final = 16
_COMPRESSION_AT: Final = 20
_UNICODE: Final = 1 << 28
_AICH: Final = 1 << 29
_LARGE_FILES: Final = 1 << 4
_OBFUSCATION_SUPPORTED: Final = 1 << 7

LOWEST_HIGH_ID: Final = 1 << 24
"""A client id below this is a number that a server gave to who cannot be reached; any other is an IPv4 address."""

_OURS: Final = 0xF2  # no client has this number; the table of those that do: aMule, `ClientSoftware.h`
_PROGRAMS: Final = {
    0: "eMule",
    1: "cDonkey",
    2: "xMule",
    3: "aMule",
    4: "Shareaza",
    5: "eMule Plus",
    6: "Hydranode",
    10: "MLDonkey",
    20: "lphant",
    40: "Shareaza",
    50: "eDonkeyHybrid",
    51: "eDonkey",
    52: "MLDonkey",
    60: "eMule Plus",
    _OURS: "police2peer",
}
_VERSION_UNKNOWN: Final = 0


@dataclass(frozen=True, slots=True)
class Greeting:
    """What a peer's hello says. `program` is its name and version in words, empty when it gave none."""

    user_hash: bytes
    client_id: int
    port: int
    nick: str
    program: str
    server: tuple[bytes, int]
    options: int
    more_options: int

    @property
    def takes_compressed(self) -> bool:
        """Whether it understands deflated parts."""
        return bool(self.options >> _COMPRESSION_AT & 0xF)

    @property
    def extended_requests(self) -> int:
        """Which version of requests it sends that tell what it holds already."""
        return self.options >> _EXTENDED_REQUESTS_AT & 0xF

    @property
    def can_identify(self) -> int:
        """Which versions of secure identification it knows, as bits."""
        return self.options >> _IDENT_AT & 0xF


def read_greeting(payload: bytes, *, is_answer: bool) -> Greeting:
    """Read a hello or the answer to one."""
    fields = Fields(payload)
    if not is_answer and fields.number(1) != HASH_BYTES:
        raise BadInput("a hello has a user hash of an unknown length", remedy="the connection is ended")
    user_hash, client_id, port = fields.hash(), fields.number(4), fields.number(2)
    tags = read_tags(fields)
    server = (fields.take(4), fields.number(2))
    numbers, texts = numbers_of(tags), texts_of(tags)
    return Greeting(
        user_hash=user_hash,
        client_id=client_id,
        port=port,
        nick=texts.get(_NAME, ""),
        program=_program(numbers, texts),
        server=server,
        options=numbers.get(_OPTIONS, 0),
        more_options=numbers.get(_MORE_OPTIONS, 0),
    )


def _program(numbers: dict[int, int], texts: dict[int, str]) -> str:
    raw = numbers.get(_PROGRAM)
    if raw is None:
        return texts.get(_MOD, "")
    major, minor, update = raw >> 17 & 0x7F, raw >> 10 & 0x7F, raw >> 7 & 0x7
    name = _PROGRAMS.get(raw >> 24 & 0xFF, "eMule compatible")
    version = f"{major}.{minor}{chr(ord('a') + update)}" if name == "eMule" else f"{major}.{minor}.{update}"
    return f"{name} {version}"


@dataclass(frozen=True, slots=True)
class OurSelf:
    """What we tell of ourselves in hellos and logins."""

    user_hash: bytes
    nick: str
    port: int
    version: tuple[int, int, int]
    identifies: bool = False

    def hello(self, client_id: int, server: tuple[bytes, int]) -> bytes:
        """Give the payload of a hello."""
        return bytes((HASH_BYTES,)) + self.hello_answer(client_id, server)

    def hello_answer(self, client_id: int, server: tuple[bytes, int]) -> bytes:
        """Give the payload of the answer to a hello."""
        head = struct.pack("<16sIH", self.user_hash, client_id, self.port)
        return head + write_tags(self._tags()) + struct.pack("<4sH", *server)

    def login(self) -> bytes:
        """Give the payload of a login on a server: we can read packed packets, both styles of tags and UTF-8."""
        flags = 0x0001 | 0x0008 | 0x0010 | 0x0100  # compression, new tags, unicode, large files
        tags = [
            Tag(_NAME, self.nick),
            Tag(_PROTOCOL_VERSION, _EDONKEY_VERSION),
            Tag(0x20, flags),
            Tag(_PROGRAM, self._program()),
        ]
        return struct.pack("<16sIH", self.user_hash, 0, self.port) + write_tags(tags)

    def info(self) -> bytes:
        """Give the payload of the older greeting of eMule's extensions, for clients that ask for it."""
        tags = [Tag(0x20, 1), Tag(0x21, 0), Tag(0x22, 0), Tag(0x23, 0), Tag(0x24, 0), Tag(0x25, 0), Tag(0x27, 0)]
        return struct.pack("<BB", 0x99, 1) + write_tags([*tags, Tag(_MOD, self._mod())])

    def _tags(self) -> list[Tag]:
        ident = 3 if self.identifies else 0
        options = _NO_BROWSING | _UNICODE | _AICH | 2 << _EXTENDED_REQUESTS_AT | 1 << _COMPRESSION_AT
        return [
            Tag(_NAME, self.nick),
            Tag(_PROTOCOL_VERSION, _EDONKEY_VERSION),
            Tag(_UDP_PORTS, 0),
            Tag(_PROGRAM, self._program()),
            Tag(_OPTIONS, options | ident << _IDENT_AT),
            Tag(_MORE_OPTIONS, _LARGE_FILES | _OBFUSCATION_SUPPORTED),
            Tag(_MOD, self._mod()),
        ]

    def _program(self) -> int:
        major, minor, update = self.version
        return _OURS << 24 | (major & 0x7F) << 17 | (minor & 0x7F) << 10 | (update & 0x7) << 7

    def _mod(self) -> str:
        return "police2peer {}.{}.{}".format(*self.version)
