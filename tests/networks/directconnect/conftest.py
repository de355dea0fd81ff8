# SPDX-License-Identifier: EUPL-1.2
"""A scripted hub and a scripted client on loopback, and a node between them."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest
from tests.networks.conftest import Workshop

from police2peer.campaign import ApprovedTerm, Term, TermId
from police2peer.networks import Health, Offer, OfferId, WireEvent
from police2peer.networks.directconnect import DirectConnect, DirectConnectSettings, HubAddress, HubSettings
from police2peer.networks.directconnect.identity import open_identity
from police2peer.networks.directconnect.message import to_base32

Event = TypeVar("Event")
CLIENT = to_base32(bytes(range(24)))
TERMS = (ApprovedTerm(TermId("S-0001"), Term.parse("sample clip")),)
LIMIT_S = 10.0


class ScriptedHub:
    """A hub that lets everybody in, unless `greets` says otherwise; `heard` is every line of the node."""

    def __init__(self, *, greets: Sequence[str] = (), context: ssl.SSLContext | None = None) -> None:
        self.heard: list[str] = []
        self.visits = 0
        self.port = 0
        self._greets = greets
        self._context = context
        self._server: asyncio.Server | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def start(self, port: int = 0) -> None:
        self._server = await asyncio.start_server(self._came, "127.0.0.1", port, ssl=self._context)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        if self._writer is not None:
            self._writer.transport.abort()

    def say(self, *lines: str) -> None:
        assert self._writer is not None
        self._writer.write("".join(f"{line}\n" for line in lines).encode())

    @property
    def writer(self) -> asyncio.StreamWriter:
        assert self._writer is not None
        return self._writer

    def of(self, beginning: str) -> list[str]:
        return [line for line in self.heard if line.startswith(beginning)]

    async def _came(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.visits += 1
        self._writer = writer
        with contextlib.suppress(OSError):
            while line := (await reader.readline()).decode().rstrip("\n"):
                self.heard.append(line)
                if line.startswith("HSUP"):
                    self.say("ISUP ADBASE ADTIGR", "ISID NODE", "IINF CT32 NIlab")
                elif line.startswith("BINF NODE ID") and self._greets:
                    self.say(*self._greets)
                elif line.startswith("BINF NODE ID"):
                    self.say(self.peer(), line.replace(" PD", " XX"))

    @staticmethod
    def peer(**more: str) -> str:
        """Give the line by which the hub tells of the scripted client."""
        said = {"ID": CLIENT, "NI": "somebody", "AP": "script", "VE": "1.0", "I4": "127.0.0.1", "SU": "TCP4", **more}
        return "BINF PEER " + " ".join(name + value for name, value in said.items())


class ScriptedPeer:
    """A client that was let in: it says lines and reads what comes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def say(self, *lines: str) -> None:
        self.writer.write("".join(f"{line}\n" for line in lines).encode())

    async def line(self) -> str:
        return (await asyncio.wait_for(self.reader.readline(), LIMIT_S)).decode().rstrip("\n")

    async def ask(self, line: str) -> str:
        self.say(line)
        return await self.line()

    async def get(self, asked: str) -> bytes:
        """Ask for bytes and read them all."""
        answer = await self.ask(f"CGET {asked}")
        assert answer.startswith("CSND "), answer
        return await asyncio.wait_for(self.reader.readexactly(int(answer.split()[4])), LIMIT_S)


