# SPDX-License-Identifier: EUPL-1.2
"""Goes through the pages of one site, holds each against the rules, and adds what only the whole shows.

Promise: at most `MOST_PAGES` pages, `MOST_SECONDS` in all; links are followed within the site's own path only.
"""

import ipaddress
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from urllib.parse import urldefrag, urlsplit

from police2peer.errors import BadInput
from police2peer.site.pages import Assets
from police2peer.site.scan.findings import Finding, Rule, ScanReport
from police2peer.site.scan.reading import PageFacts, read_page
from police2peer.site.scan.rules import absolute, check_headers, check_page, origin
from police2peer.site.scan.sources import Answer, FolderSource, Source, WebSource
from police2peer.site.texts import SITE_LANGUAGES

__all__ = ["MOST_PAGES", "MOST_SECONDS", "scan_site"]

MOST_PAGES = 800  # fifty languages of sixteen pages
MOST_SECONDS = 300
_OK = 200
_PUBLISH_WHOLE = "publish the whole folder that was built"
_NEVER_SEEN = (
    "a screen 320 pixels wide, and assistive technology",
    "whether the server or a proxy keeps a log",
    "whether the national police site links here",
    "the catalogue itself (police2peer verify does that)",
)


def scan_site(target: str, *, help_part: bool = False) -> ScanReport:
    """Scan a site by its address, or a built site in a folder.

    `help_part` says that it is the help list alone, on a domain of its own. Raises `BadInput` (neither an address
    nor a folder), `Unavailable` (the server does not answer).
    """
    with ExitStack() as stack:
        source: Source
        if target.startswith(("http://", "https://")):
            source = stack.enter_context(closing(WebSource(target, patience_s=MOST_SECONDS)))
            return _Scan(source, on_the_web=True, help_part=help_part).run()
        if not Path(target).is_dir():
            raise BadInput("this is neither a folder nor an address", remedy="write https://HOST/PATH/ or a folder")
        folder = FolderSource(Path(target))
        if not folder.has_headers or not (Path(target) / "index.html").is_file():
            raise BadInput("there is no site in this folder", remedy="build one first: police2peer site build")
        return _Scan(folder, on_the_web=False, help_part=help_part).run()


