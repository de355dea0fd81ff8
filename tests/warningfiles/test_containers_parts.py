# SPDX-License-Identifier: EUPL-1.2
"""Splices, moving scenes, sound and subtitles, with pictures small enough to try many."""

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from police2peer.campaign import Language
from police2peer.errors import BadInput
from police2peer.warningfiles import BaseStore
from police2peer.warningfiles.codecs import (
    AAC,
    MP2,
    MP3,
    MPEG2,
    MPEG4,
    OPUS,
    VP9,
    WMA,
    WMV2,
    Coded,
    Muxer,
    PictureCodec,
    Size,
    SoundCodec,
    Tracks,
    picture_track,
)
from police2peer.warningfiles.colour import Planes, planes_of
from police2peer.warningfiles.film import Cue, Moving, Scene, Still
from police2peer.warningfiles.splice import Slot, Splice, find_slot
from police2peer.warningfiles.workshop import Workshop

Pixels = npt.NDArray[np.uint8]

_SIZE = Size(320, 180)
_CODECS: Mapping[str, tuple[PictureCodec, SoundCodec]] = {
    "avi": (MPEG4, MP3),
    "vob": (MPEG2, MP2),
    "asf": (WMV2, WMA),
    "webm": (VP9, OPUS),
}
_NOTE = b'{"code": "FVPA-GSRR-NJ60"}'
_OPENING, _MOVING, _CARD = 30, 130, 60
_FRAMES = _OPENING + _MOVING + _CARD
_OPTIONS = {"webm": {"write_crc32": "0"}, "matroska": {"write_crc32": "0"}}


