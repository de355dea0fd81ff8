# SPDX-License-Identifier: EUPL-1.2
"""Takes visits and seals them: in memory until the next flush, a fraction of a second later, then on the disk.

What happened to the record itself becomes a record: the time in which the node was not running, an end that was not
proper, a disk that took nothing, a clock that was set, visits that could not be described, the end of the order.

Promise: nothing is sealed after `end`; a failure costs neither the counting nor what was committed; what waits is
bounded, and what does not fit is counted and told; records are erased on their date. Taking is for one thread,
flushing for one other.
"""

import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from police2peer.contacts.ledger.clock import QUARANTINE_MS, ClockReading, read_kernel_clock
from police2peer.contacts.ledger.describing import RecordMaker
from police2peer.contacts.ledger.erasure import due_segments, erase_segments
from police2peer.contacts.ledger.ledger import Ledger
from police2peer.contacts.visits import EVERY_NETWORK, VisitRecord
from police2peer.errors import NotAuthentic, Unavailable
from police2peer.networks import EvidenceGap

__all__ = ["LedgerSink", "boot_clock"]

_log = logging.getLogger(__name__)

_MOST_WAITING: Final = 50_000  # about 70 MB; minutes of a very busy node with a disk that takes nothing
_BATCH: Final = 500
_READ_CLOCK_EVERY: Final = timedelta(seconds=1)
_TRY_AGAIN_AFTER: Final = timedelta(seconds=1)


