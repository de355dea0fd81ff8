# SPDX-License-Identifier: EUPL-1.2
"""The rig of Direct Connect: two hubs, one plain and one with TLS, with ncdc and EiskaltDC++ on them.

ncdc comes twice: as somebody behind a router on the plain hub, and reachable, with TLS everywhere, on the other.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from police2peer.campaign import ApprovedTerm, Term, TermId
from police2peer.contacts import client_family
from police2peer.errors import Unavailable
from police2peer.lab.eiskalt import PROGRAM as EISKALT
from police2peer.lab.eiskalt import Eiskalt
from police2peer.lab.namespace import NODE_HOST, check_closed
from police2peer.lab.ncdc import CLOSE_TAB, Ncdc, NcdcWay
from police2peer.lab.ncdc import PROGRAM as NCDC
from police2peer.lab.rigs.contract import Door, Stranger
from police2peer.lab.uhub import HubRules, run_hub
from police2peer.networks import Limits, Network, Offer
from police2peer.networks.directconnect import DirectConnect, DirectConnectSettings, HubAddress, HubSettings

NICK: Final = "unit"
PLAIN_HUB: Final = (NODE_HOST, 1511)
TLS_HUB: Final = (NODE_HOST, 1512)
_PORT, _TLS_PORT = 4111, 4112
_SETTLE_S: Final = 20.0
_LOOK_EVERY_S: Final = 0.1
_ASK_AGAIN_S: Final = 12.0
_BETWEEN_SEARCHES_S: Final = 10.5  # EiskaltDC++ keeps ten seconds between two searches, and drops what comes sooner


def hub_url(hub: tuple[str, int]) -> str:
    """Give the address of one of the two hubs, as its users write it."""
    return f"adc{'s' if hub == TLS_HUB else ''}://{hub[0]}:{hub[1]}"


class DirectConnectRig:
    """Two hubs, and the words of the offers' titles as approved terms."""

    network = "directconnect"
    found_by = "search"
    tells_title = True
    doors = (Door("tcp", NODE_HOST, _PORT), Door("tcp", NODE_HOST, _TLS_PORT))

    def __init__(self) -> None:
        self._folder = Path()
        self._terms: tuple[ApprovedTerm, ...] = ()
        self._hubs = contextlib.ExitStack()

    async def open(self, folder: Path, offers: Sequence[Offer]) -> None:
        """Start the hubs."""
        check_closed()
        self._folder = folder
        words = sorted({" ".join(offer.title.reveal().split("-")[:2]) for offer in offers})
        self._terms = tuple(
            ApprovedTerm(TermId(f"S-{number:04d}"), Term.parse(term)) for number, term in enumerate(words, start=1)
        )
        for hub in (PLAIN_HUB, TLS_HUB):
            running = run_hub(folder / str(hub[1]), *hub, HubRules(tls=hub == TLS_HUB))
            await asyncio.to_thread(self._hubs.enter_context, running)

    def engine(self, limits: Limits) -> Network:
        """Give an engine that comes to both hubs, the same installation each time."""
        settings = DirectConnectSettings(
            state=self._folder / "state",
            hubs=tuple(HubSettings(HubAddress.parse(hub_url(hub)), NICK) for hub in (PLAIN_HUB, TLS_HUB)),
            listen_host=NODE_HOST,
            listen_port=_PORT,
            tls_port=_TLS_PORT,
            limits=limits,
        )
        return DirectConnect(settings, terms=self._terms)

    def settings(self) -> str:
        """Give the table with both hubs."""
        hubs = "".join(
            f'[[directconnect.hubs]]\naddress = "{hub_url(hub)}"\nnick = "{NICK}"\n' for hub in (PLAIN_HUB, TLS_HUB)
        )
        return f"[directconnect]\nport = {_PORT}\ntls_port = {_TLS_PORT}\n{hubs}"

    async def settled(self, engine: Network, offers: Sequence[Offer]) -> None:
        """Wait until both hubs have let the engine in."""
        del offers
        give_up_at = time.monotonic() + _SETTLE_S
        while not (health := await engine.health()).ok:
            if time.monotonic() > give_up_at:
                raise Unavailable(health.detail, remedy="look at hub.log in the lab's folder")
            await asyncio.sleep(_LOOK_EVERY_S)

    def strangers(self) -> tuple[Stranger, ...]:
        """Give the clients."""
        passive, active = NcdcWay(), NcdcWay(active_port=5111, tls_policy="prefer")
        return (
            _NcdcStranger("ncdc, passive", PLAIN_HUB, passive),
            _NcdcStranger("ncdc, active, TLS", TLS_HUB, active),
            _EiskaltStranger(),
        )

    async def close(self) -> None:
        """End the hubs."""
        await asyncio.to_thread(self._hubs.close)


