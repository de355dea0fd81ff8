# SPDX-License-Identifier: EUPL-1.2
"""The questions of the public, put to both verifiers: the command line, and the public page in a real browser."""

import re
from pathlib import Path
from typing import Final

from police2peer.lab.browser import ask_browser, find_browser
from police2peer.lab.report import Check
from police2peer.lab.unit import Unit

_ANSWER: Final = "(document.querySelector('#verdict article') || {}).className"
_OUTCOME: Final = re.compile(r"verdict (\w+)")
_EXIT: Final = {"genuine": 0, "not one of ours": 1, "withdrawn": 3, "cannot tell": 4}


def ask_command_line(unit: Unit, question: str, what: str, *, expect: str) -> Check:
    """Put one file, code or link to `police2peer verify`."""
    told = unit.ask("verify", what, "--root", "trust/root.json", expect=_EXIT[expect])
    return Check("command line", question, told["outcome"], expected=told["outcome"] == expect)


def ask_page(address: str, question: str, code: str, *, expect: str) -> Check:
    """Open the public page at the address that stands in a warning file, as a phone does that reads its QR code."""
    if find_browser() is None:
        return Check("public page", question, "not asked: chromium is not installed", expected=True)
    found = _OUTCOME.search(ask_browser(f"{address}#{code}", _ANSWER))
    answer = found.group(1).replace("_", " ").replace("not ours", "not one of ours") if found else "no answer"
    return Check("public page", question, answer, expected=answer == expect)


def other_bytes(genuine: Path, folder: Path) -> Path:
    """Make a file that carries a genuine file's code, and other bytes: what a forger could do."""
    path = folder / f"copied-code{genuine.suffix}"
    path.write_bytes(genuine.read_bytes() + b"\0")
    return path
