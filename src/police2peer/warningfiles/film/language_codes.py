# SPDX-License-Identifier: EUPL-1.2
"""The three-letter names under which players know languages. Source: ISO 639-2/T, as ISO/IEC 14496-12, 8.4.2 asks."""

from police2peer.campaign import Language

__all__ = ["iso_639_2"]

_CODES = {
    "ar": "ara",
    "bg": "bul",
    "cs": "ces",
    "da": "dan",
    "de": "deu",
    "el": "ell",
    "en": "eng",
    "es": "spa",
    "et": "est",
    "fi": "fin",
    "fr": "fra",
    "ga": "gle",
    "he": "heb",
    "hi": "hin",
    "hr": "hrv",
    "hu": "hun",
    "is": "isl",
    "it": "ita",
    "ja": "jpn",
    "ko": "kor",
    "lt": "lit",
    "lv": "lav",
    "mt": "mlt",
    "nb": "nob",
    "nl": "nld",
    "pl": "pol",
    "pt": "por",
    "ro": "ron",
    "ru": "rus",
    "sk": "slk",
    "sl": "slv",
    "sv": "swe",
    "th": "tha",
    "tr": "tur",
    "uk": "ukr",
    "zh": "zho",
}
_UNDETERMINED = "und"


def iso_639_2(language: Language) -> str:
    """Give the three letters for a language; `und` for one that is not in the table."""
    return _CODES.get(language.split("-", maxsplit=1)[0].lower(), _UNDETERMINED)
