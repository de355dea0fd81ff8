# SPDX-License-Identifier: EUPL-1.2
"""Serves a built site on loopback, for a demo, a look before publishing, and the tests.

Promise: it answers with the headers of the site's own `_headers`, sends ranges, and notes nothing about who asked. It
must never face the internet: a real web server does that, docs/site.md says how.
Source: RFC 9110 (HTTP semantics), section 14 (ranges).
"""

import http.server
import re
import threading
from fnmatch import fnmatchcase
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self
from urllib.parse import unquote, urlsplit

from police2peer.errors import BadInput, Unavailable
from police2peer.site.policy import read_header_file

__all__ = ["SiteServer", "serve_site"]

_PIECE_BYTES = 64 * 1024
_PATIENCE_S = 30  # a visitor who sends or takes nothing for so long is left
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}


def _read_range(header: str | None, size: int) -> tuple[int, int] | None:
    """Give first and last byte, None for the whole file. Raises `ValueError` for a range outside of it."""
    match = _RANGE.fullmatch((header or "").strip())
    if match is None or match.group(0) == "bytes=-":
        return None
    first, last = match.groups()
    start = int(first) if first else max(0, size - int(last))
    end = min(int(last), size - 1) if first and last else size - 1
    if start > end or (not first and int(last) == 0):
        raise ValueError("outside of the file")
    return start, end


class _Handler(http.server.BaseHTTPRequestHandler):
    """Answers GET and HEAD from one folder."""

    protocol_version = "HTTP/1.1"
    timeout: ClassVar[float | None] = _PATIENCE_S
    # Headers and body leave together and at once; else each small file waits 40 ms for an acknowledgement.
    wbufsize = _PIECE_BYTES
    disable_nagle_algorithm = True
    folder: ClassVar[Path]
    headers_by_path: ClassVar[tuple[tuple[str, tuple[tuple[str, str], ...]], ...]]

    def version_string(self) -> str:
        """Name the program and no version of anything."""
        return "police2peer"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Note nothing: a log of visitors is what this site must not have."""

    def do_GET(self) -> None:
        """Send a file."""
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        """Send the headers of a file."""
        self._answer(with_body=False)

    def _answer(self, *, with_body: bool) -> None:
        asked = unquote(urlsplit(self.path).path)
        path = self._find(asked)
        if path is None:
            self._send_short(HTTPStatus.NOT_FOUND, asked, with_body=with_body)
        elif path.is_dir():
            self._send_redirect(asked)
        else:
            self._send_file(path, asked, with_body=with_body)

    def _find(self, asked: str) -> Path | None:
        """Give what lies under a path, never outside the folder; what begins with `.` or `_` is not public."""
        parts = [part for part in asked.split("/") if part]
        if "\0" in asked or any(part.startswith((".", "_")) for part in parts):
            return None
        path = self.folder.joinpath(*parts)
        if path.is_dir() and asked.endswith("/"):
            path = path / "index.html"
        if not path.exists() or not path.resolve().is_relative_to(self.folder):
            return None
        return path

    def _send_headers(self, status: HTTPStatus, asked: str, own: dict[str, str]) -> None:
        self.send_response(status)
        for pattern, headers in self.headers_by_path:
            if fnmatchcase(asked, pattern):
                own |= dict(headers)
        for name, value in own.items():
            self.send_header(name, value)
        self.end_headers()

    def _send_short(self, status: HTTPStatus, asked: str, *, with_body: bool) -> None:
        body = f"{status.phrase}\n".encode()
        own = {"Content-Type": "text/plain; charset=utf-8", "Content-Length": str(len(body))}
        self._send_headers(status, asked, own)
        if with_body:
            self.wfile.write(body)

    def _send_redirect(self, asked: str) -> None:
        place = {"Location": f"{asked.rsplit('/', maxsplit=1)[-1]}/", "Content-Length": "0"}
        self._send_headers(HTTPStatus.MOVED_PERMANENTLY, asked, place)

    def _send_file(self, path: Path, asked: str, *, with_body: bool) -> None:
        with path.open("rb") as handle:
            size = handle.seek(0, 2)
            try:
                span = _read_range(self.headers.get("Range"), size)
            except ValueError:
                own = {"Content-Range": f"bytes */{size}", "Content-Length": "0"}
                self._send_headers(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, asked, own)
                return
            start, end = span or (0, size - 1)
            own = {
                "Content-Type": _TYPES.get(path.suffix, "application/octet-stream"),
                "Content-Length": str(end - start + 1),
                "Accept-Ranges": "bytes",
            }
            if span:
                own["Content-Range"] = f"bytes {start}-{end}/{size}"
            self._send_headers(HTTPStatus.PARTIAL_CONTENT if span else HTTPStatus.OK, asked, own)
            handle.seek(start)
            left = end - start + 1 if with_body else 0
            while left > 0 and (piece := handle.read(min(_PIECE_BYTES, left))):
                self.wfile.write(piece)
                left -= len(piece)


class _Listener(http.server.ThreadingHTTPServer):
    """A visitor who leaves in the middle is no news."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: the default prints the visitor's address."""


class SiteServer:
    """A running server; `url` ends with a slash. Use `close`, or a `with` block."""

    def __init__(self, listener: http.server.ThreadingHTTPServer) -> None:
        self._listener = listener
        self._thread = threading.Thread(target=listener.serve_forever, args=(0.1,), name="site", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port, also when 0 was asked for."""
        return self._listener.server_port

    @property
    def url(self) -> str:
        """The address of the site."""
        host = str(self._listener.server_address[0])
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}/"

    def close(self) -> None:
        """Stop serving."""
        self._listener.shutdown()
        self._listener.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def serve_site(folder: Path, host: str = "127.0.0.1", port: int = 0) -> SiteServer:
    """Serve a built site in a thread of its own. Raises `BadInput` (no site there), `Unavailable` (port taken)."""
    headers = folder / "_headers"
    if not headers.is_file():
        raise BadInput("there is no site in this folder", remedy="build one first: police2peer site build FOLDER …")
    values = {"folder": folder.resolve(), "headers_by_path": read_header_file(headers.read_text("utf-8"))}
    handler = type("SiteHandler", (_Handler,), values)
    try:
        return SiteServer(_Listener((host, port), handler))
    except OSError as error:
        raise Unavailable(
            f"the site cannot listen on port {port}: {error.strerror}",
            remedy="choose another port, or 0 for any that is free",
        ) from error
