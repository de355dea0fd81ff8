# SPDX-License-Identifier: EUPL-1.2
"""atheris on one codec: bytes chosen by which lines of our code they reach, as long as one likes.

`python -m benchmarks.fuzz_guided NETWORK -max_total_time=60` (other options are libFuzzer's). An exception other than
`BadInput` ends it and leaves the bytes in a file `crash-...`. Needs atheris, which has wheels for Linux and Python
below 3.14. A module `benchmarks/fuzz_NETWORK.py` gives `one(data)`.
"""

import importlib
import sys

import atheris


def main(arguments: list[str]) -> None:
    """Fuzz until the limit, or until something comes out that may not."""
    network, *options = arguments
    with atheris.instrument_imports(include=["police2peer.networks"]):
        target = importlib.import_module(f"benchmarks.fuzz_{network}").one
    atheris.Setup([sys.argv[0], "-max_len=4096", *options], target)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
