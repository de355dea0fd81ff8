# SPDX-License-Identifier: EUPL-1.2
"""Titles under which warning files are offered.

Titles come from the operator and are approved by two people. They are shown masked: a `Title` prints as
`<title>` in text, logs and exceptions, and is opened on purpose with `reveal`. No error made here holds it.

A title becomes a file name on every network, so it must be one on every system (POSIX and the names that
Windows reserves, learn.microsoft.com "Naming Files, Paths, and Namespaces").
"""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import NewType

from police2peer.errors import BadInput

__all__ = ["MAX_TITLE_BYTES", "MAX_TITLE_LENGTH", "MIN_TITLE_LENGTH", "ApprovedTitle", "Title", "TitleId"]

TitleId = NewType("TitleId", str)

MIN_TITLE_LENGTH = 3
MAX_TITLE_LENGTH = 120
# A file name holds 255 bytes on common file systems; 15 are left for the dot and the extension.
MAX_TITLE_BYTES = 240

_PATH_SEPARATORS = frozenset("/\\")
_NOT_IN_FILE_NAMES = frozenset(':*?"<>|')
# Joiners that Persian, Hindi and others need inside words; all other format characters are refused.
_JOINERS = frozenset("\u200c\u200d")


def _strange(text: str) -> bool:
    """Whether a control, direction, private or undefined character is in it."""
    refused = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    return any(unicodedata.category(symbol) in refused and symbol not in _JOINERS for symbol in text)


# What is asked of a normalised title, in order: (is it wrong?, facts, remedy).
_CHECKS: tuple[tuple[Callable[[str], bool], str, str], ...] = (
    (lambda text: not text.strip(), "the title is blank", "write at least three characters"),
    (
        lambda text: len(text) < MIN_TITLE_LENGTH,
        "the title has {length} characters",
        f"use {MIN_TITLE_LENGTH} or more",
    ),
    (
        lambda text: len(text) > MAX_TITLE_LENGTH,
        "the title has {length} characters",
        f"shorten it to {MAX_TITLE_LENGTH} or fewer",
    ),
    (
        lambda text: bool(_PATH_SEPARATORS & set(text)),
        "the title has a path separator (/ or \\)",
        "take it out: a title is a file name, not a path",
    ),
    (
        _strange,
        "the title has a control or direction character, or one that Unicode does not define",
        "type it anew by hand",
    ),
    (
        lambda text: bool(_NOT_IN_FILE_NAMES & set(text)),
        'the title has one of : * ? " < > |',
        "take it out: some systems cannot store such a file name",
    ),
    (
        lambda text: text[0] in ". " or text[-1] in ". ",
        "the title begins or ends with a dot or a space",
        "take the dot or the space away",
    ),
    (
        lambda text: len(text.encode()) > MAX_TITLE_BYTES,
        "the title has more than {bytes} bytes in UTF-8",
        "shorten it",
    ),
)


def _check(text: str) -> None:
    for is_wrong, facts, remedy in _CHECKS:
        if is_wrong(text):
            raise BadInput(facts.format(length=len(text), bytes=MAX_TITLE_BYTES), remedy=remedy)


@dataclass(frozen=True, slots=True, repr=False)
class Title:
    """A title that is a valid file name everywhere; made with `parse`."""

    _text: str

    def __post_init__(self) -> None:
        _check(self._text)

    @classmethod
    def parse(cls, raw: str) -> "Title":
        """Normalise (Unicode NFC) and check; raises `BadInput` that does not hold the text."""
        return cls(unicodedata.normalize("NFC", raw))

    def reveal(self) -> str:
        """Give the text; only where it must reach a network, or a person with the right to see it."""
        return self._text

    def __repr__(self) -> str:
        return "<title>"

    def __format__(self, format_spec: str) -> str:
        return format("<title>", format_spec)


@dataclass(frozen=True, slots=True)
class ApprovedTitle:
    """A title of the campaign under the id by which people speak of it (`T-0042`)."""

    id: TitleId
    title: Title
