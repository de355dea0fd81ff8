# SPDX-License-Identifier: EUPL-1.2
"""When a hub is tried again: never after a ban for good, late after a refusal, and ever later while it stays away.

Hubs belong to somebody. A node that is not wanted does not hammer at the door.
"""

from dataclasses import dataclass
from typing import Final

from police2peer.networks.directconnect.hub_session import Refused
from police2peer.networks.directconnect.wire import FOR_GOOD

_LONGEST_LOSS: Final = 40  # times the first pause: ten minutes for fifteen seconds
_FIRST_REFUSAL: Final = 40
_LONGEST_REFUSAL: Final = 1440  # six hours
_STEADY: Final = 4  # who was let in for so many first pauses begins from the shortest again


@dataclass(slots=True)
class Retrying:
    """Pauses for one hub, from the shortest, `retry_s`."""

    retry_s: float
    _loss_s: float = 0.0
    _refusal_s: float = 0.0

    def after_loss(self, up_s: float) -> float:
        """Give the pause after a connection that failed or broke; `up_s` is how long we were let in."""
        if up_s > _STEADY * self.retry_s:
            self._loss_s = self._refusal_s = 0.0
        self._loss_s = min(self._loss_s * 2 or self.retry_s, _LONGEST_LOSS * self.retry_s)
        return self._loss_s

    def after_refusal(self, refused: Refused) -> float | None:
        """Give the pause after a hub's refusal; None when it is for good."""
        if refused.code in FOR_GOOD or (refused.wait_s is not None and refused.wait_s < 0):
            return None
        first_s, longest_s = _FIRST_REFUSAL * self.retry_s, _LONGEST_REFUSAL * self.retry_s
        self._refusal_s = min(self._refusal_s * 2 or first_s, longest_s)
        return max(self._refusal_s, float(refused.wait_s or 0))
