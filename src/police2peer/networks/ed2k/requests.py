# SPDX-License-Identifier: EUPL-1.2
"""What peers ask about files, read from packets: ranges, and the parts they say they hold."""

import struct
from typing import Final

from police2peer.errors import BadInput
from police2peer.networks.ed2k.wire import HASH_BYTES, Fields

BLOCK_BYTES: Final = 184_320  # aMule, `Constants.h`: what is asked for at a time
MOST_RANGE_BYTES: Final = 3 * BLOCK_BYTES  # eMule refuses to serve more at a time; nobody asks for more
_RANGES: Final = 3


def read_ranges(payload: bytes, *, wide: bool) -> tuple[bytes, list[tuple[int, int]]]:
    """Read a request for parts: the hash, and up to three ranges as (first byte, end)."""
    form = "<3Q3Q" if wide else "<3I3I"
    if len(payload) != HASH_BYTES + struct.calcsize(form):
        raise BadInput("a request for parts has an unknown length", remedy="the connection is ended")
    numbers = struct.unpack_from(form, payload, HASH_BYTES)
    pairs = zip(numbers[:_RANGES], numbers[_RANGES:], strict=True)
    return payload[:HASH_BYTES], [(first, end) for first, end in pairs if first != end]


def check_range(first: int, end: int, size: int) -> None:
    """Raise `BadInput` for a range that is not inside the file, is upside down, or longer than anybody asks."""
    if not 0 <= first < end <= size or end - first > MOST_RANGE_BYTES:
        raise BadInput("a range lies past the end of the file or is too long", remedy="the connection is ended")


def read_held_parts(fields: Fields, parts: int) -> list[int]:
    """Read which parts a peer says it holds whole, as stands behind the hash in a request for a name.

    None when it says nothing. `parts` is how many the file has; a list of another length says nothing.
    """
    if fields.left < 2:  # noqa: PLR2004 - the count has two bytes
        return []
    count = fields.number(2)
    if count not in (parts, parts + 1):  # a file that ends where a part ends has an empty one behind it
        return []
    bits = int.from_bytes(fields.take(-(-count // 8)), "little")
    return [part for part in range(parts) if bits >> part & 1]
