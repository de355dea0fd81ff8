# SPDX-License-Identifier: EUPL-1.2
"""The thread that owns libtorrent's alerts, and the offers that are up.

libtorrent's queue is emptied without pause (polling each half second lost two contacts of three), translated,
and handed on in batches. All state here lives in memory; nothing is ever written to a disk, so that no address
of a peer or of a DHT node can be (`save_resume_data` and the session state would hold them). A restart offers
the release again in seed mode: no file is hashed, each piece is checked once, before it is first sent.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

import libtorrent as lt

from police2peer.errors import BadInput, Police2PeerError, Unavailable
from police2peer.networks.bittorrent.announcing import Announcing
from police2peer.networks.bittorrent.exchanges import NAME, Exchanges, OnWire
from police2peer.networks.bittorrent.settings import BitTorrentSettings
from police2peer.networks.bittorrent.torrent import InfoHash, infohash
from police2peer.networks.bittorrent.upload_only import (
    ASKED,
    PUSHED,
    assert_upload_only,
    broken_invariants,
    open_session,
    parameters,
)
from police2peer.networks.contract import EvidenceGap, Offer, OfferId, OfferPulled, WireEvent

_log = logging.getLogger(__name__)

_TURN_MS: Final = 200
_GATHER_S: Final = 0.02  # alerts gather while this passes; the queue holds seconds of the fastest rate seen
_STATS_EVERY_S: Final = 2.0
_NAMES_EVERY_S: Final = 0.5
_NAMES_A_TURN: Final = 50  # torrents; each look at the peers of one costs a round trip of the engine
_FLAGS_A_TURN: Final = 250  # 100,000 offers are looked at again within 14 minutes
_READY_S: Final = 30.0  # a batch is ready within a second; a slow disk may take longer
_FORGET_AFTER_S: Final = 10.0  # late alerts of a withdrawn offer still find it
_DHT_A_TURN: Final = 20  # announcements forced at a time once the DHT is reached
_DROPS_OFFER: Final[dict[type[lt.alert], str]] = {
    lt.fastresume_rejected_alert: "its file is missing or has another size",
    lt.hash_failed_alert: "a piece of its file is damaged",
    lt.file_error_alert: "its file cannot be read",
    lt.torrent_error_alert: "the engine reported an error on it",
}
_KEPT_COUNTERS: Final = (
    ASKED,
    *PUSHED,
    "net.sent_payload_bytes",
    "ses.num_outgoing_metadata",
    "ses.num_incoming_request",
    "disk.num_blocks_hashed",
    "dht.dht_nodes",
    "peer.num_peers_connected",
)


@dataclass(slots=True)
class _Up:
    """One offer that is up."""

    wire: OnWire
    handle: lt.torrent_handle
    hash: InfoHash


@dataclass(slots=True)
class Inside:
    """What the session knows about itself at its last look."""

    counters: dict[str, int] = field(default_factory=dict)
    alarms: tuple[str, ...] = ()
    dht_ready: bool = False


class Session:
    """libtorrent, upload-only, with its thread. `deliver` is called in that thread with each batch of events."""

    def __init__(
        self,
        settings: BitTorrentSettings,
        *,
        clock: Callable[[], datetime],
        deliver: Callable[[Sequence[WireEvent]], None],
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._deliver = deliver
        self._lock = threading.Lock()
        self._by_handle: dict[lt.torrent_handle, OnWire] = {}
        self._by_id: dict[OfferId, _Up] = {}
        self._hashes: dict[InfoHash, OfferId] = {}
        self._leaving: dict[lt.torrent_handle, Future[None]] = {}
        self._forget: list[tuple[float, lt.torrent_handle]] = []
        self._to_announce: list[lt.torrent_handle] = []
        self._to_look_at: list[OfferId] = []
        self._checked: set[lt.torrent_handle] = set()
        self._checks = threading.Condition()
        self._stopping = threading.Event()
        self._stats_seen = threading.Event()
        self.exchanges = Exchanges(self._by_handle.get)
        self.announcing = Announcing(settings.trackers)
        self.inside = Inside()
        self._session = open_session(settings)
        self._thread = threading.Thread(target=self._run, name="bittorrent-alerts", daemon=True)

    def start(self) -> None:
        """Begin; raises `Unavailable` when the port is taken."""
        give_up_at = time.monotonic() + 5
        while self._session.listen_port() != self._settings.listen_port:
            if time.monotonic() > give_up_at or self._port_refused():
                self._session.pause()
                raise Unavailable(
                    f"port {self._settings.listen_port} cannot be used for BitTorrent",
                    remedy="another program holds it, or the address is not this machine's: stop that program, "
                    "or change the listen port in the settings",
                )
        self._thread.start()

    def _port_refused(self) -> bool:
        self._session.wait_for_alert(_TURN_MS)
        return any(isinstance(alert, lt.listen_failed_alert) for alert in self._session.pop_alerts())

    def __len__(self) -> int:
        return len(self._by_id)

    def add(self, offers: Iterable[Offer]) -> None:
        """Put offers up, one batch; what is up already stays as it is.

        Raises `BadInput` for an offer that cannot be (its file is not there, its swarm is another offer's) and
        `Unavailable` when the engine would not keep it upload-only; the other offers of the batch are up then.
        """
        wrong: list[Police2PeerError] = []
        added: set[lt.torrent_handle] = set()
        for offer in offers:
            try:
                if offer.id not in self._by_id:
                    added.add(self._add_one(offer))
            except Police2PeerError as error:
                wrong.append(error)
        # A peer that connects before the engine has looked at the file's size is turned away.
        with self._checks:
            self._checks.wait_for(lambda: added <= self._checked, _READY_S)
            self._checked -= added
        if wrong:
            raise wrong[0]

    def _add_one(self, offer: Offer) -> lt.torrent_handle:
        swarm = infohash(offer)
        self._check_addable(offer, swarm)
        handle = self._session.add_torrent(parameters(offer, self._settings.trackers))
        wire = OnWire(offer.id, offer.hashes.size, offer.hashes.bt_piece_length, swarm.hex()[:6])
        with self._lock:
            self._by_handle[handle] = wire
            self._by_id[offer.id] = _Up(wire, handle, swarm)
            self._hashes[swarm] = offer.id
            if self._settings.dht and not self.inside.dht_ready:
                self._to_announce.append(handle)
        try:
            assert_upload_only(handle)
        except Unavailable:
            self.remove(offer.id)
            raise
        return handle

    def _check_addable(self, offer: Offer, swarm: InfoHash) -> None:
        if (other := self._hashes.get(swarm)) is not None:
            raise BadInput(
                f"offers {other} and {offer.id} have the same file and the same title",
                remedy="give each offer of one file its own title",
            )
        path = Path(offer.path)
        if not path.is_file() or path.stat().st_size != offer.hashes.size:
            raise BadInput(
                f"the file of offer {offer.id} is missing or has another size",
                remedy="make the file again from its recipe (police2peer make), then publish",
            )

    def remove(self, offer_id: OfferId) -> Future[None]:
        """Take an offer down; the future ends when the engine has let go of it."""
        gone: Future[None] = Future()
        with self._lock:
            up = self._by_id.pop(offer_id, None)
            if up is None:
                gone.set_result(None)
                return gone
            self._hashes.pop(up.hash, None)
            up.wire.withdrawn = True
            self._leaving[up.handle] = gone
        self._session.remove_torrent(up.handle)
        return gone

    def fresh_counters(self, wait_s: float) -> dict[str, int]:
        """Ask the engine for its counters; after `wait_s` the last known ones are given."""
        self._stats_seen.clear()
        self._session.post_session_stats()
        self._stats_seen.wait(wait_s)
        return dict(self.inside.counters)

    def listening(self) -> bool:
        """Whether peers can connect to the port that was asked for."""
        return self._session.listen_port() == self._settings.listen_port

    def stop(self) -> None:
        """Leave every swarm, hand out the last events, end the thread."""
        self.exchanges.stopping = True
        self._session.pause()
        self._stopping.set()
        self._thread.join(timeout=20)
        self._deliver(self.exchanges.close_all(self._clock()))
        del self._session  # libtorrent tells the trackers, at most for stop_tracker_timeout, and ends

    def _run(self) -> None:
        next_stats = next_names = 0.0
        while not self._stopping.is_set():
            self._session.wait_for_alert(_TURN_MS)
            self._stopping.wait(_GATHER_S)
            self._turn(self._session.pop_alerts())
            now = time.monotonic()
            if now >= next_names:
                next_names = now + _NAMES_EVERY_S
                self._ask_names()
                self._announce_late()
            if now >= next_stats:
                next_stats = now + _STATS_EVERY_S
                self._session.post_session_stats()
                self._forget_gone(now)
                self._look_at_flags()
        self._turn(self._session.pop_alerts())

    def _turn(self, alerts: Sequence[lt.alert]) -> None:
        """Read one batch; whatever breaks is logged without its text, and the thread goes on."""
        try:
            events = self.exchanges.read(alerts, self._clock())
            self.announcing.read(self.exchanges.others)
            for alert in self.exchanges.others:
                self._manage(alert, events)
            if events:
                self._deliver(events)
        except Exception as error:  # noqa: BLE001 - foreign bytes may break anything; contacts must go on
            _log.error("a batch of alerts was not read: %s", type(error).__name__)
            self._deliver([EvidenceGap(self._clock(), NAME, "a batch of alerts could not be read")])

    def _manage(self, alert: lt.alert, events: list[WireEvent]) -> None:
        match alert:
            case lt.torrent_removed_alert():
                self._removed(alert.handle)
            case lt.session_stats_alert():
                self._note_stats(alert.values)
            case lt.torrent_checked_alert():
                self._note_checked(alert.handle)
            case lt.dht_bootstrap_alert():
                self.inside.dht_ready = True
            case _:
                why = _DROPS_OFFER.get(type(alert))
                if why is not None and isinstance(alert, lt.torrent_alert):
                    self._pull(alert.handle, why, events)

    def _pull(self, handle: lt.torrent_handle, why: str, events: list[WireEvent]) -> None:
        wire = self._by_handle.get(handle)
        if wire is None or wire.withdrawn:
            return
        self._note_checked(handle)
        self.remove(wire.id)
        events.append(OfferPulled(self._clock(), NAME, wire.id, why))
        _log.warning("offer %s was taken down: %s", wire.id, why)

    def _note_checked(self, handle: lt.torrent_handle) -> None:
        with self._checks:
            self._checked.add(handle)
            self._checks.notify_all()

    def _removed(self, handle: lt.torrent_handle) -> None:
        self._forget.append((time.monotonic() + _FORGET_AFTER_S, handle))
        gone = self._leaving.pop(handle, None)
        if gone is not None and not gone.done():
            gone.set_result(None)

    def _forget_gone(self, now: float) -> None:
        while self._forget and self._forget[0][0] <= now:
            handle = self._forget.pop(0)[1]
            self._by_handle.pop(handle, None)
            self._checked.discard(handle)

    def _note_stats(self, values: dict[str, int]) -> None:
        self.inside.counters = {name: values.get(name, 0) for name in _KEPT_COUNTERS}
        alarms = broken_invariants(self.inside.counters)
        if alarms and not self.inside.alarms:
            _log.critical("%s", "; ".join(alarms))
        self.inside.alarms = alarms
        self._stats_seen.set()

    def _ask_names(self) -> None:
        unnamed, events = self.exchanges.unnamed, list[WireEvent]()
        for handle in [unnamed.pop() for _ in range(min(_NAMES_A_TURN, len(unnamed)))]:
            if handle.is_valid():
                events += self.exchanges.names(handle, self._clock())
        if events:
            self._deliver(events)

    def _announce_late(self) -> None:
        """Announce what was added before the DHT answered: libtorrent would wait a whole interval."""
        if not (self.inside.dht_ready and self._to_announce):
            return
        with self._lock:
            due, self._to_announce = self._to_announce[:_DHT_A_TURN], self._to_announce[_DHT_A_TURN:]
        for handle in due:
            if handle.is_valid():
                handle.force_dht_announce()

    def _look_at_flags(self) -> None:
        if not self._to_look_at:
            self._to_look_at = list(self._by_id)
        for offer_id in [self._to_look_at.pop() for _ in range(min(_FLAGS_A_TURN, len(self._to_look_at)))]:
            up = self._by_id.get(offer_id)
            try:
                if up is not None and up.handle.is_valid():
                    assert_upload_only(up.handle)
            except Unavailable:
                self.remove(offer_id)
                self._deliver([OfferPulled(self._clock(), NAME, offer_id, "it was no longer upload-only")])
