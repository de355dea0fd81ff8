# SPDX-License-Identifier: EUPL-1.2
"""What the lab's tracker keeps: who is in which swarm, in memory, for the lab's own hashes only.

Rules without I/O; `tracker` has the sockets. Sources: BEP 3, BEP 23 (compact peers), BEP 48 (scrape).
"""

import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field

from police2peer.errors import NotPermitted
from police2peer.lab.places import check_in_lab


@dataclass(frozen=True, slots=True)
class Announcement:
    """One announce, from HTTP or UDP alike."""

    hash: bytes
    host: str
    port: int
    left: int
    stopped: bool = False
    completed: bool = False
    want: int = 50


@dataclass(slots=True)
class _Member:
    left: int
    until: float


@dataclass(slots=True)
class _Swarm:
    members: dict[tuple[str, int], _Member] = field(default_factory=dict)
    completed: int = 0


@dataclass(frozen=True, slots=True)
class Counts:
    """What a scrape tells of a swarm."""

    complete: int
    incomplete: int
    completed: int


class Swarms:
    """The swarms of a fixed list of hashes. A member is forgotten three intervals after its last word."""

    def __init__(self, hashes: Iterable[bytes], *, interval_s: int) -> None:
        self.interval_s = interval_s
        self._swarms = {hash_: _Swarm() for hash_ in hashes}
        self.announces = 0

    def allow(self, hashes: Iterable[bytes]) -> None:
        """Take more of the lab's hashes."""
        for hash_ in hashes:
            self._swarms.setdefault(hash_, _Swarm())

    def announce(self, said: Announcement, now_s: float) -> list[tuple[str, int]]:
        """Note an announce and give other members; raises `NotPermitted` for a foreign hash or address."""
        check_in_lab(said.host)
        swarm = self._swarm(said.hash)
        self.announces += 1
        me = (said.host, said.port)
        for gone in [key for key, member in swarm.members.items() if member.until < now_s]:
            del swarm.members[gone]
        if said.stopped:
            swarm.members.pop(me, None)
            return []
        swarm.completed += said.completed
        swarm.members[me] = _Member(said.left, now_s + 3 * self.interval_s)
        others = (key for key in swarm.members if key != me)
        return [key for key, _ in zip(others, range(max(said.want, 0)), strict=False)]

    def counts(self, hash_: bytes) -> Counts:
        """Count a swarm; raises `NotPermitted` for a foreign hash."""
        swarm = self._swarm(hash_)
        seeds = sum(member.left == 0 for member in swarm.members.values())
        return Counts(seeds, len(swarm.members) - seeds, swarm.completed)

    def _swarm(self, hash_: bytes) -> _Swarm:
        swarm = self._swarms.get(hash_)
        if swarm is None:
            raise NotPermitted("this is not one of the lab's files", remedy="give the tracker the lab's hashes")
        return swarm


def compact(peers: Iterable[tuple[str, int]]) -> bytes:
    """Write IPv4 peers as six bytes each (BEP 23)."""
    return b"".join(socket.inet_aton(host) + struct.pack("!H", port) for host, port in peers)
