# SPDX-License-Identifier: EUPL-1.2
"""One session with another client, without a socket: messages in, what is to be done out.

It answers what is asked about our files. It has no state in which it asks for anything: no GET is ever written, and a
SND, the answer to one, ends the session. Source: ADC 1.0.4, "State management"; ADC-EXT (TIGR, BZIP, ZLIB-GET).
"""

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from police2peer.networks.directconnect.message import Cid, Message, fields, parse_cid, parse_number
from police2peer.networks.directconnect.wire import FEATURES_TO_PEER, PROTOCOL_FAULT

_TO_THE_END: Final = -1
_MOST_IDENTIFIER: Final = 1024


class PeerState(enum.Enum):
    """How far a session is."""

    PROTOCOL = "protocol"
    IDENTIFY = "identify"
    NORMAL = "normal"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class SayToPeer:
    """Send this to the peer."""

    line: bytes


@dataclass(frozen=True, slots=True)
class Identified:
    """The peer said who it is, and under which token it was expected."""

    cid: Cid
    token: str


@dataclass(frozen=True, slots=True)
class Get:
    """The peer asks for bytes: `kind` is file, list or tthl; `length_bytes` is None for all that follows."""

    kind: str
    identifier: str
    first_byte: int
    length_bytes: int | None
    compressed: bool
    recursive: bool


@dataclass(frozen=True, slots=True)
class GetInformation:
    """The peer asks about a file."""

    kind: str
    identifier: str


@dataclass(frozen=True, slots=True)
class PeerFault:
    """The peer broke the protocol: say this, and end."""

    line: bytes


PeerOutcome = SayToPeer | Identified | Get | GetInformation | PeerFault


class PeerSession:
    """The rules of one session. `is_server`: the peer connected to us, and speaks first."""

    def __init__(self, cid: Cid, *, is_server: bool, token: str = "") -> None:
        self._cid = cid
        self._is_server = is_server
        self._token = token
        self.state = PeerState.PROTOCOL
        self.ignored = 0

    def begin(self) -> bytes:
        """Give what is sent before anything was received."""
        return b"" if self._is_server else _support()

    def receive(self, message: Message) -> Iterator[PeerOutcome]:
        """Take one message in. Raises `BadInput` for a malformed one."""
        if message.kind != "C":
            yield from self._fault("only client messages belong here")
            return
        match self.state, message.command:
            case PeerState.PROTOCOL, "SUP":
                self.state = PeerState.IDENTIFY
                yield SayToPeer(_support() if self._is_server else self._identify())
            case PeerState.IDENTIFY, "INF":
                said = message.named()
                identified = Identified(parse_cid(said.get("ID", "")), said.get("TO", ""))
                self.state = PeerState.NORMAL
                if self._is_server:
                    yield SayToPeer(self._identify())
                yield identified
            case PeerState.NORMAL, "GET":
                yield _read_get(message)
            case PeerState.NORMAL, "GFI":
                yield GetInformation(message.parameters[0], message.parameters[1][:_MOST_IDENTIFIER])
            case _, "SND":
                yield from self._fault("nothing was asked for")
            case ((PeerState.PROTOCOL | PeerState.IDENTIFY), ("INF" | "GET" | "GFI")):
                yield from self._fault("not in this state")
            case _:
                self.ignored += 1

    def _identify(self) -> bytes:
        said: dict[str, str | int] = {"ID": self._cid}
        if self._token:
            said["TO"] = self._token
        return Message("C", "INF", parameters=fields(said)).line()

    def _fault(self, why: str) -> Iterator[PeerOutcome]:
        self.state = PeerState.ENDED
        yield PeerFault(status(PROTOCOL_FAULT, why))


def status(code: str, description: str) -> bytes:
    """Give a status line to a peer."""
    return Message("C", "STA", parameters=(code, description)).line()


def sending(asked: Get, length_bytes: int, *, compressed: bool) -> bytes:
    """Give the line before the bytes: what was asked, with the length that comes."""
    parameters = [asked.kind, asked.identifier, str(asked.first_byte), str(length_bytes)]
    return Message("C", "SND", parameters=(*parameters, *(("ZL1",) if compressed else ()))).line()


def _support() -> bytes:
    return Message("C", "SUP", parameters=tuple(f"AD{feature}" for feature in FEATURES_TO_PEER)).line()


def _read_get(message: Message) -> Get:
    kind, identifier, first, length = message.parameters[:4]
    said = message.named()
    count = parse_number(length, least=_TO_THE_END)
    return Get(
        kind=kind,
        identifier=identifier[:_MOST_IDENTIFIER],
        first_byte=parse_number(first),
        length_bytes=None if count == _TO_THE_END else count,
        compressed=said.get("ZL") == "1",
        recursive=said.get("RE") == "1",
    )
