# SPDX-License-Identifier: EUPL-1.2
"""One session with a hub, without a socket: messages in, what is to be done out.

It logs in, knows who is there (in memory, for as long as they are), and passes on searches and wishes to connect.
Chat is never read and never written: no message goes to a person. Nothing is searched for.
Source: ADC 1.0.4, "State management" and "Actions".
"""

import enum
import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from police2peer.errors import BadInput
from police2peer.networks.directconnect.message import (
    Cid,
    Message,
    Sid,
    fields,
    from_base32,
    parse_cid,
    parse_number,
    parse_sid,
    to_base32,
)
from police2peer.networks.directconnect.search_message import Asked, read_search
from police2peer.networks.directconnect.wire import FEATURES_TO_HUB, TIGER_BYTES
from police2peer.warningfiles import tiger_many

_MOST_USERS: Final = 50_000  # the largest hubs hold some thousands
_MOST_TEXT: Final = 128  # of a nick or a client's name
_FATAL: Final = "2"
_USER_FIELDS: Final = ("NI", "AP", "VE", "I4", "U4", "SU")
_FOREVER: Final = -1


class State(enum.Enum):
    """How far a session is."""

    PROTOCOL = "protocol"
    IDENTIFY = "identify"
    VERIFY = "verify"
    NORMAL = "normal"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who we are on one hub. `pid` and `password` are secret."""

    nick: str
    pid: bytes
    password: bytes | None = None

    def __repr__(self) -> str:
        return "<credentials>"


@dataclass(frozen=True, slots=True)
class User:
    """Somebody on the hub, in their own words; `host` is what the hub checked."""

    sid: Sid
    cid: Cid
    nick: str = ""
    client: str = ""
    host: str = ""
    udp_port: int = 0
    features: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        return "<user>"

    @property
    def takes_datagrams(self) -> bool:
        """Whether answers may go by UDP."""
        return bool(self.host and self.udp_port and "UDP4" in self.features)


@dataclass(frozen=True, slots=True)
class Say:
    """Send this to the hub."""

    line: bytes


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """The hub has let us in."""


@dataclass(frozen=True, slots=True)
class SearchedFor:
    """Somebody searched."""

    user: User
    asked: Asked


@dataclass(frozen=True, slots=True)
class ConnectWanted:
    """Somebody wants us to connect to them (`port`), or, without a port, to be told where to connect to."""

    user: User
    protocol: str
    token: str
    port: int | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The hub ends it. `code` is the last two digits of its status; `wait_s` what it told to wait, -1 for good."""

    code: str
    said: str = ""
    wait_s: int | None = None


Outcome = Say | LoggedIn | SearchedFor | ConnectWanted | Refused


