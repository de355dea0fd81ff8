# SPDX-License-Identifier: EUPL-1.2
"""The rules of docs/site.md for one page, without asking anybody: facts in, findings out.

Source: docs/site.md ("Publish it", "What the pages may do"); RFC 6797 (HSTS), section 6.1.
"""

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator
from urllib.parse import urljoin, urlsplit

from police2peer.site.policy import WASM_SOURCE
from police2peer.site.scan.findings import Finding, Rule
from police2peer.site.scan.reading import PageFacts, read_policy
from police2peer.site.scan.sources import Answer

__all__ = ["absolute", "check_headers", "check_page", "origin"]

_HALF_A_YEAR_S = 15_552_000
_CLOSED = ("default-src", "base-uri", "form-action", "frame-ancestors")
_ALLOWED_SOURCE = re.compile(r"'none'|'self'|blob:|'sha(?:256|384|512)-[A-Za-z0-9+/=_-]+'")
_SOME_CATALOGUE = r"https://[a-z0-9.:-]+/(?:[\w.~-]+/)*catalogue/"
_NOT_SOURCES = frozenset({"require-trusted-types-for", "trusted-types", "sandbox", "upgrade-insecure-requests"})
_REPORTS = ("Report-To", "Reporting-Endpoints", "NEL", "Content-Security-Policy-Report-Only")
_REPORT_DIRECTIVES = frozenset({"report-uri", "report-to"})
_STORES = re.compile(r"document\.cookie|cookieStore|localStorage|sessionStorage|indexedDB|caches\.open|serviceWorker")
_SERVED_UNCHANGED = "serve the pages as they were built, unchanged"
_FROM_HEADER_FILE = "let the server send the headers of the file _headers (docs/site.md)"
_MAX_AGE = re.compile(r"\bmax-age\s*=\s*\"?(\d{1,12})", re.IGNORECASE)


