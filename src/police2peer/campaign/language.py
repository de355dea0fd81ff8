# SPDX-License-Identifier: EUPL-1.2
"""The languages in which warning files speak.

A language is complete or not shown: `SHIPPED_LANGUAGES` are those whose words and scam rules lie in this package,
and a complete file has every text of every shipped arm. Tags are BCP 47 (RFC 5646).
"""

import importlib.resources
from typing import Literal, NewType

__all__ = ["SHIPPED_LANGUAGES", "Direction", "Language", "direction", "language_name"]

Language = NewType("Language", str)
Direction = Literal["ltr", "rtl"]

# Own names, in the order in which languages are listed: English, then by tag.
_OWN_NAMES = {
    Language("en"): "English",
    Language("ar"): "العربية",
    Language("bg"): "Български",
    Language("cs"): "Čeština",
    Language("da"): "Dansk",
    Language("de"): "Deutsch",
    Language("el"): "Ελληνικά",
    Language("es"): "Español",
    Language("et"): "Eesti",
    Language("fi"): "Suomi",
    Language("fr"): "Français",
    Language("ga"): "Gaeilge",
    Language("he"): "עברית",
    Language("hi"): "हिन्दी",
    Language("hr"): "Hrvatski",
    Language("hu"): "Magyar",
    Language("is"): "Íslenska",
    Language("it"): "Italiano",
    Language("ja"): "日本語",
    Language("ko"): "한국어",
    Language("lt"): "Lietuvių",
    Language("lv"): "Latviešu",
    Language("mt"): "Malti",
    Language("nb"): "Norsk bokmål",
    Language("nl"): "Nederlands",
    Language("pl"): "Polski",
    Language("pt"): "Português",
    Language("ro"): "Română",
    Language("ru"): "Русский",
    Language("sk"): "Slovenčina",
    Language("sl"): "Slovenščina",
    Language("sv"): "Svenska",
    Language("th"): "ไทย",
    Language("tr"): "Türkçe",
    Language("uk"): "Українська",
    Language("zh"): "简体中文",
}

_HERE = importlib.resources.files("police2peer.campaign")

SHIPPED_LANGUAGES: tuple[Language, ...] = tuple(
    language
    for language in _OWN_NAMES
    if all((_HERE / folder / f"{language}.toml").is_file() for folder in ("messages", "scam_rules"))
)

# ISO 639-1 tags of the languages written from right to left.
_RIGHT_TO_LEFT = frozenset({"ar", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})


def direction(language: Language) -> Direction:
    """Tell which way the language is written."""
    return "rtl" if language.split("-", maxsplit=1)[0].lower() in _RIGHT_TO_LEFT else "ltr"


def language_name(language: Language) -> str:
    """Give the name of the language in that language; for one that we do not know, its tag."""
    return _OWN_NAMES.get(language, str(language))
