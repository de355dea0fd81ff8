# SPDX-License-Identifier: EUPL-1.2
"""From libtorrent's alerts to wire events: who connected, asked and got what, in order, connection by connection.

Blocks of one connection that follow each other within one batch of alerts become one event: a peer's requests
for a piece are one `DataRequested` and the sixteen blocks sent one `DataSent`. Nothing is lost by that but the
sub-batch time, which libtorrent's queue has blurred already.

`incoming_request` has no Python type in libtorrent 2.1.1: it arrives as a plain `alert` whose message says
`PREFIX peer HOST:PORT: incoming request [ piece: P start: S length: L ]`, PREFIX being six hex digits of the
infohash. Endpoint and prefix together find the connection (docs/adr/0006).
"""

import ipaddress
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import libtorrent as lt

from police2peer.networks.bittorrent.shelf import Placed
from police2peer.networks.contract import (
    Address,
    ClientNamed,
    DataAcknowledged,
    DataRequested,
    DataSent,
    Departure,
    EvidenceGap,
    Identifier,
    IdentifierKind,
    PeerConnected,
    PeerEvent,
    PeerLeft,
    WireEvent,
)

_log = logging.getLogger(__name__)

NAME: Final = "bittorrent"
_BLOCK_BYTES: Final = 16_384  # what libtorrent and every client since 2008 ask at a time
# How the message of an incoming request splits at its spaces: the words that stand, and where the values are.
_REQUEST_WORDS: Final = (("peer", 1), ("request", 4), ("piece:", 6), ("start:", 8), ("length:", 10))
_REQUEST_PARTS: Final = 13
_NO_ID: Final = b"\0" * 8
_COMPLETE: Final = frozenset(
    {
        int(lt.close_reason_t.upload_to_upload),
        int(lt.close_reason_t.not_interested_upload_only),
    }
)
_CLOSED: Final = frozenset({int(lt.close_reason_t.none), int(lt.close_reason_t.peer_churn)})
_SEEN_AS_COMPLETE: Final = "upload to upload connection"

Ranges = list[tuple[int, int]]


@dataclass(slots=True)
class _Connection:
    """One live connection, and what happened on it since the last batch."""

    offer: Placed
    peer: Address
    peer_id: bytes = b""
    named: bool = False
    touched: bool = False
    asked: Ranges = field(default_factory=list)
    sent: Ranges = field(default_factory=list)
    was_sent: bool = False
    holds: list[bool] = field(default_factory=list)
    """The pieces that the peer was seen to hold at the last look."""


