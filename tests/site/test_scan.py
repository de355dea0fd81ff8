# SPDX-License-Identifier: EUPL-1.2
"""The scanner against sound and spoilt sites, from a folder and over 127.0.0.1."""

import http.server
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from tests.site.conftest import NOW, World

from police2peer.cli import main
from police2peer.errors import BadInput, Unavailable
from police2peer.site import SITE_LANGUAGES, ScanReport, build_help_site, build_site, scan_site
from police2peer.site.policy import read_header_file
from police2peer.site.scan.reading import read_page, read_policy
from police2peer.site.scan.rules import check_headers
from police2peer.site.scan.sources import MOST_BYTES, Answer, WebSource

_IN_EACH = 11  # pages in each language


def _facts(report: ScanReport) -> set[str]:
    return {finding.facts for finding in report.findings}


def test_the_same_site_over_the_wire_has_nothing_to_mend(url: str) -> None:
    report = scan_site(url)
    assert report.findings == ()
    assert len(report.pages) == _IN_EACH * len(SITE_LANGUAGES) + 2
    assert any("on this machine" in each for each in report.not_checked)


def test_the_help_part_has_nothing_to_mend_and_the_check_in_it_would_be(small: Path, tmp_path: Path) -> None:
    build_help_site(tmp_path / "help", agency="Foundation H", today=NOW.date())
    assert scan_site(str(tmp_path / "help"), help_part=True).findings == ()
    assert "the help part holds the check of the police" in _facts(scan_site(str(small), help_part=True))


def test_a_page_may_ask_for_the_catalogue_of_its_own_site_and_for_no_other(own: World, tmp_path: Path) -> None:
    out = tmp_path / "site"
    build_site(
        out,
        catalogue=own.home / "public",
        root=own.root,
        agency="Police Unit A",
        today=NOW.date(),
        address="https://police.example/check/",
    )
    assert scan_site(str(out)).findings == ()
    policy = dict(read_header_file((out / "_headers").read_text("ascii"))[0][1])["Content-Security-Policy"]
    answer = Answer(200, [("Content-Security-Policy", policy)])

    def told(catalogue: str) -> list[str]:
        return [each.facts for each in check_headers(answer, needs_hsts=False, catalogue=catalogue)]

    assert not any("connect-src" in each for each in told("https://police.example/check/catalogue/"))
    assert any("connect-src" in each for each in told("https://other.example/check/catalogue/"))
    assert any("connect-src" in each for each in told("https://police.example/catalogue/"))


def _replace(old: str, new: str) -> Callable[[Path], None]:
    def spoil(site: Path) -> None:
        path = site / "en/about.html"
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new), "utf-8")

    return spoil


def _header(old: str, new: str) -> Callable[[Path], None]:
    def spoil(site: Path) -> None:
        path = site / "_headers"
        text = path.read_text("ascii")
        assert old in text
        path.write_text(text.replace(old, new), "ascii")

    return spoil


