# SPDX-License-Identifier: EUPL-1.2
"""Which pages a site has, and how each is rendered in each language.

Promise: a page is one file; its style and script stand in it, named by their hashes. The help part has pages of its
own menu and nothing about checking files.
"""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from importlib.resources import files
from typing import ClassVar, TypeAlias

from babel.dates import format_date
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from police2peer.campaign import Language
from police2peer.site.help_directory import Directory
from police2peer.site.help_page import help_values
from police2peer.site.never import CHECK_COMMAND, KEY_NAME, LIST_NAME, SIGNATURE_NAME, NeverList
from police2peer.site.pictures import Picture
from police2peer.site.policy import Inline, compact_script, compact_style, page_policy
from police2peer.site.texts import PageTexts, Section

__all__ = ["Assets", "HelpSite", "Publisher", "WholeSite"]

_Menu: TypeAlias = tuple[tuple[str, str], ...]  # key in the texts, and file without ".html"

_MENU: _Menu = (
    ("verify", "index"),
    ("about", "about"),
    ("looks", "looks"),
    ("help", "help"),
    ("accident", "accident"),
    ("scam", "scam"),
)
_FOOTER_MENU: _Menu = tuple((key, key) for key in ("press", "contact", "privacy", "accessibility", "offline"))
_HELP_MENU: _Menu = (("help", "index"),)
_HELP_FOOTER_MENU: _Menu = (("privacy", "privacy"), ("accessibility", "accessibility"))
_ONWARD = {
    "genuine": ("help", "accident"),
    "withdrawn": ("help", "accident"),
    "not_ours": ("scam", "help"),
    "cannot_tell": ("offline", "scam"),
    "about": ("verify", "looks", "help"),
    "looks": ("verify", "help"),
    "accident": ("help", "verify"),
    "scam": ("verify", "accident"),
    "press": ("about", "looks"),
    "contact": ("scam", "help"),
    "privacy": (),
    "accessibility": (),
}
# What the help part says of its privacy and accessibility: the same words without those about checking files.
_HELP_SECTIONS = {"privacy": (1, 3, 4), "accessibility": (0, 1, 2)}
_POINTS_ABOUT_CHECKING = {("accessibility", 1): (0,)}
# The exit codes of `police2peer verify`; None is wrong use.
EXIT_CODES = ((0, "genuine"), (1, "not_ours"), (2, None), (3, "withdrawn"), (4, "cannot_tell"))
_TEMPLATES = {
    "verify": "verify.html",
    "help": "help.html",
    "offline": "offline.html",
    "looks": "looks.html",
    "scam": "scam.html",
    "contact": "contact.html",
}


class _WordsFirst(Environment):
    """Reads `t.copy` as the text called copy, where Jinja would first find the method of a dict."""

    def getattr(self, obj: object, attribute: str) -> object:
        """Prefer the item to the attribute."""
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)


