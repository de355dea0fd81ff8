# SPDX-License-Identifier: EUPL-1.2
r"""Text of others, made safe to show: what a peer or a title says never steers a screen or hides on paper.

Control and formatting signs, those that turn the direction of writing among them, surrogates, signs that stand for
nothing and blanks other than the plain one are written as `\u{202E}`. Nothing is dropped, so that two texts that
differ are shown differently; a backslash is written `\u{5C}`, so that nobody can write such a sign themselves.
"""

import unicodedata
from typing import Final

__all__ = ["shown"]

_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_MOST: Final = 300


def _escape(symbol: str) -> str:
    return f"\\u{{{ord(symbol):X}}}"


def _is_plain(symbol: str) -> bool:
    if symbol == " ":
        return True
    category = unicodedata.category(symbol)
    return symbol != "\\" and category not in _HIDDEN and category[0] not in {"Z", "M"}


def shown(text: str, most: int = _MOST) -> str:
    """Give the text as it may stand on a screen or page, cut after `most` signs with a word that it was."""
    cut = "".join(symbol if _is_plain(symbol) else _escape(symbol) for symbol in text[:most])
    return cut if len(text) <= most else f"{cut} (cut: {len(text)} signs)"