_SPOILT = {
    "a page loads from or sends to cdn.example": _replace("</main>", '<img src="https://cdn.example/a.png"></main>'),
    "a page loads from or sends to font.example": _replace("</head>", "<style>@import '//font.example'</style>"),
    "a page loads from or sends to count.example": _replace("<main", '<a href="." ping="//count.example"></a><main'),
    "a script is not the one that ships with this release": _replace("</body>", "<script>let a;</script></body>"),
    "a foreign script keeps something about visitors": _replace("</body>", "<script>localStorage</script></body>"),
    "a page loads a script from a file": _replace("</body>", '<script src="../count.js"></script></body>'),
    "a page runs a script from an attribute": _replace("<main", '<p onclick="a()"></p><main'),
    "a page holds a frame or an object": _replace("<main", '<iframe src="about:blank"></iframe><main'),
    "a page sends visitors on by itself": _replace("<title>", '<meta http-equiv="Refresh" content="0"><title>'),
    "a page has lost its own policy": _replace("Content-Security-Policy", "X-Nothing"),
    "a page has lost its referrer rule": _replace('content="no-referrer"', 'content="unsafe-url"'),
    "the policy in a page allows more than it must in img-src": _replace("img-src &#39;self&#39;", "img-src *"),
    "a page does not offer every language": _replace('hreflang="de"', 'hreflang="en"'),
    "a page is not in its language": _replace('<html lang="en"', '<html lang="fr"'),
    "a page does not lead to help": _replace('"help.html"', '"about.html"'),
    "a page is missing (status 404)": lambda site: (site / "pl/press.html").unlink(),
    "a page is far too long to be ours": _replace("</main>", "x" * MOST_BYTES),
    "a page cannot be read as HTML": _replace("<main", "<![odd [x]><main"),
    "the server sends no Content-Security-Policy": _header("Content-Security-Policy:", "X-Other:"),
    "the policy of the server leaves frame-ancestors open": _header("; frame-ancestors 'none'", ""),
    "the policy of the server allows more than it must in style-src": _header("style-src", "style-src https:"),
    "the policy of the server asks browsers for reports": _header("base-uri", "report-uri /r; base-uri"),
    "Referrer-Policy is not no-referrer": _header("Referrer-Policy: no-referrer", "Referrer-Policy: origin"),
    "X-Content-Type-Options is not nosniff": _header("nosniff", "sniff"),
    "Strict-Transport-Security is missing or short": _header("max-age=63072000", "max-age=60"),
    "the server sets a cookie": _header("/*\n", "/*\n  Set-Cookie: visitor=1\n"),
    "the server asks browsers for reports": _header("/*\n", "/*\n  NEL: {}\n"),
    "a header makes browsers load something": _header("/*\n", "/*\n  Link: <https://cdn.example/a>; rel=preload\n"),
}  # fmt: skip