class Exchanges:
    """Translates batches of alerts.

    `find` gives the offer a torrent handle stands for, if it is one of ours; `our_end` our end of a connection with
    a host, None where that cannot be told.
    """

    def __init__(
        self,
        find: Callable[[lt.torrent_handle], Placed | None],
        our_end: Callable[[str], Address | None] = lambda _: None,
    ) -> None:
        self._find = find
        self._our_end = our_end
        # By the endpoint as messages write it; several only where one uTP socket speaks about several offers.
        self._live: dict[str, list[_Connection]] = {}
        self._touched: list[_Connection] = []
        self._out: list[WireEvent] = []
        self._unread = 0
        self.stopping = False
        """Set when the node stops: who leaves from now on was sent away."""
        self._readers: dict[type[lt.alert], Callable[[Any, datetime], None]] = {
            lt.peer_connect_alert: self._connected,
            lt.alert: self._requested,
            lt.block_uploaded_alert: self._sent,
            lt.peer_disconnected_alert: self._left,
            lt.alerts_dropped_alert: self._dropped,
        }
        self.others: list[lt.alert] = []
        """The alerts of the last batch that say nothing about peers."""
        self.to_look_at: dict[lt.torrent_handle, None] = {}
        """Torrents with a peer that was sent data: worth a look at what their peers are called and hold."""

    @property
    def peers(self) -> int:
        """How many connections are up."""
        return sum(map(len, self._live.values()))

    def read(self, alerts: Iterable[lt.alert], at: datetime) -> list[WireEvent]:
        """Give the events of one batch, in order for each connection."""
        self._out, self.others = [], []
        for alert in alerts:
            read = self._readers.get(type(alert))
            if read is None:
                self.others.append(alert)
                continue
            try:
                read(alert, at)
            except Exception as error:  # noqa: BLE001 - one alert with foreign bytes must not cost the others
                self._unread += 1
                _log.error("an alert could not be read: %s", type(error).__name__)
        for connection in self._touched:
            self._flush(connection, at)
        self._touched.clear()
        if self._unread:
            self._out.append(EvidenceGap(at, NAME, f"{self._unread} alerts about peers could not be read"))
            self._unread = 0
        return self._out

    def close_all(self, at: datetime) -> list[PeerEvent]:
        """End every connection because the node stops."""
        left = [connection for there in self._live.values() for connection in there]
        self._live.clear()
        return [PeerLeft(at, NAME, one.offer.id, one.peer, Departure.STOPPED) for one in left]

    def _connected(self, alert: lt.peer_connect_alert, at: datetime) -> None:
        offer = self._find(alert.handle)
        if offer is not None:
            self._open(offer, alert.endpoint, at)

    def _open(self, offer: Placed, endpoint: tuple[str, int], at: datetime) -> _Connection:
        there = self._live.setdefault(_endpoint_text(*endpoint), [])
        for connection in there:
            if connection.offer is offer:
                return connection
        connection = _Connection(offer, Address(*endpoint))
        there.append(connection)
        self._out.append(PeerConnected(at, NAME, offer.id, connection.peer, self._our_end(endpoint[0])))
        return connection

    def _touch(self, connection: _Connection) -> None:
        if not connection.touched:
            connection.touched = True
            self._touched.append(connection)

    def _dropped(self, alert: lt.alerts_dropped_alert, at: datetime) -> None:
        kinds = sum(alert.dropped_alerts)
        self._out.append(EvidenceGap(at, NAME, f"the alert queue was full: {kinds} kinds of alert were lost"))

    def _requested(self, alert: lt.alert, _at: datetime) -> None:
        words = alert.message().split(" ")
        if len(words) != _REQUEST_PARTS or any(words[place] != word for word, place in _REQUEST_WORDS):
            self._unread += alert.what() == "incoming_request"
            return
        there = self._live.get(words[2][:-1], ())
        for connection in there:
            if len(there) == 1 or connection.offer.prefix == words[0]:
                first = int(words[7]) * connection.offer.piece_length_bytes + int(words[9])
                _extend(connection.asked, first, int(words[11]))
                self._touch(connection)
                return
        self._unread += 1

    def _sent(self, alert: lt.block_uploaded_alert, at: datetime) -> None:
        endpoint = alert.endpoint
        there = self._live.get(_endpoint_text(*endpoint), ())
        if len(there) == 1:  # nearly always, and much cheaper than asking for the torrent
            connection = there[0]
        else:
            found = self._find(alert.handle)
            if found is None:
                return
            connection = self._open(found, endpoint, at)
        if not connection.was_sent:
            connection.was_sent = True
            self._identify(connection, alert.pid, at)
            self.to_look_at[alert.handle] = None
        offer = connection.offer
        first = alert.piece_index * offer.piece_length_bytes + alert.block_index * _BLOCK_BYTES
        _extend(connection.sent, first, min(_BLOCK_BYTES, offer.size_bytes - first))
        self._touch(connection)

    def _left(self, alert: lt.peer_disconnected_alert, at: datetime) -> None:
        offer, endpoint = self._find(alert.handle), _endpoint_text(*alert.endpoint)
        there = self._live.get(endpoint, [])
        for connection in there:
            if connection.offer is offer:
                there.remove(connection)
                if not there:
                    del self._live[endpoint]
                self._identify(connection, alert.pid, at)
                self._flush(connection, at)
                departure = self._departure(alert, offer)
                if departure is Departure.COMPLETE and connection.was_sent:
                    self._out.append(DataAcknowledged(at, NAME, offer.id, connection.peer, 0, offer.size_bytes))
                self._out.append(PeerLeft(at, NAME, offer.id, connection.peer, departure))
                return

    def _identify(self, connection: _Connection, pid: lt.sha1_hash, at: datetime) -> None:
        whole = pid.to_bytes()
        if not connection.peer_id and whole[:8] != _NO_ID:
            connection.peer_id = whole[:8]
            self._out.append(_named(connection, whole, "", at))

    def look(self, handle: lt.torrent_handle, at: datetime) -> list[WireEvent]:
        """Ask the engine what the live peers of a torrent are called and hold (no alert with a Python form says it).

        A torrent whose peers may have more to tell is looked at again.
        """
        offer = self._find(handle)
        found: list[WireEvent] = []
        again = False
        for peer in handle.get_peer_info() if offer else ():
            for connection in self._live.get(_endpoint_text(*peer.ip), ()):
                if connection.offer is offer and connection.was_sent:
                    found += _name(connection, peer, at)
                    found += _acknowledged(connection, peer, at)
                    again = True
        if again:
            self.to_look_at[handle] = None
        return found

    def _departure(self, alert: lt.peer_disconnected_alert, offer: Placed) -> Departure:
        reason = int(alert.reason)
        if self.stopping:
            return Departure.STOPPED
        if offer.withdrawn or reason == int(lt.close_reason_t.torrent_removed):
            return Departure.WITHDRAWN
        if reason in _COMPLETE or alert.error.message() == _SEEN_AS_COMPLETE:
            return Departure.COMPLETE
        return Departure.CLOSED if reason in _CLOSED else Departure.FAULT

    def _flush(self, connection: _Connection, at: datetime) -> None:
        offer, peer = connection.offer.id, connection.peer
        self._out += [DataRequested(at, NAME, offer, peer, *asked) for asked in connection.asked]
        self._out += [DataSent(at, NAME, offer, peer, *sent) for sent in connection.sent]
        connection.asked.clear()
        connection.sent.clear()
        connection.touched = False