def boot_clock() -> float:
    """Give seconds since the machine started, sleep included: a clock that nobody sets."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@dataclass(slots=True)
class _Trouble:
    """Since when, and with how many records lost."""

    since: datetime
    lost: int = 0


class LedgerSink:
    """A sink of visits that seals them in a ledger; see the module for what it promises."""

    def __init__(
        self,
        ledger: Ledger,
        maker: RecordMaker,
        *,
        clock: Callable[[], datetime],
        steady: Callable[[], float] = boot_clock,
        read_clock: Callable[[datetime], ClockReading] = read_kernel_clock,
    ) -> None:
        self._ledger = ledger
        self._maker = maker
        self._clock, self._steady, self._read_clock = clock, steady, read_clock
        self._waiting: deque[bytes] = deque()
        self._ended = False
        self._failed: _Trouble | None = None
        self._lost: _Trouble | None = None
        self._try_at: datetime | None = None
        self._erased_on: date | None = None
        self.alarm = ""
        now = self._now()
        self._reading = read_clock(now)
        self._ahead_s = now.timestamp() - steady()
        self._tell_what_came_before(now)

    def _now(self) -> datetime:
        return self._clock().astimezone(UTC)

    def _tell_what_came_before(self, now: datetime) -> None:
        before = self._ledger.recovered
        if before.alive_at is None:
            return
        how = "the node was not running"
        if not before.closed:
            how += "; it had ended without closing the ledger, and what it saw last may be missing"
        if before.cut_bytes:
            how += f" ({before.cut_bytes} bytes of a commit that was under way were cut off)"
        self._gap(how, before.alive_at, now)

    def __len__(self) -> int:
        """Say how many records wait to be sealed."""
        return len(self._waiting)

    def contact_began(self, visit: VisitRecord) -> None:
        """Take a visit at its first request for data."""
        self._contact(visit, "began")

    def contact_ended(self, visit: VisitRecord) -> None:
        """Take the same visit when it closes."""
        self._contact(visit, "ended")

    def gap(self, gap: EvidenceGap) -> None:
        """Take a gap of the record."""
        network = "" if gap.network == EVERY_NETWORK else gap.network
        self._gap(gap.what, gap.at, gap.at, network=network)

    def _contact(self, visit: VisitRecord, event: str) -> None:
        if not self._ended:
            self._keep(self._maker.contact(visit, event, self._reading).to_bytes())

    def _gap(self, what: str, from_at: datetime, until_at: datetime | None, *, network: str = "") -> None:
        if not self._ended:
            self._keep(self._maker.gap(what, from_at, until_at, self._reading, network=network).to_bytes())

    def _keep(self, payload: bytes) -> None:
        if len(self._waiting) < _MOST_WAITING:
            self._waiting.append(payload)
            return
        if self._lost is None:
            self._lost = _Trouble(self._now())
        self._lost.lost += 1

    def flush(self) -> int:
        """Seal what waits, and give how many records that were. What the disk does not take waits on."""
        now = self._now()
        self._look_at_the_clock(now)
        self._erase_what_is_due(now)
        if self._ended or (self._try_at is not None and timedelta() <= self._try_at - now <= _TRY_AGAIN_AFTER):
            return 0
        sealed = 0
        while self._waiting:
            batch = [self._waiting[place] for place in range(min(_BATCH, len(self._waiting)))]
            if not self._commit(batch, now):
                return sealed
            for _ in batch:
                self._waiting.popleft()
            sealed += len(batch)
            self._tell_trouble(now)
        self._ledger.still_alive(now)
        return sealed

    def _commit(self, batch: list[bytes], now: datetime, *, closed: bool = False) -> bool:
        try:
            self._ledger.commit(batch, now, closed=closed)
        except (Unavailable, NotAuthentic) as error:
            if self._failed is None:
                self._failed = _Trouble(now)
                _log.error("contacts are counted and not sealed: %s", error.facts)
            self.alarm = f"contacts are not being sealed: {error.facts}"
            self._try_at = now + _TRY_AGAIN_AFTER
            return False
        self._try_at, self.alarm = None, ""
        return True

    def _tell_trouble(self, now: datetime) -> None:
        """Record what went wrong, now that records are taken again."""
        if self._failed is not None:
            failed, self._failed = self._failed, None
            self._gap("the ledger could not be written; what was seen meanwhile was sealed late", failed.since, now)
        if self._lost is not None:
            lost, self._lost = self._lost, None
            self._gap(f"{lost.lost} records found no room while the ledger could not be written", lost.since, now)

    def _erase_what_is_due(self, now: datetime) -> None:
        """Destroy, once a day, the keys of segments whose erase-by date has come."""
        if self._ended or self._erased_on == now.date():
            return
        self._erased_on = now.date()
        try:
            due = due_segments(self._ledger, now.date())
            if due:
                erase_segments(self._ledger, due, by=f"node {self._maker.node}", now=now)
        except (Unavailable, NotAuthentic, OSError) as error:
            _log.error("records whose erase-by date has come could not be erased: %s", type(error).__name__)

    def _look_at_the_clock(self, now: datetime) -> None:
        """Read what the system knows of its clock, and notice when somebody set it."""
        if not timedelta() <= now - self._reading.measured_at < _READ_CLOCK_EVERY:
            self._reading = self._read_clock(now)
        ahead = now.timestamp() - self._steady()
        step_ms, self._ahead_s = (ahead - self._ahead_s) * 1000, ahead
        if abs(step_ms) > QUARANTINE_MS:
            where = "back" if step_ms < 0 else "forward"
            before = now - timedelta(milliseconds=step_ms)
            self._gap(f"the clock of the node was set {where} by {abs(step_ms):.0f} ms", before, now)

    def end(self, why: str, *, with_rest: bool) -> None:
        """Seal no more: close the ledger with a record that says why.

        `with_rest` seals what still waits; it is left out, and told, where the order no longer permits it.
        """
        if self._ended:
            return
        now = self._now()
        if with_rest:
            self.flush()
        left = f"; {len(self._waiting)} records that waited were not sealed" if self._waiting else ""
        self._ended = True
        self._waiting.clear()
        closing = self._maker.gap(f"sealing ended: {why}{left}", now, None, self._reading)
        self._commit([closing.to_bytes()], now, closed=True)
