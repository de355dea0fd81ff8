# SPDX-License-Identifier: EUPL-1.2
"""Turns the help directory into what its page shows in one language: countries and languages by their names there.

Source: Unicode CLDR through Babel, for names and dates.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date

from babel import Locale
from babel.dates import format_date
from babel.lists import format_list

from police2peer.site.help_directory import ANYWHERE, YOUNG, Audience, Directory, HelpService
from police2peer.site.texts import PageTexts

__all__ = ["help_values"]

_WORRIED = frozenset({Audience.SELF, Audience.RELATIVE, Audience.PROFESSIONAL})
_HARMED = frozenset({Audience.HARMED, Audience.UNDER18})


def help_values(directory: Directory, texts: PageTexts, today: date) -> Mapping[str, object]:
    """Give the values of the help page: services as the directory orders them, countries by their names."""
    locale = Locale.parse(texts.tag)
    named = [(str(locale.territories[code]), code) for code in directory.countries(today)]
    named.sort(key=lambda pair: _plain(pair[0]))
    countries = [{"id": code.lower(), "name": name, **_groups(directory, code, texts, today)} for name, code in named]
    places = (ANYWHERE, YOUNG, *directory.countries(today))
    shown = [service for place in places for service in directory.at(place, today)]
    return {
        "countries": countries,
        "international": _entries(directory, ANYWHERE, texts, today),
        "young": _entries(directory, YOUNG, texts, today),
        "without_service": sorted(
            (str(locale.territories[code]) for code in directory.countries_without(today)), key=_plain
        ),
        "any_unverified": any(service.verified_on is None for service in shown),
    }


def _plain(name: str) -> str:
    """Take the accents off, so that a list reads as people expect it: Etats-Unis stands under E."""
    return "".join(sign for sign in unicodedata.normalize("NFKD", name).casefold() if not unicodedata.combining(sign))


def _groups(directory: Directory, code: str, texts: PageTexts, today: date) -> Mapping[str, object]:
    """Give the services of a country, under two headings where it has both kinds: for the worried, for the harmed.

    One that is for both stands under both. Where there is nothing for the harmed, the page leads to what there is.
    """
    shown = directory.at(code, today)
    worried = [each for each in shown if _WORRIED.intersection(each.audiences)]
    harmed = [each for each in shown if _HARMED.intersection(each.audiences)]
    if worried and harmed:
        pairs = [(texts.of("help", "worried"), worried), (texts.of("help", "young"), harmed)]
    else:
        pairs = [("", list(shown))]
    groups = [{"heading": heading, "services": [_entry(each, texts) for each in group]} for heading, group in pairs]
    return {"groups": groups, "leads_to_young": not harmed}


def _entries(directory: Directory, place: str, texts: PageTexts, today: date) -> list[Mapping[str, object]]:
    return [_entry(service, texts) for service in directory.at(place, today)]


def _entry(service: HelpService, texts: PageTexts) -> Mapping[str, object]:
    locale = Locale.parse(texts.tag)

    def listed(words: Iterable[str]) -> str:
        return format_list(list(words), "standard", locale)

    return {
        "name": service.name,
        "name_language": service.name_language,
        "verified_on": service.verified_on.isoformat() if service.verified_on else "",
        "verified_on_text": format_date(service.verified_on, "long", locale) if service.verified_on else "",
        "contacts": service.shown_contacts(),
        "other_kinds": listed(texts.of("help", "kind_names", kind) for kind in service.kinds),
        "languages": listed(str(locale.languages.get(tag, tag)) for tag in service.languages),
        "hours": service.hours,
        "cost": service.cost.value,
        "audiences": listed(texts.of("help", "audience_names", each) for each in service.audiences),
        "confidentiality": service.confidentiality.value,
        "limits": [limit.value for limit in service.limits],
        "own_words": service.own_words,
        "own_words_language": service.own_words_language,
        "operator": service.operator,
    }
