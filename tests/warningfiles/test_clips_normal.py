# SPDX-License-Identifier: EUPL-1.2
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from av.video.stream import VideoStream
from tests.warningfiles.foreign_clips import Decoded, Pixels, corners, grey, tone, write_clip

_ONE = 1 << 16
_HLG = 18  # ITU-T H.273, transfer characteristics
_END = (0, 0, 1 << 30)


def _matrix(a: int, b: int, c: int, d: int) -> list[int]:
    return [a * _ONE, b * _ONE, 0, c * _ONE, d * _ONE, 0, *_END]


def _corner_colours(picture: Pixels) -> list[tuple[int, ...]]:
    height, width = picture.shape[:2]
    places = [(height // 4, width // 4), (height // 4, 3 * width // 4)]
    places += [(3 * height // 4, width // 4), (3 * height // 4, 3 * width // 4)]
    return [tuple(int(value) for value in picture[place]) for place in places]


def _are_close(found: list[tuple[int, ...]], wanted: list[tuple[int, ...]]) -> bool:
    return bool(np.abs(np.array(found) - np.array(wanted)).max() <= 12)


@pytest.mark.parametrize(
    ("matrix", "turned"),
    [
        (_matrix(1, 0, 0, 1), lambda p: p),
        (_matrix(0, 1, -1, 0), lambda p: np.rot90(p, -1)),
        (_matrix(-1, 0, 0, -1), lambda p: np.rot90(p, 2)),
        (_matrix(0, -1, 1, 0), lambda p: np.rot90(p, 1)),
        (_matrix(-1, 0, 0, 1), lambda p: p[:, ::-1]),
        (_matrix(1, 0, 0, -1), lambda p: p[::-1]),
        (_matrix(0, 1, 1, 0), lambda p: p.swapaxes(0, 1)),
        (_matrix(0, -1, -1, 0), lambda p: np.rot90(p.swapaxes(0, 1), 2)),
    ],
    ids=["none", "90", "180", "270", "mirrored", "upside down", "transposed", "other diagonal"],
)
def test_a_clip_is_turned_as_its_display_matrix_says(
    tmp_path: Path, matrix: list[int], turned: Callable[[Pixels], Pixels]
) -> None:
    picture = corners(320, 180)
    clip = write_clip(tmp_path / "a.mp4", [picture] * 25, set_up=lambda stream: stream.set_display_matrix(matrix))
    made, wanted = Decoded(clip), turned(picture)
    is_upright = wanted.shape[0] > wanted.shape[1]
    assert (made.width, made.height) == ((102, 180) if is_upright else (320, 180))
    assert len(made.pictures) == 25
    assert _are_close(_corner_colours(made.rgb(12)), _corner_colours(wanted))


def test_a_variable_rate_becomes_25_pictures_a_second_by_the_time_stamps(tmp_path: Path) -> None:
    times = [0, 0.1, 0.5, 0.51, 0.52, 1.2, 1.24, 1.9]
    levels = [30, 60, 90, 120, 150, 180, 210, 240]
    pictures = [grey(level, 128, 72) for level in levels]
    made = Decoded(write_clip(tmp_path / "a.mkv", pictures, times_s=times), (128, 72))
    shown = [int(made.luma(number).mean()) for number in range(len(made.pictures))]
    for number, level in enumerate(shown):
        due = [i for i, time in enumerate(times) if round(time * 25) <= number][-1]
        assert abs(level - (16 + levels[due] * 219 / 255)) < 4, number
    assert len(shown) in range(47, 51)


@pytest.mark.parametrize(("rate", "count"), [(Fraction(30), 60), (Fraction(60), 120), (Fraction(15), 30)])
def test_other_steady_rates_keep_their_length(tmp_path: Path, rate: Fraction, count: int) -> None:
    clip = write_clip(tmp_path / "a.mp4", [grey(90, 128, 72)] * count, rate=rate)
    assert len(Decoded(clip, (128, 72)).pictures) == 50


@pytest.mark.parametrize(
    ("size", "pixel", "fitted"),
    [
        ((720, 576), Fraction(16, 15), (240, 180)),
        ((720, 576), Fraction(64, 45), (320, 180)),
        ((720, 480), Fraction(8, 9), (240, 180)),
        ((640, 360), Fraction(1), (320, 180)),
        ((180, 320), Fraction(1), (102, 180)),
        ((640, 200), Fraction(1), (320, 100)),
    ],
)
def test_pixels_that_are_not_square_and_other_shapes_are_fitted_whole(
    tmp_path: Path, size: tuple[int, int], pixel: Fraction, fitted: tuple[int, int]
) -> None:
    def widen(stream: VideoStream) -> None:
        stream.codec_context.sample_aspect_ratio = pixel

    made = Decoded(write_clip(tmp_path / "a.mp4", [corners(*size)] * 25, set_up=widen))
    assert (made.width, made.height) == fitted
    assert _are_close(_corner_colours(made.rgb(3)), _corner_colours(corners(*size)))


def test_odd_sizes_become_even(tmp_path: Path) -> None:
    made = Decoded(write_clip(tmp_path / "a.mp4", [corners(321, 181)] * 25, pix_fmt="yuv444p"))
    assert (made.width, made.height) == (320, 180)
    assert _are_close(_corner_colours(made.rgb(3)), _corner_colours(corners(321, 181)))


def test_ten_bits_become_eight(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", [corners(320, 180)] * 25, pix_fmt="yuv420p10le")
    assert _are_close(_corner_colours(Decoded(clip).rgb(3)), _corner_colours(corners(320, 180)))


def test_hdr_of_telephones_is_brought_down_with_its_lights_still_apart(tmp_path: Path) -> None:
    def tell(stream: VideoStream) -> None:
        context = stream.codec_context
        context.color_primaries, context.color_trc, context.colorspace = 9, _HLG, 9

    ramp = np.repeat(np.linspace(0, 255, 16).astype(np.uint8), 20)
    picture = np.repeat(np.repeat(ramp[None, :, None], 180, axis=0), 3, axis=2)
    made = Decoded(write_clip(tmp_path / "a.mp4", [picture] * 25, pix_fmt="yuv420p10le", set_up=tell), walls=True)
    steps = made.luma(3)[90, 10::20].astype(int)
    assert steps[0] <= 20
    assert 180 <= steps[-1] <= 240
    assert np.diff(steps[:14]).min() > 0
    plain = 16 + np.linspace(0, 219, 16)
    assert np.abs(steps - plain).max() > 8


def test_full_range_becomes_limited_range(tmp_path: Path) -> None:
    def tell(stream: VideoStream) -> None:
        stream.codec_context.color_range = 2

    # Written as limited, declared full: the darkest and lightest values come nearer to each other.
    made = Decoded(write_clip(tmp_path / "a.mp4", [grey(255, 320, 180)] * 25, set_up=tell))
    assert abs(int(made.luma(3).mean()) - (16 + 235 * 219 / 255)) < 2


def test_fields_become_whole_pictures(tmp_path: Path) -> None:
    pictures = []
    for number in range(30):
        picture = grey(40, 320, 180)
        for field in (0, 1):
            left = 8 * (2 * number + field) % 240
            picture[field::2, left : left + 80] = 220
        pictures.append(picture)
    options = {"preset": "ultrafast", "crf": "8", "flags": "+ilme+ildct", "x264-params": "tff=1"}
    made = Decoded(write_clip(tmp_path / "a.mp4", pictures, options=options))
    assert len(made.pictures) == 30
    luma = made.luma(8).astype(int)
    combed = np.abs(2 * luma[1:-1] - luma[:-2] - luma[2:]) > 200
    assert combed.mean() < 0.002
    before = pictures[8][:, :, 0].astype(int)
    assert (np.abs(2 * before[1:-1] - before[:-2] - before[2:]) > 200).mean() > 0.02


@pytest.mark.parametrize(("layout", "channels", "only"), [("mono", 1, None), ("stereo", 2, 1), ("5.1", 6, 2)])
def test_a_voice_in_any_channel_is_heard(tmp_path: Path, layout: str, channels: int, only: int | None) -> None:
    sound = tone(1, 0.3, channels, only)
    made = Decoded(write_clip(tmp_path / "a.mp4", [grey(90, 128, 72)] * 25, sound=sound, layout=layout), (128, 72))
    assert abs(made.sound.size - 48_000) <= 1024
    assert np.abs(made.sound[4800:43_200]).max() > 1500


def test_a_clip_without_sound_gives_none(tmp_path: Path) -> None:
    assert Decoded(write_clip(tmp_path / "a.mp4", [grey(90, 128, 72)] * 25), (128, 72)).sound.size == 0


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_sound_that_begins_later_stays_where_it_belongs(tmp_path: Path, suffix: str) -> None:
    clip = write_clip(tmp_path / f"a{suffix}", [grey(90, 128, 72)] * 50, sound=tone(1.5, 0.3), sound_begin_s=0.5)
    loud = np.flatnonzero(np.abs(Decoded(clip, (128, 72)).sound) > 2000)
    assert abs(loud[0] / 48_000 - 0.5) < 0.03


def test_sound_never_outlasts_the_picture(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", [grey(90, 128, 72)] * 30, sound=tone(3, 0.3))
    assert Decoded(clip, (128, 72)).sound.size == 30 * 1920


@pytest.mark.parametrize("suffix", [".mov", ".mkv", ".ts", ".mp4"])
def test_the_usual_containers_are_taken(tmp_path: Path, suffix: str) -> None:
    clip = write_clip(tmp_path / f"a{suffix}", [grey(90, 128, 72)] * 30, sound=tone(1.2, 0.3))
    made = Decoded(clip, (128, 72))
    assert len(made.pictures) == 30
    assert np.abs(made.sound).max() > 2000


@pytest.mark.parametrize(
    ("codec", "pix_fmt", "suffix"),
    [
        ("libx265", "yuv420p10le", ".mp4"),
        ("libvpx-vp9", "yuv420p", ".webm"),
        ("libvpx", "yuv420p", ".webm"),
        ("libsvtav1", "yuv420p10le", ".mp4"),
        ("prores_ks", "yuv422p10le", ".mov"),
        ("mpeg2video", "yuv420p", ".ts"),
    ],
)
def test_every_coding_that_is_taken_decodes_behind_the_walls(
    tmp_path: Path, codec: str, pix_fmt: str, suffix: str
) -> None:
    options = {"libx265": {"preset": "ultrafast", "x265-params": "log-level=none"}, "libsvtav1": {"preset": "12"}}
    clip = write_clip(
        tmp_path / f"a{suffix}",
        [corners(320, 180)] * 30,
        codec=codec,
        pix_fmt=pix_fmt,
        options=options.get(codec, {"b": "2000000"}),
        sound=None if suffix == ".webm" else tone(1.2, 0.3),
    )
    made = Decoded(clip, walls=True)
    assert len(made.pictures) == 30
    if codec != "libvpx":  # VP8 says by itself that its colours are BT.601, which these are not
        assert _are_close(_corner_colours(made.rgb(20)), _corner_colours(corners(320, 180)))