def _named(connection: _Connection, peer_id: bytes, name: str, at: datetime) -> ClientNamed:
    identifiers = (Identifier(IdentifierKind.PEER_ID, peer_id),) if peer_id[:8] != _NO_ID else ()
    return ClientNamed(at, NAME, connection.offer.id, connection.peer, peer_id[:8], name, identifiers)


def _name(connection: _Connection, peer: lt.peer_info, at: datetime) -> list[ClientNamed]:
    if connection.named or not peer.client:
        return []
    connection.named = True
    name = peer.client.decode("utf-8", "replace")[:64]
    return [_named(connection, peer.pid.to_bytes(), name, at)]


def _acknowledged(connection: _Connection, peer: lt.peer_info, at: datetime) -> list[DataAcknowledged]:
    """Give the pieces that a peer holds and was not seen to hold before, as ranges of bytes."""
    if peer.num_pieces == sum(connection.holds):
        return []
    before, now, offer = connection.holds, list(peer.pieces), connection.offer
    connection.holds = now
    ranges: Ranges = []
    for piece, holds in enumerate(now):
        if holds and not (piece < len(before) and before[piece]):
            first = piece * offer.piece_length_bytes
            _extend(ranges, first, min(offer.piece_length_bytes, offer.size_bytes - first))
    return [DataAcknowledged(at, NAME, offer.id, connection.peer, first, length) for first, length in ranges]


def _extend(ranges: Ranges, first: int, length: int) -> None:
    """Add a range, as part of the last one where it follows it."""
    if ranges and ranges[-1][0] + ranges[-1][1] == first:
        ranges[-1] = (ranges[-1][0], ranges[-1][1] + length)
    else:
        ranges.append((first, length))


def _endpoint_text(host: str, port: int) -> str:
    """Write an endpoint as libtorrent's messages do."""
    return f"[{ipaddress.ip_address(host)}]:{port}" if ":" in host else f"{host}:{port}"
