# SPDX-License-Identifier: EUPL-1.2
"""What the browser reads, it reads as the command line does: codes, links, and the bytes of large files."""

import hashlib
import random

import pytest
from tests.browsers import Script, in_every_browser
from tests.catalogue.link_cases import BROKEN_LINKS, SOUND_LINKS
from tests.site.conftest import Visitor

from police2peer.catalogue.link import is_link, parse_link, take_code_from_address
from police2peer.errors import BadInput
from police2peer.warningfiles import CODE_ALPHABET, nearest_code, parse_code

pytest_generate_tests = in_every_browser


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


def _read_link(text: str) -> object:
    if not is_link(text):
        return None
    try:
        return [[alias.type, alias.value] for alias in parse_link(text)]
    except BadInput:
        return []


def test_links_are_read_as_the_command_line_reads_them(script: Script) -> None:
    draw = random.Random(10)
    links = [*SOUND_LINKS, *BROKEN_LINKS, *(_spoil(draw.choice(list(SOUND_LINKS)), draw) for _ in range(600))]
    read = script.run("(links) => { SOURCE; return links.map(readLink); }", links)
    assert isinstance(read, list)
    assert read == list(map(_read_link, links))
    assert read[: len(SOUND_LINKS)] == [list(map(list, ids)) for ids in SOUND_LINKS.values()]


def _spoil(link: str, draw: random.Random) -> str:
    """Change a link as a slip of the hand or a messenger does."""
    at = draw.randrange(len(link))
    sign = draw.choice([*"|:=&/%#+ aZ7", "%7C", "%7c", "xt=", "h=", "\u00e4"])
    return draw.choice((link[:at], link[:at] + sign + link[at:], link[:at] + sign + link[at + 1 :], link[at:]))


def test_the_code_of_a_scanned_address_is_read_as_the_command_line_reads_it(script: Script) -> None:
    code = "FVPA-GSRR-NJ60"
    addresses = [
        f"https://police.example/verify#{code}",
        f"HTTPS://POLICE.EXAMPLE/VERIFY#{code.lower()}",
        f" http://127.0.0.1:8080/en/index.html?x=1#{code.replace('-', '%20')} ",
        f"https://police.example/verify#{code}#",
        "https://police.example/verify#%FF",
        "https://police.example/verify#%",
        "https://police.example/verify#",
        "https://police.example/verify",
        f"ftp://police.example/#{code}",
        f"#{code}",
        code,
    ]

    def expected(text: str) -> object:
        try:
            return parse_code(take_code_from_address(text))
        except BadInput:
            return None

    run = "(texts) => { SOURCE; return texts.map((text) => readCode(takeCode(text))?.code ?? null); }"
    assert script.run(run, addresses) == list(map(expected, addresses))
    assert [expected(address) for address in addresses] == [code] * 3 + [None] * 7 + [code]


_ROOM = 1024 * 1024  # bytes that the engine takes at once


@pytest.fixture
def checking(visit: Visitor, url: str, verifier_source: str) -> Script:
    """The scripts in a page that may check, and so compile."""
    return Script(visit(f"{url}en/index.html").page, verifier_source)


_STREAM = """
async ([cases, plain]) => {
  const digests = [];
  const self = { postMessage: (message) => "digest" in message && digests.push(message.digest) };
  let compiled = 0;
  const WebAssembly = {
    Module: plain ? undefined : globalThis.WebAssembly.Module,
    Instance: class extends globalThis.WebAssembly.Instance { constructor(module) { super(module); compiled++; } },
  };
  SOURCE
  hashing();
  for (const pieces of cases) {
    const queue = pieces.map((size, index) => new Uint8Array(size).fill(index + 1));
    const reader = { read: async () => queue.length ? { done: false, value: queue.shift() } : { done: true } };
    await self.onmessage({ data: { stream: () => ({ getReader: () => reader }) } });
  }
  return [compiled, digests.map(toHex)];
}
"""


@pytest.mark.parametrize("plain", [False, True], ids=["WebAssembly", "without it"])
def test_the_streaming_hash_equals_sha256_at_every_block_edge_and_piece_size(
    checking: Script, *, plain: bool
) -> None:
    draw = random.Random(9)
    cases = [[size] for size in range(132)]
    cases += [[draw.randrange(200) for _ in range(draw.randrange(1, 9))] for _ in range(120)]
    cases += [[_ROOM - 1], [_ROOM], [_ROOM + 1], [2 * _ROOM - 64, 128], [_ROOM - 9, 1, 70], [3 * _ROOM + 5]]
    expected = [
        hashlib.sha256(b"".join(bytes([index + 1]) * size for index, size in enumerate(pieces))).hexdigest()
        for pieces in cases
    ]
    assert checking.run(_STREAM, [cases, plain]) == [0 if plain else len(cases), expected]
