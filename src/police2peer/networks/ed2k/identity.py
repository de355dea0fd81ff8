# SPDX-License-Identifier: EUPL-1.2
"""By what servers and peers know this node again: a user hash and a key, drawn once and kept in a file of its own.

The file is secret (mode 0600): who has it can pose as this node.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from police2peer.errors import BadInput, Unavailable
from police2peer.networks.ed2k.identification import IdentKey
from police2peer.storage import write_whole

_HASH_BYTES: Final = 16
# Two bytes that clients of eMule's kind put into every user hash; hashes without them are taken for older clients.
_MARKS: Final = {5: 14, 14: 111}


@dataclass(frozen=True, slots=True)
class NodeIdentity:
    """The user hash and the key."""

    user_hash: bytes
    key: IdentKey

    @classmethod
    def draw(cls, random_bytes: Callable[[int], bytes]) -> "NodeIdentity":
        """Draw a new one."""
        raw = bytearray(random_bytes(_HASH_BYTES))
        for place, mark in _MARKS.items():
            raw[place] = mark
        return cls(bytes(raw), IdentKey.draw(random_bytes))


def keep_identity(path: Path | None, random_bytes: Callable[[int], bytes]) -> NodeIdentity:
    """Read the identity from its file, or draw one and write it there; without a path it is only drawn.

    Raises `BadInput` when the file is damaged and `Unavailable` when it cannot be written.
    """
    if path is None:
        return NodeIdentity.draw(random_bytes)
    if path.exists():
        return _read(path)
    drawn = NodeIdentity.draw(random_bytes)
    content = json.dumps({"user_hash": drawn.user_hash.hex(), "key": drawn.key.to_bytes().hex()}) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content.encode(), mode=0o600)
    except OSError as error:
        raise Unavailable(
            f"the eD2k identity cannot be written to {path.name}", remedy="make its folder writable"
        ) from error
    return drawn


def _read(path: Path) -> NodeIdentity:
    try:
        read = json.loads(path.read_bytes())
        user_hash = bytes.fromhex(read["user_hash"])
        key = IdentKey.from_bytes(bytes.fromhex(read["key"]))
    except (OSError, ValueError, KeyError, TypeError, BadInput):
        user_hash, key = b"", None
    if len(user_hash) != _HASH_BYTES or key is None:
        raise BadInput(
            f"the eD2k identity in {path.name} cannot be read", remedy="restore it, or delete it for a new one"
        )
    return NodeIdentity(user_hash, key)