class HubSession:
    """The rules of one session; `information` is what we say of ourselves, without ids and nick."""

    def __init__(self, credentials: Credentials, cid: Cid, information: Mapping[str, str | int]) -> None:
        self._credentials = credentials
        self._cid = cid
        self._information = dict(information)
        self._users: dict[Sid, dict[str, str]] = {}
        self._by_cid: dict[str, Sid] = {}
        self.state = State.PROTOCOL
        self.sid = Sid("")
        self.name = ""
        self.registered = False
        self.ignored = 0
        """Messages that were malformed or that we have no use for."""

    def begin(self) -> bytes:
        """Give the first line."""
        return Message("H", "SUP", parameters=tuple(f"AD{feature}" for feature in FEATURES_TO_HUB)).line()

    def update(self, information: Mapping[str, str | int]) -> bytes:
        """Give the line that tells the hub what has changed; empty when nothing has, or before the login."""
        changed = {name: value for name, value in information.items() if self._information.get(name) != value}
        self._information.update(changed)
        if self.state is not State.NORMAL or not changed:
            return b""
        return Message("B", "INF", self.sid, parameters=fields(changed)).line()

    def user(self, cid: Cid) -> User | None:
        """Give who has this client id now."""
        sid = self._by_cid.get(cid)
        return None if sid is None else self._user(sid)

    def __len__(self) -> int:
        return len(self._users)

    def receive(self, message: Message) -> Iterator[Outcome]:
        """Take one message in. Raises `BadInput` for a malformed one; the session goes on."""
        match message.command:
            case "SID" if self.state is State.PROTOCOL:
                yield from self._identify(message)
            case "GPA" if self.state is State.IDENTIFY:
                yield from self._prove(message)
            case "INF":
                yield from self._learn(message)
            case "STA" if message.kind == "I":
                yield from self._status(message)
            case "QUI" if message.kind == "I":
                yield from self._left(message)
            case "SCH" | "CTM" | "RCM" if self.state is State.NORMAL and message.source:
                yield from self._asked(message)
            case _:
                self.ignored += 1

    def _identify(self, message: Message) -> Iterator[Outcome]:
        self.sid = parse_sid(message.parameters[0])
        self.state = State.IDENTIFY
        said: dict[str, str | int] = {
            "ID": self._cid,
            "PD": to_base32(self._credentials.pid),
            "NI": self._credentials.nick,
            **self._information,
        }
        yield Say(Message("B", "INF", self.sid, parameters=fields(said)).line())

    def _prove(self, message: Message) -> Iterator[Outcome]:
        """Answer the hub's random data with the password hashed; the password itself is never sent."""
        if self._credentials.password is None:
            yield Refused("26")
            return
        secret = self._credentials.password + from_base32(message.parameters[0])
        digest = tiger_many(b"", secret, len(secret))[:TIGER_BYTES]
        self.state, self.registered = State.VERIFY, True
        yield Say(Message("H", "PAS", parameters=(to_base32(digest),)).line())

    def _learn(self, message: Message) -> Iterator[Outcome]:
        said = message.named()
        if message.kind == "I":
            self.name = said.get("NI", self.name)[:_MOST_TEXT]
            return
        sid = Sid(message.source)
        if sid and sid == self.sid and self.state in (State.IDENTIFY, State.VERIFY):
            self.state = State.NORMAL
            yield LoggedIn()
        known = self._users.get(sid)
        if known is None:
            if len(self._users) >= _MOST_USERS or "ID" not in said:
                return
            cid = parse_cid(said["ID"])
            known = self._users[sid] = {"ID": cid}
            self._by_cid[cid] = sid
        known.update({name: said[name][:_MOST_TEXT] for name in _USER_FIELDS if name in said})

    def _user(self, sid: Sid) -> User | None:
        known = self._users.get(sid)
        if known is None:
            return None
        port = known.get("U4", "")
        return User(
            sid=sid,
            cid=Cid(known["ID"]),
            nick=known.get("NI", ""),
            client=f"{known.get('AP', '')} {known.get('VE', '')}".strip(),
            host=_plain_host(known.get("I4", "")),
            udp_port=int(port) if port.isascii() and port.isdigit() and 0 < int(port) < 65536 else 0,  # noqa: PLR2004
            features=frozenset(known.get("SU", "").split(",")),
        )

    def _status(self, message: Message) -> Iterator[Outcome]:
        code, said = message.parameters[:2]
        if code[:1] == _FATAL:
            yield Refused(code[1:3], said, _seconds(message.named().get("TL", "")))

    def _left(self, message: Message) -> Iterator[Outcome]:
        sid = Sid(message.parameters[0])
        if sid == self.sid:
            said = message.named()
            # Who is sent away while the password is looked at gave a wrong one; uhub says it no other way.
            code = "23" if self.state is State.VERIFY else "30"
            yield Refused(code, said.get("MS", ""), _seconds(said.get("TL", "")))
        elif (known := self._users.pop(sid, None)) is not None and self._by_cid.get(known["ID"]) == sid:
            del self._by_cid[known["ID"]]

    def _asked(self, message: Message) -> Iterator[Outcome]:
        user = self._user(Sid(message.source))
        if user is None or user.sid == self.sid:
            self.ignored += 1
        elif message.command == "SCH":
            asked = read_search(message)
            if asked is not None:
                yield SearchedFor(user, asked)
        elif message.target == self.sid:
            protocol = message.parameters[0]
            if message.command == "CTM":
                port = parse_number(message.parameters[1], least=1, most=65535)
                yield ConnectWanted(user, protocol, message.parameters[2], port)
            else:
                yield ConnectWanted(user, protocol, message.parameters[1])


def _plain_host(text: str) -> str:
    """Give an IPv4 address that can be connected to, else nothing."""
    try:
        address = ipaddress.IPv4Address(text)
    except ValueError:
        return ""
    return "" if address.is_unspecified or address.is_multicast or text.startswith("255.") else text


def _seconds(text: str) -> int | None:
    try:
        return parse_number(text, least=_FOREVER)
    except BadInput:
        return None
