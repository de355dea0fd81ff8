# SPDX-License-Identifier: EUPL-1.2
"""Searches that hubs hand on: matched with the approved terms, counted, and answered within bounds.

A flood of searches costs little: beyond so many a second they are counted and no longer answered. What was searched
for is never kept, and no name is made from it.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final

from police2peer.campaign import ApprovedTerm
from police2peer.networks.contract import Address, Offer, OfferId, SearchMatched, WireEvent
from police2peer.networks.directconnect.exchange import NAME
from police2peer.networks.directconnect.hub_link import HubLink
from police2peer.networks.directconnect.hub_session import SearchedFor, User
from police2peer.networks.directconnect.message import Cid, Message
from police2peer.networks.directconnect.peer_link import Room
from police2peer.networks.directconnect.search_message import Asked, result_fields
from police2peer.networks.directconnect.share import Share, Shared
from police2peer.networks.directconnect.wire import MOST_RESULTS_ACTIVE, MOST_RESULTS_PASSIVE
from police2peer.networks.pacing import Pace
from police2peer.networks.search import Search, SearchIndex

_ANSWERS_PER_S: Final = 400


class Answering:
    """Answers searches with approved titles. `datagram` sends bytes to a host and a port."""

    def __init__(
        self,
        terms: Iterable[ApprovedTerm],
        cid: Cid,
        room: Room,
        *,
        emit: Callable[[WireEvent], None],
        datagram: Callable[[bytes, tuple[str, int]], None],
        clock: Callable[[], datetime],
    ) -> None:
        self._index = SearchIndex(terms)
        self._cid = cid
        self._room = room
        self._emit = emit
        self._datagram = datagram
        self._clock = clock
        self._bound = Pace(_ANSWERS_PER_S)
        self.last_at: datetime | None = None

    @property
    def _share(self) -> Share:
        return self._room.share

    @property
    def _counters(self) -> Counter[str]:
        return self._room.counters

    def add(self, offer: Offer) -> None:
        """Let an offer be found."""
        self._index.add(offer)

    def remove(self, offer: OfferId) -> None:
        """Let an offer be found no more."""
        self._index.remove(offer)

    def searched(self, hub: HubLink, searched: SearchedFor) -> None:
        """Count a search, and answer it where it may be."""
        self._counters["searches.heard"] += 1
        self.last_at = self._clock()
        asked, user = searched.asked, searched.user
        found = self._of_one_file(asked, user) if asked.search is None else self._of_words(asked.search, asked, user)
        if found:
            self._share.show(user.cid, found)
            self._send(hub, user, asked.token, found)

    def _may_answer(self) -> bool:
        return self._bound.take(1, asyncio.get_running_loop().time())

    def _of_one_file(self, asked: Asked, user: User) -> tuple[Shared, ...]:
        """Find a file of ours that is looked for by its tree: other sources of a download; no demand."""
        shared = self._share.with_tth(asked.tth, user.cid)
        if shared is None or asked.wants_directory or not self._may_answer():
            return ()
        self._counters["searches.by_hash"] += 1
        return (shared,)

    def _of_words(self, search: Search, asked: Asked, user: User) -> tuple[Shared, ...]:
        offers: tuple[Offer, ...] = ()
        if not self._may_answer():
            self._counters["searches.not_answered"] += 1
            term = self._index.matched(search.words)
        else:
            limit = MOST_RESULTS_ACTIVE if user.takes_datagrams else MOST_RESULTS_PASSIVE
            term, offers = self._index.answer(search, 0 if asked.wants_directory else limit)
        if term is None:
            return ()
        found = tuple(shared for offer in offers if (shared := self._share.get(offer.id)) is not None)
        asker = Address(user.host, 0) if user.host else None
        self._emit(SearchMatched(self._clock(), NAME, term, len(found), asker))
        self._counters["searches.matched"] += 1
        return found

    def _send(self, hub: HubLink, user: User, token: str, found: Iterable[Shared]) -> None:
        """Answer by UDP where the asker takes it, else through the hub."""
        session = hub.session
        for shared in found:
            said = result_fields(shared.found(), free_slots=self._room.free_slots, token=token)
            if user.takes_datagrams:
                line = Message("U", "RES", self._cid, parameters=said).line()
                self._datagram(line, (user.host, user.udp_port))
            elif session is not None:
                hub.say(Message("D", "RES", session.sid, user.sid, parameters=said).line())
            self._counters["results.sent"] += 1
