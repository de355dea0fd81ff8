# SPDX-License-Identifier: EUPL-1.2
"""Which bytes of a file were sent, each counted once; and what of a file a peer can verify by itself."""

from bisect import bisect_left, bisect_right
from typing import Final

from police2peer.networks import Offer

_ED2K_PART_BYTES: Final = 9_728_000  # eDonkey2000: each part has an MD4 hash of its own


class ByteRanges:
    """Sorted ranges that never touch. Kept in two lists: a download in order is one range."""

    __slots__ = ("_ends", "_starts", "total")

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        self.total = 0

    def __len__(self) -> int:
        return len(self._starts)

    def add(self, start: int, end: int) -> tuple[int, int]:
        """Add `[start, end)`, which may be empty; give the whole range it is now part of."""
        starts, ends = self._starts, self._ends
        if end <= start:
            return start, start
        if not ends or start > ends[-1]:  # nearly always: behind everything
            starts.append(start)
            ends.append(end)
            self.total += end - start
            return start, end
        low = bisect_left(ends, start)
        high = bisect_right(starts, end)
        for index in range(low, high):
            self.total -= ends[index] - starts[index]
        if low < high:
            start, end = min(start, starts[low]), max(end, ends[high - 1])
        starts[low:high] = [start]
        ends[low:high] = [end]
        self.total += end - start
        return start, end

    def whole_pieces(self, piece_bytes: int, size_bytes: int) -> int:
        """Count the pieces that are there whole; the last one of a file may be short."""
        whole = 0
        for start, end in zip(self._starts, self._ends, strict=True):
            first, last = -(-start // piece_bytes), end // piece_bytes
            whole += max(last - first, 0)
            if end == size_bytes and end % piece_bytes and start <= last * piece_bytes:
                whole += 1
        return whole

    def shared_bytes(self, other: "ByteRanges") -> int:
        """Count the bytes that are in both."""
        shared = 0
        for start, end in zip(self._starts, self._ends, strict=True):
            at = bisect_right(other._ends, start)  # noqa: SLF001 - another of the same kind
            while at < len(other) and other._starts[at] < end:  # noqa: SLF001
                shared += min(end, other._ends[at]) - max(start, other._starts[at])  # noqa: SLF001
                at += 1
        return shared


def verifiable_bytes(offer: Offer) -> int:
    """Give what a peer of the offer's network can verify by itself at once.

    BitTorrent: a piece. eD2k: a part of 9,728,000 bytes. Direct Connect: the whole file, for we cannot see whether a
    client took the leaves of the tree and could check less. A network that is new here is taken as the last one,
    which never says more than was so.
    """
    size = max(offer.hashes.size, 1)
    match offer.network:
        case "bittorrent":
            return offer.hashes.bt_piece_length
        case "ed2k":
            return min(_ED2K_PART_BYTES, size)
        case _:
            return size
