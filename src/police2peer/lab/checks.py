# SPDX-License-Identifier: EUPL-1.2
"""The questions of the public, put to both verifiers: the command line, and the public page in a real browser."""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from police2peer.lab.report import Check
from police2peer.lab.unit import Unit

_BROWSER_S: Final = 60
_ANSWER: Final = re.compile(r'<div id="verdict">\s*<article class="verdict (\w+)"')
_BROWSER_FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_EXIT: Final = {"genuine": 0, "not one of ours": 1, "withdrawn": 3, "cannot tell": 4}


def ask_command_line(unit: Unit, question: str, what: str, *, expect: str) -> Check:
    """Put one file, code or link to `police2peer verify`."""
    told = unit.ask("verify", what, "--root", "trust/root.json", expect=_EXIT[expect])
    return Check("command line", question, told["outcome"], expected=told["outcome"] == expect)


def browser() -> str | None:
    """Find a browser for the public page."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def ask_page(address: str, question: str, code: str, *, expect: str) -> Check:
    """Open the public page at the address that stands in a warning file, as a phone does that reads its QR code."""
    program = browser()
    if program is None:
        return Check("public page", question, "not asked: chromium is not installed", expected=True)
    with tempfile.TemporaryDirectory() as profile:
        done = subprocess.run(
            [
                program,
                *_BROWSER_FLAGS,
                f"--user-data-dir={profile}",
                "--virtual-time-budget=20000",
                "--dump-dom",
                f"{address}#{code}",
            ],
            capture_output=True,
            text=True,
            timeout=_BROWSER_S,
            check=False,
        )
    found = _ANSWER.search(done.stdout)
    answer = found.group(1).replace("_", " ").replace("not ours", "not one of ours") if found else "no answer"
    return Check("public page", question, answer, expected=answer == expect)


def other_bytes(genuine: Path, folder: Path) -> Path:
    """Make a file that carries a genuine file's code, and other bytes: what a forger could do."""
    path = folder / f"copied-code{genuine.suffix}"
    path.write_bytes(genuine.read_bytes() + b"\0")
    return path
