# SPDX-License-Identifier: EUPL-1.2
"""The dialogue with one server, without a socket: login, what we offer, and what it tells us.

We log in, offer files and keep the line open. We never search, never ask for sources, other servers or users, and
never ask the server to have somebody call us. Source: Kulbak and Bickson (2005), sections 3 and 5; aMule,
`ServerSocket.cpp` and `SharedFileList.cpp`.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

from police2peer.networks.contract import Offer
from police2peer.networks.ed2k.greeting import LOWEST_HIGH_ID, OurSelf
from police2peer.networks.ed2k.shelf import SharedFile
from police2peer.networks.ed2k.tags import Tag, write_tags
from police2peer.networks.ed2k.wire import Fields, Packet, ServerOp, pack, pack_small

FILES_A_PACKET: Final = 200
"""What servers take in one packet."""

_COMPRESSION, _NEW_TAGS, _LARGE_FILES = 0x0001, 0x0008, 0x0100
_COMPLETE_ID, _COMPLETE_PORT = 0xFBFBFBFB, 0xFBFB
_FILE_NAME, _FILE_SIZE, _FILE_TYPE, _FILE_SIZE_HIGH = 0x01, 0x02, 0x03, 0x3A
_TYPES: Final = {
    "Video": ("mp4", "mkv", "avi", "mpg", "wmv", "webm", "mov"),
    "Image": ("jpg", "jpeg", "png", "webp", "gif"),
    "Doc": ("pdf", "txt"),
    "Pro": ("zip", "7z", "rar", "tar", "iso"),
    "Audio": ("mp3", "ogg", "wav"),
}
_TYPE_OF: Final = {extension: name for name, extensions in _TYPES.items() for extension in extensions}


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """The server took us in under this id."""

    client_id: int

    @property
    def is_low(self) -> bool:
        """Whether the server could not reach us: peers can only come through it."""
        return self.client_id < LOWEST_HIGH_ID


@dataclass(frozen=True, slots=True)
class Refused:
    """The server said no: to the login, or to the last thing sent."""


@dataclass(frozen=True, slots=True)
class CallbackAsked:
    """A peer that we cannot be reached by wants us to connect to it."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Status:
    """How many users and files the server says it has."""

    users: int
    files: int


Told = LoggedIn | Refused | CallbackAsked | Status


class ServerSession:
    """One login on one server."""

    def __init__(self, ourself: OurSelf) -> None:
        self._ourself = ourself
        self._flags = 0
        self.client_id = 0

    def login(self) -> bytes:
        """Give the first packet."""
        return pack(ServerOp.LOGIN, self._ourself.login())

    def take(self, packet: Packet) -> Told | None:
        """Take one packet; None for what is only words, or unknown. Raises `BadInput` for what cannot be read."""
        fields = Fields(packet.payload)
        match packet.op:
            case ServerOp.ID_CHANGE:
                self.client_id = fields.number(4)
                self._flags = fields.number(4) if fields.left >= 4 else 0  # noqa: PLR2004 - the flags' bytes
                return LoggedIn(self.client_id) if self.client_id else Refused()
            case ServerOp.REJECT:
                return Refused()
            case ServerOp.CALLBACK_REQUESTED:
                host = ".".join(map(str, fields.take(4)))
                return CallbackAsked(host, fields.number(2))
            case ServerOp.SERVER_STATUS:
                return Status(fields.number(4), fields.number(4))
        return None

    def offer(self, entries: Sequence[tuple[SharedFile, Offer]]) -> bytes:
        """Give the packet that offers at most `FILES_A_PACKET` files; with none it keeps the line open."""
        payload = struct.pack("<I", len(entries)) + b"".join(self._entry(file, offer) for file, offer in entries)
        if self._flags & _COMPRESSION:
            return pack_small(ServerOp.OFFER_FILES, payload)
        return pack(ServerOp.OFFER_FILES, payload)

    def takes(self, file: SharedFile) -> bool:
        """Whether the server knows files of this size."""
        return file.size < 1 << 32 or bool(self._flags & _LARGE_FILES)

    def _entry(self, file: SharedFile, offer: Offer) -> bytes:
        where = (self.client_id, self._ourself.port) if self.client_id >= LOWEST_HIGH_ID else (0, 0)
        if self._flags & _COMPRESSION:  # servers of today take these two numbers for "whole"
            where = (_COMPLETE_ID, _COMPLETE_PORT)
        name = offer.file_name()
        tags = [Tag(_FILE_NAME, name), Tag(_FILE_SIZE, file.size & 0xFFFFFFFF)]
        if file.size >= 1 << 32:
            tags.append(Tag(_FILE_SIZE_HIGH, file.size >> 32))
        kind = _TYPE_OF.get(PurePath(name).suffix[1:].lower())
        if kind is not None:
            tags.append(Tag(_FILE_TYPE, kind))
        new_style = bool(self._flags & _NEW_TAGS)
        return file.hash + struct.pack("<IH", *where) + write_tags(tags, new_style=new_style)