def _picture(number: int) -> Planes:
    """Draw a gradient with a block that moves two points with each number."""
    across, down = np.meshgrid(np.arange(_SIZE.width), np.arange(_SIZE.height))
    picture = np.stack([across * 200 // _SIZE.width, down * 200 // _SIZE.height, across * 0 + 60], -1).astype(
        np.uint8
    )
    picture[60:120, 20 + 2 * number : 60 + 2 * number] = (230, 230, 40)
    return planes_of(picture)


def _scenes() -> list[Scene]:
    moving = Moving(lambda: (_picture(number) for number in range(_MOVING)), _MOVING)
    return [Still(_picture(0), _OPENING), moving, Still(_picture(9), _CARD)]


def _sine() -> bytes:
    times = np.arange(_FRAMES * 1920) / 48_000
    return (np.sin(2 * np.pi * 440 * times) * 9000).astype("<i2").tobytes()


def _slot(codec: PictureCodec, picture: Planes, length: int) -> bytes:
    filled = codec.fill(codec.still(picture, codec.qualities[0]), _NOTE, length)
    assert filled is not None
    return filled


def _muxer(
    workshop: Workshop, form: str, **more: Mapping[Language, Sequence[Cue]]
) -> tuple[Muxer, tuple[Coded, ...]]:
    codec, sound = _CODECS[form]
    pictures = picture_track(workshop, codec, _scenes(), _SIZE, _slot(codec, _picture(9), 20_000))
    add_video = partial(codec.add_stream, size=_SIZE)
    tracks = Tracks(add_video, pictures, sound, _FRAMES, _sine(), **more)
    return Muxer(form, _OPTIONS.get(form, {}), tracks), pictures


def _decoded(content: bytes) -> Iterator[Pixels]:
    with av.open(io.BytesIO(content), "r", options={"err_detect": "explode"}) as film:
        yield from (frame.to_ndarray().astype(np.uint8)[: _SIZE.height] for frame in film.decode(video=0))


def _heard(content: bytes) -> npt.NDArray[np.float64]:
    with av.open(io.BytesIO(content), "r", options={"err_detect": "explode"}) as film:
        resampler = av.AudioResampler(format="s16", layout="mono", rate=48_000)
        frames = [made for frame in film.decode(audio=0) for made in resampler.resample(frame)]
    return np.concatenate([frame.to_ndarray()[0] for frame in frames]).astype(np.float64)


@pytest.fixture(scope="module")
def workshop(store: BaseStore) -> Workshop:
    return Workshop(store)


@pytest.mark.parametrize("form", _CODECS)
def test_a_scene_moves_between_cards_that_stand(workshop: Workshop, form: str) -> None:
    muxer, _ = _muxer(workshop, form)
    shown = list(_decoded(muxer.mux({})))
    assert len(shown) == _FRAMES
    for number in (0, 1, 64, _MOVING - 1):
        off = np.abs(shown[_OPENING + number].astype(int) - _picture(number).y.astype(int))
        assert off.mean() < 3
    assert all(np.array_equal(picture, shown[0]) for picture in shown[:_OPENING])
    card = shown[-_CARD:]
    assert all(np.array_equal(picture, card[0]) for picture in card)


@pytest.mark.parametrize("form", _CODECS)
def test_a_voice_is_heard_at_its_pitch_and_silence_is_silent(workshop: Workshop, form: str) -> None:
    muxer, pictures = _muxer(workshop, form)
    wave = _heard(muxer.mux({}))
    assert abs(len(wave) / 48_000 - _FRAMES / 25) < 0.1
    middle = wave[96_000:144_000]
    assert np.abs(np.fft.rfft(middle)).argmax() == 440
    assert 4000 < np.sqrt((middle**2).mean()) < 8000
    codec, sound = _CODECS[form]
    silent = Muxer(form, {}, Tracks(partial(codec.add_stream, size=_SIZE), pictures, sound, _FRAMES))
    assert np.abs(_heard(silent.mux({}))).max() <= 1


@pytest.mark.parametrize("form", _CODECS)
def test_a_splice_is_to_the_byte_what_the_muxer_makes(workshop: Workshop, form: str) -> None:
    codec = _CODECS[form][0]
    muxer, pictures = _muxer(workshop, form)
    numbers = range(_OPENING + _MOVING, _FRAMES, codec.longest_still)
    assert len(numbers) == (2 if form == "vob" else 1)

    def mux(contents: Sequence[bytes]) -> bytes:
        return muxer.mux(dict(zip(numbers, contents, strict=True)))

    film, slot = find_slot(mux, [pictures[number].content for number in numbers], codec.read_by_muxer)
    note = Splice.keep(workshop.store, film, slot)
    splice = Splice.recall(workshop.store, str(note["film"]), json.loads(json.dumps(note["runs"])))
    other = _slot(codec, _picture(40), 20_000)
    contents = [codec.timed(other, number) for number in numbers]
    plan = splice.plan(workshop.store, b"".join(contents))
    assert plan.read(0, plan.size) == mux(contents) != film


def test_groups_carry_the_time_of_the_film() -> None:
    for codec, group in ((MPEG4, b"\0\0\1\xb3"), (MPEG2, b"\0\0\1\xb8")):
        slot = _slot(codec, _picture(1), 20_000)
        place = slot.index(group) + 4
        number = ((1 * 60 + 2) * 60 + 3) * 25 + 7  # 1 h 2 min 3 s and seven pictures
        timed = codec.timed(slot, number)
        bits = f"{int.from_bytes(timed[place : place + 4], 'big'):032b}"[codec is MPEG2 :]
        assert [int(field, 2) for field in (bits[:5], bits[5:11], bits[11], bits[12:18])] == [1, 2, 1, 3]
        assert len(timed) == len(slot)
        moved = next(codec.moving([_picture(1)], _SIZE, number)).content
        assert moved[moved.index(group) + 4 :][:4] == timed[place : place + 4]
    # An MPEG-4 picture says which part of the second it is, as its encoder writes it.
    assert MPEG4.timed(MPEG4.still(_picture(1), 5), 137) == next(MPEG4.moving([_picture(1)], _SIZE, 137)).content


def test_subtitles_stand_in_their_languages_and_times(workshop: Workshop) -> None:
    codec = VP9
    cues = {
        Language("de"): (Cue(500, 2000, "Erste Zeile\nzweite Zeile"), Cue(2500, 4000, "Ende")),
        Language("ar"): (Cue(500, 2000, "يمكنك التوقف الآن"),),
    }
    pictures = picture_track(workshop, codec, _scenes(), _SIZE, _slot(codec, _picture(9), 20_000))
    tracks = Tracks(partial(codec.add_stream, size=_SIZE), pictures, AAC, _FRAMES, _sine(), cues)
    content = Muxer("matroska", _OPTIONS["matroska"], tracks).mux({})
    with av.open(io.BytesIO(content), "r") as film:
        streams = film.streams.subtitles
        assert [stream.language for stream in streams] == ["ger", "ara"]
        read: dict[str, list[tuple[int, int, str]]] = {}
        for packet in film.demux(*streams):
            if packet.size and packet.pts is not None:
                stream = packet.stream.language or ""
                read.setdefault(stream, []).append((packet.pts, packet.duration or 0, bytes(packet).decode()))
    assert read["ger"] == [(500, 1500, "Erste Zeile\nzweite Zeile"), (2500, 1500, "Ende")]
    assert read["ara"] == [(500, 1500, "يمكنك التوقف الآن")]


def test_a_picture_that_does_not_fit_is_not_forced() -> None:
    for codec, _ in _CODECS.values():
        still = codec.still(_picture(3), codec.qualities[0])
        assert codec.fill(still, _NOTE, len(still) - 1) is None
        assert len(codec.fill(still, _NOTE, len(still) + 500) or b"") == len(still) + 500


_PIECES = st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=5)


