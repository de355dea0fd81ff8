# SPDX-License-Identifier: EUPL-1.2
"""Which of our offers answer a search, for every network that is searched by words.

A search is answered only when it holds every word of an approved term, and only with offers whose approved titles fit
it by the protocol's own rule. Names are never made from what somebody typed, and what was typed is never kept. At
most one title of a file goes into one answer, so that it is known under which title somebody found it; which
titles stand in front changes with every answer, so that all of them are shown equally often.
"""

import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, islice
from typing import Final

from police2peer.campaign import ApprovedTerm, TermId, words_of
from police2peer.networks.contract import Offer, OfferId

_MOST_WORDS: Final = 64  # what people type has a handful; more costs time and means nothing
_MOST_LOOKED_AT: Final = 2000  # names of one search; it bounds what a search made for the purpose costs to a few ms


@dataclass(frozen=True, slots=True)
class Search:
    """What somebody looks for. Each of `words` must stand in a name, none of `excluded`; sizes are in bytes.

    Without `extensions` every extension fits. A word may be a part of a word or several words, as it was sent.
    """

    words: tuple[str, ...]
    excluded: tuple[str, ...] = ()
    extensions: tuple[str, ...] = ()
    least_bytes: int = 0
    most_bytes: int | None = None

    def fits_size(self, size: int) -> bool:
        """Whether a file of this size is looked for."""
        return size >= self.least_bytes and (self.most_bytes is None or size <= self.most_bytes)


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str  # of the file, folded
    offer: Offer


class _Entries:
    """Some entries in a row, with their names in one text too: looking through that is a hundred times as fast."""

    def __init__(self, entries: list[_Entry]) -> None:
        self._entries = entries
        self._names = "\n".join(entry.name for entry in entries)
        self._begins = list(accumulate((len(entry.name) + 1 for entry in entries), initial=0))

    def with_word(self, word: str, turn: int) -> Iterator[_Entry]:
        """Give those whose names hold a word, from another one on each turn; those in front, where many do."""
        if not self._entries:
            return
        start = self._begins[turn % len(self._entries)]
        yield from islice(
            chain(self._found(word, start, len(self._names)), self._found(word, 0, start)), _MOST_LOOKED_AT
        )

    def _found(self, word: str, at: int, end: int) -> Iterator[_Entry]:
        while (at := self._names.find(word, at, end)) >= 0:
            number = bisect_right(self._begins, at) - 1
            yield self._entries[number]
            at = self._begins[number + 1]


class SearchIndex:
    """The offers that are up, and the terms that were approved."""

    def __init__(self, terms: Iterable[ApprovedTerm]) -> None:
        self._terms: dict[str, list[ApprovedTerm]] = {}
        for term in sorted(terms, key=lambda term: (-len(term.term.reveal()), term.id)):
            # Every word must be there, so that looking at one of them finds the term: the longest is the rarest.
            self._terms.setdefault(max(term.term.reveal(), key=lambda word: (len(word), word)), []).append(term)
        self._entries: dict[OfferId, _Entry] = {}
        self._by_term: dict[TermId, _Entries] = {}
        self._turn = 0

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, offer: Offer) -> None:
        """Let an offer be found."""
        self._entries[offer.id] = _Entry(_folded(offer.file_name()), offer)
        self._by_term.clear()

    def remove(self, offer: OfferId) -> None:
        """Let an offer be found no more."""
        if self._entries.pop(offer, None) is not None:
            self._by_term.clear()

    def matched(self, words: Sequence[str]) -> TermId | None:
        """Give the approved term that a search holds whole; of several the one of most words."""
        term = self._term(words)
        return None if term is None else term.id

    def answer(self, search: Search, limit: int) -> tuple[TermId | None, tuple[Offer, ...]]:
        """Give the term that a search holds, and up to `limit` offers that fit it; neither without such a term."""
        term = self._term(search.words)
        if term is None:
            return None, ()
        self._turn += 1
        found: dict[str, Offer] = {}
        for entry in self._fitting(search, term) if limit else ():
            found.setdefault(entry.offer.hashes.tth, entry.offer)
            if len(found) == limit:
                break
        return term.id, tuple(found.values())

    def _term(self, words: Sequence[str]) -> ApprovedTerm | None:
        said = set(islice(chain.from_iterable(map(words_of, words[:_MOST_WORDS])), _MOST_WORDS))
        held = [term for word in said for term in self._terms.get(word, ()) if term.term.reveal() <= said]
        return min(held, key=lambda term: (-len(term.term.reveal()), term.id), default=None)

    def _holding(self, term: ApprovedTerm) -> _Entries:
        """Give the entries whose names hold every word of a term: no other can fit a search that holds the term."""
        entries = self._by_term.get(term.id)
        if entries is None:
            words = tuple(term.term.reveal())
            held = [entry for entry in self._entries.values() if all(word in entry.name for word in words)]
            entries = self._by_term[term.id] = _Entries(held)
        return entries

    def _fitting(self, search: Search, term: ApprovedTerm) -> Iterator[_Entry]:
        """Give the entries that fit. The words of the term need no look; of the others the longest is the rarest."""
        asked = {_folded(word) for word in search.words[:_MOST_WORDS]} - term.term.reveal()
        words = sorted(asked, key=len, reverse=True) or [""]
        excluded = [_folded(word) for word in search.excluded[:_MOST_WORDS] if word]
        extensions = {extension.casefold() for extension in search.extensions}
        for entry in self._holding(term).with_word(words[0], self._turn):
            name, offer = entry.name, entry.offer
            if not all(word in name for word in words) or any(word in name for word in excluded):
                continue
            if search.fits_size(offer.hashes.size) and (not extensions or offer.extension.casefold() in extensions):
                yield entry


def _folded(text: str) -> str:
    """Give a text as names are compared, in the form in which terms are."""
    return unicodedata.normalize("NFKC", text).casefold()
