# SPDX-License-Identifier: EUPL-1.2
"""The languages in which warning files speak.

A language is complete or not shown: what stands in `SHIPPED_LANGUAGES` has every text of every shipped arm.
Tags are BCP 47 (RFC 5646).
"""

from typing import Literal, NewType

__all__ = ["SHIPPED_LANGUAGES", "Direction", "Language", "direction", "language_name"]

Language = NewType("Language", str)
Direction = Literal["ltr", "rtl"]

_OWN_NAMES = {
    Language("en"): "English",
    Language("de"): "Deutsch",
    Language("fr"): "Français",
    Language("es"): "Español",
    Language("pl"): "Polski",
    Language("ar"): "العربية",
}

SHIPPED_LANGUAGES: tuple[Language, ...] = tuple(_OWN_NAMES)

# ISO 639-1 tags of the languages written from right to left.
_RIGHT_TO_LEFT = frozenset({"ar", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})


def direction(language: Language) -> Direction:
    """Tell which way the language is written."""
    return "rtl" if language.split("-", maxsplit=1)[0].lower() in _RIGHT_TO_LEFT else "ltr"


def language_name(language: Language) -> str:
    """Give the name of the language in that language; for one we do not ship, its tag."""
    return _OWN_NAMES.get(language, str(language))
