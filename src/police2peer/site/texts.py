# SPDX-License-Identifier: EUPL-1.2
"""The words of the site: one TOML file a language, all of one shape.

Promise: a language is complete or it is not shown. Complete means that it has exactly the keys and list lengths of
English, no blank text, and the same places to fill in. `draft` stays set until a second person has signed the words.
Source: text/en.toml, which is the shape.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import TypeAlias

from police2peer.campaign import SHIPPED_LANGUAGES, Language, ReviewState, direction, language_name

__all__ = ["SITE_LANGUAGES", "PageTexts", "Section", "complete_texts", "differences", "load_texts"]

Tree: TypeAlias = "str | list[Tree] | dict[str, Tree]"

SHAPE = Language("en")
_ISOLATE, _END = "\u2068", "\u2069"  # a name in another script keeps its own direction (UAX #9)
_PLACE = re.compile(r"\{[a-z_]+\}")


@dataclass(frozen=True, slots=True)
class Section:
    """One part of a page of prose."""

    heading: str
    text: tuple[str, ...]
    points: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PageTexts:
    """All words of one language; `words` is read by the templates."""

    language: Language
    words: Mapping[str, Tree]
    draft: bool

    @property
    def name(self) -> str:
        """The language's own name."""
        return language_name(self.language)

    @property
    def tag(self) -> str:
        """The BCP 47 tag, also the name of the language's folder."""
        return str(self.language)

    @property
    def dir(self) -> str:
        """The direction in which the language is written."""
        return direction(self.language)

    def of(self, *keys: str) -> str:
        """Give one text. Raises `KeyError` when there is none, or more than one."""
        value: Tree | Mapping[str, Tree] = self.words
        for key in keys:
            if not isinstance(value, Mapping):
                raise KeyError(keys)
            value = value[key]
        if not isinstance(value, str):
            raise KeyError(keys)
        return value

    def sections(self, page: str) -> tuple[Section, ...]:
        """Give the parts of a page of prose."""
        tree = self.words[page]
        parts = tree["sections"] if isinstance(tree, Mapping) else []
        return tuple(
            Section(str(each["heading"]), tuple(map(str, each["text"])), tuple(map(str, each["points"])))
            for each in parts
            if isinstance(each, Mapping)
        )


@cache
def load_texts(language: Language) -> PageTexts | None:
    """Read the words of a language, with `{agency}` still to be filled in; None when there are none."""
    resource = files("police2peer.site") / "text" / f"{language}.toml"
    if not resource.is_file():
        return None
    tree = tomllib.loads(resource.read_text("utf-8"))
    draft = tree.pop("review") != ReviewState.SIGNED
    return PageTexts(language, tree, draft)


@cache
def _complete(language: Language) -> PageTexts | None:
    shape, texts = load_texts(SHAPE), load_texts(language)
    return texts if shape and texts and not differences(shape.words, texts.words) else None


def complete_texts(languages: tuple[Language, ...], *, agency: str) -> tuple[PageTexts, ...]:
    """Give the words of those languages that are complete, in the order asked for."""
    complete = [texts for language in languages if (texts := _complete(language))]
    return tuple(
        replace(
            texts,
            words={
                key: _fill(value, f"{_ISOLATE}{agency}{_END}" if texts.dir == "rtl" else agency)
                for key, value in texts.words.items()
            },
        )
        for texts in complete
    )


def differences(shape: object, other: object, where: str = "") -> list[str]:
    """Name every place in which a language has not the shape of the first."""
    match shape, other:
        case Mapping(), Mapping():
            odd = [f"{where}.{key}: only in one" for key in shape.keys() ^ other.keys()]
            both = [key for key in shape if key in other]
            return odd + [line for key in both for line in differences(shape[key], other[key], f"{where}.{key}")]
        case list(), list():
            odd = [] if len(shape) == len(other) else [f"{where}: {len(other)} items, not {len(shape)}"]
            pairs = enumerate(zip(shape, other, strict=False))
            return odd + [
                line for index, (left, right) in pairs for line in differences(left, right, f"{where}[{index}]")
            ]
        case str(), str():
            if not other.strip():
                return [f"{where}: blank"]
            if sorted(_PLACE.findall(shape)) != sorted(_PLACE.findall(other)):
                return [f"{where}: other places to fill in"]
            return []
        case _:
            return [f"{where}: of another kind"]


def _fill(value: Tree, agency: str) -> Tree:
    if isinstance(value, str):
        return value.replace("{agency}", agency)
    if isinstance(value, list):
        return [_fill(each, agency) for each in value]
    return {key: _fill(each, agency) for key, each in value.items()}


# The site speaks those languages of the warning files for which its words are complete.
SITE_LANGUAGES: tuple[Language, ...] = tuple(language for language in SHIPPED_LANGUAGES if _complete(language))
