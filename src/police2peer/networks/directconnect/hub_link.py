# SPDX-License-Identifier: EUPL-1.2
"""The connection with one hub: comes, logs in, listens, and comes again later when it breaks.

A hub whose certificate changed is left at once and for good, with an alarm: somebody may stand between. What a hub
says is shown shortened and without addresses.
"""

import asyncio
import contextlib
import logging
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from police2peer.errors import BadInput, NotAuthentic
from police2peer.networks.directconnect.hub_session import (
    ConnectWanted,
    Credentials,
    HubSession,
    LoggedIn,
    Outcome,
    Refused,
    Say,
    SearchedFor,
    State,
)
from police2peer.networks.directconnect.identity import Identity, keyprint_of
from police2peer.networks.directconnect.keyprints import Keyprints
from police2peer.networks.directconnect.message import LineBuffer, parse
from police2peer.networks.directconnect.retrying import Retrying
from police2peer.networks.directconnect.settings import HubSettings
from police2peer.networks.directconnect.wire import REFUSALS
from police2peer.networks.foreign_text import without_addresses

_log = logging.getLogger(__name__)

_CONNECT_S: Final = 20.0
_LOGIN_S: Final = 60.0
_WRITE_S: Final = 30.0
_SIGN_OF_LIFE_S: Final = 120.0
_READ: Final = 64 << 10

Information = Callable[[], Mapping[str, str | int]]


@dataclass(frozen=True, slots=True)
class HubHandlers:
    """What happens with what a hub hands on."""

    searched: Callable[["HubLink", SearchedFor], None]
    wanted: Callable[["HubLink", ConnectWanted], None]
    changed: Callable[[], None]


class HubLink:
    """One hub. `detail` says how it stands, `alarm` what must be looked into."""

    def __init__(
        self,
        label: str,
        settings: HubSettings,
        identity: Identity,
        *,
        keyprints: Keyprints,
        information: Information,
        handlers: HubHandlers,
        bind: tuple[str, int] | None,
        retry_s: float,
    ) -> None:
        self.label = label
        self.session: HubSession | None = None
        self.detail = "not tried yet"
        self.alarm = ""
        self.attempts = 0
        self._settings = settings
        self._identity = identity
        self._keyprints = keyprints
        self._information = information
        self._handlers = handlers
        self._bind = bind
        self._retrying = Retrying(retry_s)
        self._writer: asyncio.StreamWriter | None = None
        self._refused: Refused | None = None

    @property
    def is_up(self) -> bool:
        """Whether the hub has let us in."""
        return self.session is not None and self.session.state is State.NORMAL

    def say(self, line: bytes) -> None:
        """Send a line, if the hub is up; what it does not take in time ends the connection."""
        if self._writer is not None and line:
            self._writer.write(line)

    def tell(self) -> None:
        """Tell the hub what has changed about us."""
        if self.session is not None:
            self.say(self.session.update(self._information()))

    async def run(self) -> None:
        """Be on the hub until cancelled, or until it is no use to come again."""
        loop = asyncio.get_running_loop()
        while True:
            began_s = loop.time()
            await self._attempt()
            if self.alarm or (pause_s := self._pause(loop.time() - began_s)) is None:
                return
            await asyncio.sleep(pause_s)

    async def _attempt(self) -> None:
        """Come once, and stay as long as it goes."""
        self.attempts += 1
        self._refused = None
        try:
            await self._be_there()
        except NotAuthentic as error:
            self.alarm = self.detail = error.facts
            _log.error("a hub's certificate changed; it is left for good")
        except BadInput as error:
            self.detail = error.facts
        except (OSError, TimeoutError, EOFError, UnicodeError) as error:
            self.detail = f"it cannot be reached ({type(error).__name__}); it is tried again"
        finally:
            self._forget()

    def _pause(self, up_s: float) -> float | None:
        """Give the pause before the next time, None for never."""
        if self._refused is None:
            return self._retrying.after_loss(up_s)
        why = REFUSALS.get(self._refused.code, "it refused us")
        said = f' and says "{without_addresses(self._refused.said)}"' if self._refused.said else ""
        pause_s = self._retrying.after_refusal(self._refused)
        then = "it is not tried again" if pause_s is None else f"it is tried again in {pause_s:.0f} s"
        self.detail = f"{why}{said}; {then}"
        return pause_s

    def _forget(self) -> None:
        self.session = None
        if self._writer is not None:
            self._writer.transport.abort()
            self._writer = None
        self._handlers.changed()

    async def _be_there(self) -> None:
        credentials = self._credentials()
        address, context = self._settings.address, None
        if address.tls:
            context = self._identity.connecting()
        async with asyncio.timeout(_CONNECT_S):
            reader, self._writer = await asyncio.open_connection(
                address.host, address.port, ssl=context, local_addr=self._bind, limit=_READ
            )
        self._check_keyprint(self._writer)
        self.session = HubSession(credentials, self._identity.cid, self._information())
        self.detail = "logging in"
        self.say(self.session.begin())
        await self._listen(self.session, reader, self._writer)
        if self._refused is None:
            self.detail = "it closed the connection; it is tried again"

    def _credentials(self) -> Credentials:
        path, password = self._settings.password_file, None
        if path is not None:
            try:
                password = path.read_bytes().rstrip(b"\r\n")
            except OSError:
                raise BadInput(
                    "the password file cannot be read", remedy="put the password into the file that the settings name"
                ) from None
        return Credentials(self._settings.nick, self._identity.pid, password)

    def _check_keyprint(self, writer: asyncio.StreamWriter) -> None:
        tls: ssl.SSLObject | None = writer.get_extra_info("ssl_object")
        certificate = tls.getpeercert(binary_form=True) if tls is not None else None
        if certificate is not None:
            self._keyprints.check(self._settings.address, keyprint_of(certificate))

    async def _listen(self, session: HubSession, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines, loop = LineBuffer(), asyncio.get_running_loop()
        login_by_s = loop.time() + _LOGIN_S
        while self._refused is None:
            try:
                async with asyncio.timeout(_SIGN_OF_LIFE_S if self.is_up else login_by_s - loop.time()):
                    data = await reader.read(_READ)
            except TimeoutError:
                if not self.is_up:
                    raise
                self.say(b"\n")
                continue
            if not data:
                return
            for line in lines.feed(data):
                # A hub hands on what its users send: malformed messages are ignored, as ADC 1.0 has it.
                with contextlib.suppress(BadInput):
                    for outcome in session.receive(parse(line)):
                        self._do(outcome)
            async with asyncio.timeout(_WRITE_S):
                await writer.drain()

    def _do(self, outcome: Outcome) -> None:
        match outcome:
            case Say(line):
                self.say(line)
            case LoggedIn():
                self.detail = "up"
                self._handlers.changed()
            case SearchedFor():
                self._handlers.searched(self, outcome)
            case ConnectWanted():
                self._handlers.wanted(self, outcome)
            case Refused():
                self._refused = outcome
