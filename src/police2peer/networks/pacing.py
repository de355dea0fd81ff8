# SPDX-License-Identifier: EUPL-1.2
"""A cap on bytes a second over all uploads of a network: a token bucket without a clock or a sleep of its own."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Pace:
    """Says how long to wait before sending; at most one second's worth goes out at once. None means no cap."""

    bytes_per_s: int | None
    _free_at_s: float = field(default=float("-inf"))

    def wait_s(self, count: int, now_s: float) -> float:
        """Book `count` bytes at the monotonic moment `now_s`; give the seconds to wait before sending them."""
        if self.bytes_per_s is None:
            return 0.0
        begins_s = max(self._free_at_s, now_s - 1.0)
        self._free_at_s = begins_s + count / self.bytes_per_s
        return max(self._free_at_s - now_s, 0.0)

    def take(self, count: int, now_s: float) -> bool:
        """Book `count` if it may go out at once, for what is left out rather than made to wait."""
        if self.bytes_per_s is None:
            return True
        begins_s = max(self._free_at_s, now_s - 1.0)
        if begins_s + count / self.bytes_per_s > now_s:
            return False
        self._free_at_s = begins_s + count / self.bytes_per_s
        return True
