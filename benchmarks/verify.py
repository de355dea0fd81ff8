# SPDX-License-Identifier: EUPL-1.2
"""Verifying a file of 100 MB offline, beside `sha256sum` of the same file and the start of the interpreter."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from police2peer.catalogue import RecordDraft, Registry, init_catalogue, publish_catalogue
from police2peer.warningfiles import hash_file

TITLE = "Verify: 100 MB offline"

_SIZE_BYTES = 100_000_000
_RUNS = 9


def run() -> str:
    """Measure, and give a table in markdown."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        payload = folder / "sample-clip-07.bin"
        payload.write_bytes(os.urandom(_SIZE_BYTES))
        publish_one(folder / "catalogue", payload)
        verify = [sys.executable, "-m", "police2peer", "verify", str(payload)]
        verify += ["--catalogue", str(folder / "catalogue"), "--seen", str(folder / "seen.json")]
        rows = {
            "`sha256sum`": ["sha256sum", str(payload)],
            "`python -c pass`": [sys.executable, "-c", "pass"],
            "`police2peer verify`": verify,
        }
        times: dict[str, list[float]] = {title: [] for title in rows}
        for _ in range(_RUNS):
            for title, command in rows.items():
                times[title].append(_seconds(command))
    middle = {title: statistics.median(found) for title, found in times.items()}
    hashed, started, verified = middle.values()
    lines = [f"Median of {_RUNS} runs, taken in turns.", "", "| command | seconds |", "|---|---|"]
    lines += [f"| {title} | {seconds:.3f} |" for title, seconds in middle.items()]
    limit = 1.5 * hashed + started
    lines += [
        "",
        f"Owed: at most 1.5 x `sha256sum` + interpreter = {limit:.3f} s. Reached: {verified / limit:.2f} of it.",
    ]
    return "\n".join(lines) + "\n"


def publish_one(home: Path, payload: Path) -> None:
    """Publish a catalogue with this one file in it."""
    now = datetime.now(UTC)
    role = init_catalogue(home, agency="Sample agency", country="NO", now=now)
    hashes = hash_file(payload)
    draft = RecordDraft(
        id="W-0001",
        agency=role,
        code=None,
        sha256=hashes.sha256,
        size=hashes.size,
        hashes={"sha1": hashes.sha1, "md5": hashes.md5},
        network_ids=(),
        format="mp4",
        language="en",
        issued_on=now.date(),
    )
    with Registry(home) as registry:
        registry.add([draft], now=now.date())
    publish_catalogue(home, now=now)


def _seconds(command: Sequence[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began