class Up:
    """A node on a scripted hub, and every event it gave."""

    def __init__(self, network: DirectConnect, hub: ScriptedHub, ports: tuple[int, int]) -> None:
        self.network = network
        self.hub = hub
        self.events: list[WireEvent] = []
        self.writers: list[asyncio.StreamWriter] = []
        self._ports = ports
        self._tokens = 0

    async def read(self) -> None:
        async for event in self.network.events():
            self.events.append(event)

    def of(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]

    async def until(self, true: Callable[[], object], limit_s: float = LIMIT_S) -> None:
        async with asyncio.timeout(limit_s):
            while not true():  # noqa: ASYNC110 - the condition is the test's, not an event's
                await asyncio.sleep(0.01)

    async def health_says(self, words: str) -> Health:
        async with asyncio.timeout(LIMIT_S):
            while words not in (health := await self.network.health()).detail:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.01)
        return health

    async def let_in(
        self, token: str = "", *, tls: bool = False
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Ask by the hub to be let in, and connect."""
        protocol, port = ("ADCS/0.10", self._ports[1]) if tls else ("ADC/1.0", self._ports[0])
        before = len(self.hub.of("DCTM"))
        self.hub.say(f"DRCM PEER NODE {protocol} {token}")
        await self.until(lambda: len(self.hub.of("DCTM")) > before)
        assert self.hub.of("DCTM")[-1] == f"DCTM NODE PEER {protocol} {port} {token}"
        context = None
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return await self.connect(port, context)

    async def connect(
        self, port: int, context: ssl.SSLContext | None = None
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to the node; it is hung up at the end of the test."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, limit=1 << 20)
        self.writers.append(writer)
        return reader, writer

    async def peer(self, *, tls: bool = False) -> ScriptedPeer:
        """Give a client that has introduced itself."""
        self._tokens += 1
        token = f"t{self._tokens}"
        peer = ScriptedPeer(*await self.let_in(token, tls=tls))
        assert (await peer.ask("CSUP ADBASE ADTIGR ADZLIG")).startswith("CSUP ADBASE ADTIGR")
        assert (await peer.ask(f"CINF ID{CLIENT} TO{token}")).startswith("CINF ID")
        return peer


class Stage:
    """Makes hubs, offers and nodes for a test."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop
        self.folder = workshop.folder

    def clip(self, size: int = 300_000) -> Path:
        return self._workshop.clip(size)

    def offers(self, path: Path, count: int = 1) -> list[Offer]:
        made = self._workshop.offers(path, count)
        return [
            replace(offer, network="directconnect", id=OfferId(f"directconnect-{number}"))
            for number, offer in enumerate(made, start=1)
        ]

    def hub_context(self, name: str) -> ssl.SSLContext:
        """Give a TLS context with a certificate of its own."""
        return open_identity(self.folder / name, random_bytes=bytes, now=datetime.now(UTC)).serving()

    def settings(self, *hubs: HubSettings, **more: Any) -> DirectConnectSettings:  # noqa: ANN401 - passed on
        ports = {"listen_port": self._workshop.free_port(), "tls_port": self._workshop.free_port()}
        quick = {"retry_s": 0.05, "tell_s": 0.05, "state": self.folder / "state"}
        return DirectConnectSettings(**{"hubs": hubs, **ports, **quick, **more})

    @contextlib.asynccontextmanager
    async def node(
        self,
        offers: Sequence[Offer],
        hub: ScriptedHub | None = None,
        *,
        password: Path | None = None,
        **more: Any,  # noqa: ANN401 - passed on to the settings
    ) -> AsyncIterator[Up]:
        """Run a node on a scripted hub, until it was let in unless the hub greets otherwise."""
        hub = hub or ScriptedHub()
        if not hub.port:
            await hub.start()
        scheme = "adcs" if hub._context else "adc"
        address = HubAddress.parse(f"{scheme}://127.0.0.1:{hub.port}")
        settings = self.settings(HubSettings(address, "unit", password), **more)
        up = Up(DirectConnect(settings, terms=TERMS), hub, (settings.listen_port, settings.tls_port))
        await up.network.start()
        reading = asyncio.create_task(up.read())
        try:
            await up.network.publish_many(offers)
            if not hub._greets and offers:
                await up.health_says("found")
            yield up
        finally:
            await up.network.stop()
            await asyncio.wait_for(reading, LIMIT_S)
            for writer in up.writers:
                writer.transport.abort()
            await hub.stop()


@pytest.fixture
def stage(workshop: Workshop) -> Stage:
    return Stage(workshop)
