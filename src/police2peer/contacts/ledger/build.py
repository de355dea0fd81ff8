# SPDX-License-Identifier: EUPL-1.2
"""Which program made a record: its version, and a digest over every file that is installed of it.

An expert who is given the published source of that version can compute the digest and knows that no other code ran.
"""

import functools
import hashlib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

__all__ = ["build_sha256", "tool_version"]

_PACKAGE = Path(__file__).parents[2]


def tool_version() -> str:
    """Give the version of this program."""
    try:
        return version("police2peer")
    except PackageNotFoundError:
        return "unknown"


@functools.cache
def build_sha256(package: Path = _PACKAGE) -> str:
    """Give SHA-256 (hex) over a line "<SHA-256 of the file>  <path>" for each file of the package, by path.

    It is what `sha256sum` prints over all files but `__pycache__`, sorted by path, hashed once more.
    """
    whole = hashlib.sha256()
    files = (path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    for name, path in sorted((path.relative_to(package).as_posix(), path) for path in files):
        whole.update(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {name}\n".encode())
    return whole.hexdigest()
