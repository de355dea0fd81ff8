# SPDX-License-Identifier: EUPL-1.2
"""Builds the public site: plain files for any web server, a USB stick or the folder of a demo.

::

    index.html, help/index.html     choose a language
    LANGUAGE/*.html                 each page is one file: its style and script stand in it, named by their hashes
    root.json                       the pinned root of the catalogue, for the command line
    catalogue/, catalogue.zip       the published catalogue, and the same in one file
    _headers, icon.svg

Promise: no cookie, no third party, no page over `PAGE_BUDGET_BYTES`; a language is complete or not there.
Source: docs/site.md.
"""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path

from babel.dates import format_date
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from police2peer.campaign import Language
from police2peer.errors import BadInput, NotPermitted
from police2peer.site.help_directory import Directory, shipped_directory
from police2peer.site.help_page import help_values
from police2peer.site.mirror import place_catalogue
from police2peer.site.policy import Inline, compact_script, compact_style, header_file, page_policy
from police2peer.site.texts import SITE_LANGUAGES, PageTexts, complete_texts
from police2peer.storage import write_whole

__all__ = ["PAGE_BUDGET_BYTES", "SiteReport", "build_site"]

PAGE_BUDGET_BYTES = 60_000  # without the verifier: a page opens at once on a slow phone

# Key in the texts, and file without ".html".
MENU = (
    ("verify", "index"),
    ("about", "about"),
    ("help", "help"),
    ("accident", "accident"),
    ("scam", "scam"),
)
FOOTER_MENU = (("privacy", "privacy"), ("accessibility", "accessibility"), ("offline", "offline"))
ONWARD = {
    "genuine": ("help", "accident"),
    "withdrawn": ("help", "accident"),
    "not_ours": ("scam", "help"),
    "cannot_tell": ("offline", "scam"),
    "about": ("verify", "help"),
    "accident": ("help", "verify"),
    "scam": ("verify", "accident"),
    "privacy": (),
    "accessibility": (),
}
# The exit codes of `police2peer verify`; None is wrong use.
EXIT_CODES = ((0, "genuine"), (1, "not_ours"), (2, None), (3, "withdrawn"), (4, "cannot_tell"))
_TEMPLATES = {"index": "verify.html", "help": "help.html", "offline": "offline.html"}


@dataclass(frozen=True, slots=True)
class SiteReport:
    """What was built, and what a person should know before it is published."""

    folder: Path
    pages: tuple[str, ...]
    languages: tuple[Language, ...]
    drafts: tuple[Language, ...]
    unverified_services: int
    largest_page_bytes: int
    new_catalogue_files: int | None
    root_sha256: str
    script_sha256: str


class _WordsFirst(Environment):
    """Reads `t.copy` as the text called copy, where Jinja would first find the method of a dict."""

    def getattr(self, obj: object, attribute: str) -> object:
        """Prefer the item to the attribute."""
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)


@dataclass(frozen=True, slots=True)
class _Assets:
    style: Inline
    verifier: Inline
    forward: Inline
    icon: bytes

    @classmethod
    def load(cls) -> "_Assets":
        folder = files("police2peer.site") / "assets"
        text = {path.name: path.read_text("utf-8") for path in folder.iterdir() if path.is_file()}
        verifier = compact_script(*(text[name] for name in ("sha256.js", "code.js", "verifier.js", "page.js")))
        if "</" in verifier + text["forward.js"]:
            raise ValueError("a script may not hold a closing tag")
        return cls(
            Inline(compact_style(text["style.css"])),
            Inline(verifier),
            Inline(compact_script(text["forward.js"])),
            text["icon.svg"].encode(),
        )


