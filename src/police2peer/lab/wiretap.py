# SPDX-License-Identifier: EUPL-1.2
"""Listens to the lab's loopback with a packet socket of its own, in a namespace of our own and nowhere else.

It sees what the kernel moves, and asks neither node nor client. In a user namespace this needs no right on the
machine, and `check_closed` makes sure that nobody else's traffic can be there.
"""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Final

from police2peer.errors import Unavailable
from police2peer.lab.namespace import check_closed
from police2peer.lab.wire import Packet, read_packet

__all__ = ["Wiretap", "listening"]

_EVERYTHING: Final = 0x0003  # ETH_P_ALL
_OUTGOING: Final = 4  # the loopback shows each packet twice; once is enough
_BUFFER_BYTES: Final = 64 * 1024 * 1024
_SO_RCVBUFFORCE: Final = 33
_WAIT_S: Final = 0.2
_MOST_FRAME: Final = 256 * 1024


class Wiretap:
    """The packets seen so far."""

    def __init__(self) -> None:
        self.packets: list[Packet] = []
        self._stop = threading.Event()

    def run(self, door: socket.socket) -> None:
        """Read until told to stop, and then what is still waiting."""
        while True:
            try:
                frame, address = door.recvfrom(_MOST_FRAME)
            except TimeoutError:
                if self._stop.is_set():
                    return
                continue
            if address[2] == _OUTGOING:
                continue
            packet = read_packet(frame, time.time())
            if packet is not None:
                self.packets.append(packet)

    def stop(self) -> None:
        """Ask it to stop."""
        self._stop.set()


@contextlib.contextmanager
def listening() -> Iterator[Wiretap]:
    """Listen while the block runs. Raises `Unavailable` where packet sockets are not permitted."""
    check_closed()
    try:
        door = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_EVERYTHING))
    except PermissionError as error:
        raise Unavailable(
            "this system lets nobody listen to packets, not even in a namespace of its own",
            remedy="run the court kit on a machine that permits user namespaces",
        ) from error
    with door:
        door.bind(("lo", 0))
        with contextlib.suppress(OSError):
            door.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER_BYTES)
        door.settimeout(_WAIT_S)
        tap = Wiretap()
        thread = threading.Thread(target=tap.run, args=(door,), name="wiretap", daemon=True)
        thread.start()
        try:
            yield tap
        finally:
            tap.stop()
            thread.join()
