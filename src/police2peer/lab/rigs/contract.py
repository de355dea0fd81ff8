# SPDX-License-Identifier: EUPL-1.2
"""What the lab needs of a network to let strangers meet it: a rig, and the real clients that belong to it.

A **rig** is one network's meeting place (tracker and DHT, hub, server) with our engine beside it; a **stranger** is
one program of others, driven as its user drives it. Rig, engine and strangers run together in the lab's namespace
(`lab.namespace`, no way out); `open` of both begins with `check_closed()`.

How to add a network:

1. Write `lab/rigs/NETWORK.py` with one class that keeps `Rig` and one class a client that keeps `Stranger`; put
   addresses from `NODE_HOST` (meeting place and engine) and from the `host` that `Stranger.open` is given.
   `lab.clients.running`/`end` start and end a program with a home of its own.
2. Add one line to `_RIGS` in `lab/rigs/__init__.py`.
3. Add `tests/networks/conformance/crowds/NETWORK.py`: `take`, one peer byte by byte, for the check with 200 at once
   (code that asks for content lives in tests and in `lab.downloader` only).
4. `make conformance` runs every check with every client and writes the table of docs/networks.md.

How a rig is used, in this order: `open`; then, for each life of the engine, `engine(limits)`, `start`,
`publish_many`, `settled`, strangers at work, `stop`; strangers are opened once before and closed once after, and must
find their way back to an engine that was stopped and started again; `close` at the end, whatever happened.
All strangers work at the same time, each about offers of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from police2peer.networks import Limits, Network, Offer


@dataclass(frozen=True, slots=True)
class Door:
    """One port on which our engine hears strangers; garbage is thrown at each."""

    kind: Literal["tcp", "udp"]
    host: str
    port: int


class Stranger(Protocol):
    """A program of others. It knows the words of titles, and learns everything else from the network."""

    name: str
    """As people call it; the column in the table of docs/networks.md."""
    program: str
    """The command by which it is found on this machine."""
    family: str
    """What `contacts.client_family` must say of it."""

    async def open(self, folder: Path, host: str) -> None:
        """Start the program at this address, with everything it writes below `folder`, and join the meeting place."""

    async def find(self, offer: Offer, *, limit_s: float) -> bool:
        """Look for an offer by the words of its title alone, as a user does; say whether its whole name is there.

        Where a network has no search (BitTorrent) the link that the public finds stands for the words. A fresh
        search each time; False when nothing came within `limit_s`, after asking again if the program allows.
        """
        ...

    async def fetch(self, offer: Offer, *, limit_s: float) -> Path | None:
        """Fetch what `find` found and give the whole file where the program saved it; None after `limit_s`."""
        ...

    async def close(self) -> None:
        """End the program and its children."""


class Rig(Protocol):
    """One network's meeting place, the way our engine joins it, and the strangers who meet there."""

    network: str
    found_by: str
    """How strangers find offers here, in a word for the table: `search`, `tracker and DHT`."""
    tells_title: bool
    """Whether a peer says under which title it found a file; where not, contacts are about the file."""
    doors: tuple[Door, ...]
    """Where our engine listens while it is up; the first one is where `take` connects."""

    async def open(self, folder: Path, offers: Sequence[Offer]) -> None:
        """Start the meeting place; `offers` are all that will ever be published here."""

    def engine(self, limits: Limits) -> Network:
        """Give a new engine with the same settings each time: the same doors, the same standing (keys, ids)."""
        ...

    def settings(self) -> str:
        """Give the lines of `police2peer.toml` by which a whole node joins here as `engine` does."""
        ...

    async def settled(self, engine: Network, offers: Sequence[Offer]) -> None:
        """Wait, bounded, until the meeting place knows of `offers`; raises `Unavailable` if it does not."""

    def strangers(self) -> tuple[Stranger, ...]:
        """Give every client this rig can drive, installed or not; the caller leaves out what is missing."""
        ...

    async def close(self) -> None:
        """End the meeting place."""
