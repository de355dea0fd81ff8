# SPDX-License-Identifier: EUPL-1.2
"""Direct Connect and eD2k in a demo: hubs and a server, and somebody there who searches, finds and fetches.

Each takes part when its programs are installed and the demo runs in the lab's namespace; else it is left out by name.
"""

import asyncio
import contextlib
import shutil
import time
from collections import Counter
from collections.abc import Coroutine, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from police2peer.lab.loopback import Background, background
from police2peer.lab.namespace import client_host, is_closed
from police2peer.lab.report import ClientResult
from police2peer.lab.rigs import Rig, Stranger, make_rig
from police2peer.networks import Offer

# The programs of the meeting place and of the stranger who comes there.
_NEEDS: Final = {"directconnect": ("uhub", "ncdc"), "ed2k": ("amuled", "amulecmd")}
_CLIENTS: Final = {"directconnect": "ncdc", "ed2k": "aMule"}
_LIMIT_S: Final = 75.0
_FIRST_HOST: Final = 16  # addresses below are those of other strangers

SPACES: Final = {
    "directconnect": "Hubs of the lab, under the approved titles",
    "ed2k": "Searches on the lab's server, under the approved titles",
}


def why_not(network: str) -> str:
    """Say why a network cannot take part here; empty when it can."""
    missing = [program for program in _NEEDS[network] if shutil.which(program) is None]
    if missing:
        return f"{missing[0]} is not installed"
    return "" if is_closed() else "this system lets nobody make a network namespace"


@dataclass(slots=True)
class Meeting:
    """The other networks of a demo, while they are open."""

    folder: Path
    rigs: dict[str, Rig]
    beside: Background

    def settings(self) -> str:
        """Give the tables of `police2peer.toml` by which the node joins them."""
        return "".join(rig.settings() for rig in self.rigs.values())

    def strangers(self, offers: Sequence[Offer]) -> list[ClientResult]:
        """Let one stranger on each network search for an offer by words and fetch it, all at the same time."""
        come = [self._visit(rig, _easy(offers, name)) for name, rig in self.rigs.items()]
        results = self.beside.call(_together(come), limit_s=4 * _LIMIT_S)
        left_out = [
            ClientResult(client, f"search, {name}", skipped=why_not(name))
            for name, client in _CLIENTS.items()
            if name not in self.rigs
        ]
        return results + left_out

    async def _visit(self, rig: Rig, offer: Offer) -> ClientResult:
        client = _CLIENTS[rig.network]
        stranger: Stranger = next(one for one in rig.strangers() if one.family == client)
        place = self.folder / f"stranger-{rig.network}"
        place.mkdir(parents=True)
        began = time.monotonic()
        try:
            await stranger.open(place, client_host(_FIRST_HOST + list(self.rigs).index(rig.network)))
            found = await stranger.find(offer, limit_s=_LIMIT_S)
            path = await stranger.fetch(offer, limit_s=_LIMIT_S) if found else None
            seconds = time.monotonic() - began
            same = path is not None and await asyncio.to_thread(_same, path, offer.path)
        finally:
            await stranger.close()
        size = offer.hashes.size if same else 0
        return ClientResult(client, f"search, {rig.network}", 1, size, seconds, identical=same)


@contextlib.contextmanager
def meeting(folder: Path, offers: Sequence[Offer]) -> Iterator[Meeting]:
    """Open the meeting places of every network that can take part, while the block runs."""
    rigs = {name: make_rig(name) for name in _NEEDS if not why_not(name)}
    with background("lab-meeting") as beside, contextlib.ExitStack() as open_rigs:
        for name, rig in rigs.items():
            place = folder / f"meeting-{name}"
            place.mkdir(parents=True, exist_ok=True)
            open_rigs.callback(_close, beside, rig)
            beside.call(rig.open(place, [offer for offer in offers if offer.network == name]))
        yield Meeting(folder, rigs, beside)


def _close(beside: Background, rig: Rig) -> None:
    beside.call(rig.close())


def _easy(offers: Sequence[Offer], network: str) -> Offer:
    """Choose the smallest offer whose name no other has: what is found by name is then this one."""
    here = [offer for offer in offers if offer.network == network]
    names = Counter(offer.file_name() for offer in here)
    return min((o for o in here if names[o.file_name()] == 1), key=lambda offer: offer.hashes.size)


def _same(path: Path, published: Path) -> bool:
    return path.read_bytes() == published.read_bytes()


async def _together(visits: Sequence[Coroutine[None, None, ClientResult]]) -> list[ClientResult]:
    return list(await asyncio.gather(*visits))
