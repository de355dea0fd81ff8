# SPDX-License-Identifier: EUPL-1.2
"""Listens to the lab's loopback with a packet socket of its own, in a namespace of our own and nowhere else.

It sees what the kernel moves, with the kernel's times, and asks neither node nor client. In a user namespace this
needs no right on the machine, and `check_closed` makes sure that nobody else's traffic can be there. A ring in memory
holds what comes faster than it is read; what did not fit is counted, for then the comparison proves nothing.
Source: packet(7), the kernel's packet_mmap.rst (TPACKET_V2).
"""

import contextlib
import mmap
import select
import socket
import struct
import threading
from collections.abc import Iterator
from typing import Final

from police2peer.errors import Unavailable
from police2peer.lab.namespace import check_closed
from police2peer.lab.wire import Packet, read_packet

__all__ = ["Wiretap", "listening"]

_EVERYTHING: Final = 0x0003  # ETH_P_ALL
_OUTGOING: Final = 4  # the loopback shows each packet twice; once is enough
_SOL_PACKET, _RX_RING, _STATISTICS, _VERSION, _V2 = 263, 5, 6, 10, 1  # linux/if_packet.h
_FRAME_BYTES: Final = 128 * 1024  # a packet of the loopback has up to 64 KiB
_FRAMES: Final = 512
_HEAD: Final = struct.Struct("=IIIHHII")  # status, length, kept, mac, net, seconds, nanoseconds
_KIND_AT: Final = 32 + 10  # sll_pkttype, behind the aligned header
_OURS: Final = 1  # TP_STATUS_USER: the kernel is done with this frame
_WAIT_MS: Final = 100


class Wiretap:
    """The packets seen so far; `lost` are those for which the ring had no room."""

    def __init__(self) -> None:
        self.packets: list[Packet] = []
        self.lost = 0
        self._stop = threading.Event()

    def run(self, door: socket.socket, ring: mmap.mmap) -> None:
        """Read until told to stop, and then what is still waiting."""
        waiting = select.poll()
        waiting.register(door, select.POLLIN)
        turn = 0
        while True:
            at = turn % _FRAMES * _FRAME_BYTES
            status, _, kept, mac, _, second, nanosecond = _HEAD.unpack_from(ring, at)
            if not status & _OURS:
                if self._stop.is_set():
                    break
                waiting.poll(_WAIT_MS)
                continue
            if ring[at + _KIND_AT] != _OUTGOING:
                packet = read_packet(ring[at + mac : at + mac + kept], second + nanosecond / 1e9)
                if packet is not None:
                    self.packets.append(packet)
            struct.pack_into("=I", ring, at, 0)
            turn += 1
        _, self.lost = struct.unpack("=II", door.getsockopt(_SOL_PACKET, _STATISTICS, 8))

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
        raise _not_here() from error
    with door:
        try:
            door.setsockopt(_SOL_PACKET, _VERSION, _V2)
            door.setsockopt(_SOL_PACKET, _RX_RING, struct.pack("=IIII", _FRAME_BYTES, _FRAMES, _FRAME_BYTES, _FRAMES))
            door.bind(("lo", 0))
        except OSError as error:
            raise _not_here() from error
        with mmap.mmap(door.fileno(), _FRAME_BYTES * _FRAMES) as ring:
            tap = Wiretap()
            thread = threading.Thread(target=tap.run, args=(door, ring), name="wiretap", daemon=True)
            thread.start()
            try:
                yield tap
            finally:
                tap.stop()
                thread.join()


def _not_here() -> Unavailable:
    return Unavailable(
        "this system lets nobody listen to packets, not even in a namespace of its own",
        remedy="run the court kit on a machine that permits user namespaces and packet sockets",
    )
