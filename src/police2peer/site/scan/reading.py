# SPDX-License-Identifier: EUPL-1.2
"""Reads a foreign page and a foreign policy into what the rules ask about.

Promise: any bytes give a value or `BadInput`; nothing in a page is followed or run here.
Source: HTML Living Standard (attributes that load or send), Content Security Policy Level 3, section 2.2.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser

from police2peer.errors import BadInput

__all__ = ["Link", "PageFacts", "read_page", "read_policy"]

# What makes a browser ask for something, or send something.
_LOADING = frozenset(
    {"src", "srcset", "imagesrcset", "poster", "data", "background", "action", "formaction", "ping", "xlink:href"}
)
_LISTS = frozenset({"srcset", "imagesrcset"})
_HREF_LOADS = frozenset({"link", "use", "image", "feimage", "base"})
_FRAMES = frozenset({"iframe", "frame", "object", "embed", "portal", "fencedframe"})
_HARMLESS_LINKS = frozenset({"alternate", "canonical", "license", "help", "author"})
_STYLE_ADDRESS = re.compile(r"""(?:url\(\s*|@import\s+)["']?([^"')\s;]+)""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Link:
    """A place to go: nothing is loaded before somebody chooses it."""

    href: str
    language: str


@dataclass(slots=True)
class PageFacts:
    """What stands in a page; `loads` are addresses that a browser asks without being told to."""

    language: str = ""
    links: list[Link] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)
    script_files: list[str] = field(default_factory=list)
    handlers: list[str] = field(default_factory=list)
    frames: list[str] = field(default_factory=list)
    refreshes: bool = False
    policy: str = ""
    referrer: str = ""


def read_page(content: bytes) -> PageFacts:
    """Read a page. Raises `BadInput` when it cannot be read as HTML."""
    reader = _Reader()
    try:
        reader.feed(content.decode("utf-8", "replace"))
        reader.close()
    except (AssertionError, ValueError, RecursionError) as error:
        raise BadInput(
            "a page cannot be read as HTML", remedy="build the site again and publish it unchanged"
        ) from error
    reader.end_text()
    return reader.facts


def read_policy(text: str) -> Mapping[str, tuple[str, ...]]:
    """Read the directives of a policy with their sources; the first of a name counts, as in a browser."""
    found: dict[str, tuple[str, ...]] = {}
    for part in text.split(";"):
        words = part.split()
        if words:
            found.setdefault(words[0].lower(), tuple(words[1:]))
    return found


class _Reader(HTMLParser):
    """Gathers the facts of one page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.facts = PageFacts()
        self._inside = ""
        self._text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take what an element loads, runs or leads to."""
        values: dict[str, str] = {}
        for name, value in attrs:
            values.setdefault(name, value or "")
        facts = self.facts
        if tag == "html" and not facts.language:
            facts.language = values.get("lang", "")
        elif tag in {"a", "area"} and "href" in values and "download" not in values:
            facts.links.append(Link(values["href"], values.get("hreflang", "")))
        elif tag == "meta":
            self._read_meta(values)
        if tag in _FRAMES:
            facts.frames.append(tag)
        if tag == "script" and "src" in values:
            facts.script_files.append(values["src"])
        facts.handlers += [name for name in values if name.startswith("on")]
        facts.loads += _loaded(tag, values)
        if tag in {"script", "style"}:
            self.end_text()
            self._inside = "" if tag == "script" and "src" in values else tag

    def handle_data(self, data: str) -> None:
        """Keep the text of scripts and styles."""
        if self._inside:
            self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        """End a script or a style."""
        if tag == self._inside:
            self.end_text()

    def end_text(self) -> None:
        """Take what stood in a script or style, also one that was never closed."""
        text, self._text = "".join(self._text), []
        if self._inside == "script":
            self.facts.scripts.append(text)
        elif self._inside == "style":
            self.facts.loads += _STYLE_ADDRESS.findall(text)
        self._inside = ""

    def _read_meta(self, values: Mapping[str, str]) -> None:
        kind, content = values.get("http-equiv", "").lower(), values.get("content", "")
        if kind == "content-security-policy":
            self.facts.policy = self.facts.policy or content
        elif kind == "refresh":
            self.facts.refreshes = True
        elif values.get("name", "").lower() == "referrer":
            self.facts.referrer = content


def _loaded(tag: str, values: Mapping[str, str]) -> list[str]:
    found = []
    for name, value in values.items():
        if name in _LISTS:
            found += [part.split()[0] for part in value.split(",") if part.split()]
        elif name in _LOADING and value.strip():
            found.append(value)
        elif name == "style":
            found += _STYLE_ADDRESS.findall(value)
    if tag in _HREF_LOADS and "href" in values:
        relations = set(values.get("rel", "").lower().split())
        if tag != "link" or not relations or relations - _HARMLESS_LINKS:
            found.append(values["href"])
    return found
