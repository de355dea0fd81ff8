# SPDX-License-Identifier: EUPL-1.2
"""ncdc, driven as its user drives it: by the keys of a terminal, for it has no other way in.

What it draws is read as text without its colours; rows of results hold the names that were found.
"""

import fcntl
import os
import re
import struct
import termios
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from typing import Final

from police2peer.lab.clients import end
from police2peer.lab.namespace import check_closed

PROGRAM: Final = "ncdc"
_ROWS, _COLUMNS = 60, 240
_CONTROL: Final = re.compile(rb"\x1b(?:\[[0-9;?]*[A-Za-z]|\([A-Z0-9]|[=>]|\][^\x07]*\x07)|[\x00-\x08\x0b-\x1f]")
_KEY_S: Final = 0.15
_LOOK_EVERY_S: Final = 0.05
_ENTER: Final = "\r"
CLOSE_TAB: Final = "\x1bc"


@dataclass(frozen=True, slots=True)
class NcdcWay:
    """How it takes part: waiting for others or reachable itself, and with TLS between clients or without."""

    active_port: int = 0
    tls_policy: str = "disabled"


class Ncdc:
    """One running ncdc below `folder`, at an address of the namespace."""

    def __init__(self, folder: Path, host: str, way: NcdcWay, nick: str = "stranger") -> None:
        check_closed()
        self.folder = folder
        self._seen = bytearray()
        (folder / "home").mkdir(parents=True)
        self._keys, screen = os.openpty()
        fcntl.ioctl(screen, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0))
        self._process = Popen(
            [PROGRAM, "-c", str(folder / "ncdc"), "--no-bracketed-paste"],
            stdin=screen,
            stdout=screen,
            stderr=screen,
            env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TERM": "xterm", "HOME": str(folder / "home")},
            cwd=folder,
            start_new_session=True,
        )
        os.close(screen)
        threading.Thread(target=self._read, name="ncdc", daemon=True).start()
        self.until(lambda: "ncdc" in self.text(), 10)
        for name, value in self._settings(host, way, nick).items():
            self.type(f"/set {name} {value}")

    def _settings(self, host: str, way: NcdcWay, nick: str) -> dict[str, str]:
        settings = {"nick": nick, "local_address": host, "tls_policy": way.tls_policy}
        if way.active_port:
            settings |= {"active_ip": host, "active_port": str(way.active_port), "active": "true"}
        return settings

    @property
    def process_id(self) -> int:
        """Its process, for who measures."""
        return self._process.pid

    def text(self) -> str:
        """Give what was drawn since `forget`, without what only moves the cursor."""
        return _CONTROL.sub(b"", bytes(self._seen)).decode("utf-8", "replace")

    def forget(self) -> None:
        """Look only at what is drawn from now on."""
        self._seen.clear()

    def type(self, line: str) -> None:
        """Type a line and press enter."""
        self.press(line + _ENTER)

    def press(self, keys: str) -> None:
        """Press keys, and give the program a moment to take them."""
        os.write(self._keys, keys.encode())
        time.sleep(_KEY_S)

    def until(self, true: Callable[[], bool], limit_s: float) -> bool:
        """Wait until something is so; False when the limit came first."""
        give_up_at = time.monotonic() + limit_s
        while not true():
            if time.monotonic() > give_up_at or self._process.poll() is not None:
                return False
            time.sleep(_LOOK_EVERY_S)
        return True

    def open_hub(self, address: str, limit_s: float = 20.0) -> bool:
        """Join a hub; its tab is in front afterwards."""
        self.forget()
        self.type(f"/open lab {address}")
        return self.until(lambda: "users" in self.text(), limit_s)

    def got(self, name: str) -> Path:
        """Say where a finished download of this name lies."""
        return self.folder / "ncdc" / "dl" / name

    def close(self) -> None:
        """End the program."""
        end(self._process)
        os.close(self._keys)

    def _read(self) -> None:
        try:
            while data := os.read(self._keys, 65_536):
                self._seen += data
        except OSError:
            return
