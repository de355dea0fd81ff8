# SPDX-License-Identifier: EUPL-1.2
"""Real clients of others, driven as their users drive them: by a .torrent file or by a magnet link.

aria2, Transmission and qBittorrent are started with a home of their own, in the lab's namespace only (`fetch`
refuses anywhere else), fetch one file and are ended. What is not installed is left out by name.
"""

import contextlib
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from police2peer.errors import Unavailable
from police2peer.lab.namespace import check_closed

_LOOK_EVERY_S: Final = 0.1
_END_S: Final = 10.0
_CALL_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """One file to fetch: `source` is a .torrent file or a magnet link; name, size and hash are what must come."""

    source: str
    name: str
    size_bytes: int
    sha256: str

    @property
    def is_magnet(self) -> bool:
        """Whether the source is a magnet link."""
        return self.source.startswith("magnet:")


@dataclass(frozen=True, slots=True)
class ClientFetch:
    """How a fetch by a real client ended."""

    client: str
    way: str
    whole: bool
    seconds: float


class Client(Protocol):
    """A program of others that fetches files."""

    name: str
    program: str

    def command(self, wanted: Wanted, folder: Path, host: str) -> list[str]:
        """Write its settings below `folder` and give its command line; it saves into `folder/got`."""
        ...

    def hand_over(self, wanted: Wanted, folder: Path) -> None:
        """Give the running program its task, where the command line did not."""


class Aria2:
    """aria2: command line only."""

    name = "aria2"
    program = "aria2c"

    def command(self, wanted: Wanted, folder: Path, host: str) -> list[str]:
        """Everything stands on the command line."""
        return [
            self.program,
            "--no-conf",
            f"--dir={folder / 'got'}",
            f"--interface={host}",
            "--enable-dht=false",
            "--enable-dht6=false",
            "--bt-enable-lpd=false",
            "--seed-time=0",
            "--file-allocation=none",
            "--summary-interval=0",
            "--console-log-level=error",
            wanted.source,
        ]

    def hand_over(self, wanted: Wanted, folder: Path) -> None:
        """Nothing is left to say: the command line said it."""


class Transmission:
    """transmission-daemon: a settings file, and a call to its remote control on loopback.

    Its uTP is off: version 3.00 stalls for a minute on connections it opens over uTP before it tries TCP.
    """

    name = "Transmission"
    program = "transmission-daemon"

    def command(self, wanted: Wanted, folder: Path, host: str) -> list[str]:
        """Write settings.json: nothing that asks the outside."""
        del wanted
        home = folder / "home"
        home.mkdir(parents=True)
        settings = {
            "bind-address-ipv4": host,
            "bind-address-ipv6": "::1",
            "blocklist-enabled": False,
            "dht-enabled": False,
            "download-dir": str(folder / "got"),
            "incomplete-dir-enabled": False,
            "lpd-enabled": False,
            "peer-port": 51413,
            "pex-enabled": False,
            "port-forwarding-enabled": False,
            "rename-partial-files": False,
            "rpc-authentication-required": False,
            "rpc-bind-address": "127.0.0.1",
            "rpc-port": _free_port(),
            "rpc-whitelist": "127.0.0.1",
            "utp-enabled": False,
        }
        (home / "settings.json").write_text(json.dumps(settings))
        return [self.program, "--foreground", "--config-dir", str(home), "--log-error"]

    def hand_over(self, wanted: Wanted, folder: Path) -> None:
        """Add the torrent; a daemon that is still starting is asked again."""
        port = json.loads((folder / "home" / "settings.json").read_text())["rpc-port"]
        call = {"method": "torrent-add", "arguments": {"filename": wanted.source, "paused": False}}
        body, session = json.dumps(call).encode(), b""
        for _ in range(100):
            with contextlib.suppress(OSError):
                answer = self._post(port, body, session)
                if b'"success"' in answer:
                    return
                found = re.search(rb"X-Transmission-Session-Id: (\w+)", answer)
                session = found[1] if found else b""
            time.sleep(_LOOK_EVERY_S)
        raise Unavailable("transmission-daemon takes no calls", remedy="look at its log in the lab's folder")

    def _post(self, port: int, body: bytes, session: bytes) -> bytes:
        """Make one call of its remote control (HTTP on loopback); give the whole answer."""
        head = (
            b"POST /transmission/rpc HTTP/1.0\r\nHost: 127.0.0.1\r\nX-Transmission-Session-Id: %b\r\n"
            b"Content-Length: %d\r\n\r\n" % (session, len(body))
        )
        with socket.create_connection(("127.0.0.1", port), _CALL_S) as door:
            door.sendall(head + body)
            return b"".join(iter(lambda: door.recv(65_536), b""))