class _Scan:
    """One walk through one site."""

    def __init__(self, source: Source, *, on_the_web: bool, help_part: bool) -> None:
        self._source = source
        self._help_part = help_part
        self._on_the_web = on_the_web
        self._base = source.start.rpartition("/")[0] + "/"
        self._here = _is_this_machine(source.start)
        self._pages: dict[str, PageFacts] = {}
        self._found: dict[Finding, list[str]] = {}
        self._languages: set[str] = set()

    def run(self) -> ScanReport:
        """Read every page that can be reached and tell."""
        if self._on_the_web and not self._here:
            self._add("", self._check_address())
        own_scripts = Assets.load().scripts
        catalogue = f"{self._base}catalogue/" if self._on_the_web and not self._here else ""
        # Nothing in the site leads to the page at which help opens: it is the address in the files.
        first = (self._source.start,) if self._help_part else (self._source.start, f"{self._base}help/")
        waiting, known = deque(first), set(first)
        while waiting and len(self._pages) < MOST_PAGES:
            page = waiting.popleft()
            answer = self._source.get(page)
            if (facts := self._read(page, answer)) is None:
                continue
            self._pages[page] = facts
            needs_hsts = not self._here and page.startswith("https:")
            self._add(page, check_headers(answer, needs_hsts=needs_hsts, catalogue=catalogue))
            self._add(page, check_page(page, facts, own_scripts, catalogue=catalogue))
            for link in self._own_links(page, facts):
                if link not in known:
                    known.add(link)
                    waiting.append(link)
        if waiting:
            self._add("", [Finding(Rule.PAGES, f"more than {MOST_PAGES} pages", "scan the part that we built alone")])
        self._check_whole()
        return self._report()

    def _read(self, page: str, answer: Answer) -> PageFacts | None:
        """Give what stands in a page; None, with a finding, when there is none."""
        if answer.is_redirect:
            to = absolute(page, answer.header("Location"))
            same = origin(to) == origin(page)
            facts = "an address sends on to another one" if same else "an address sends on to another site"
            self._add(page, [Finding(Rule.ADDRESS, facts, "serve the page where its link leads, and scan that")])
        elif answer.status != _OK:
            self._add(page, [Finding(Rule.PAGES, f"a page is missing (status {answer.status})", _PUBLISH_WHOLE)])
        elif answer.too_long:
            self._add(page, [Finding(Rule.PAGES, "a page is far too long to be ours", _PUBLISH_WHOLE)])
        else:
            try:
                return read_page(answer.body)
            except BadInput as error:
                self._add(page, [Finding(Rule.PAGES, error.facts, error.remedy)])
        return None

    def _own_links(self, page: str, facts: PageFacts) -> Iterator[str]:
        for link in facts.links:
            address = urldefrag(absolute(page, link.href)).url
            if address.startswith(self._base) and address.endswith((".html", "/")) and "?" not in address:
                if link.language:
                    self._languages.add(link.language)
                yield address

    def _check_address(self) -> Iterator[Finding]:
        parts = urlsplit(self._source.start)
        if parts.scheme != "https":
            yield Finding(Rule.ADDRESS, "the site is not served over HTTPS", "serve it over HTTPS alone")
        if not self._help_part and self._base == f"{origin(self._base)}/":
            remedy = "put it under a path of the national police site, which a scammer cannot copy"
            yield Finding(Rule.ADDRESS, "the site has a domain or sub-domain of its own", remedy)

    def _check_whole(self) -> None:
        wanted = set(map(str, SITE_LANGUAGES))
        if absent := sorted(wanted - self._languages):
            facts = f"languages are missing: {', '.join(absent)}"
            self._add("", [Finding(Rule.LANGUAGES, facts, "build the site with all languages that are complete")])
        for page, facts_ in self._pages.items():
            offered = {link.language for link in facts_.links if link.language}
            folder = page.removeprefix(self._base).partition("/")[0]
            if not offered >= self._languages:
                self._add(page, [Finding(Rule.LANGUAGES, "a page does not offer every language", _PUBLISH_WHOLE)])
            if folder in self._languages and facts_.language != folder:
                self._add(page, [Finding(Rule.LANGUAGES, "a page is not in its language", _PUBLISH_WHOLE)])
            if folder in self._languages and not self._help_part and not _leads_to_help(page, facts_):
                self._add(page, [Finding(Rule.HELP, "a page does not lead to help", _PUBLISH_WHOLE)])
            if self._help_part and facts_.scripts and folder in self._languages:
                remedy = "build it with --only help: the services are independent of the police"
                self._add(page, [Finding(Rule.HELP, "the help part holds the check of the police", remedy)])

    def _add(self, page: str, findings: Iterable[Finding]) -> None:
        for finding in findings:
            self._found.setdefault(finding, []).append(page)

    def _report(self) -> ScanReport:
        def short(page: str) -> str:
            return page.removeprefix(self._base) or "the first page"

        findings = sorted(
            Finding(each.rule, each.facts, each.remedy, tuple(short(page) for page in pages if page))
            for each, pages in self._found.items()
        )
        unseen: tuple[str, ...] = _NEVER_SEEN
        if not self._on_the_web:
            unseen = ("its address: scan it again once it is published", *unseen)
        elif self._here:
            unseen = ("its address, HTTPS and Strict-Transport-Security: it runs on this machine", *unseen)
        return ScanReport(tuple(map(short, self._pages)), tuple(sorted(self._languages)), tuple(findings), unseen)


def _leads_to_help(page: str, facts: PageFacts) -> bool:
    targets = [urlsplit(absolute(page, link.href)).path for link in facts.links if not link.language]
    return any(target.endswith(("/help.html", "/help/")) for target in targets)


def _is_this_machine(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
