# SPDX-License-Identifier: EUPL-1.2
"""One question to a real browser: open an address, wait until an expression gives an answer.

Chromium is told what to do through two pipes (`--remote-debugging-pipe`), so no port is opened for it.
Source: Chrome DevTools Protocol, domains Target and Runtime; messages are JSON, each ended by a zero byte.
"""

import fcntl
import json
import os
import select
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from police2peer.errors import Unavailable

_FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
)
_LOOK_EVERY_S: Final = 0.2
_READ_BYTES: Final = 65536


def find_browser() -> str | None:
    """Give the path of Chromium, or None."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def ask_browser(address: str, expression: str, *, limit_s: float = 30.0) -> str:
    """Open `address` and give the first true text that the JavaScript `expression` comes to; empty after the limit.

    Raises `Unavailable` when no browser is installed or it ends early.
    """
    give_up_at = time.monotonic() + limit_s
    with _chromium(give_up_at) as talk:
        target = talk.call("Target.createTarget", {"url": address})["targetId"]
        session = talk.call("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        while time.monotonic() < give_up_at:
            asked = {"expression": expression, "returnByValue": True}
            value = talk.call("Runtime.evaluate", asked, session).get("result", {}).get("value")
            if value:
                return str(value)
            time.sleep(_LOOK_EVERY_S)
    return ""


class _Talk:
    """Calls and answers over the two pipes."""

    def __init__(self, to_browser: int, from_browser: int, give_up_at: float) -> None:
        self._to, self._from, self._give_up_at = to_browser, from_browser, give_up_at
        self._number = 0
        self._unread = b""

    def call(self, method: str, parameters: dict[str, Any], session: str | None = None) -> dict[str, Any]:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        for answer in self._messages():
            if answer.get("id") == self._number:
                result: dict[str, Any] = answer.get("result", {})
                return result
        raise Unavailable("the browser gave no answer", remedy="see whether chromium starts on this machine")

    def _messages(self) -> Iterator[dict[str, Any]]:
        while True:
            message, zero, rest = self._unread.partition(b"\0")
            if zero:
                self._unread = rest
                yield json.loads(message)
                continue
            ready, _, _ = select.select([self._from], [], [], max(0.0, self._give_up_at - time.monotonic()))
            more = os.read(self._from, _READ_BYTES) if ready else b""
            if not more:
                return
            self._unread += more


@contextmanager
def _chromium(give_up_at: float) -> Iterator[_Talk]:
    program = find_browser()
    if program is None:
        raise Unavailable("chromium is not installed", remedy="install it, or look at the page yourself")
    their_in, our_out = os.pipe()
    our_in, their_out = os.pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        arguments = [program, *_FLAGS, f"--user-data-dir={profile}"]
        process = os.posix_spawn(program, arguments, os.environ, file_actions=_places(their_in, their_out))
        os.close(their_in)
        os.close(their_out)
        try:
            yield _Talk(our_out, our_in, give_up_at)
        finally:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
            os.close(our_out)
            os.close(our_in)


def _places(their_in: int, their_out: int) -> list[tuple[int, ...] | tuple[int, int, str, int, int]]:
    """Say what a new Chromium finds open: orders on descriptor 3, answers on 4, nothing on the first three."""
    apart = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in (their_in, their_out)]
    nothing: list[tuple[int, int, str, int, int]] = [
        (os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in range(3)
    ]
    return [*nothing, (os.POSIX_SPAWN_DUP2, apart[0], 3), (os.POSIX_SPAWN_DUP2, apart[1], 4)]
