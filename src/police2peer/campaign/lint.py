# SPDX-License-Identifier: EUPL-1.2
"""Refuses what a swindler would write in the name of the police.

Mails that pose as the police accuse the reader, set a deadline and ask for money, an answer or papers. A warning
file must not be mistakable for one, and nobody may make one with this program: a message in which a rule fires
cannot be loaded. Rules are data, one file a language in `scam_rules/` and `every.toml` for all; a language
without rules cannot be used. They are a gate against mistakes and misuse, and replace no reader.

Rules are regular expressions over *folded* text: lower case, accents, tones and points taken off, spaces single.
The same marks are taken off the rules, so that a Thai or Hindi rule can be written, and read, in its own spelling.
`allowed` holds the phrases in which the forbidden words may stand ("the police never ask for money"), as closed
lists of words, so that nothing can be hung on to them.
"""

import functools
import importlib.resources
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from police2peer.campaign.language import Language
from police2peer.errors import BadInput
from police2peer.strict_toml import parse_document

__all__ = ["LintFinding", "ScamKind", "has_scam_rules", "scam_lint"]

# A BCP 47 tag as far as it is used here: a language, perhaps with script or region.
_TAG = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")
_RULES = importlib.resources.files("police2peer.campaign") / "scam_rules"

# Letters that Unicode does not decompose, the two ways to end an Arabic word in a long i, marks typed in two ways.
_PLAIN = str.maketrans(
    {"ł": "l", "đ": "d", "ø": "o", "æ": "ae", "œ": "oe", "ß": "ss", "ħ": "h", "\u0131": "i"}  # dotless i
    | {"ى": "ي", "ـ": None, "\u2019": "'", "\u02bc": "'"}
    | {"\u05f3": "'", "\u05f4": '"', "\u05be": "-"}  # geresh, gershayim and maqaf of Hebrew
)
# Vowels of Hindi and Thai that Unicode counts among the marks; without them many words would be one.
_VOWELS = frozenset(map(chr, (*range(0x0941, 0x0949), 0x0E31, *range(0x0E34, 0x0E3A))))


class ScamKind(StrEnum):
    """What is refused; the value names the list of rules in a rule file."""

    DEADLINE = "deadline"
    PAYMENT = "payment"
    REPLY = "reply"
    IDENTITY = "identity"
    ACCUSATION = "accusation"

    @property
    def remedy(self) -> str:
        """What the author can do."""
        return {
            ScamKind.DEADLINE: "take out every deadline, date, hour and word of haste",
            ScamKind.PAYMENT: "take out every word about money",
            ScamKind.REPLY: "take out every address, number and request to answer; "
            "the help and verify addresses are printed by the maker",
            ScamKind.IDENTITY: "take out every request for a name, papers, a login or data",
            ScamKind.ACCUSATION: "speak of what the law says, never of what the reader did",
        }[self]


@dataclass(frozen=True, slots=True)
class LintFinding:
    """A rule that fired, and the folded words on which it did."""

    kind: ScamKind
    words: str


@dataclass(frozen=True, slots=True)
class _Rules:
    allowed: tuple[re.Pattern[str], ...]
    forbidden: tuple[tuple[ScamKind, re.Pattern[str]], ...]


def _bare(text: str) -> str:
    kept: list[str] = []
    for symbol in unicodedata.normalize("NFKD", text):
        # Mn: accents, tones, hamza. Cf: joiners and direction marks that would hide a word from a rule.
        if unicodedata.category(symbol) not in {"Mn", "Cf"} or (kept and _is_vowel_of(symbol, kept[-1])):
            kept.append(symbol)
    # NFC puts Korean letters back into syllables, which `?` and `[...]` in a rule are about.
    return unicodedata.normalize("NFC", "".join(kept)).translate(_PLAIN)


def _is_vowel_of(symbol: str, letter: str) -> bool:
    """Tell whether the mark is the one vowel of a letter of its own script; any other mark hides or adorns."""
    return symbol in _VOWELS and letter not in _VOWELS and ord(symbol) // 0x80 == ord(letter) // 0x80


def _folded(text: str) -> str:
    # Letters in bold or full width have small forms only once they are plain letters, so that is done first.
    return " ".join(_bare(_bare(text).casefold()).split())


def _base(language: Language) -> str:
    return language.split("-", maxsplit=1)[0].lower()


def has_scam_rules(language: Language) -> bool:
    """Tell whether messages in this language can be checked, and so be used."""
    if not _TAG.fullmatch(language):
        return False
    base = _base(language)
    return base != "every" and (_RULES / f"{base}.toml").is_file()


@functools.cache
def _rules(name: str) -> _Rules:
    table = parse_document((_RULES / f"{name}.toml").read_bytes(), Path(f"{name}.toml"))
    lists = {key: value for key, value in table.values.items() if isinstance(value, list)}
    if sorted(lists) != sorted(["allowed", *ScamKind]):
        raise ValueError(name)
    return _Rules(
        tuple(re.compile(_bare(rule)) for rule in lists["allowed"]),
        tuple((kind, re.compile(_bare(rule))) for kind in ScamKind for rule in lists[kind]),
    )


def scam_lint(text: str, language: Language, *, addresses: Iterable[str] = ()) -> list[LintFinding]:
    """Give what a swindler would write; empty for a good text.

    `addresses` are the help and verify addresses, which may stand in the text. Raises `BadInput` for a language
    without rules.
    """
    if not has_scam_rules(language):
        raise BadInput(
            f"there are no rules to check messages in {language[:20]!r}",
            remedy="use a language that has rules, or have a native lawyer write a rule file for it",
        )
    for address in addresses:
        # Alone, or at the end of a sentence: nothing may be hung on to it.
        text = re.sub(rf"(?<!\S){re.escape(address)}(?=[.,;:!?)]*(?:\s|$))", " ", text)
    return list(_findings(_folded(text), _base(language)))


@functools.lru_cache(maxsize=4096)
def _findings(folded: str, language: str) -> tuple[LintFinding, ...]:
    all_rules = (_rules("every"), _rules(language))
    for rules in all_rules:
        for phrase in rules.allowed:
            folded = phrase.sub(" … ", folded)
    found = [
        (kind, match)
        for rules in all_rules
        for kind, rule in rules.forbidden
        if (match := rule.search(folded)) is not None
    ]
    return tuple(LintFinding(kind, match.group().strip()) for kind, match in found)