class QBittorrent:
    """qbittorrent-nox: profile folder, task on the command line."""

    name = "qBittorrent"
    program = "qbittorrent-nox"

    def command(self, wanted: Wanted, folder: Path, host: str) -> list[str]:
        """Write qBittorrent.conf: nothing that asks the outside."""
        config = folder / "home" / "qBittorrent" / "config"
        config.mkdir(parents=True)
        lines = (
            "[LegalNotice]",
            "Accepted=true",
            "[BitTorrent]",
            f"Session\\DefaultSavePath={folder / 'got'}",
            "Session\\DHTEnabled=false",
            "Session\\LSDEnabled=false",
            "Session\\PeXEnabled=false",
            "Session\\Interface=lo",
            "Session\\InterfaceName=lo",
            f"Session\\InterfaceAddress={host}",
            "Session\\Port=51414",
            "Session\\MultiConnectionsPerIp=true",
            "Session\\SSRFMitigation=false",
            "[Network]",
            "PortForwardingEnabled=false",
            "[Preferences]",
            "WebUI\\Address=127.0.0.1",
            f"WebUI\\Port={_free_port()}",
            "General\\Locale=en",
        )
        (config / "qBittorrent.conf").write_text("\n".join(lines) + "\n")
        return [
            self.program,
            f"--profile={folder / 'home'}",
            "--skip-dialog=true",
            "--add-paused=false",
            f"--save-path={folder / 'got'}",
            wanted.source,
        ]

    def hand_over(self, wanted: Wanted, folder: Path) -> None:
        """Nothing is left to say: the command line said it."""


def all_clients() -> tuple[Client, ...]:
    """Give a driver for each client the lab knows."""
    return Aria2(), Transmission(), QBittorrent()


def installed() -> tuple[Client, ...]:
    """Give the clients found on this machine."""
    return tuple(client for client in all_clients() if shutil.which(client.program))


def fetch(client: Client, wanted: Wanted, folder: Path, host: str, *, limit_s: float = 90.0) -> ClientFetch:
    """Let a real client fetch one file from `host`; only inside the lab's namespace."""
    check_closed()
    (folder / "got").mkdir(parents=True)
    began = time.monotonic()
    whole = False
    with running(client.command(wanted, folder, host), folder) as process:
        client.hand_over(wanted, folder)
        while not whole and time.monotonic() - began < limit_s and process.poll() is None:
            time.sleep(_LOOK_EVERY_S)
            whole = is_whole(folder / "got" / wanted.name, wanted)
        seconds = time.monotonic() - began
        time.sleep(0.5 if whole else 0.0)  # a user does not end it the moment the last byte came
    whole = whole or is_whole(folder / "got" / wanted.name, wanted)
    return ClientFetch(client.name, "magnet" if wanted.is_magnet else "torrent", whole, round(seconds, 2))


def is_whole(path: Path, wanted: Wanted) -> bool:
    """Whether the file is there, byte for byte."""
    try:
        if path.stat().st_size != wanted.size_bytes:
            return False
        with path.open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest() == wanted.sha256
    except OSError:
        return False


@contextlib.contextmanager
def running(command: Sequence[str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program with `folder/home` as its home and end it, with its children, afterwards."""
    home = folder / "home"
    home.mkdir(parents=True, exist_ok=True)
    places = {name: str(home) for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME")}
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **places},
            cwd=folder,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a program and its children: asked first, made to afterwards."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, how)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_END_S)
            return


def _free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])
