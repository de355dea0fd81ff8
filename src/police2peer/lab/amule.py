# SPDX-License-Identifier: EUPL-1.2
"""A real aMule, driven as its user drives it: amuled, and amulecmd that searches and fetches by number.

Only in the lab's namespace: aMule refuses peers on 127/8, and reaches nobody here but the lab. Traps seen with 2.3.3:
`shareddir.dat` written before the first start is emptied by it, a downloader asks its sources only while it is
connected to a server, and amulecmd forgets the numbers of results when it ends.
"""

import contextlib
import hashlib
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from police2peer.errors import Unavailable
from police2peer.lab.clients import running
from police2peer.lab.namespace import check_closed

PROGRAMS: Final = ("amuled", "amulecmd")
PORT: Final = 4662
_CONTROL_PORT: Final = 4712
_PASSWORD: Final = "lab"  # noqa: S105 - it guards a program on a loopback of its own, for a minute
_CALL_S: Final = 15.0
_LOOK_EVERY_S: Final = 0.2
_START_S: Final = 30.0
_CONNECT_S: Final = 30.0

# Nothing that asks the outside: no Kad, no lists of servers, no look for a new version.
_SETTINGS: Final = """[eMule]
Nick=sample
Address={host}
Port={port}
UDPPort={udp_port}
UDPEnable=0
MaxUpload=0
MaxDownload=0
SlotAllocation={slot_kb}
UploadCapacity=100000
DownloadCapacity=100000
FilterLanIPs=0
IPFilterClients=0
IPFilterServers=0
ConnectToKad=0
ConnectToED2K=1
Autoconnect=0
Reconnect=1
AddServerListFromServer=0
AddServerListFromClient=0
SafeServerConnect=0
SmartIdCheck=0
NewVersionCheck=0
UPnPEnabled=0
CheckDiskspace=0
TempDir={folder}/temp
IncomingDir={folder}/got
[Obfuscation]
IsClientCryptLayerSupported={hides}
IsCryptLayerRequested={hides}
IsClientCryptLayerRequired=0
[ExternalConnect]
AcceptExternalConnections=1
ECAddress=127.0.0.1
ECPort={control_port}
ECPassword={password}
"""


class Amule:
    """One aMule in a folder of its own. Blocking: call it from a thread."""

    def __init__(self, folder: Path, host: str, *, number: int = 0, hides: bool = False) -> None:
        self.folder = folder
        self.got = folder / "got"
        self._host, self._hides = host, hides
        self._control_port = _CONTROL_PORT + number
        self._udp_port = 4672 + number
        self.pid = 0

    @contextlib.contextmanager
    def up(self) -> Iterator["Amule"]:
        """Run it while the block runs; raises `Unavailable` when it does not come up."""
        check_closed()
        for name in ("temp", "got"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "amule.conf").write_text(
            _SETTINGS.format(
                host=self._host,
                port=PORT,
                udp_port=self._udp_port,
                slot_kb=50_000,
                folder=self.folder,
                hides=int(self._hides),
                control_port=self._control_port,
                password=hashlib.md5(_PASSWORD.encode(), usedforsecurity=False).hexdigest(),
            )
        )
        with running(["amuled", "-c", str(self.folder), "-o"], self.folder) as process:
            self.pid = process.pid
            self._until(lambda: "eD2k" in self.say("status"), _START_S, "amuled does not take commands")
            yield self

    def connect(self, server: str) -> None:
        """Log in on a server, named `ADDRESS:PORT`."""
        host, port = server.split(":")
        self.say(f"add ed2k://|server|{host}|{port}|/")
        self.say(f"connect {server}")
        self._until(lambda: "Connected to" in self.say("status"), _CONNECT_S, "aMule did not get into the server")

    def id_kind(self) -> str:
        """Say what kind of id the server gave: `HighID` or `LowID`."""
        found = re.search(r"with (HighID|LowID)", self.say("status"))
        return found[1] if found else ""

    def share(self, folder: Path) -> None:
        """Share a folder, and wait until its files are hashed."""
        (self.folder / "shareddir.dat").write_text(f"{folder}\n")
        self.say("reload shared")

    def search(self, words: str) -> None:
        """Search on the server."""
        self.say(f"search local {words}")

    def results(self) -> dict[str, int]:
        """Give the names found, with the numbers by which they are fetched."""
        found = re.findall(r"^(\d+)\.\s+(\S.*?)\s+[\d.]+\s+\d+\s*$", self.say("results"), re.MULTILINE)
        return {name: int(number) for number, name in found}

    def download(self, number: int) -> None:
        """Begin to fetch a result."""
        self.say("results", f"download {number}")

    def add(self, link: str) -> None:
        """Begin to fetch a link."""
        self.say(f"add {link}")

    def say(self, *commands: str) -> str:
        """Give commands to amulecmd, one after the other, and what it printed."""
        done = subprocess.run(
            ["amulecmd", "-h", "127.0.0.1", "-p", str(self._control_port), "-P", _PASSWORD],
            input="\n".join((*commands, "quit", "")),
            capture_output=True,
            text=True,
            timeout=_CALL_S,
            check=False,
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder / "home"), "LANG": "C.UTF-8"},
            cwd=self.folder,
        )
        return done.stdout

    def _until(self, true: Callable[[], bool], limit_s: float, what: str) -> None:
        give_up_at = time.monotonic() + limit_s
        while not true():
            if time.monotonic() > give_up_at:
                raise Unavailable(what, remedy="look at its log in the lab's folder")
            time.sleep(_LOOK_EVERY_S)
