# SPDX-License-Identifier: EUPL-1.2
"""What the browser reads, it reads as the command line does: codes, links, and the bytes of large files."""

import hashlib
import random

import pytest
from tests.site.conftest import Script

from police2peer.catalogue.lookup import parse_magnet
from police2peer.errors import BadInput
from police2peer.warningfiles import CODE_ALPHABET, nearest_code, parse_code

pytestmark = pytest.mark.peer("chromium")


def _slips(draw: random.Random, count: int) -> list[str]:
    signs = [*CODE_ALPHABET, *"oilOIL-\u2013\u2014 \u00a0\u200bu*\u00df\uff11"]
    texts = ["FVPA-GSRR-NJ60", "fvpa gsrr nj6o", "FVPAGSRRNJ61", "", " ", "\u2013", "x" * 70]
    while len(texts) < count:
        code = list("FVPA-GSRR-NJ60")
        for _ in range(draw.randrange(4)):
            place = draw.randrange(len(code))
            code[place : place + draw.randrange(2)] = [draw.choice(signs)]
        texts.append("".join(code))
    return texts


def test_codes_are_read_as_the_command_line_reads_them(script: Script) -> None:
    texts = _slips(random.Random(8), 600)

    def expected(text: str) -> object:
        try:
            return {"code": parse_code(text), "exact": True}
        except BadInput:
            nearest = nearest_code(text)
            return {"code": nearest, "exact": False} if nearest else None

    read = script.run("(texts) => { SOURCE; return texts.map(readCode); }", texts)
    assert isinstance(read, list)
    # The page tells a code that is past repair from a text that is no code; the command line refuses both.
    told = [None if each and each["code"] is None else each for each in read]
    assert told == [expected(text) for text in texts]
    assert sum(each is not None for each in told) > 100


def test_magnet_links_are_read_as_the_command_line_reads_them(script: Script) -> None:
    v1, v2 = "ab" * 20, "cd" * 32
    links = [
        f"magnet:?xt=urn:btih:{v1}",
        f"MAGNET:?XT=URN:BTIH:{v1.upper()}&dn=sample-clip-07",
        "magnet:?xt=urn:btih:ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
        f"magnet:?xt.1=urn:btih:{v1}&xt.2=urn:btmh:1220{v2}",
        f"magnet:?xt=urn:btmh:{v2}&xt=urn:btmh:{v2}",
        f" magnet:?dn=x%26y&xt=urn%3Abtih%3A{v1}+ ",
        f"magnet:?tr=udp%3A%2F%2Fexample.org&xt=urn:btih:{v1}&xt=urn:sha1:abc",
        "magnet:?xt=urn:btih:abc",
        f"magnet:?xt=urn:btih:{v1}&xt=urn:btih:zz",
        "magnet:?dn=x",
        "magnet:",
        f"http://example.org/?xt=urn:btih:{v1}",
        f"magnet:?xt=urn:btih:{v1}:x",
        "magnet:?xt=urn:btih",
    ]

    def expected(link: str) -> object:
        try:
            return [[alias.type, alias.value] for alias in parse_magnet(link)]
        except BadInput:
            return None

    assert script.run("(links) => { SOURCE; return links.map(readMagnet); }", links) == list(map(expected, links))


_STREAM = """
async (cases) => {
  const digests = [];
  const self = { postMessage: (message) => "digest" in message && digests.push(message.digest) };
  SOURCE
  hashing();
  for (const pieces of cases) {
    const queue = pieces.map((size, index) => new Uint8Array(size).fill(index + 1));
    const reader = { read: async () => queue.length ? { done: false, value: queue.shift() } : { done: true } };
    await self.onmessage({ data: { stream: () => ({ getReader: () => reader }) } });
  }
  return digests.map(toHex);
}
"""


def test_the_streaming_hash_equals_sha256_at_every_block_edge_and_piece_size(script: Script) -> None:
    draw = random.Random(9)
    cases = [[size] for size in range(132)]
    cases += [[draw.randrange(200) for _ in range(draw.randrange(1, 9))] for _ in range(120)]
    expected = [
        hashlib.sha256(b"".join(bytes([index + 1]) * size for index, size in enumerate(pieces))).hexdigest()
        for pieces in cases
    ]
    assert script.run(_STREAM, cases) == expected
