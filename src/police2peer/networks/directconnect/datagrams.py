# SPDX-License-Identifier: EUPL-1.2
"""Answers to searches by UDP. Nothing is taken in: no search arrives here, and no result is asked for."""

import contextlib
import socket

from police2peer.errors import Unavailable


class Datagrams:
    """Sends; what comes is not read, and what the system does not take at once is left out."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._socket: socket.socket | None = None

    def start(self) -> None:
        """Open the socket; raises `Unavailable` when there is no such address here."""
        door = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        door.setblocking(False)  # noqa: FBT003 - the only parameter there is
        try:
            door.bind((self._host, 0))
        except OSError:
            door.close()
            raise Unavailable(
                "no datagrams can be sent from the address to listen on", remedy="choose an address of this machine"
            ) from None
        self._socket = door

    def send(self, data: bytes, where: tuple[str, int]) -> None:
        """Send one datagram."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.sendto(data, where)

    def stop(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