def _environment() -> Environment:
    return _WordsFirst(
        loader=PackageLoader("police2peer.site"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@dataclass(frozen=True, slots=True)
class Assets:
    """Style, scripts and icons, as they stand in the pages."""

    style: Inline
    verifier: Inline
    forward: Inline
    icon: bytes
    help_icon: bytes

    @classmethod
    def load(cls) -> "Assets":
        """Read what ships with the program."""
        folder = files("police2peer.site") / "assets"
        text = {path.name: path.read_text("utf-8") for path in folder.iterdir() if path.is_file()}
        verifier = compact_script(
            *(text[name] for name in ("sha256.js", "code.js", "verifier.js", "copy.js", "page.js"))
        )
        if "</" in verifier + text["forward.js"]:
            raise ValueError("a script may not hold a closing tag")
        return cls(
            Inline(compact_style(text["style.css"])),
            Inline(verifier),
            Inline(compact_script(text["forward.js"])),
            text["icon.svg"].encode(),
            text["help.svg"].encode(),
        )

    @property
    def scripts(self) -> frozenset[str]:
        """The CSP sources of every script that a page of ours may hold."""
        return frozenset({self.verifier.source, self.forward.source})


@dataclass(frozen=True, slots=True)
class Publisher:
    """Who publishes the site, and who can be asked or complained to; each but the name may be empty.

    `address` is that of the site itself, with a slash at its end: a page that was saved asks there.
    """

    agency: str
    contact: str = ""
    data_authority: str = ""
    oversight: str = ""
    address: str = ""


@dataclass(frozen=True)
class _Site:
    """What the whole site and the help part have in common."""

    texts: tuple[PageTexts, ...]
    directory: Directory
    publisher: Publisher
    today: date
    assets: Assets

    menu: ClassVar[_Menu] = _MENU
    footer_menu: ClassVar[_Menu] = _FOOTER_MENU
    apart: ClassVar[bool] = False

    @cached_property
    def _environment(self) -> Environment:
        return _environment()

    def _render(self, template: str, **values: object) -> str:
        shared = {"css": Markup(self.assets.style.content), "apart": self.apart}  # noqa: S704 - our own style
        return self._environment.get_template(template).render(**shared, **values)

    def _shared(self, texts: PageTexts, key: str, page: str) -> Mapping[str, object]:
        return {
            "t": texts.words,
            "language": texts.tag,
            "language_name": texts.name,
            "dir": texts.dir,
            "languages": self.texts,
            "page": page,
            "up": "../",
            "site_name": self._name(texts),
            "title": texts.of(key, "title"),
            "lead": texts.of(key, "lead"),
            "menu": self.menu,
            "footer_menu": self.footer_menu,
            "onward": _ONWARD,
            "contact": self.publisher.contact,
            "draft": texts.draft,
            "built_on": self.today.isoformat(),
            "built_on_text": format_date(self.today, "long", texts.tag),
        }

    def _name(self, texts: PageTexts) -> str:
        return texts.of("common", "site_name")

    def _own(self, texts: PageTexts, key: str) -> Mapping[str, object]:
        """Give the values of this page alone."""
        plain: dict[str, object] = {"csp": page_policy(self.assets.style)}
        if key == "help":
            return {**plain, **help_values(self.directory, texts, self.today)}
        return {**plain, "sections": texts.sections(key)}

    def pages(self) -> Iterator[tuple[str, str]]:
        """Give the name and the text of every page."""
        for texts in self.texts:
            for key, page in (*self.menu, *self.footer_menu):
                values = {**self._shared(texts, key, page), **self._own(texts, key)}
                yield f"{texts.tag}/{page}.html", self._render(_TEMPLATES.get(key, "prose.html"), **values)
        yield from self._choosers()

    def _choosers(self) -> Iterator[tuple[str, str]]:
        yield "index.html", self._chooser("index", "verify", "")
        yield "help/index.html", self._chooser("help", "help", "../")

    def _chooser(self, page: str, choice: str, up: str) -> str:
        forward = self.assets.forward
        return self._render(
            "choose.html",
            csp=page_policy(self.assets.style, scripts=(forward,)),
            script=Markup(forward.content),  # noqa: S704 - our own script
            languages=self.texts,
            first=self.texts[0],
            site_name=self._name(self.texts[0]),
            choice=choice,
            page=page,
            up=up,
        )


@dataclass(frozen=True)
class WholeSite(_Site):
    """Check, explanations, help."""

    root: bytes
    has_catalogue: bool
    never: NeverList
    pictures: Mapping[Language, tuple[Picture, ...]]

    def _own(self, texts: PageTexts, key: str) -> Mapping[str, object]:
        """Give the values of this page alone."""
        script = self.assets.verifier
        if key == "verify":
            return {
                "csp": page_policy(self.assets.style, scripts=(script,), verifies=True, home=self.publisher.address),
                "script": Markup(script.content),  # noqa: S704 - our own script
                "root": base64.b64encode(self.root).decode(),
                "catalogue": "../catalogue/",
                "address": self.publisher.address,
            }
        own: dict[str, object] = {}
        if key == "offline":
            own = {
                "exit_codes": EXIT_CODES,
                "has_catalogue": self.has_catalogue,
                "root_sha256": hashlib.sha256(self.root).hexdigest(),
                "script_sha256": script.source.strip("'"),
            }
        elif key == "looks":
            own = {"pictures": self.pictures.get(texts.language, ())}
        elif key == "scam":
            own = {
                "never_files": {"list": LIST_NAME, "signature": SIGNATURE_NAME, "key": KEY_NAME},
                "check_command": CHECK_COMMAND,
                "key_sha256": self.never.key_sha256,
            }
        elif key == "contact":
            who = self.publisher
            bodies = (("data_authority", who.data_authority), ("oversight", who.oversight))
            own = {"agency": who.agency, "bodies": [(name, value) for name, value in bodies if value]}
        return {**super()._own(texts, key), **own}


@dataclass(frozen=True)
class HelpSite(_Site):
    """The help list alone, for a domain of its own: no check, no catalogue, other colours than the police's."""

    menu: ClassVar[_Menu] = _HELP_MENU
    footer_menu: ClassVar[_Menu] = _HELP_FOOTER_MENU
    apart: ClassVar[bool] = True

    def _name(self, texts: PageTexts) -> str:
        return texts.of("nav", "help")

    def _own(self, texts: PageTexts, key: str) -> Mapping[str, object]:
        own = super()._own(texts, key)
        if key in _HELP_SECTIONS:
            sections = texts.sections(key)
            kept = tuple(_without_checking(sections[place], key, place) for place in _HELP_SECTIONS[key])
            return {**own, "sections": kept}
        return own

    def _choosers(self) -> Iterator[tuple[str, str]]:
        yield "index.html", self._chooser("index", "help", "")


def _without_checking(section: Section, key: str, place: int) -> Section:
    dropped = _POINTS_ABOUT_CHECKING.get((key, place), ())
    kept = tuple(point for number, point in enumerate(section.points) if number not in dropped)
    return Section(section.heading, section.text, kept)
