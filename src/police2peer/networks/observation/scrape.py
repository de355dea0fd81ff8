# SPDX-License-Identifier: EUPL-1.2
"""What is said to a tracker to learn how many are in swarms, and what it answers: bytes in, numbers out, no I/O.

Sources: BEP 48 (scrape over HTTP), BEP 15 (scrape over UDP). A tracker names nobody in a scrape.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote_from_bytes, urlsplit

from police2peer.errors import BadInput, Unavailable
from police2peer.networks.bittorrent import bencode

HTTP_AT_ONCE: Final = 30  # an address stays below 2,000 characters, which every server takes
UDP_AT_ONCE: Final = 70  # BEP 15: "up to about 74"
_UDP_MAGIC: Final = 0x41727101980
_CONNECT, _SCRAPE, _ERROR = 0, 2, 3
_MOST_COUNT: Final = 10_000_000
_REMEDY: Final = "nothing; it is asked again at the next observation"


@dataclass(frozen=True, slots=True)
class Swarm:
    """How many a tracker knows to have everything, and how many not."""

    seeds: int
    leechers: int


def scrape_path(announce_url: str) -> str:
    """Give path and query of the scrape that belongs to an announce address; raises `BadInput` without one."""
    parts = urlsplit(announce_url)
    folder, _, last = parts.path.rpartition("/")
    if not last.startswith("announce"):
        raise BadInput("a tracker has no scrape by its address", remedy="name trackers whose path ends in /announce")
    path = f"{folder}/scrape{last.removeprefix('announce')}"
    return f"{path}?{parts.query}" if parts.query else path


def http_request(announce_url: str, hashes: Sequence[bytes]) -> bytes:
    """Give one HTTP/1.0 request about up to `HTTP_AT_ONCE` hashes."""
    path = scrape_path(announce_url)
    asked = "&".join(f"info_hash={quote_from_bytes(one, safe='')}" for one in hashes)
    host = urlsplit(announce_url).netloc.rpartition("@")[2]
    joint = "&" if "?" in path else "?"
    return f"GET {path}{joint}{asked} HTTP/1.0\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode("ascii")


def read_http(answer: bytes, hashes: Sequence[bytes]) -> dict[bytes, Swarm]:
    """Read the whole answer; a hash that is not in it is in no swarm. Raises `Unavailable` for anything else."""
    head, _, body = answer.partition(b"\r\n\r\n")
    if head.split(b" ", 2)[1:2] != [b"200"]:
        raise Unavailable("a tracker refused the scrape", remedy=_REMEDY)
    try:
        said = bencode.decode(body)
    except BadInput:
        raise Unavailable("a tracker gave no scrape", remedy=_REMEDY) from None
    files = said.get(b"files") if isinstance(said, dict) else None
    if not isinstance(files, dict):
        raise Unavailable("a tracker refused the scrape", remedy=_REMEDY)
    return {one: _swarm(files.get(one)) for one in hashes}


def _swarm(told: bencode.Value | None) -> Swarm:
    fields: Mapping[bytes, object] = told if isinstance(told, dict) else {}
    return Swarm(_count(fields.get(b"complete")), _count(fields.get(b"incomplete")))


def _count(value: object) -> int:
    return value if isinstance(value, int) and 0 <= value <= _MOST_COUNT else 0


def udp_connect(transaction: int) -> bytes:
    """Ask for a connection id."""
    return struct.pack("!QII", _UDP_MAGIC, _CONNECT, transaction)


def udp_scrape(connection: int, transaction: int, hashes: Sequence[bytes]) -> bytes:
    """Ask about up to `UDP_AT_ONCE` hashes."""
    return struct.pack("!QII", connection, _SCRAPE, transaction) + b"".join(hashes)


def read_udp_connection(datagram: bytes, transaction: int) -> int | None:
    """Read the connection id; None for a datagram that is no answer to this."""
    if len(datagram) < 16 or struct.unpack_from("!II", datagram) != (_CONNECT, transaction):  # noqa: PLR2004 - BEP 15
        return None
    return int.from_bytes(datagram[8:16], "big")


def read_udp_scrape(datagram: bytes, transaction: int, hashes: Sequence[bytes]) -> dict[bytes, Swarm] | None:
    """Read the numbers; None for a datagram that is no answer to this, `Unavailable` for a refusal."""
    if len(datagram) < 8 or struct.unpack_from("!I", datagram, 4) != (transaction,):  # noqa: PLR2004 - BEP 15
        return None
    (action,) = struct.unpack_from("!I", datagram)
    if action == _ERROR:
        raise Unavailable("a tracker refused the scrape", remedy=_REMEDY)
    if action != _SCRAPE or len(datagram) < 8 + 12 * len(hashes):
        return None
    rows = [struct.unpack_from("!III", datagram, 8 + 12 * place) for place in range(len(hashes))]
    return {
        one: Swarm(_count(seeds), _count(leechers)) for one, (seeds, _, leechers) in zip(hashes, rows, strict=True)
    }
