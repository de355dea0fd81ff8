# SPDX-License-Identifier: EUPL-1.2
"""The check in the browser: a file of 1 GiB hashed and verified on loopback, beside `sha256sum` and the command line.

The page is the one that is published, unchanged. What it fetches tells where hashing begins and ends: the head of the
catalogue comes before it, the first part of the index after it.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.verify import publish_one
from playwright.sync_api import Page, Playwright, sync_playwright

from police2peer.campaign import Language
from police2peer.site import build_site, serve_site

TITLE = "Browser: 1 GiB hashed and verified"

_SIZE_BYTES = 1024**3
_RUNS = 3
_WAIT_MS = 120_000
_GOAL_TIMES, _GOAL_AFTER_S = 2, 0.5
_WATCH = """
() => {
  const times = window.benchmark = {};
  document.addEventListener("change", () => { times.chosen = performance.now(); }, { capture: true });
  new MutationObserver(() => {
    if (document.querySelector(".verdict")) times.answered = performance.now();
  }).observe(document.getElementById("verdict"), { childList: true });
}
"""
_TIMES = """
() => {
  const fetched = performance.getEntriesByType("resource").filter((each) => each.name.includes("/catalogue/"));
  const head = fetched.find((each) => each.name.includes("/head/")).responseEnd;
  const index = fetched.filter((each) => /\\/(idx|rec)\\//.test(each.name)).map((each) => each.startTime);
  return [window.benchmark.chosen, head, Math.min(...index), window.benchmark.answered];
}
"""


@dataclass(frozen=True)
class Check:
    """What one check took: reading and hashing, and everything else."""

    hashing_s: float
    rest_s: float


def run() -> str:
    """Measure, and give a table in markdown."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        payload = folder / "sample-clip-07.bin"
        block = os.urandom(_SIZE_BYTES // 16)
        with payload.open("wb") as handle:
            for _ in range(16):
                handle.write(block)
        publish_one(folder / "catalogue", payload)
        _build(folder)
        verify = [sys.executable, "-m", "police2peer", "verify", str(payload)]
        verify += ["--catalogue", str(folder / "catalogue"), "--seen", str(folder / "seen.json")]
        native, ours = [], []
        browsers: dict[str, list[Check]] = {"chromium": [], "firefox-esr": []}
        with serve_site(folder / "site") as server:
            for _ in range(_RUNS):
                native.append(_seconds(["sha256sum", str(payload)]))
                ours.append(_seconds(verify))
                for program, checks in browsers.items():
                    checks.append(_check(program, f"{server.url}en/index.html", payload))
    return _table(statistics.median(native), statistics.median(ours), browsers)


def _build(folder: Path) -> None:
    home = folder / "catalogue"
    build_site(
        folder / "site",
        catalogue=home / "public",
        root=(home / "root.json").read_bytes(),
        agency="Sample agency",
        today=datetime.now(UTC).date(),
        languages=(Language("en"),),
    )


def _seconds(command: Sequence[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def _check(program: str, address: str, payload: Path) -> Check:
    """Check the file in a new browser with an empty profile."""
    with sync_playwright() as playwright:
        page = _open(playwright, program)
        page.goto(address)
        page.evaluate(_WATCH)
        page.set_input_files("#file", payload)
        page.wait_for_selector(".verdict", timeout=_WAIT_MS)
        assert "genuine" in (page.get_attribute(".verdict", "class") or "").split()
        chosen, hashing_from, hashed, answered = page.evaluate(_TIMES)
    return Check((hashed - hashing_from) / 1000, (answered - hashed + hashing_from - chosen) / 1000)


def _open(playwright: Playwright, program: str) -> Page:
    path = shutil.which(program)
    if program == "chromium":
        return playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"]).new_page()
    return playwright.firefox.launch(executable_path=path, channel="moz-firefox").new_page()


def _table(native: float, ours: float, browsers: dict[str, list[Check]]) -> str:
    lines = [
        f"Median of {_RUNS} runs in turns; the file lies in the page cache, each browser has an empty profile.",
        "",
        "| program | read and hash, s | times `sha256sum` | all the rest, s |",
        "|---|---|---|---|",
        f"| `sha256sum` | {native:.2f} | 1.0 | |",
        f"| `police2peer verify`, all of it | {ours:.2f} | {ours / native:.1f} | |",
    ]
    for program, checks in browsers.items():
        hashing = statistics.median(check.hashing_s for check in checks)
        rest = statistics.median(check.rest_s for check in checks)
        lines.append(f"| {program} | {hashing:.2f} | {hashing / native:.1f} | {rest:.2f} |")
    owed = f"Owed: Chromium within {_GOAL_TIMES} times `sha256sum`, and all the rest below {_GOAL_AFTER_S} s:"
    lines += ["", f"{owed} fetching and verifying\neverything from the root to the record, over loopback."]
    return "\n".join(lines) + "\n"
