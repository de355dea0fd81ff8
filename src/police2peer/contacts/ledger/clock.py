# SPDX-License-Identifier: EUPL-1.2
"""How far this machine's clock may be off, and who says so.

No network clock of our own is asked: the system's time service (chrony, ntpd, systemd-timesyncd, ...) disciplines the
kernel's clock and leaves there what it knows, and that is read. A clock that nobody disciplines has no known offset.

Promise: a reading never claims more than the kernel tells. Records of a clock that is unknown, or off by more than
`QUARANTINE_MS`, are kept and marked, never dropped.
Source: adjtimex(2); RFC 5905, section 11.2 (what the offset and the errors mean).
"""

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

__all__ = ["QUARANTINE_MS", "ClockReading", "read_kernel_clock"]

QUARANTINE_MS: Final = 40.0  # what the project holds itself to; port reuse behind shared addresses needs far less
# The kernel adds 0.5 ms a second to its uncertainty while nobody corrects it: beyond this, for half an hour.
STALE_MS: Final = 1000.0
SOURCE_TEXT_LIMIT: Final = 200

_STA_UNSYNC, _STA_NANO, _TIME_ERROR = 0x0040, 0x2000, 5


@dataclass(frozen=True, slots=True)
class ClockReading:
    """What was known of the clock at `measured_at` (aware UTC): how far off, how surely, and by whose word."""

    offset_ms: float | None
    uncertainty_ms: float | None
    source: str
    measured_at: datetime

    @property
    def quarantined(self) -> bool:
        """Whether times by this clock are to be used with care: unknown, long not corrected, or too far off."""
        if self.offset_ms is None or (self.uncertainty_ms or 0.0) > STALE_MS:
            return True
        return abs(self.offset_ms) > QUARANTINE_MS


class _Timeval(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("fraction", ctypes.c_long))


class _Timex(ctypes.Structure):
    """The beginning of `struct timex`, and room for its rest."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("frequency", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("constant", ctypes.c_long),
        ("precision", ctypes.c_long),
        ("tolerance", ctypes.c_long),
        ("time", _Timeval),
        ("rest", ctypes.c_byte * 256),
    )


def _ask_kernel(timex: _Timex) -> int:
    """Fill the structure and give the state of the clock; -1 where there is no such call."""
    call = getattr(ctypes.CDLL(None, use_errno=True), "adjtimex", None)
    return -1 if call is None else int(call(ctypes.byref(timex)))


def read_kernel_clock(now: datetime, ask: Callable[[_Timex], int] = _ask_kernel) -> ClockReading:
    """Read what the kernel knows of its clock; reading needs no privilege."""
    timex = _Timex()  # all zero: modes 0 changes nothing
    state = ask(timex)
    if state < 0:
        return ClockReading(None, None, "the kernel does not tell", now)
    if state == _TIME_ERROR or timex.status & _STA_UNSYNC:
        return ClockReading(None, None, "kernel (adjtimex): not synchronised", now)
    offset_ms = timex.offset / (1e6 if timex.status & _STA_NANO else 1e3)
    return ClockReading(offset_ms, timex.maxerror / 1e3, "kernel (adjtimex): synchronised by the time service", now)