@dataclass(frozen=True, slots=True)
class _Site:
    """Everything that the pages are made of."""

    texts: tuple[PageTexts, ...]
    directory: Directory
    contact: str
    root: bytes
    has_catalogue: bool
    today: date
    assets: _Assets
    environment: Environment

    def render(self, template: str, **values: object) -> str:
        markup = {"css": Markup(self.assets.style.content)}  # noqa: S704 - our own style
        return self.environment.get_template(template).render(**markup, **values)

    def shared(self, texts: PageTexts, page: str) -> Mapping[str, object]:
        key = "verify" if page == "index" else page
        return {
            "t": texts.words,
            "language": texts.tag,
            "dir": texts.dir,
            "languages": self.texts,
            "page": page,
            "up": "../",
            "title": texts.of(key, "title"),
            "lead": texts.of(key, "lead"),
            "menu": MENU,
            "footer_menu": FOOTER_MENU,
            "onward": ONWARD,
            "contact": self.contact,
            "draft": texts.draft,
            "built_on": self.today.isoformat(),
            "built_on_text": format_date(self.today, "long", texts.tag),
        }

    def own(self, texts: PageTexts, page: str) -> Mapping[str, object]:
        """Give the values of this page alone."""
        style, script = self.assets.style, self.assets.verifier
        if page == "index":
            return {
                "csp": page_policy(style, scripts=(script,), verifies=True),
                "script": Markup(script.content),  # noqa: S704 - our own script
                "root": base64.b64encode(self.root).decode(),
                "catalogue": "../catalogue/",
            }
        plain: dict[str, object] = {"csp": page_policy(style)}
        if page == "help":
            return {**plain, **help_values(self.directory, texts, self.today)}
        if page == "offline":
            return plain | {
                "exit_codes": EXIT_CODES,
                "has_catalogue": self.has_catalogue,
                "root_sha256": hashlib.sha256(self.root).hexdigest(),
                "script_sha256": script.source.strip("'"),
            }
        return plain

    def pages(self) -> Iterator[tuple[str, str]]:
        """Give the name and the text of every page."""
        for texts in self.texts:
            for _, page in (*MENU, *FOOTER_MENU):
                template = _TEMPLATES.get(page, "prose.html")
                values = {**self.shared(texts, page), **self.own(texts, page)}
                yield f"{texts.tag}/{page}.html", self.render(template, **values)
        yield "index.html", self._chooser("index", "verify", "")
        yield "help/index.html", self._chooser("help", "help", "../")

    def _chooser(self, page: str, choice: str, up: str) -> str:
        forward = self.assets.forward
        return self.render(
            "choose.html",
            csp=page_policy(self.assets.style, scripts=(forward,)),
            script=Markup(forward.content),  # noqa: S704 - our own script
            languages=self.texts,
            first=self.texts[0],
            choice=choice,
            page=page,
            up=up,
        )


def build_site(
    out: Path,
    *,
    catalogue: Path | None,
    root: bytes,
    agency: str,
    today: date,
    contact: str = "",
    languages: tuple[Language, ...] = SITE_LANGUAGES,
    directory: Directory | None = None,
    final: bool = False,
) -> SiteReport:
    """Write the site into `out`, over what an earlier build left there.

    `agency` publishes the site and stands in its texts, `contact` says how it is reached. Without a `catalogue` the
    pages expect one at `catalogue/` later (`place_catalogue`). `final` refuses texts that no second person signed.
    Raises `BadInput` (no such language, no catalogue in the folder), `NotPermitted` (drafts in a final build).
    """
    texts = complete_texts(languages, agency=agency)
    _check_languages(texts, languages)
    drafts = tuple(each.language for each in texts if each.draft)
    if final and drafts:
        raise NotPermitted(
            f"the texts of {len(drafts)} languages are drafts: {', '.join(drafts)}",
            remedy="have a second person review them, or build without --final",
        )
    environment = _WordsFirst(
        loader=PackageLoader("police2peer.site"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    kept = directory or shipped_directory()
    site = _Site(texts, kept, contact, root, catalogue is not None, today, _Assets.load(), environment)
    pages = {name: text.lstrip().encode() for name, text in site.pages()}
    new_files = place_catalogue(catalogue, out) if catalogue else None
    _write(out, site, pages)
    return SiteReport(
        folder=out,
        pages=tuple(pages),
        languages=tuple(each.language for each in texts),
        drafts=drafts,
        unverified_services=sum(each.is_shown(today) and not each.verified_on for each in kept.services),
        largest_page_bytes=max(map(len, pages.values())),
        new_catalogue_files=new_files,
        root_sha256=hashlib.sha256(root).hexdigest(),
        script_sha256=site.assets.verifier.source.strip("'"),
    )


def _check_languages(texts: tuple[PageTexts, ...], languages: tuple[Language, ...]) -> None:
    missing = [language for language in languages if language not in {each.language for each in texts}]
    if missing or not texts:
        raise BadInput(
            f"the site has no complete texts in: {', '.join(missing) or 'no language at all'}",
            remedy=f"choose from {', '.join(SITE_LANGUAGES)}",
        )


def _write(out: Path, site: _Site, pages: Mapping[str, bytes]) -> None:
    assets = site.assets
    widest = page_policy(assets.style, scripts=(assets.verifier, assets.forward), verifies=True)
    others = {
        "icon.svg": assets.icon,
        "root.json": site.root,
        "_headers": header_file(widest).encode(),
    }
    for name, content in {**pages, **others}.items():
        write_whole(out / name, content)