class _NcdcStranger:
    """One ncdc; a search opens a tab, in which one key fetches what is marked."""

    program = NCDC
    family: str = client_family(b"", "ncdc 1")

    def __init__(self, name: str, hub: tuple[str, int], way: NcdcWay) -> None:
        self.name = name
        self._hub = hub
        self._way = way
        self._ncdc: Ncdc | None = None
        self._searching = False

    async def open(self, folder: Path, host: str) -> None:
        """Start it and join the hub."""
        nick = f"visitor-{host.rpartition('.')[2]}"
        self._ncdc = await asyncio.to_thread(Ncdc, folder, host, self._way, nick)
        if not await asyncio.to_thread(self._ncdc.open_hub, hub_url(self._hub)):
            raise Unavailable("ncdc did not join the hub", remedy="look at hub.log in the lab's folder")

    async def find(self, offer: Offer, *, limit_s: float) -> bool:
        """Search by the words of the title, again if nothing came."""
        give_up_at = time.monotonic() + limit_s
        while (left_s := give_up_at - time.monotonic()) > 0:
            if await asyncio.to_thread(self._search, offer, min(left_s, _ASK_AGAIN_S)):
                return True
        return False

    def _search(self, offer: Offer, limit_s: float) -> bool:
        ncdc = self._up()
        if self._searching:
            ncdc.press(CLOSE_TAB)
        ncdc.forget()
        ncdc.type(f"/search {offer.title.reveal()} {offer.extension}")
        self._searching = True
        return ncdc.until(lambda: offer.file_name() in ncdc.text(), limit_s)

    async def fetch(self, offer: Offer, *, limit_s: float) -> Path | None:
        """Press the key, and wait until the file lies in its folder."""
        ncdc = self._up()
        path = ncdc.got(offer.file_name())
        await asyncio.to_thread(ncdc.press, "d")
        return path if await asyncio.to_thread(ncdc.until, _has_size(path, offer), limit_s) else None

    async def close(self) -> None:
        """End it."""
        if self._ncdc is not None:
            ended, self._ncdc = self._ncdc, None
            await asyncio.to_thread(ended.close)

    def _up(self) -> Ncdc:
        if self._ncdc is None:
            raise Unavailable("ncdc is not running", remedy="open the stranger first")
        return self._ncdc


class _EiskaltStranger:
    """The daemon; it fetches from the list of whoever answered its search, as a user does who browses there."""

    name = "EiskaltDC++, active, TLS"
    program = EISKALT
    family: str = client_family(b"", "EiskaltDC++ 2")

    def __init__(self) -> None:
        self._eiskalt: Eiskalt | None = None
        self._searched_at = 0.0

    async def open(self, folder: Path, host: str) -> None:
        """Start it and join the hub."""
        self._eiskalt = await asyncio.to_thread(Eiskalt, folder, host, "guest", 3121)
        if not await asyncio.to_thread(self._eiskalt.open_hub, hub_url(TLS_HUB)):
            raise Unavailable("EiskaltDC++ did not join the hub", remedy="look at hub.log in the lab's folder")

    async def find(self, offer: Offer, *, limit_s: float) -> bool:
        """Search by the words of the title; a search is never sent before it may be."""
        give_up_at = time.monotonic() + limit_s
        while True:
            await asyncio.sleep(max(0.0, self._searched_at + _BETWEEN_SEARCHES_S - time.monotonic()))
            self._searched_at = time.monotonic()
            if await asyncio.to_thread(self._search, offer, min(limit_s, _ASK_AGAIN_S)):
                return True
            if time.monotonic() > give_up_at:
                return False

    def _search(self, offer: Offer, limit_s: float) -> bool:
        found = self._up().search(offer.title.reveal(), limit_s)
        return any(one.get("Filename") == offer.file_name() for one in found)

    async def fetch(self, offer: Offer, *, limit_s: float) -> Path | None:
        """Get the list of files, and from it the file."""
        path = self._up().folder / "got" / offer.file_name()
        if not await asyncio.to_thread(
            self._up().fetch_from_list, hub_url(TLS_HUB), NICK, offer.file_name(), limit_s
        ):
            return None
        return path if await asyncio.to_thread(self._up().until, _has_size(path, offer), limit_s) else None

    async def close(self) -> None:
        """End it."""
        if self._eiskalt is not None:
            ended, self._eiskalt = self._eiskalt, None
            await asyncio.to_thread(ended.close)

    def _up(self) -> Eiskalt:
        if self._eiskalt is None:
            raise Unavailable("EiskaltDC++ is not running", remedy="open the stranger first")
        return self._eiskalt


def _has_size(path: Path, offer: Offer) -> Callable[[], bool]:
    return lambda: path.exists() and path.stat().st_size == offer.hashes.size
