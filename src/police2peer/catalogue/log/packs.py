# SPDX-License-Identifier: EUPL-1.2
"""Where the sealed records of a pack stand in the log: `log/pack/HH/HASH` beside `rec/HH/HASH`.

A list is the number of the first record's leaf (8 bytes) and the length of each sealed record (4 bytes each), in
the order in which they lie in the pack. It is not signed and need not be: whoever follows it to a wrong leaf
finds no proof.
"""

import hashlib
from dataclasses import dataclass
from itertools import accumulate, pairwise

from police2peer.catalogue.distrust import FETCH_AGAIN
from police2peer.catalogue.log.tiles import Reader
from police2peer.catalogue.snapshot import PACK_LIMIT_BYTES, blob_name
from police2peer.errors import NotAuthentic

__all__ = ["PackList", "read_pack_list"]

_NUMBER_BYTES, _LENGTH_BYTES = 8, 4
_LIST_LIMIT_BYTES = PACK_LIMIT_BYTES // 16  # a sealed record has more than 64 bytes


@dataclass(frozen=True, slots=True)
class PackList:
    """The records of one pack."""

    first: int
    lengths: tuple[int, ...]

    def to_bytes(self) -> bytes:
        """Write the list."""
        lengths = b"".join(length.to_bytes(_LENGTH_BYTES, "big") for length in self.lengths)
        return self.first.to_bytes(_NUMBER_BYTES, "big") + lengths

    @classmethod
    def from_bytes(cls, raw: bytes) -> "PackList":
        """Read a list. Raises `NotAuthentic`."""
        body = raw[_NUMBER_BYTES:]
        lengths = tuple(
            int.from_bytes(body[at : at + _LENGTH_BYTES], "big") for at in range(0, len(body), _LENGTH_BYTES)
        )
        if len(raw) > _LIST_LIMIT_BYTES or not body or len(body) % _LENGTH_BYTES or not all(lengths):
            raise NotAuthentic("a list of the log cannot be read", remedy=FETCH_AGAIN)
        return cls(int.from_bytes(raw[:_NUMBER_BYTES], "big"), lengths)

    def entries(self, pack: bytes) -> list[bytes]:
        """Give the log's entry of each record: its SHA-256. Raises `NotAuthentic` when the lengths do not fit."""
        ends = list(accumulate(self.lengths, initial=0))
        if ends[-1] != len(pack):
            raise NotAuthentic("a list of the log is another pack's", remedy=FETCH_AGAIN)
        return [hashlib.sha256(pack[start:end]).digest() for start, end in pairwise(ends)]

    def leaf_at(self, offset: int, length: int) -> int:
        """Give the number of the leaf of the record at this place. Raises `NotAuthentic`."""
        for number, (start, end) in enumerate(pairwise(accumulate(self.lengths, initial=0))):
            if (start, end) == (offset, offset + length):
                return self.first + number
        raise NotAuthentic("the record is not in the list that leads to the log", remedy=FETCH_AGAIN)


def pack_list_name(pack_sha256: str) -> str:
    """Name the list of a pack, inside the log's folder."""
    return blob_name("pack", pack_sha256)


def read_pack_list(log: Reader, pack_sha256: str) -> PackList | None:
    """Read the list of a pack, if the log has it. Raises `NotAuthentic`."""
    raw = log.read(pack_list_name(pack_sha256), _LIST_LIMIT_BYTES)
    return None if raw is None else PackList.from_bytes(raw)
