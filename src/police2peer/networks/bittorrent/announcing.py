# SPDX-License-Identifier: EUPL-1.2
"""How being found goes: tracker by tracker, and the DHT.

A tracker that fails is retried by libtorrent with growing pauses for as long as the offer is up; this part only
remembers what was heard, so that `health` can say it. Foreign failure texts are shortened and lose any address.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

import libtorrent as lt

from police2peer.networks.contract import TrackerHealth
from police2peer.networks.foreign_text import without_addresses


@dataclass(slots=True)
class _Tracker:
    answered: int = 0
    failed: int = 0
    ok: bool = False
    error: str = "not asked yet"


class Announcing:
    """What trackers answered. Feed it every batch of alerts."""

    def __init__(self, trackers: Iterable[str]) -> None:
        self._trackers = {_key(url): (url, _Tracker()) for url in trackers}

    def read(self, alerts: Iterable[lt.alert]) -> None:
        """Note the trackers' answers of one batch."""
        for alert in alerts:
            if isinstance(alert, lt.tracker_reply_alert):
                self._answered(alert.url)
            elif isinstance(alert, lt.tracker_error_alert):
                self._failed(alert.url, alert.failure_reason() or alert.error.message())

    def trackers(self) -> tuple[TrackerHealth, ...]:
        """Give each tracker's state, in the order of the settings."""
        return tuple(
            TrackerHealth(url=url, ok=t.ok, answered=t.answered, failed=t.failed, error="" if t.ok else t.error)
            for url, t in self._trackers.values()
        )

    def _answered(self, url: str) -> None:
        if entry := self._trackers.get(_key(url)):
            entry[1].answered += 1
            entry[1].ok = True

    def _failed(self, url: str, why: str) -> None:
        if entry := self._trackers.get(_key(url)):
            entry[1].failed += 1
            entry[1].ok = False
            entry[1].error = without_addresses(why)


def _key(url: str) -> tuple[str, str, str]:
    """Two spellings of one tracker are one: libtorrent gives `udp://host:1` for `udp://host:1/announce`."""
    parts = urlsplit(url)
    return parts.scheme, parts.netloc, "" if parts.scheme == "udp" else parts.path
