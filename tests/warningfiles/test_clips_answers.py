# SPDX-License-Identifier: EUPL-1.2
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from police2peer.errors import BadInput
from police2peer.warningfiles.clips.framing import (
    End,
    Header,
    Picture,
    Record,
    RecordReader,
    Refused,
    Sound,
    record_bytes,
)
from police2peer.warningfiles.clips.limits import DecoderTask, Limits
from police2peer.warningfiles.clips.refusals import Refusal, refuse

_TASK = DecoderTask(8, 4, Limits(longest_s=1))
_PICTURE = Picture(bytes(8 * 4 * 3 // 2))
_GOOD: list[Record] = [Header(8, 4, 15), _PICTURE, _PICTURE, Sound(bytes(100)), End(2, 50)]


def _bytes(records: Sequence[Record]) -> bytes:
    return b"".join(map(record_bytes, records))


def _read(received: bytes, task: DecoderTask = _TASK) -> list[Record]:
    reader = RecordReader(task)
    records = list(reader.feed(received))
    reader.finish()
    return records


@given(cuts=st.lists(st.integers(0, len(_bytes(_GOOD))), max_size=8))
def test_a_whole_answer_is_read_however_the_pipe_cuts_it(cuts: list[int]) -> None:
    content, reader, read = _bytes(_GOOD), RecordReader(_TASK), []
    for begin, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(content)], strict=True):
        read += list(reader.feed(content[begin:end]))
    reader.finish()
    assert read == _GOOD


@pytest.mark.parametrize(
    "records",
    [
        [],
        _GOOD[:-1],
        _GOOD[1:],
        [_GOOD[0], *_GOOD],
        [*_GOOD, _GOOD[-1]],
        [Header(8, 4, 15), End(0, 0)],
        [*_GOOD[:-1], End(2, 51)],
        [*_GOOD[:-1], End(1, 50)],
        [Header(10, 4, 15)],
        [Header(8, 6, 15)],
        [Header(7, 4, 15)],
        [Header(0, 0, 15)],
        [_GOOD[0], Picture(bytes(47))],
        [_GOOD[0], Picture(b"")],
        [_GOOD[0], _PICTURE, Sound(b"")],
        [_GOOD[0], _PICTURE, Sound(b"abc")],
        [_GOOD[0], _PICTURE, Sound(bytes(2 << 20))],
        [_GOOD[0], _PICTURE, Sound(bytes(2)), _PICTURE, End(2, 1)],
        [_GOOD[0], *[_PICTURE] * 26, End(26, 0)],
        [_GOOD[0], _PICTURE, Sound(bytes(2 * 48_001)), End(1, 48_001)],
        [Refused(Refusal.CODEC, 0, 0), End(0, 0)],
    ],
)
def test_an_answer_that_breaks_the_rules_is_refused(records: list[Record]) -> None:
    with pytest.raises(BadInput, match="makes no sense"):
        _read(_bytes(records))


@pytest.mark.parametrize(
    "content", [b"\0\0\0\0\0", b"\6\0\0\0\0", b"\2\xff\xff\xff\xff", b"\5\0\0\0\x09\xff" + bytes(8), b"\1\0\0\0\6"]
)
def test_a_record_of_unknown_kind_or_length_is_refused_before_its_content_is_waited_for(content: bytes) -> None:
    with pytest.raises(BadInput, match="makes no sense"):
        list(RecordReader(_TASK).feed(content))


@given(received=st.binary(max_size=300), begun=st.booleans())
def test_no_answer_whatever_breaks_the_reader(received: bytes, begun: bool) -> None:  # noqa: FBT001 - drawn
    try:
        records = _read((record_bytes(_GOOD[0]) if begun else b"") + received)
    except BadInput:
        return
    assert isinstance(records[-1], End | Refused)


@given(place=st.integers(0, len(_bytes(_GOOD)) - 1), value=st.integers(0, 255))
def test_an_answer_with_one_byte_changed_never_gives_more_than_was_asked_for(place: int, value: int) -> None:
    content = bytearray(_bytes(_GOOD))
    content[place] = value
    try:
        records = _read(bytes(content))
    except BadInput:
        return
    assert all(len(record.planes) <= 8 * 4 * 3 // 2 for record in records if isinstance(record, Picture))


def test_sound_alone_has_no_pictures() -> None:
    task = DecoderTask(0, 0, Limits(longest_s=1))
    assert _read(_bytes([Header(0, 0, 4), Sound(bytes(4)), End(0, 2)]), task)[-1] == End(0, 2)
    with pytest.raises(BadInput):
        _read(_bytes([Header(0, 0, 4), Picture(b"")]), task)


@pytest.mark.parametrize("refusal", Refusal)
def test_every_refusal_has_facts_and_a_remedy_and_crosses_the_pipe(refusal: Refusal) -> None:
    assert _read(record_bytes(Refused(refusal, 4096, -5))) == [Refused(refusal, 4096, 0)]
    error = refuse(refusal, 4096, 2304)
    assert error.facts
    assert error.remedy
    assert "{" not in error.facts
