# SPDX-License-Identifier: EUPL-1.2
"""Measures beside peers, in one run, and writes benchmarks/results.md. `make bench` runs all of it.

`python -m benchmarks NAME...` measures only these parts and keeps the others' tables as they stand.
"""

import importlib
import os
import platform
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

_PARTS = (
    "making",
    "thousand",
    "verify",
    "browser",
    "catalogue",
    "site",
    "upload",
    "offers",
    "directconnect",
    "ed2k",
    "contacts",
    "evidence",
    "ledger",
    "fuzz",
)
_RESULTS = Path(__file__).with_name("results.md")


def main(names: list[str]) -> None:
    """Measure the parts named, or all, and write the results."""
    sections = _read_sections()
    for name in names or _PARTS:
        part = importlib.import_module(f"benchmarks.{name}")
        print(f"{part.TITLE} ...", flush=True)
        machine = f"{os.cpu_count()} cores, Python {platform.python_version()}"
        measured_on = f"{datetime.now(UTC):%Y-%m-%d}, {machine}"
        sections[name] = (
            f"## {part.TITLE}\n\nMeasured {measured_on}, by `python -m benchmarks {name}`.\n\n{part.run()}"
        )
        print(sections[name])
        _write(sections)


def _read_sections() -> dict[str, str]:
    if not _RESULTS.exists():
        return {}
    text = _RESULTS.read_text(encoding="utf-8")
    found = re.findall(r"<!-- (\w+) -->\n(.*?)(?=\n<!-- |\Z)", text, flags=re.DOTALL)
    return {name: body.strip() for name, body in found}


def _write(sections: dict[str, str]) -> None:
    head = (
        "# Measured\n\nEvery figure stands beside a peer's from the same run: on shared machines ratios are worth "
        "more than absolute times.\nRepeat with `make bench`, where user namespaces are allowed, with "
        "aria2, transmission-daemon, qbittorrent-nox, ffmpeg, chromium and firefox-esr installed.\n"
    )
    parts = [f"<!-- {name} -->\n{sections[name].strip()}\n" for name in _PARTS if name in sections]
    _RESULTS.write_text(head + "\n" + "\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
