# SPDX-License-Identifier: EUPL-1.2
"""Ten million generated messages for each codec of ours, seeded; nothing but `BadInput` may come out of it.

`python -m benchmarks.fuzz COUNT` runs fewer. A module `benchmarks/fuzz_NETWORK.py` gives `run(seed, count)`, which
feeds `count` messages and gives how many were good and how many bad.
"""

import importlib
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor

TITLE = "Fuzz: generated messages for each codec"

_CODECS = ("directconnect", "ed2k")
_COUNT = 10_000_000
_SHARES = 40


def run(count: int = _COUNT) -> str:
    """Measure, and give a table in markdown."""
    rows = [_row(codec, count) for codec in _CODECS]
    head = [
        f"True messages of each kind, spoilt at random by seeds 0 to {_SHARES - 1}, through parser and sessions.",
        "An exception other than `BadInput` would end the run.",
        "",
        "| codec | messages | read | refused | other exceptions | seconds |",
        "|---|---|---|---|---|---|",
    ]
    return "\n".join([*head, *rows]) + "\n"


def _row(codec: str, count: int) -> str:
    began, good, bad = time.monotonic(), 0, 0
    with ProcessPoolExecutor(os.cpu_count()) as workers:
        shares = [workers.submit(_share, codec, seed, count // _SHARES) for seed in range(_SHARES)]
        for share in shares:
            read, refused = share.result()
            good, bad = good + read, bad + refused
    return f"| {codec} | {good + bad:,} | {good:,} | {bad:,} | 0 | {time.monotonic() - began:.0f} |"


def _share(codec: str, seed: int, count: int) -> tuple[int, int]:
    good, bad = importlib.import_module(f"benchmarks.fuzz_{codec}").run(seed, count)
    return good, bad


if __name__ == "__main__":
    print(run(int(sys.argv[1]) if len(sys.argv) > 1 else _COUNT))
