# SPDX-License-Identifier: EUPL-1.2
"""Numbers of ledger entries, written short: `4-9,12,20-21`."""

import re
from collections.abc import Iterable
from typing import Final

__all__ = ["read_ranges", "write_ranges"]

_PART: Final = re.compile(r"(0|[1-9]\d{0,17})(?:-([1-9]\d{0,17}))?")
_MOST_NUMBERS: Final = 5_000_000


def write_ranges(numbers: Iterable[int]) -> str:
    """Write numbers in ascending order, each once."""
    parts: list[list[int]] = []
    for number in sorted(set(numbers)):
        if parts and parts[-1][1] == number - 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in parts)


def read_ranges(text: str) -> tuple[int, ...]:
    """Read what `write_ranges` wrote, and only that. Raises `ValueError`."""
    numbers: list[int] = []
    for part in text.split(",") if text else ():
        found = _PART.fullmatch(part)
        if not found:
            raise ValueError("not a list of numbers")
        first, last = int(found[1]), int(found[2] or found[1])
        if last - first + len(numbers) > _MOST_NUMBERS:
            raise ValueError("too many numbers")
        numbers += range(first, last + 1)
    if write_ranges(numbers) != text:
        raise ValueError("another spelling")
    return tuple(numbers)
