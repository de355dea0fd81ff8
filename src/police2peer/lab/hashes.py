# SPDX-License-Identifier: EUPL-1.2
"""The list of the lab's own infohashes: what its tracker serves and its stranger may fetch."""

import re
from pathlib import Path

from police2peer.errors import BadInput


def read_hashes(path: Path) -> frozenset[str]:
    """Read infohashes, one of 40 hex digits a line; raises `BadInput` for anything else and for an empty list."""
    try:
        lines = [line.strip().lower() for line in path.read_text(encoding="ascii").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path.name} cannot be read as a list of hashes", remedy="give a text file") from error
    hashes = frozenset(line for line in lines if line)
    if not hashes or not all(re.fullmatch("[0-9a-f]{40}", line) for line in hashes):
        raise BadInput(f"{path.name} is empty or not a list of hashes", remedy="write one of 40 hex digits a line")
    return hashes
