# SPDX-License-Identifier: EUPL-1.2
"""The hashes to observe: infohashes of BitTorrent version 1, in memory only, printed as `<hashes>` always."""

import re
from collections.abc import Iterable, Iterator
from typing import Final, final

from police2peer.errors import BadInput

_LINE: Final = re.compile(r"[0-9a-fA-F]{40}")
HASH_BYTES: Final = 20
MOST_HASHES: Final = 1_000_000


@final
class HashList:
    """Different infohashes, in an order that tells nothing (sorted)."""

    __slots__ = ("_hashes",)

    def __init__(self, hashes: Iterable[bytes]) -> None:
        self._hashes = tuple(sorted(set(hashes)))
        if any(len(one) != HASH_BYTES for one in self._hashes):
            raise BadInput("a hash has not 20 bytes", remedy="give infohashes of version 1")

    def __len__(self) -> int:
        return len(self._hashes)

    def reveal(self) -> Iterator[bytes]:
        """Give the hashes to code that asks for their numbers; they never go to a disk, a screen or a log."""
        return iter(self._hashes)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HashList) and self._hashes == tuple(other.reveal())

    def __hash__(self) -> int:
        return hash(self._hashes)

    def __repr__(self) -> str:
        return "<hashes>"

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a list of hashes is never stored in clear")


def parse_hashes(raw: bytes) -> HashList:
    """Read one infohash of 40 hex digits a line; empty lines and lines that begin with # are passed over.

    Raises `BadInput` with the number of the first line that is wrong, and never with the line.
    """
    try:
        lines = raw.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise BadInput("the list is not text", remedy="give one infohash of 40 hex digits a line") from None
    found = []
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if not _LINE.fullmatch(text):
            raise BadInput(
                f"line {number} of the list is no infohash", remedy="give one of 40 hex digits a line, and no more"
            )
        found.append(bytes.fromhex(text))
    if not 0 < len(found) <= MOST_HASHES:
        raise BadInput(f"the list has {len(found)} hashes", remedy=f"give from 1 to {MOST_HASHES}")
    return HashList(found)
