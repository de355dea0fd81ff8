# SPDX-License-Identifier: EUPL-1.2
"""Words that the operator expects in searches, approved by two people together with the campaign.

A term prints as `<term>` in text, logs and exceptions, and is opened on purpose with `reveal`; what is counted and
shown is its id (`S-0003`). A search matches a term when it holds every word of it, in any order.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import NewType, final

from police2peer.errors import BadInput

__all__ = ["MAX_TERM_LENGTH", "ApprovedTerm", "Term", "TermId", "words_of"]

TermId = NewType("TermId", str)

MAX_TERM_LENGTH = 80
_WORD = re.compile(r"[^\W_]+")


def words_of(text: str) -> tuple[str, ...]:
    """Give the words of a text as searches compare them: NFKC, case folded, split at all but letters and digits."""
    for _ in range(2):  # folding may give what is not in normal form; the second round changes nothing further
        text = unicodedata.normalize("NFKC", text).casefold()
    return tuple(_WORD.findall(text))


@final
class Term:
    """One or more words; equal and hashable by value, printed as `<term>` always."""

    __slots__ = ("_words",)

    def __init__(self, words: frozenset[str]) -> None:
        self._words = words

    @classmethod
    def parse(cls, raw: str) -> "Term":
        """Read a term; raises `BadInput` when it is too long or holds no word."""
        if len(raw) > MAX_TERM_LENGTH:
            raise BadInput(f"the term has {len(raw)} characters", remedy=f"shorten it to {MAX_TERM_LENGTH} or fewer")
        words = frozenset(words_of(raw))
        if not words:
            raise BadInput("the term holds no word", remedy="write at least one letter or digit")
        return cls(words)

    def reveal(self) -> frozenset[str]:
        """Give the words, to code that compares them with a search in memory."""
        return self._words

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Term) and self._words == other.reveal()

    def __hash__(self) -> int:
        return hash(self._words)

    def __repr__(self) -> str:
        return "<term>"


@dataclass(frozen=True, slots=True)
class ApprovedTerm:
    """A term under its id, which is what counts and screens show."""

    id: TermId
    term: Term
