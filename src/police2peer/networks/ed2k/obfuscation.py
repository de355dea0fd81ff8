# SPDX-License-Identifier: EUPL-1.2
"""RC4 obfuscation of connections that peers open to us: the stream in clear, whatever they chose. No socket.

It hides the protocol from the simplest filters and guards nothing. Many clients ask for it where they know the user
hash of the other side. We never begin it. Source: aMule, `EncryptedStreamSocket.cpp`, its introduction.
"""

import enum
import hashlib
from collections.abc import Callable
from typing import Final

from Cryptodome.Cipher import ARC4

from police2peer.errors import BadInput
from police2peer.networks.ed2k.wire import EDONKEY, EMULE, PACKED

_MAGIC: Final = 0x835E6FC4.to_bytes(4, "little")
_FROM_THEM: Final = b"\x22"  # 34
_FROM_US: Final = b"\xcb"  # 203
_DROPPED: Final = bytes(1024)  # the first bytes of each key stream are not used
_KEY_PART_BYTES: Final = 4
_HEAD_BYTES: Final = 7  # magic, methods supported, method preferred, length of padding
_RC4: Final = 0  # the only method there is
_MOST_PADDING: Final = 16


class _At(enum.Enum):
    BEGIN = enum.auto()
    KEY_PART = enum.auto()
    HEAD = enum.auto()
    PADDING = enum.auto()
    HIDDEN = enum.auto()
    PLAIN = enum.auto()


class IncomingStream:
    """The bytes of one connection that a peer opened. `answer` is what must be sent before anything else."""

    def __init__(self, our_user_hash: bytes, random_bytes: Callable[[int], bytes]) -> None:
        self._hash = our_user_hash
        self._random_bytes = random_bytes
        self._at = _At.BEGIN
        self._buffer = b""
        self._padding = 0
        self._their_stream = ARC4.new(bytes(16))  # replaced before use
        self._our_stream = self._their_stream

    @property
    def is_hidden(self) -> bool:
        """Whether the peer chose obfuscation."""
        return self._at not in (_At.BEGIN, _At.PLAIN)

    def receive(self, data: bytes) -> tuple[bytes, bytes]:
        """Take bytes as they came; give what they say in clear, and what to send now as it is."""
        if self._at is _At.PLAIN:
            return data, b""
        if self._at is _At.HIDDEN:
            return self._their_stream.decrypt(data), b""
        self._buffer += data
        answer = b""
        while self._buffer and (step := self._negotiate()) is not None:
            answer += step
            if self._is_settled():
                rest, self._buffer = self._buffer, b""
                return (self._their_stream.decrypt(rest) if self.is_hidden else rest), answer
        return b"", answer

    def _is_settled(self) -> bool:
        return self._at in (_At.HIDDEN, _At.PLAIN)

    def hide(self, data: bytes) -> bytes:
        """Give bytes as they go out."""
        return self._our_stream.encrypt(data) if self._at is _At.HIDDEN else data

    def _negotiate(self) -> bytes | None:
        """Take one step; None when more bytes are needed."""
        match self._at:
            case _At.BEGIN:
                if self._buffer[0] in (EDONKEY, EMULE, PACKED):
                    self._at = _At.PLAIN
                    return b""
                self._buffer, self._at = self._buffer[1:], _At.KEY_PART
                return b""
            case _At.KEY_PART:
                return self._read_key() if len(self._buffer) >= _KEY_PART_BYTES else None
            case _At.HEAD:
                return self._read_head() if len(self._buffer) >= _HEAD_BYTES else None
            case _:
                return self._read_padding() if len(self._buffer) >= self._padding else None

    def _read_key(self) -> bytes:
        part, self._buffer = self._buffer[:_KEY_PART_BYTES], self._buffer[_KEY_PART_BYTES:]
        self._their_stream = _stream(self._hash + _FROM_THEM + part)
        self._our_stream = _stream(self._hash + _FROM_US + part)
        self._at = _At.HEAD
        return b""

    def _read_head(self) -> bytes:
        head, self._buffer = self._their_stream.decrypt(self._buffer[:_HEAD_BYTES]), self._buffer[_HEAD_BYTES:]
        if not head.startswith(_MAGIC):
            raise BadInput("a connection is neither eD2k nor obfuscated eD2k", remedy="the connection is ended")
        self._padding, self._at = head[-1], _At.PADDING
        return self._read_padding() if len(self._buffer) >= self._padding else b""

    def _read_padding(self) -> bytes:
        self._their_stream.decrypt(self._buffer[: self._padding])
        self._buffer = self._buffer[self._padding :]
        self._at = _At.HIDDEN
        length = self._random_bytes(1)[0] % _MOST_PADDING
        return self._our_stream.encrypt(_MAGIC + bytes((_RC4, length)) + self._random_bytes(length))


def _stream(key: bytes) -> ARC4.ARC4Cipher:
    stream = ARC4.new(hashlib.md5(key, usedforsecurity=False).digest())
    stream.encrypt(_DROPPED)
    return stream
