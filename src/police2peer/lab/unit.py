# SPDX-License-Identifier: EUPL-1.2
"""A police unit on the lab's network: one folder, and the very commands that a unit would type.

Nothing here reaches around the command line: what the demo shows is what an operator does. Each command runs as a
program of its own, with a home inside the folder.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from police2peer.errors import Unavailable

_COMMAND_S: Final = 170.0
_LOOK_EVERY_S: Final = 0.2
_STOP_S: Final = 30.0


class Unit:
    """A unit's folder and its commands; `typed` keeps what was typed, for the report."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.typed: list[str] = []

    def run(self, *arguments: str, expect: int = 0) -> str:
        """Run `police2peer ARGUMENTS` in the folder and give what it printed.

        Raises `Unavailable`, with the command's own words, when it ends with another exit code than expected.
        """
        self.typed.append(f"police2peer {' '.join(arguments)}")
        done = subprocess.run(
            self.command(arguments),
            cwd=self.folder,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=_COMMAND_S,
            check=False,
        )
        if done.returncode != expect:
            last_words = (done.stderr or done.stdout).strip()[-800:]
            raise Unavailable(
                f"`police2peer {' '.join(arguments)}` ended with {done.returncode}: {last_words}",
                remedy="run the command again in the demo's folder, with --debug",
            )
        return done.stdout

    def ask(self, *arguments: str, expect: int = 0) -> Any:  # noqa: ANN401 - whatever JSON the command prints
        """Run a command with `--json` and give what it says."""
        return json.loads(self.run(*arguments, "--json", expect=expect))

    @contextlib.contextmanager
    def node(self) -> Iterator["RunningNode"]:
        """Run `police2peer up` while the block runs; it is asked to stop at the end, and made to if it does not."""
        node = RunningNode(self)
        try:
            node.start()
            yield node
        finally:
            node.stop()

    def command(self, arguments: tuple[str, ...]) -> list[str]:
        """Give the command line of one command."""
        return [sys.executable, "-m", "police2peer", *arguments]

    def environment(self) -> dict[str, str]:
        """Give the environment of every command: a home inside the folder, nothing of the user's."""
        home = str(self.folder / "home")
        kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
        return {**kept, "HOME": home, "XDG_STATE_HOME": home, "LANG": "C.UTF-8", "NO_COLOR": "1"}


class RunningNode:
    """`police2peer up` as a program of its own."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *, within_s: float = 90.0) -> dict[str, Any]:
        """Start it and wait until it is present; give its status. Raises `Unavailable` with its last words."""
        self._unit.typed.append("police2peer up")
        log = self._unit.folder / "up.log"
        began = time.time()
        with log.open("ab") as handle:
            self._process = subprocess.Popen(
                self._unit.command(("up",)),
                cwd=self._unit.folder,
                env=self._unit.environment(),
                stdin=subprocess.DEVNULL,
                stdout=handle,
                stderr=handle,
            )
        while time.time() - began < within_s and self._process.poll() is None:
            status = self.status()
            if status.get("state") == "present" and _moment(status) >= began:
                return status
            time.sleep(_LOOK_EVERY_S)
        self.stop()
        raise Unavailable(
            f"the node did not come up: {log.read_text()[-400:]}", remedy="read up.log in the demo's folder"
        )

    def status(self) -> dict[str, Any]:
        """Read the node's status file; empty while there is none."""
        path = self._unit.folder / "node" / "status.json"
        try:
            found = json.loads(path.read_bytes())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def kill(self) -> None:
        """End it as a power cut would (SIGKILL)."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(_STOP_S)
            self._process = None

    def stop(self) -> None:
        """Ask it to stop, as Ctrl-C does."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(_STOP_S)
        self._process = None


def _moment(status: dict[str, Any]) -> float:
    return datetime.fromisoformat(status["written_at"]).timestamp()