def origin(address: str) -> str:
    """Give scheme, host and port."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def absolute(page: str, address: str) -> str:
    """Give the whole address of something named in a page; empty when it has none."""
    try:
        joined = urljoin(page, address.strip())
        urlsplit(joined)
    except ValueError:
        return ""
    return joined


def check_headers(answer: Answer, *, needs_hsts: bool, catalogue: str) -> Iterator[Finding]:
    """Hold the headers of one answer against the rules; `catalogue` as in `check_page`."""
    if answer.header("Set-Cookie"):
        yield Finding(Rule.COOKIES, "the server sets a cookie", "switch it off for these pages, also in any proxy")
    if answer.header("Referrer-Policy").lower().split(",")[-1].strip() != "no-referrer":
        yield Finding(Rule.HEADERS, "Referrer-Policy is not no-referrer", _FROM_HEADER_FILE)
    if answer.header("X-Content-Type-Options").lower() != "nosniff":
        yield Finding(Rule.HEADERS, "X-Content-Type-Options is not nosniff", _FROM_HEADER_FILE)
    age = _MAX_AGE.search(answer.header("Strict-Transport-Security"))
    if needs_hsts and (age is None or int(age.group(1)) < _HALF_A_YEAR_S):
        remedy = "send Strict-Transport-Security: max-age=63072000"
        yield Finding(Rule.HEADERS, "Strict-Transport-Security is missing or short", remedy)
    kind = answer.header("Content-Type").lower().replace(" ", "")
    if not kind.startswith("text/html") or "charset=utf-8" not in kind:
        yield Finding(Rule.HEADERS, "a page is not sent as text/html; charset=utf-8", "set the type of .html files")
    if any(answer.header(name) for name in _REPORTS):
        remedy = "take the reporting headers away: they tell somebody about visitors"
        yield Finding(Rule.THIRD_PARTY, "the server asks browsers for reports", remedy)
    if answer.header("Refresh") or "//" in answer.header("Link"):
        yield Finding(Rule.THIRD_PARTY, "a header makes browsers load something", "take Refresh and Link away")
    policy = answer.header("Content-Security-Policy")
    if not policy:
        yield Finding(Rule.POLICY, "the server sends no Content-Security-Policy", _FROM_HEADER_FILE)
    else:
        yield from _check_policy(policy, _CLOSED, "of the server", catalogue, _FROM_HEADER_FILE)


def _check_policy(text: str, closed: Iterable[str], whose: str, catalogue: str, remedy: str) -> Iterator[Finding]:
    policy = read_policy(text)
    for name in closed:
        if policy.get(name) != ("'none'",):
            yield Finding(Rule.POLICY, f"the policy {whose} leaves {name} open", remedy)
    open_ones = sorted(
        name
        for name, sources in policy.items()
        if name not in _NOT_SOURCES | _REPORT_DIRECTIVES
        and not all(_may_name(name, source, catalogue) for source in sources)
    )
    for name in open_ones:
        yield Finding(Rule.POLICY, f"the policy {whose} allows more than it must in {name}"[:120], remedy)
    if _REPORT_DIRECTIVES & policy.keys():
        yield Finding(Rule.THIRD_PARTY, f"the policy {whose} asks browsers for reports", remedy)


def _may_name(directive: str, source: str, catalogue: str) -> bool:
    if directive == "connect-src" and re.fullmatch(re.escape(catalogue) or _SOME_CATALOGUE, source):
        return True
    return bool(_ALLOWED_SOURCE.fullmatch(source)) or (directive == "script-src" and source == WASM_SOURCE)


def check_page(page: str, facts: PageFacts, own_scripts: frozenset[str], *, catalogue: str) -> Iterator[Finding]:
    """Hold one page against the rules; `own_scripts` are the CSP digests of what ships.

    `catalogue` is the address at which a page that was saved may ask; empty where the site's address is not known.
    """
    if not facts.policy:
        yield Finding(Rule.POLICY, "a page has lost its own policy", _SERVED_UNCHANGED)
    else:
        yield from _check_policy(facts.policy, _CLOSED[:3], "in a page", catalogue, _SERVED_UNCHANGED)
    if facts.referrer.lower() != "no-referrer":
        yield Finding(Rule.HEADERS, "a page has lost its referrer rule", _SERVED_UNCHANGED)
    yield from _check_scripts(facts, own_scripts)
    loads = [absolute(page, address) for address in facts.loads]
    foreign = {
        urlsplit(each).hostname or "an address that cannot be read"
        for each in loads
        if not each or (origin(each) != origin(page) and not each.startswith(("data:", "blob:", "about:")))
    }
    for host in sorted(foreign):
        remedy = "take it away: nothing may come from elsewhere"
        yield Finding(Rule.THIRD_PARTY, f"a page loads from or sends to {host[:80]}", remedy)
    if facts.frames:
        yield Finding(Rule.THIRD_PARTY, "a page holds a frame or an object", _SERVED_UNCHANGED)
    if facts.refreshes:
        yield Finding(Rule.SCRIPT, "a page sends visitors on by itself", _SERVED_UNCHANGED)


def _check_scripts(facts: PageFacts, own_scripts: frozenset[str]) -> Iterator[Finding]:
    foreign = [text for text in facts.scripts if _digest(text) not in own_scripts]
    if foreign:
        remedy = f"{_SERVED_UNCHANGED}; after an upgrade of the program, build and publish again"
        yield Finding(Rule.SCRIPT, "a script is not the one that ships with this release", remedy)
    if any(map(_STORES.search, foreign)):
        yield Finding(Rule.STORAGE, "a foreign script keeps something about visitors", _SERVED_UNCHANGED)
    if facts.script_files:
        yield Finding(Rule.SCRIPT, "a page loads a script from a file", _SERVED_UNCHANGED)
    addresses = [*facts.loads, *(link.href for link in facts.links)]
    if facts.handlers or any("".join(each.split()).lower().startswith("javascript:") for each in addresses):
        yield Finding(Rule.SCRIPT, "a page runs a script from an attribute", _SERVED_UNCHANGED)


def _digest(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8", "replace")).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
