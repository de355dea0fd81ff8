# SPDX-License-Identifier: EUPL-1.2
"""Which program this is: its version, and one hash over every file of the installed package.

Anyone who has the same release can compute the same hash, whatever the place it is installed in.
"""

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path

__all__ = ["build_sha256", "tool_version"]

_PACKAGE = Path(__file__).parents[2]


def tool_version() -> str:
    """Give the version of the program."""
    return version("police2peer")


@cache
def build_sha256() -> str:
    """Give the SHA-256 (hex) over names and contents of the package's files, in the order of their names."""
    digest = hashlib.sha256()
    files = (path for path in _PACKAGE.rglob("*") if path.is_file() and path.suffix != ".pyc")
    for path in sorted(files, key=lambda each: each.relative_to(_PACKAGE).as_posix()):
        name = path.relative_to(_PACKAGE).as_posix()
        digest.update(f"{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()
