# SPDX-License-Identifier: EUPL-1.2
import http.client
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from police2peer.errors import BadInput, Unavailable
from police2peer.site import SiteServer, serve_site
from police2peer.site.policy import header_file, read_header_file
from police2peer.site.server import _read_range


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("outer") / "site"
    (folder / "en").mkdir(parents=True)
    (folder / "index.html").write_bytes(b"<!doctype html>")
    (folder / "en/index.html").write_bytes(b"0123456789")
    (folder / "_headers").write_text(header_file("default-src 'none'"), encoding="ascii")
    (folder / ".draft").write_bytes(b"not yet")
    (folder.parent / "secret.txt").write_bytes(b"secret")
    (folder / "way-out").symlink_to(folder.parent)
    return folder


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[SiteServer]:
    with serve_site(folder) as running:
        yield running


def _ask(
    server: SiteServer, path: str, method: str = "GET", **headers: str
) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


def test_a_page_is_sent_with_the_headers_of_the_site(server: SiteServer) -> None:
    response, body = _ask(server, "/")
    assert (response.status, body) == (200, b"<!doctype html>")
    assert response.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["Server"] == "police2peer"
    assert "Set-Cookie" not in response.headers


def test_a_folder_without_its_slash_is_redirected_and_with_it_shows_its_index(server: SiteServer) -> None:
    response, _ = _ask(server, "/en")
    assert (response.status, response.headers["Location"]) == (301, "en/")
    assert _ask(server, "/en/")[1] == b"0123456789"


@pytest.mark.parametrize(
    ("asked", "status", "body"),
    [
        ("bytes=2-4", 206, b"234"),
        ("bytes=7-", 206, b"789"),
        ("bytes=-3", 206, b"789"),
        ("bytes=5-99", 206, b"56789"),
        ("bytes=10-", 416, b""),
        ("bytes=-0", 416, b""),
        ("bytes=1-2,4-5", 200, b"0123456789"),
        ("lines=1-2", 200, b"0123456789"),
    ],
)
def test_a_range_is_sent_as_rfc_9110_has_it(server: SiteServer, asked: str, status: int, body: bytes) -> None:
    response, sent = _ask(server, "/en/index.html", Range=asked)
    assert (response.status, sent) == (status, body)


def test_head_sends_no_body(server: SiteServer) -> None:
    response, body = _ask(server, "/en/index.html", "HEAD")
    assert (response.status, response.headers["Content-Length"], body) == (200, "10", b"")


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/way-out/secret.txt",
        "/_headers",
        "/.draft",
        "/en/%00",
        "/en/index.html/more",
    ],
)
def test_nothing_outside_of_the_public_files_is_sent(server: SiteServer, path: str) -> None:
    response, body = _ask(server, path)
    assert (response.status, body) == (404, b"Not Found\n")


def test_a_request_to_change_something_is_refused(server: SiteServer) -> None:
    assert _ask(server, "/", "POST")[0].status == 501


def test_it_notes_nothing_about_visitors(server: SiteServer, capfd: pytest.CaptureFixture[str]) -> None:
    _ask(server, "/")
    _ask(server, "/nothing")
    with socket.create_connection(("127.0.0.1", server.port)) as rude:
        rude.sendall(b"GET / HTTP/1.1\r\n\r\n")
    _ask(server, "/")
    assert capfd.readouterr() == ("", "")


def test_a_taken_port_is_told_with_a_remedy(server: SiteServer, folder: Path) -> None:
    with pytest.raises(Unavailable, match="cannot listen") as caught:
        serve_site(folder, port=server.port)
    assert "another port" in caught.value.remedy


def test_a_folder_without_a_site_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        serve_site(tmp_path)


def test_a_closed_server_frees_its_port(folder: Path) -> None:
    with serve_site(folder) as first:
        port = first.port
    with serve_site(folder, port=port) as second:
        assert second.url == f"http://127.0.0.1:{port}/"


@given(st.text(alphabet="bytes=0123456789-, ", max_size=30), st.integers(0, 10**6))
def test_any_range_header_is_inside_the_file_or_refused(header: str, size: int) -> None:
    try:
        span = _read_range(header, size)
    except ValueError:
        return
    assert span is None or 0 <= span[0] <= span[1] < size


def test_the_header_file_reads_back() -> None:
    blocks = read_header_file(header_file("default-src 'none'"))
    assert blocks[0][0] == "/*"
    assert ("X-Content-Type-Options", "nosniff") in blocks[0][1]
    assert len({pattern for pattern, _ in blocks}) == len(blocks)
