# SPDX-License-Identifier: EUPL-1.2
"""EiskaltDC++'s daemon, driven by its remote control (JSON-RPC over HTTP on loopback).

It is reachable for others and asks for TLS between clients, as it does where nobody changed its settings.
"""

import contextlib
import json
import re
import socket
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from police2peer.errors import Unavailable
from police2peer.lab.clients import running
from police2peer.lab.namespace import check_closed

PROGRAM: Final = "eiskaltdcpp-daemon"
_READY_S: Final = 20.0
_CALL_S: Final = 5.0
_LOOK_EVERY_S: Final = 0.2
# Version 2.4.2 reads past the end of a short environment when it starts, and crashes.
_ROOM: Final = "ROOM=" + 4096 * "."
_SEPARATOR: Final = ";"
_LENGTH: Final = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


class Eiskalt:
    """One running daemon below `folder`, at an address of the namespace; it takes calls at `port` of loopback."""

    def __init__(self, folder: Path, host: str, nick: str, port: int) -> None:
        check_closed()
        self.folder = folder
        self._port = port
        config = folder / "config"
        (folder / "got").mkdir(parents=True)
        config.mkdir(parents=True)
        (config / "DCPlusPlus.xml").write_text(_settings(folder, host, nick))
        command = [
            "env",
            _ROOM,
            PROGRAM,
            "-v",
            "-c",
            f"{config}/",
            "-l",
            f"{config}/",
            "-L",
            "127.0.0.1",
            "-P",
            str(port),
        ]
        command += ["-u", str(folder / "rpc.log"), "-S", str(folder / "daemon.log")]
        self._running = running(command, folder)
        self._running.__enter__()
        if not self.until(lambda: self.call("show.version") is not None, _READY_S):
            self.close()
            raise Unavailable(f"{PROGRAM} takes no calls", remedy="look at its log in the lab's folder")

    def call(self, method: str, **parameters: Any) -> Any:  # noqa: ANN401 - what it answers is its own
        """Make one call; None when it did not answer."""
        call = {"jsonrpc": "2.0", "id": "1", "method": method, **({"params": parameters} if parameters else {})}
        body = json.dumps(call).encode()
        head = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n" % len(body)
        where = ("127.0.0.1", self._port)
        with contextlib.suppress(OSError, ValueError), socket.create_connection(where, _CALL_S) as door:
            door.settimeout(_CALL_S)
            door.sendall(head + body)
            return json.loads(_body(door)).get("result")
        return None

    def open_hub(self, address: str, limit_s: float = 30.0) -> bool:
        """Join a hub."""
        self.call("hub.add", huburl=address, enc="")
        return self.until(lambda: address in str(self.call("hub.list", separator=_SEPARATOR)), limit_s)

    def search(self, words: str, limit_s: float) -> list[Mapping[str, str]]:
        """Search by words and give what came first; within ten seconds of another search nothing is sent."""
        self.call("search.clear")
        self.call("search.send", searchstring=words, searchtype=0, sizemode=0, sizetype=0, size=0, huburls="")
        self.until(lambda: bool(self._results()), limit_s)
        return self._results()

    def _results(self) -> list[Mapping[str, str]]:
        found = self.call("search.getresults")
        return found if isinstance(found, list) else []

    def fetch_from_list(self, hub: str, nick: str, name: str, limit_s: float) -> bool:
        """Get somebody's list anew and queue the file of this name that stands in its folder `files`."""
        self.call("list.closeall")
        for old in (self.folder / "config" / "FileLists").glob(f"{nick}.*"):
            old.unlink()
        self.call("list.download", huburl=hub, nick=nick)
        if not self.until(lambda: bool(self._list(nick)), limit_s):
            return False
        filelist, into = self._list(nick), f"{self.folder / 'got'}/"
        self.call("list.open", filelist=filelist)
        return self.until(
            lambda: self.call("list.downloadfile", target=f"files\\{name}", downloadto=into, filelist=filelist) == 0,
            limit_s,
        )

    def _list(self, nick: str) -> str:
        lists = str(self.call("list.local", separator=_SEPARATOR) or "").split(_SEPARATOR)
        return next((one for one in lists if one.startswith(f"{nick}.")), "")

    def until(self, true: Callable[[], bool], limit_s: float) -> bool:
        """Wait until something is so; False when the limit came first."""
        give_up_at = time.monotonic() + limit_s
        while not true():
            if time.monotonic() > give_up_at:
                return False
            time.sleep(_LOOK_EVERY_S)
        return True

    def close(self) -> None:
        """End the program."""
        self._running.__exit__(None, None, None)


def _body(door: socket.socket) -> bytes:
    """Read one answer; it stands open afterwards, so that its length says where it ends."""
    got = b""
    while True:
        head, gap, body = got.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if gap and length and len(body) >= int(length[1]):
            return body
        data = door.recv(65_536)
        if not data:
            return body
        got += data


def _settings(folder: Path, host: str, nick: str) -> str:
    texts = {
        "Nick": nick,
        "ExternalIp": host,
        "BindAddress": host,
        "DownloadDirectory": f"{folder / 'got'}/",
        "TempDownloadDirectory": f"{folder / 'part'}/",
    }
    numbers = {
        "InPort": 5211,
        "UDPPort": 5211,
        "TLSPort": 5212,
        "IncomingConnections": 0,
        "NoIpOverride": 1,
        "AutoSearch": 0,
        "MinimumSearchInterval": 10,
    }
    lines = ['<?xml version="1.0" encoding="utf-8" standalone="yes"?>', "<DCPlusPlus>", "<Settings>"]
    lines += [f'<{name} type="string">{value}</{name}>' for name, value in texts.items()]
    lines += [f'<{name} type="int">{value}</{name}>' for name, value in numbers.items()]
    return "\n".join([*lines, "</Settings>", "</DCPlusPlus>", ""])
