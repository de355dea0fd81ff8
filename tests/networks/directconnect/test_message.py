# SPDX-License-Identifier: EUPL-1.2
"""ADC's messages against the examples of its specification, and against whatever strangers send."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from police2peer.errors import BadInput
from police2peer.networks.directconnect.message import (
    LineBuffer,
    Message,
    escape,
    from_base32,
    parse,
    parse_cid,
    parse_number,
    to_base32,
    unescape,
)
from police2peer.networks.directconnect.wire import MOST_LINE_BYTES

_TTH = "IPPPWEPPPLCA3PF2ZCRRYO4F2ZX2EV2JMW2KCII"
# The examples of ADC 1.0.4, "Commands".
_GOLDEN = [
    (rb"ISTA 211 Hub\sfull", Message("I", "STA", parameters=("211", "Hub full"))),
    (rb"CSTA 151 File\snot\savailable", Message("C", "STA", parameters=("151", "File not available"))),
    (
        rb"ESTA BBBB CCCC 142 Transfer\sprotocol\sunsupported TO123456789 PRADC/0.5",
        Message(
            "E",
            "STA",
            "BBBB",
            "CCCC",
            parameters=("142", "Transfer protocol unsupported", "TO123456789", "PRADC/0.5"),
        ),
    ),
    (b"ISUP ADBASE ADTIGR ADBLOM", Message("I", "SUP", parameters=("ADBASE", "ADTIGR", "ADBLOM"))),
    (b"ISID BBBB", Message("I", "SID", parameters=("BBBB",))),
    (
        rb"IINF CT32 NIexample_hub DEThe\ssimple\shub",
        Message("I", "INF", parameters=("CT32", "NIexample_hub", "DEThe simple hub")),
    ),
    (
        b"BSCH BBBB ANubuntu ANlinux NOgentoo EXISO EXIMG TO123456789 TY1",
        Message(
            "B",
            "SCH",
            "BBBB",
            parameters=("ANubuntu", "ANlinux", "NOgentoo", "EXISO", "EXIMG", "TO123456789", "TY1"),
        ),
    ),
    (
        b"FSCH BBBB +TCP4 ANubuntu TO123456789",
        Message("F", "SCH", "BBBB", features="+TCP4", parameters=("ANubuntu", "TO123456789")),
    ),
    (
        b"DRES CCCC BBBB FN/share/linux/ubuntu.iso SI42 SL1 TO123456789 TR" + _TTH.encode(),
        Message(
            "D",
            "RES",
            "CCCC",
            "BBBB",
            parameters=("FN/share/linux/ubuntu.iso", "SI42", "SL1", "TO123456789", f"TR{_TTH}"),
        ),
    ),
    (
        b"DCTM BBBB CCCC ADC/1.0 6666 123456789",
        Message("D", "CTM", "BBBB", "CCCC", parameters=("ADC/1.0", "6666", "123456789")),
    ),
    (
        b"DRCM BBBB CCCC ADC/1.0 123456789",
        Message("D", "RCM", "BBBB", "CCCC", parameters=("ADC/1.0", "123456789")),
    ),
    (b"IGPA JJWEPPPLCA3PF2ZCRRYO3333", Message("I", "GPA", parameters=("JJWEPPPLCA3PF2ZCRRYO3333",))),
    (
        rb"IQUI BBBB IDCCCC MSCats\sare\shorrible DI1 TL-1",
        Message("I", "QUI", parameters=("BBBB", "IDCCCC", "MSCats are horrible", "DI1", "TL-1")),
    ),
    (
        b"CGET file TTH/" + _TTH.encode() + b" 6666 3333",
        Message("C", "GET", parameters=("file", f"TTH/{_TTH}", "6666", "3333")),
    ),
    (b"CGET list /share/ 0 -1 RE1", Message("C", "GET", parameters=("list", "/share/", "0", "-1", "RE1"))),
    (b"CSND list /share/ 0 66", Message("C", "SND", parameters=("list", "/share/", "0", "66"))),
]


@pytest.mark.parametrize(("line", "message"), _GOLDEN)
def test_the_examples_of_the_specification_are_read_and_written(line: bytes, message: Message) -> None:
    assert parse(line) == message
    assert message.line() == line + b"\n"


@pytest.mark.parametrize(
    "line",
    [
        b"", b"X", b"BIN", b"binf AAAA", b"BINFX AAAA", b"BINF", b"BINF AAA", b"BINF AAAAA", b"BINF aaaa",
        b"BINF AA1A", b"DCTM AAAA BBBB ADC/1.0", b"DCTM AAAA", b"FSCH AAAA TCP4", b"FSCH AAAA +tcp4", b"CSTA 151",
        b"USCH", rb"IMSG bad\escape", b"IMSG open\\", b"IMSG \xff\xfe", b"\0\0\0\0", b"GET / HTTP/1.1\r",
    ],
)  # fmt: skip
def test_malformed_lines_are_bad_input(line: bytes) -> None:
    with pytest.raises(BadInput) as raised:
        parse(line)
    assert not line or line.decode("latin-1") not in str(raised.value)


_LETTERS = st.sampled_from(r"BCDEFHIUSTAINFGESCHRMQPL+-AAAABBBBTO/ \sn0123456789")
_WORDS = st.lists(st.text(_LETTERS, max_size=12), max_size=8).map(" ".join)


@given(st.binary(max_size=200) | _WORDS.map(str.encode))
def test_whatever_a_stranger_sends_is_read_or_is_bad_input(raw: bytes) -> None:
    with contextlib.suppress(BadInput):
        message = parse(raw)
        message.named()
        assert parse(message.line()[:-1]) == message


@given(st.text(max_size=60))
def test_what_is_escaped_reads_back_the_same(text: str) -> None:
    written = escape(text)
    assert " " not in written
    assert "\n" not in written
    assert unescape(written) == text


@given(st.binary(max_size=60))
def test_base32_reads_back_the_same_without_padding(raw: bytes) -> None:
    assert from_base32(to_base32(raw)) == raw


@given(st.text(max_size=50))
def test_whatever_stands_for_an_id_or_a_number_is_read_or_is_bad_input(text: str) -> None:
    for read in (parse_cid, from_base32, parse_number):
        with contextlib.suppress(BadInput):
            read(text)


@pytest.mark.parametrize("text", ["", "-", "--1", "1.0", "1e3", " 1", "²", "-2", str(2**63), "9" * 400])
def test_what_is_no_number_within_bounds_is_bad_input(text: str) -> None:
    with pytest.raises(BadInput):
        parse_number(text, least=-1)


@given(st.lists(st.binary(max_size=30), max_size=12))
def test_lines_come_out_the_same_however_a_stream_is_cut(pieces: list[bytes]) -> None:
    stream = b"".join(pieces)
    buffer = LineBuffer()
    cut = [line for piece in pieces for line in buffer.feed(piece)]
    assert cut == [line for line in stream.split(b"\n")[:-1] if line]


def test_a_line_without_an_end_is_never_held_beyond_its_limit() -> None:
    buffer, piece = LineBuffer(), b"x" * 4096
    for _ in range(MOST_LINE_BYTES // len(piece)):
        assert buffer.feed(piece) == []
    with pytest.raises(BadInput):
        buffer.feed(piece)
    assert buffer.feed(b"IMSG hello\n") == [b"IMSG hello"]


def test_a_long_line_that_comes_at_once_is_refused_too() -> None:
    with pytest.raises(BadInput):
        LineBuffer().feed(b"x" * (MOST_LINE_BYTES + 1) + b"\n")
