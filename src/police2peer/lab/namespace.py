# SPDX-License-Identifier: EUPL-1.2
"""A network of its own for programs of others: loopback up, a few addresses that look public, no way out.

`python -m police2peer.lab.namespace PROGRAM ARGUMENTS...`, started by `unshare -rn`, brings `lo` up, gives it
203.0.113.1 to 203.0.113.32 and becomes the program. Node and clients must run in the same one. It needs no
rights: a user namespace is enough, and where that is forbidden the lab says so and goes without other clients.
"""

import contextlib
import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from police2peer.errors import NotPermitted, Unavailable

_SIOCSIFADDR: Final = 0x8916  # linux/sockios.h
_SIOCSIFNETMASK: Final = 0x891C
_SIOCGIFFLAGS: Final = 0x8913
_SIOCSIFFLAGS: Final = 0x8914
_IFF_UP: Final = 1
_ADDRESSES: Final = 32
_ROUTES: Final = Path("/proc/self/net/route")
_ROUTES6: Final = Path("/proc/self/net/ipv6_route")

NODE_HOST: Final = "203.0.113.1"
"""Where a node inside the namespace listens."""


def client_host(number: int) -> str:
    """Give the address of the client with this number, from 0."""
    return f"203.0.113.{2 + number % (_ADDRESSES - 1)}"


def inside(arguments: Sequence[str]) -> list[str]:
    """Give the command that runs `arguments` in a namespace of its own; its process keeps one id throughout."""
    program = shutil.which("unshare")
    if program is None:
        raise Unavailable("unshare is not installed", remedy="install util-linux")
    return [program, "--map-root-user", "--net", "--", sys.executable, "-m", __name__, *arguments]


def is_usable() -> bool:
    """Whether this machine lets us make such a namespace."""
    with contextlib.suppress(Unavailable, OSError, subprocess.TimeoutExpired):
        done = subprocess.run(inside(["true"]), capture_output=True, timeout=20, check=False)
        return done.returncode == 0
    return False


def is_closed() -> bool:
    """Whether this process can reach nothing but itself: no route leads beyond loopback."""
    routes = [line.split()[0].split(":")[0] for line in _ROUTES.read_text().splitlines()[1:]]
    if _ROUTES6.exists():
        routes += [line.split()[-1] for line in _ROUTES6.read_text().splitlines()]
    return set(routes) <= {"lo"}


def check_closed() -> None:
    """Raise `NotPermitted` unless this process can reach nothing but itself."""
    if not is_closed():
        raise NotPermitted(
            "programs of others run only where no network can be reached",
            remedy="start this through `python -m police2peer.lab.namespace` under `unshare -rn`",
        )


def _request(name: str, host: str) -> bytes:
    """Make an ifreq that holds an IPv4 address."""
    return struct.pack("16sH2s4s8x", name.encode(), socket.AF_INET, b"", socket.inet_aton(host))


def raise_loopback() -> None:
    """Bring `lo` up and give it its addresses. Only in a namespace of our own."""
    check_closed()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        flags = fcntl.ioctl(door, _SIOCGIFFLAGS, struct.pack("16sH14x", b"lo", 0))
        (now,) = struct.unpack("16xH14x", flags)
        fcntl.ioctl(door, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", now | _IFF_UP))
        for number in range(1, _ADDRESSES + 1):
            label = f"lo:{number}"
            fcntl.ioctl(door, _SIOCSIFADDR, _request(label, f"203.0.113.{number}"))
            fcntl.ioctl(door, _SIOCSIFNETMASK, _request(label, "255.255.255.0"))


def main(arguments: Sequence[str]) -> None:
    """Raise the loopback and become the program."""
    raise_loopback()
    os.execvp(arguments[0], list(arguments))  # noqa: S606 - becoming it is the purpose


if __name__ == "__main__":
    main(sys.argv[1:])
