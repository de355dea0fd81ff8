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
from police2peer.networks.bittorrent.exchanges import NAME, Exchanges
from police2peer.networks.bittorrent.settings import BitTorrentSettings
from police2peer.networks.bittorrent.shelf import Placed, Shelf
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
_LOOK_EVERY_S: Final = 0.5
_LOOKS_A_TURN: Final = 50  # torrents; each look at the peers of one costs a round trip of the engine
_FLAGS_A_TURN: Final = 250  # 100,000 offers are looked at again within 14 minutes
_READY_S: Final = 30.0  # a batch is ready within a second; a slow disk may take longer
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
        self._shelf = Shelf()
        self._to_announce: list[lt.torrent_handle] = []
        self._to_look_at: list[OfferId] = []
        self._stopping = threading.Event()
        self._stats_seen = threading.Event()
        self.exchanges = Exchanges(self._shelf.find, settings.our_end)
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
        return len(self._shelf)

    def add(self, offers: Iterable[Offer]) -> None:
        """Put offers up, one batch; what is up already stays as it is.

        Raises `BadInput` for an offer that cannot be (its file is not there, its swarm is another offer's) and
        `Unavailable` when the engine would not keep it upload-only; the other offers of the batch are up then.
        """
        wrong: list[Police2PeerError] = []
        given: list[Placed] = []
        for offer in offers:
            try:
                if self._shelf.get(offer.id) is None:
                    given.append(self._give(offer))
            except Police2PeerError as error:
                wrong.append(error)
        # A peer that connects before the engine has looked at the file's size is turned away.
        self._shelf.wait_settled(given, _READY_S)
        for placed in given:
            try:
                self._check_up(placed)
            except Police2PeerError as error:
                wrong.append(error)
        if wrong:
            raise wrong[0]

    def _give(self, offer: Offer) -> Placed:
        """Give one offer to the engine, which reports on it in its own time."""
        path = Path(offer.path)
        if not path.is_file() or path.stat().st_size != offer.hashes.size:
            raise BadInput(
                f"the file of offer {offer.id} is missing or has another size",
                remedy="make the file again from its recipe (police2peer make), then publish",
            )
        placed = self._shelf.place(offer, infohash(offer))
        self._session.async_add_torrent(parameters(offer, self._settings.trackers))
        return placed

    def _check_up(self, placed: Placed) -> None:
        if placed.refused:
            raise Unavailable(
                f"the engine refused offer {placed.id}", remedy="publish it again; if it stays so, restart the node"
            )
        if placed.handle is not None and not placed.withdrawn:
            try:
                assert_upload_only(placed.handle)
            except Unavailable:
                self.remove(placed.id)
                raise

    def remove(self, offer: OfferId) -> Future[None]:
        """Take an offer down; the future ends when the engine has let go of it."""
        placed = self._shelf.take(offer)
        if placed is None or placed.gone is None:
            gone: Future[None] = Future()
            gone.set_result(None)
            return gone
        if placed.handle is not None:
            self._session.remove_torrent(placed.handle)
        return placed.gone

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
        next_stats = next_look = 0.0
        while not self._stopping.is_set():
            self._session.wait_for_alert(_TURN_MS)
            self._stopping.wait(_GATHER_S)
            self._turn(self._session.pop_alerts())
            now = time.monotonic()
            if now >= next_look:
                next_look = now + _LOOK_EVERY_S
                self._safely(self._look_at_peers)
                self._safely(self._announce_late)
            if now >= next_stats:
                next_stats = now + _STATS_EVERY_S
                self._session.post_session_stats()
                self._shelf.forget(now)
                self._safely(self._look_at_flags)
        self._turn(self._session.pop_alerts())

    def _safely(self, work: Callable[[], None]) -> None:
        """Do what may meet a torrent that was removed meanwhile; the thread goes on."""
        try:
            work()
        except RuntimeError as error:
            _log.warning("%s met %s", work.__name__, type(error).__name__)

    def _turn(self, alerts: Sequence[lt.alert]) -> None:
        """Read one batch; whatever breaks is logged without its text, and the thread goes on."""
        try:
            for alert in alerts:  # first, so that what peers do in the same batch finds its offer
                if type(alert) is lt.add_torrent_alert:
                    self._note_added(alert)
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
                self._shelf.removed(alert.handle, time.monotonic())
            case lt.session_stats_alert():
                self._note_stats(alert.values)
            case lt.torrent_checked_alert():
                self._shelf.settle(alert.handle)
            case lt.dht_bootstrap_alert():
                self.inside.dht_ready = True
            case _:
                why = _DROPS_OFFER.get(type(alert))
                if why is not None and isinstance(alert, lt.torrent_alert):
                    self._pull(alert.handle, why, events)

    def _pull(self, handle: lt.torrent_handle, why: str, events: list[WireEvent]) -> None:
        placed = self._shelf.find(handle)
        if placed is None or placed.withdrawn:
            return
        self.remove(placed.id)
        events.append(OfferPulled(self._clock(), NAME, placed.id, why))
        _log.warning("offer %s was taken down: %s", placed.id, why)

    def _note_added(self, alert: lt.add_torrent_alert) -> None:
        swarm = InfoHash(alert.params.info_hashes.v1.to_bytes())
        placed = self._shelf.added(swarm, None if alert.error.value() else alert.handle)
        if placed is None or placed.handle is None:
            return
        if placed.withdrawn:  # taken down before it was up
            self._session.remove_torrent(placed.handle)
        elif self._settings.dht:
            self._to_announce.append(placed.handle)

    def _note_stats(self, values: dict[str, int]) -> None:
        self.inside.counters = {name: values.get(name, 0) for name in _KEPT_COUNTERS}
        alarms = broken_invariants(self.inside.counters)
        if alarms and not self.inside.alarms:
            _log.critical("%s", "; ".join(alarms))
        self.inside.alarms = alarms
        self._stats_seen.set()

    def _look_at_peers(self) -> None:
        waiting, events = self.exchanges.to_look_at, list[WireEvent]()
        for handle in list(waiting)[:_LOOKS_A_TURN]:
            del waiting[handle]
            if handle.is_valid():
                events += self.exchanges.look(handle, self._clock())
        if events:
            self._deliver(events)

    def _announce_late(self) -> None:
        """Announce each new offer to the DHT once it answers: libtorrent alone would wait up to a whole interval."""
        if not (self.inside.dht_ready and self._to_announce):
            return
        due, self._to_announce = self._to_announce[:_DHT_A_TURN], self._to_announce[_DHT_A_TURN:]
        for handle in due:
            if handle.is_valid():
                handle.force_dht_announce()

    def _look_at_flags(self) -> None:
        self._to_look_at = self._to_look_at or self._shelf.ids()
        for offer in [self._to_look_at.pop() for _ in range(min(_FLAGS_A_TURN, len(self._to_look_at)))]:
            placed = self._shelf.get(offer)
            try:
                if placed is not None and placed.settled:
                    self._check_up(placed)
            except Unavailable:
                self._deliver([OfferPulled(self._clock(), NAME, offer, "it was no longer upload-only")])
