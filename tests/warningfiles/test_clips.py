# SPDX-License-Identifier: EUPL-1.2
import dataclasses
import hashlib
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from tests.warningfiles.foreign_clips import BLUE, GREEN, RED, WHITE, corners, tone, write_clip, write_sound

from police2peer.campaign import Clip, FreeSide
from police2peer.errors import BadInput, NotAuthentic, Unavailable
from police2peer.warningfiles import BaseStore
from police2peer.warningfiles.clips import (
    Limits,
    PreparedClip,
    clip_pictures,
    prepare_clip,
    prepare_sound,
    sound_pcm,
)
from police2peer.warningfiles.clips.limits import SAMPLES_PER_PICTURE
from police2peer.warningfiles.clips.loudness import level, measure
from police2peer.warningfiles.layout import film_layout

_SECRETS = {
    "title": "Recorded at the station",
    "artist": "Jane Sample",
    "comment": "camera serial 4711-0815",
    "location": "+52.0901+004.2901/",
    "creation_time": "2025-03-04T05:06:07.000000Z",
}
_NAVY_Y = 44  # 0c2340 in BT.709, limited range
_NOTHING = Limits(memory_bytes=1, computing_s=1, waiting_s=0)  # with these, decoding anything fails


def _clip(path: Path, free_side: FreeSide = FreeSide.LEFT) -> Clip:
    return Clip(path, hashlib.sha256(path.read_bytes()).hexdigest(), "consent-07", free_side)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with one wide clip (with metadata and sound) and one upright one (silent)."""
    folder = tmp_path_factory.mktemp("clips")
    chance = np.random.default_rng(3)
    voice = tone(2.5, 0.02) * (chance.random(120_000) > 0.1)
    write_clip(folder / "wide.mp4", [corners(640, 360)] * 50, sound=voice.astype(np.float32), metadata=_SECRETS)
    write_clip(folder / "upright.mp4", [corners(180, 320)] * 30)
    return folder


@pytest.fixture(scope="module")
def clip_store(tmp_path_factory: pytest.TempPathFactory) -> BaseStore:
    return BaseStore(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def wide(clips: Path, clip_store: BaseStore) -> PreparedClip:
    return prepare_clip(clip_store, _clip(clips / "wide.mp4"), 720)


def test_a_clip_becomes_a_film_of_ours_with_sound_of_exactly_its_length(
    clip_store: BaseStore, wide: PreparedClip
) -> None:
    assert (wide.width, wide.height, wide.frames, wide.free_side) == (1280, 720, 50, FreeSide.LEFT)
    pictures = list(clip_pictures(clip_store, wide, film_layout(720)))
    assert len(pictures) == 50
    assert [plane.shape for plane in pictures[-1].all()] == [(720, 1280), (360, 640), (360, 640)]
    pcm = sound_pcm(clip_store, wide)
    assert pcm is not None
    assert len(pcm) == 50 * SAMPLES_PER_PICTURE * 2
    lumas = [int(pictures[25].y[place]) for place in ((180, 320), (180, 960), (540, 320), (540, 960))]
    wanted = [round(16 + (0.2126 * r + 0.7152 * g + 0.0722 * b) * 219 / 255) for r, g, b in (RED, GREEN, BLUE, WHITE)]
    assert np.abs(np.array(lumas) - wanted).max() <= 4


def test_the_second_time_nothing_foreign_is_decoded(clips: Path, clip_store: BaseStore, wide: PreparedClip) -> None:
    again = prepare_clip(clip_store, _clip(clips / "wide.mp4", FreeSide.RIGHT), 720, _NOTHING)
    assert again == dataclasses.replace(wide, free_side=FreeSide.RIGHT)
    with pytest.raises(BadInput):
        prepare_clip(clip_store, _clip(clips / "wide.mp4"), 1080, _NOTHING)


def test_nothing_that_a_clip_says_about_itself_is_kept(
    clips: Path, clip_store: BaseStore, wide: PreparedClip
) -> None:
    source = (clips / "wide.mp4").read_bytes()
    assert all(text.encode() in source for text in (_SECRETS["title"], _SECRETS["artist"], "4711-0815"))
    kept = b"".join(path.read_bytes() for path in sorted(clip_store.folder.rglob("*")) if path.is_file())
    assert clip_store.read(wide.film) in kept
    traces = [*_SECRETS.values(), "4711", "52.09", "2025", "Lavf", "Lavc", "x264", "mp42", "wide"]
    assert [text for text in traces if text.encode() in kept] == []
    assert not list((clip_store.folder / "incoming").iterdir())


@pytest.mark.peer("ffmpeg")
@pytest.mark.peer("exiftool")
def test_other_programs_read_the_film_and_find_nothing_but_pictures(
    tmp_path: Path, clip_store: BaseStore, wide: PreparedClip
) -> None:
    film = tmp_path / "film.h264"
    film.write_bytes(clip_store.read(wide.film))
    told = subprocess.run(
        ["ffprobe", "-v", "error", "-count_frames", "-show_streams", str(film)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    facts = dict(line.split("=", 1) for line in told.stdout.splitlines() if "=" in line)
    wanted = {"codec_name": "h264", "width": "1280", "height": "720", "pix_fmt": "yuv420p", "nb_read_frames": "50"}
    wanted |= {"color_space": "bt709", "color_range": "tv", "field_order": "progressive", "r_frame_rate": "25/1"}
    assert told.stderr == ""
    assert {name: facts[name] for name in wanted} == wanted
    assert not [name for name in facts if name.startswith("TAG:")]


@pytest.mark.peer("ffmpeg")
def test_a_quiet_voice_is_brought_to_the_level_as_another_program_measures_it(
    clip_store: BaseStore, wide: PreparedClip
) -> None:
    pcm = sound_pcm(clip_store, wide)
    assert pcm is not None
    lufs, peak = _measured_by_ffmpeg(pcm)
    assert abs(lufs + 18) < 1
    assert peak <= -2


def _measured_by_ffmpeg(pcm: bytes) -> tuple[float, float]:
    reading = "-f s16le -ar 48000 -ac 1 -i - -af ebur128=peak=true:framelog=verbose -f null -"
    told = subprocess.run(
        ["ffmpeg", "-hide_banner", *reading.split()],
        input=pcm,
        capture_output=True,
        timeout=60,
        check=True,
    ).stderr.decode()
    (lufs,) = re.findall(r"I:\s+(-?[\d.]+) LUFS", told)[-1:]
    (peak,) = re.findall(r"Peak:\s+(-?[\d.]+) dBFS", told)[-1:]
    return float(lufs), float(peak)


def _pcm(samples: "np.typing.NDArray[np.float64]") -> bytes:
    return np.clip(np.rint(samples * 32767), -32768, 32767).astype("<i2").tobytes()


def test_a_voice_is_levelled_whether_loud_quiet_or_full_of_peaks() -> None:
    chance = np.random.default_rng(7)
    murmur = chance.standard_normal(5 * 48_000) * 0.01
    with_peaks = murmur.copy()
    with_peaks[::9600] = 0.95
    for samples in (murmur, murmur * 30, with_peaks):
        made, told = level(_pcm(samples))
        reached = measure(made)
        assert len(made) == 2 * samples.size
        assert told == reached
        assert abs(reached.lufs + 18) < 0.5
        assert reached.peak_dbtp <= -2


def test_peaks_stay_where_they_were() -> None:
    chance = np.random.default_rng(7)
    samples = chance.standard_normal(5 * 48_000) * 0.01
    samples[48_000::9600] = 0.95
    made = np.abs(np.frombuffer(level(_pcm(samples))[0], "<i2").astype(int))
    for place in range(48_000, samples.size, 9600):
        assert abs(int(np.argmax(made[place - 400 : place + 400])) - 400) <= 2


def test_silence_stays_silence_and_an_empty_room_is_not_raised() -> None:
    silent = bytes(2 * 96_000)
    assert level(silent)[0] == silent
    room = _pcm(np.random.default_rng(7).standard_normal(96_000) * 0.0004)
    assert level(room)[0] == room


@pytest.mark.parametrize("side", FreeSide)
def test_the_navy_beside_an_upright_picture_is_where_text_may_stand(
    clips: Path, clip_store: BaseStore, side: FreeSide
) -> None:
    prepared = prepare_clip(clip_store, _clip(clips / "upright.mp4", side), 720)
    assert (prepared.width, prepared.height, prepared.sound) == (404, 720, None)
    assert sound_pcm(clip_store, prepared) is None
    picture = next(iter(clip_pictures(clip_store, prepared, film_layout(720))))
    free = picture.y[:, :876] if side is FreeSide.LEFT else picture.y[:, 404:]
    shown = picture.y[:, 876:] if side is FreeSide.LEFT else picture.y[:, :404]
    assert set(np.unique(free)) == {_NAVY_Y}
    assert shown[100, 100] != _NAVY_Y
    assert shown.shape == (720, 404)


def test_a_clip_for_a_large_film_does_not_go_into_a_small_one(clip_store: BaseStore, wide: PreparedClip) -> None:
    large = dataclasses.replace(wide, width=1920, height=1080)
    with pytest.raises(BadInput, match="larger film"):
        next(iter(clip_pictures(clip_store, large, film_layout(720))))
    low = next(iter(clip_pictures(clip_store, wide, film_layout(1080))))
    assert low.y.shape == (1080, 1920)


def test_a_stored_film_that_was_spoiled_is_not_shown(clips: Path, tmp_path: Path) -> None:
    store = BaseStore(tmp_path / "store")
    prepared = prepare_clip(store, _clip(clips / "upright.mp4"), 720)
    (path,) = (path for path in store.folder.rglob(prepared.film) if path.is_file())
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(Unavailable):
        list(clip_pictures(BaseStore(store.folder), prepared, film_layout(720)))
    with pytest.raises(Unavailable):
        list(clip_pictures(store, dataclasses.replace(prepared, film="0" * 64), film_layout(720)))


def test_a_clip_that_changed_since_the_campaign_was_loaded_is_not_used(
    clips: Path, clip_store: BaseStore, wide: PreparedClip, tmp_path: Path
) -> None:
    assert wide.frames == 50
    copy = tmp_path / "clip.mp4"
    copy.write_bytes((clips / "wide.mp4").read_bytes())
    clip = _clip(copy)
    copy.write_bytes((clips / "upright.mp4").read_bytes())
    for store in (clip_store, BaseStore(tmp_path / "store")):
        with pytest.raises(NotAuthentic, match="not the one on record"):
            prepare_clip(store, clip, 720)
    copy.unlink()
    with pytest.raises(BadInput, match="cannot be read"):
        prepare_clip(clip_store, clip, 720)


def test_no_clip_is_used_without_consent_or_for_a_height_that_is_not_made(clips: Path, clip_store: BaseStore) -> None:
    clip = _clip(clips / "wide.mp4")
    with pytest.raises(BadInput, match="consent"):
        prepare_clip(clip_store, dataclasses.replace(clip, consent_reference=" "), 720)
    with pytest.raises(BadInput, match="height 480"):
        prepare_clip(clip_store, clip, 480)


@pytest.mark.parametrize("loudness", [0.0, 0.0005])
def test_a_voice_that_nobody_hears_is_refused(clip_store: BaseStore, tmp_path: Path, loudness: float) -> None:
    path = write_sound(tmp_path / "a.wav", tone(2, loudness), "pcm_s16le")
    with pytest.raises(BadInput, match="nobody is heard"):
        prepare_sound(clip_store, path)


@pytest.mark.parametrize(
    ("name", "codec"), [("a.wav", "pcm_s16le"), ("a.flac", "flac"), ("a.mp3", "libmp3lame"), ("a.m4a", "aac")]
)
def test_a_sound_file_is_levelled_and_found_again(
    clip_store: BaseStore, tmp_path: Path, name: str, codec: str
) -> None:
    path = write_sound(tmp_path / name, tone(2, 0.5), codec)
    prepared = prepare_sound(clip_store, path)
    pcm = sound_pcm(clip_store, prepared)
    assert pcm is not None
    assert len(pcm) == 2 * prepared.samples
    assert abs(prepared.samples - 96_000) < 3000
    assert abs(measure(pcm).lufs + 18) < 0.5
    assert prepare_sound(clip_store, path, limits=_NOTHING) == prepared
    with pytest.raises(NotAuthentic):
        prepare_sound(clip_store, path, "0" * 64)
