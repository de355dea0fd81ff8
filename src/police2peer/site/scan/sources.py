# SPDX-License-Identifier: EUPL-1.2
"""Where the pages come from: a folder, or the web server that the operator named.

Promise: GET only, of that one origin only, without cookies, one after another, bounded in bytes and time; a redirect
is told and never followed to another origin. This is the one place that asks a server for anything, and it asks for
pages of the public site.
Source: RFC 9110.
"""

import http.client
import ssl
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from time import monotonic
from typing import Protocol
from urllib.parse import unquote, urljoin, urlsplit

from police2peer.errors import BadInput, Unavailable
from police2peer.site.policy import read_header_file

__all__ = ["MOST_BYTES", "Answer", "FolderSource", "Source", "WebSource"]

MOST_BYTES = 1_000_000  # of one page; ours have less than 60 kB and the verifier
_PATIENCE_S = 10
_MOST_BYTES_IN_ALL = 100_000_000
_BOTH_WAYS = 2  # SHUT_RDWR
_PIECE_BYTES = 64 * 1024
_OK, _NOT_FOUND = 200, 404
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for one address; `too_long` means that the rest was left."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes = b""
    too_long: bool = False

    def header(self, name: str) -> str:
        """Give a header, its values joined as one list; empty when there is none."""
        return ", ".join(value for key, value in self.headers if key.lower() == name.lower())

    @property
    def is_redirect(self) -> bool:
        """Whether the answer sends elsewhere."""
        return self.status in _REDIRECTS


class Source(Protocol):
    """Gives the answer for an address of one site."""

    start: str

    def get(self, address: str) -> Answer:
        """Ask for one page. Raises `Unavailable`."""
        ...


class FolderSource:
    """A built site in a folder, answered as the server of `_headers` would."""

    start = "https://folder.invalid/"

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        headers = self._folder / "_headers"
        self.has_headers = headers.is_file()
        text = headers.read_text("utf-8", "replace") if self.has_headers else ""
        self._blocks = read_header_file(text)

    def get(self, address: str) -> Answer:
        """Read one page."""
        asked = unquote(urlsplit(address).path)
        path = self._folder / asked.lstrip("/") if "\0" not in asked else self._folder / "."
        path = path / "index.html" if path.is_dir() else path
        if not path.is_file() or not path.resolve().is_relative_to(self._folder):
            return Answer(_NOT_FOUND, ())
        found: dict[str, str] = {"Content-Type": "text/html; charset=utf-8"}
        for pattern, headers in self._blocks:
            if fnmatchcase(asked, pattern):
                found |= dict(headers)
        with path.open("rb") as handle:
            body = handle.read(MOST_BYTES + 1)
        return Answer(_OK, tuple(found.items()), body[:MOST_BYTES], len(body) > MOST_BYTES)


class WebSource:
    """The server of one origin. Use `close`, or a `with` block; everything ends after `patience_s` in all."""

    def __init__(self, start: str, *, patience_s: float) -> None:
        parts = urlsplit(start)
        try:
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise BadInput("this is no address of a site", remedy="write https://HOST/PATH/") from error
        if parts.scheme not in {"http", "https"} or not host or parts.username or parts.query or parts.fragment:
            raise BadInput("this is no address of a site", remedy="write https://HOST/PATH/ and nothing behind it")
        last = parts.path.rpartition("/")[2]
        path = parts.path if parts.path.endswith("/") or last.endswith(".html") else f"{parts.path}/"
        self.start = f"{parts.scheme}://{parts.netloc}{path}"
        self._bytes = 0
        self._ends_at = monotonic() + patience_s
        if parts.scheme == "https":
            context = ssl.create_default_context()
            self._connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                host, port, timeout=_PATIENCE_S, context=context
            )
        else:
            self._connection = http.client.HTTPConnection(host, port, timeout=_PATIENCE_S)
        # A server that sends one byte now and then would hold us for ever.
        self._alarm = threading.Timer(patience_s, self._hang_up)
        self._alarm.daemon = True
        self._alarm.start()

    def _hang_up(self) -> None:
        """Wake whoever waits for the server."""
        if self._connection.sock is not None:
            with suppress(OSError):
                self._connection.sock.shutdown(_BOTH_WAYS)

    def close(self) -> None:
        """End the connection."""
        self._alarm.cancel()
        self._connection.close()

    def get(self, address: str) -> Answer:
        """Ask for one page. Raises `Unavailable`, without a word of the address."""
        parts = urlsplit(urljoin(self.start, address))
        if f"{parts.scheme}://{parts.netloc}" != _origin(self.start):
            raise BadInput("another site was asked for", remedy="scan each site by itself")
        try:
            return self._ask(parts.path or "/")
        except ssl.SSLCertVerificationError as error:
            remedy = "renew the certificate, and send the whole chain"
            raise Unavailable("the certificate of the site does not hold", remedy=remedy) from error
        except (OSError, http.client.HTTPException, ValueError, AttributeError) as error:
            raise Unavailable("the site did not answer in time or in form", remedy="try again later") from error

    def _ask(self, path: str) -> Answer:
        if monotonic() > self._ends_at or self._bytes > _MOST_BYTES_IN_ALL:
            raise TimeoutError
        self._connection.request(
            "GET",
            path,
            headers={"User-Agent": "police2peer-site-scan", "Accept": "text/html", "Accept-Encoding": "identity"},
        )
        response = self._connection.getresponse()
        body = b""
        while len(body) <= MOST_BYTES and (piece := response.read1(_PIECE_BYTES)):
            body += piece
            if monotonic() > self._ends_at:
                raise TimeoutError
        if monotonic() > self._ends_at:  # hung up on in the middle, which looks like an end
            raise TimeoutError
        self._bytes += len(body)
        too_long = len(body) > MOST_BYTES
        if too_long or not response.isclosed():
            self._connection.close()  # the next question gets a connection of its own
        return Answer(response.status, tuple(response.getheaders()), body[:MOST_BYTES], too_long)


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