@pytest.fixture(scope="module")
def small(built: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One language and the page that chooses, which is enough to spoil."""
    folder = tmp_path_factory.mktemp("small") / "site"
    for name in ("index.html", "_headers", "help/index.html"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(built.site / name, folder / name)
    for language in ("en", "pl"):
        shutil.copytree(built.site / language, folder / language)
    return folder


@pytest.mark.parametrize("expected", _SPOILT)
def test_a_spoilt_site_is_told_what_to_mend(small: Path, tmp_path: Path, expected: str) -> None:
    site = Path(shutil.copytree(small, tmp_path / "site"))
    if "status" not in expected:  # there, it is missing pages that count
        assert expected not in _facts(scan_site(str(site)))
    _SPOILT[expected](site)
    found = [finding for finding in scan_site(str(site)).findings if finding.facts == expected]
    assert len(found) == 1
    assert found[0].remedy


def test_a_language_that_is_not_published_is_named(small: Path, tmp_path: Path) -> None:
    site = Path(shutil.copytree(small, tmp_path / "site"))
    for path in site.rglob("*.html"):
        path.write_text(path.read_text("utf-8").replace('hreflang="pl"', 'hreflang="de"'), "utf-8")
    assert "languages are missing: pl" in _facts(scan_site(str(site)))


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://warnings.police.example/", {"the site has a domain or sub-domain of its own"}),
        ("http://police.example/warnings/", {"the site is not served over HTTPS"}),
        ("https://police.example/warnings/", set()),
    ],
)
def test_an_address_belongs_under_a_path_and_https(address: str, expected: set[str]) -> None:
    from police2peer.site.scan.scanning import _Scan  # noqa: PLC0415 - the one rule that no loopback site can show

    class Nowhere:
        start = address

    scan = _Scan(Nowhere(), on_the_web=True, help_part=False)  # type: ignore[arg-type] # it is not asked
    assert {finding.facts for finding in scan._check_address()} == expected


class _Handler(http.server.BaseHTTPRequestHandler):
    """A server that misbehaves as its path says."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.path.startswith("/away"):
            self.send_response(302)
            self.send_header("Location", "http://203.0.113.7/elsewhere/")
            self.end_headers()
        elif self.path.startswith("/outside"):
            self._send(
                b'<a href="http://203.0.113.7/x.html"></a><a href="/other/y.html"></a><a href="z.html?a=1"></a>'
            )
        elif self.path.startswith("/slow"):
            self.wfile.write(b"HTTP/1.0 200 OK\r\n")
            for _ in range(100):
                self.wfile.write(b"X-A: b\r\n")
                self.wfile.flush()
                if threading.Event().wait(0.05):
                    break
        else:
            self.wfile.write(b"\0nothing of the kind\r\n\r\n")

    def _send(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


class _Quiet(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing when the scanner hangs up."""


@contextmanager
def _odd_server() -> Iterator[str]:
    _Handler.asked.clear()
    with _Quiet(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_a_redirect_to_another_site_is_told_and_never_followed() -> None:
    with _odd_server() as origin:
        assert "an address sends on to another site" in _facts(scan_site(f"{origin}/away"))


def test_links_out_of_the_sites_own_path_are_never_followed() -> None:
    with _odd_server() as origin:
        scan_site(f"{origin}/outside/")
        assert _Handler.asked == ["/outside/", "/outside/help/"]


def test_a_server_that_never_ends_or_speaks_no_http_is_given_up() -> None:
    with _odd_server() as origin:
        source = WebSource(f"{origin}/slow/", patience_s=0.3)
        with pytest.raises(Unavailable):
            source.get(source.start)
        source.close()
        with pytest.raises(Unavailable) as told:
            scan_site(f"{origin}/odd/")
        assert origin.removeprefix("http://") not in str(told.value)


@pytest.mark.parametrize("target", ["ftp://police.example/", "no-such-folder", "https://", "https://a:b@c.example/"])
def test_what_is_no_site_is_refused(target: str) -> None:
    with pytest.raises(BadInput):
        scan_site(target)


def test_an_empty_folder_is_no_site(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no site"):
        scan_site(str(tmp_path))


def test_the_command_ends_with_one_when_there_is_something_to_mend(small: Path, built: World) -> None:
    sound = CliRunner().invoke(main, ["site", "scan", str(built.site)])
    assert sound.exit_code == 0, sound.output
    assert f"{_IN_EACH * len(SITE_LANGUAGES) + 2} pages, {len(SITE_LANGUAGES)} languages, 0 to mend" in sound.output
    spoilt = CliRunner().invoke(main, ["site", "scan", str(small), "--json"])
    assert (spoilt.exit_code == 1) == (len(SITE_LANGUAGES) > 2)


_TAGS = st.sampled_from(
    ["<a href=", "<script>", "</script>", "<style>", "<![", "<!--", "url(", "srcset=", " on", '"', "'", ">", "<meta "]
)


@given(st.lists(st.one_of(_TAGS, st.text(max_size=6)), max_size=12).map("".join))
def test_any_text_is_read_as_a_page_or_refused(text: str) -> None:
    try:
        facts = read_page(text.encode("utf-8", "surrogatepass"))
    except BadInput:
        return
    assert all(isinstance(each, str) for each in (*facts.loads, *facts.scripts, *facts.handlers))


@given(st.binary(max_size=200))
def test_any_bytes_are_read_as_a_page_or_refused(content: bytes) -> None:
    try:
        read_page(content)
    except BadInput:
        return


@given(st.text(max_size=80))
def test_any_policy_is_read_and_the_first_of_a_name_counts(text: str) -> None:
    for name, sources in read_policy(text).items():
        assert name == name.lower()
        assert all(source.strip() for source in sources)
    assert read_policy(f"img-src 'none'; {text}; IMG-SRC *")["img-src"] == ("'none'",)
