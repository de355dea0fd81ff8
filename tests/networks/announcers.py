# SPDX-License-Identifier: EUPL-1.2
"""Members of a swarm, for tests of observation: they announce themselves and count who touches them."""

import contextlib
import hashlib
import select
import socket
import threading
from collections.abc import Iterator
from typing import Any

from police2peer.lab.dht import DhtRing
from police2peer.networks.bittorrent import bencode


class Announcer:
    """A member of a swarm: it announces itself to the DHT, and counts whoever connects or writes to it."""

    def __init__(self, host: str) -> None:
        self.host = host
        self.door = socket.create_server((host, 0))
        self.door.setblocking(False)  # noqa: FBT003 - socket's signature
        self.port = self.door.getsockname()[1]
        self.datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.datagrams.bind((host, self.port))
        self.datagrams.setblocking(False)  # noqa: FBT003 - as above
        self.line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.line.bind((host, 0))
        self.line.settimeout(5)
        # One id for all, so that the few nodes of the ring stay the nearest to every hash.
        self.id = hashlib.sha1(b"announcer", usedforsecurity=False).digest()

    def announce(self, node: tuple[str, int], infohash: bytes) -> None:
        told = _call(self.line, node, b"get_peers", {b"id": self.id, b"info_hash": infohash})
        said = {b"id": self.id, b"info_hash": infohash, b"port": self.port, b"token": told[b"token"]}
        _call(self.line, node, b"announce_peer", said)

    def answer(self) -> None:
        """Answer one question of the DHT, which asks whoever announced whether it is still there."""
        raw, node = self.line.recvfrom(4000)
        asked = bencode.decode(raw)
        if isinstance(asked, dict) and asked.get(b"y") == b"q":
            self.line.sendto(
                bencode.encode({b"t": asked[b"t"], b"y": b"r", b"r": {b"id": self.id, b"nodes": b""}}), node
            )

    def touched(self) -> int:
        count = 0
        with contextlib.suppress(BlockingIOError):
            while True:
                self.door.accept()[0].close()
                count += 1
        with contextlib.suppress(BlockingIOError):
            while self.datagrams.recv(2000):
                count += 1
        return count

    def close(self) -> None:
        self.door.close()
        self.datagrams.close()
        self.line.close()


def _call(line: socket.socket, node: tuple[str, int], name: bytes, arguments: dict[bytes, Any]) -> dict[bytes, Any]:
    line.sendto(bencode.encode({b"t": b"aa", b"y": b"q", b"q": name, b"a": arguments}), node)
    while True:
        said = bencode.decode(line.recv(4000))
        if isinstance(said, dict) and said.get(b"y") == b"r" and isinstance(answer := said[b"r"], dict):
            return answer


@contextlib.contextmanager
def answering(announcers: list[Announcer]) -> Iterator[None]:
    """Let the announcers answer the DHT while the block runs."""
    ended = threading.Event()

    def run() -> None:
        while not ended.is_set():
            for ready in select.select([one.line for one in announcers], [], [], 0.05)[0]:
                next(one for one in announcers if one.line is ready).answer()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def nodes_of(ring: DhtRing) -> list[tuple[str, int]]:
    return [(host, int(port)) for host, _, port in (where.rpartition(":") for where in ring.bootstrap)]
