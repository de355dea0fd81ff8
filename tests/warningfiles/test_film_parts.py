# SPDX-License-Identifier: EUPL-1.2
import io
from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from police2peer.campaign import SHIPPED_LANGUAGES, Language
from police2peer.warningfiles.colour import planes_of
from police2peer.warningfiles.film import Cue, captions_vtt, iso_639_2
from police2peer.warningfiles.film.cues import cues_between, reading_frames, shared_frames
from police2peer.warningfiles.film.overlay import Overlay
from police2peer.warningfiles.film.voice import placed_voice
from police2peer.warningfiles.layout import film_layout
from police2peer.warningfiles.mp4_boxes import Track, write_mp4

_EN = Language("en")


@given(st.text(max_size=300), st.sampled_from(["en", "ja", "zh", "ko", "th", "hi"]))
def test_a_sentence_stands_between_two_and_seven_seconds(sentence: str, language: str) -> None:
    assert 50 <= reading_frames(sentence, Language(language)) <= 175


def test_a_sentence_stands_as_long_as_it_takes_to_read() -> None:
    assert reading_frames("x" * 68, _EN) == 4 * 25
    assert reading_frames("\u5b57" * 36, Language("zh")) == 4 * 25
    # Vowel signs are no letters of their own.
    assert reading_frames("\u0e01\u0e34" * 51, Language("th")) == 3 * 25


@given(st.lists(st.integers(1, 500), min_size=1, max_size=20), st.integers(0, 10_000))
def test_shares_lose_no_picture(weights: list[int], frames: int) -> None:
    shares = shared_frames(weights, frames)
    assert sum(shares) == frames
    exact = [frames * weight / sum(weights) for weight in weights]
    assert all(abs(share - wanted) < 1 for share, wanted in zip(shares, exact, strict=True))


def test_cues_follow_one_another_without_a_gap() -> None:
    cues = cues_between(["one", "two", "three"], _EN, 100, 151)
    assert [cue.text for cue in cues] == ["one", "two", "three"]
    assert (cues[0].start_ms, cues[-1].end_ms) == (4000, 251 * 40)
    assert cues[0].end_ms == cues[1].start_ms


def test_captions_show_whatever_a_text_holds() -> None:
    cues = [Cue(0, 2000, "a <b> & --> c\n\nd"), Cue(3_723_004, 3_724_000, "\u0645\u0631\u062d\u0628\u0627")]
    assert captions_vtt(cues) == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\na &lt;b&gt; &amp; --&gt; c d\n\n"
        "01:02:03.004 --> 01:02:04.000\n\u0645\u0631\u062d\u0628\u0627\n"
    )


def test_every_shipped_language_has_its_three_letters() -> None:
    codes = [iso_639_2(language) for language in SHIPPED_LANGUAGES]
    assert "und" not in codes
    assert len(set(codes)) == len(codes)
    assert iso_639_2(Language("pt-BR")) == "por"
    assert iso_639_2(Language("x-unknown")) == "und"


def _png(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels, "RGBA").save(buffer, "PNG")
    return buffer.getvalue()


def test_a_layer_covers_by_its_share_and_a_clear_one_changes_nothing() -> None:
    ground = planes_of(np.full((8, 12, 3), 200, dtype=np.uint8))
    layer = np.zeros((4, 6, 4), dtype=np.uint8)
    layer[..., 0] = 255  # red, but clear
    same = Overlay.drawn(_png(layer), 2, 2).over(ground)
    assert all(np.array_equal(one, other) for one, other in zip(same.all(), ground.all(), strict=True))
    layer[..., 3] = 255
    red = planes_of(np.full((4, 6, 3), (255, 0, 0), dtype=np.uint8))
    full = Overlay.drawn(_png(layer), 2, 2).over(ground)
    for plane, inner, outer, scale in zip(full.all(), red.all(), ground.all(), (1, 2, 2), strict=True):
        place = (slice(2 // scale, 6 // scale), slice(2 // scale, 8 // scale))
        assert np.array_equal(plane[place], inner)
        assert plane[-1, -1] == outer[-1, -1]
    layer[..., 3] = 128
    half = Overlay.drawn(_png(layer), 2, 2).over(ground).y[3, 3]
    assert abs(int(half) - (int(red.y[0, 0]) + int(ground.y[0, 0])) / 2) <= 1


@given(st.integers(0, 255), st.integers(0, 255), st.integers(0, 255))
def test_covering_rounds_to_the_nearest_whole_number(grey: int, below: int, share: int) -> None:
    layer = np.full((2, 2, 4), grey, dtype=np.uint8)
    layer[..., 3] = share
    ground = planes_of(np.full((2, 2, 3), below, dtype=np.uint8))
    value = int(planes_of(np.full((2, 2, 3), grey, dtype=np.uint8)).y[0, 0])
    mixed = int(Overlay.drawn(_png(layer), 0, 0).over(ground).y[0, 0])
    assert mixed == (value * share + int(ground.y[0, 0]) * (255 - share) + 127) // 255


def test_a_voice_begins_with_its_picture_and_ends_with_the_film() -> None:
    placed = placed_voice(b"\1\2" * 10, 2, 5)
    assert len(placed) == 5 * 1920 * 2
    assert placed.index(b"\1\2") == 2 * 1920 * 2
    assert placed_voice(b"\1\2" * 100_000, 1, 3)[-2:] == b"\1\2"


@given(st.lists(st.integers(1, 5000), min_size=1, max_size=40))
def test_a_track_with_gaps_has_no_empty_chunk_and_all_its_samples(durations: list[int]) -> None:
    samples = [number.to_bytes(2, "big") for number in range(len(durations))]
    track = Track(b"sbtl", 1000, 1, samples, b"", durations=durations)
    assert sum(track.chunk_lengths()) == len(samples)
    film = write_mp4([track])
    assert [film.content[at : at + 2] for at in film.offsets] == samples


@pytest.mark.parametrize("height", [720, 1080])
def test_every_length_of_a_layout_is_even(height: int) -> None:
    layout = film_layout(height)
    assert layout.height == height
    assert all(length % 2 == 0 for length in (layout.width, *astuple(layout.panel)))