@given(pictures=_PIECES, pack=st.integers(1, 17), with_tail=st.booleans())
def test_a_picture_is_found_wherever_a_muxer_scatters_it(
    store: BaseStore, pictures: list[bytes], pack: int, *, with_tail: bool
) -> None:
    def mux(contents: Sequence[bytes]) -> bytes:
        film = b"head"
        for content in contents:
            for begin in range(0, len(content), pack):
                film += b"pack" + content[begin : begin + pack]
        return film + (b"tail" if with_tail else b"")

    film, slot = find_slot(mux, pictures)
    note = Splice.keep(store, film, slot)
    fresh = [bytes(reversed(picture)) for picture in pictures]
    plan = Splice.recall(store, str(note["film"]), note["runs"]).plan(store, b"".join(fresh))
    assert plan.read(0, plan.size) == mux(fresh)


def test_a_muxer_that_reads_its_pictures_is_found_out() -> None:
    picture = [b"a picture of some bytes"]

    def sums(contents: Sequence[bytes]) -> bytes:
        return contents[0] + bytes([sum(contents[0]) & 0xFF])

    def turns_round(contents: Sequence[bytes]) -> bytes:
        return contents[0][::-1]

    def repeats(contents: Sequence[bytes]) -> bytes:
        return contents[0] * 2

    def grows(contents: Sequence[bytes]) -> bytes:
        return contents[0].replace(b"a", b"aa")

    def forgets(contents: Sequence[bytes]) -> bytes:
        return bytes(len(contents[0]))

    for mux in (sums, turns_round, repeats, grows, forgets):
        with pytest.raises(BadInput, match="muxer reads"):
            find_slot(mux, picture)


@given(runs=st.recursive(st.none() | st.integers() | st.text(max_size=3), lambda inner: st.lists(inner, max_size=3)))
def test_a_spoiled_note_about_a_film_is_refused(store: BaseStore, runs: object) -> None:
    film = store.put(b"a film of some bytes")
    try:
        splice = Splice.recall(store, film, runs)
    except BadInput:
        return
    assert splice.slot.end <= splice.film_bytes


def test_runs_out_of_order_and_pictures_of_another_size_are_refused(tmp_path: Path) -> None:
    for runs in ((), ((5, 0),), ((-1, 3),), ((5, 3), (7, 2))):
        with pytest.raises(BadInput, match="note"):
            Slot(runs)
    store = BaseStore(tmp_path)
    note = Splice.keep(store, b"0123456789", Slot(((2, 3), (7, 1))))
    splice = Splice.recall(store, str(note["film"]), note["runs"])
    plan = splice.plan(store, b"abcd")
    assert plan.read(0, plan.size) == b"01abc56d89"
    with pytest.raises(BadInput, match="size"):
        splice.plan(store, b"abc")
    with pytest.raises(BadInput, match="size"):
        splice.around(store, [])
