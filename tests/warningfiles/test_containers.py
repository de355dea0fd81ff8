# SPDX-License-Identifier: EUPL-1.2
import dataclasses
import io
import json
import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest
import zxingcpp
from av.video.codeccontext import VideoCodecContext

from police2peer.campaign import Language, WarningMessage
from police2peer.errors import BadInput
from police2peer.warningfiles import BaseStore, Making, VerifyCode
from police2peer.warningfiles.formats.asf import make_wmv
from police2peer.warningfiles.formats.avi import make_avi
from police2peer.warningfiles.formats.matroska import make_mkv
from police2peer.warningfiles.formats.mpeg import make_mpg
from police2peer.warningfiles.formats.webm import make_webm
from police2peer.warningfiles.plan import FilePlan
from police2peer.warningfiles.wording import Wording
from police2peer.warningfiles.workshop import Workshop

Pixels = npt.NDArray[np.uint8]

_MAKERS = {"mkv": make_mkv, "avi": make_avi, "mpg": make_mpg, "wmv": make_wmv, "webm": make_webm}
_STREAMS = {
    "mkv": ("h264", "aac", "subrip"),
    "avi": ("mpeg4", "mp3"),
    "mpg": ("mpeg2video", "mp2"),
    "wmv": ("wmv2", "wmav2"),
    "webm": ("vp9", "opus"),
}
_MAKING = Making(film_seconds=6)
_FRAMES = 6 * 25
_CARD_FRAMES = _FRAMES // 4
_CODES = tuple(VerifyCode(code) for code in ("FVPA-GSRR-NJ60", "4P4C-YQV2-RQ36", "0000-0000-0000"))
_STRICT = {"err_detect": "explode"}
_MOST_LATE_S = 0.15  # a container may name the end by its last time stamp, some pictures before the last

_containers = pytest.mark.parametrize("container", _MAKERS)


@pytest.fixture(scope="session")
def wording(message: WarningMessage) -> Wording:
    """Give words without an officer, whose film is as short as asked for."""
    return Wording.of(dataclasses.replace(message, officer=False), Language("en"))


@pytest.fixture(scope="session")
def workshop(store: BaseStore) -> Workshop:
    return Workshop(store)


@pytest.fixture(scope="session")
def films(workshop: Workshop, wording: Wording) -> Callable[[str], Mapping[VerifyCode, FilePlan]]:
    """Give three films of a container, made once for all tests."""
    made: dict[str, dict[VerifyCode, FilePlan]] = {}

    def of(container: str) -> Mapping[VerifyCode, FilePlan]:
        if container not in made:
            made[container] = {code: _MAKERS[container](workshop, wording, code, _MAKING) for code in _CODES}
        return made[container]

    return of


Films = Callable[[str], Mapping[VerifyCode, FilePlan]]


def _content(plan: FilePlan) -> bytes:
    return plan.read(0, plan.size)


def _pictures(content: bytes) -> list[Pixels]:
    """Decode the pictures, in Y, U and V, with every error fatal."""
    with av.open(io.BytesIO(content), "r", options=_STRICT) as film:
        return [frame.to_ndarray().astype(np.uint8) for frame in film.decode(video=0)]


def _qr_texts(yuv: Pixels) -> list[str]:
    return [found.text for found in zxingcpp.read_barcodes(np.ascontiguousarray(yuv[: yuv.shape[0] * 2 // 3]))]


def _write(plan: FilePlan, folder: Path, container: str) -> Path:
    path = folder / f"film.{container}"
    plan.write(path)
    return path


def _run(*command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, check=False, capture_output=True, text=True)


@_containers
def test_films_with_other_codes_differ_in_one_stretch_and_in_nothing_else(films: Films, container: str) -> None:
    plans = list(films(container).values())
    contents = [np.frombuffer(_content(plan), np.uint8) for plan in plans]
    assert len({len(content) for content in contents}) == 1
    assert len({content.tobytes() for content in contents}) == len(plans)
    assert len({plan.parts[0] for plan in plans}) == 1
    places = np.flatnonzero(contents[0] != contents[1])
    begin = plans[0].parts[0].length
    assert begin <= places[0]
    end = len(contents[0]) if container == "webm" else begin + sum(part.length for part in plans[0].parts[1:-1])
    assert places[-1] < end
    assert end - begin < 250_000


@_containers
def test_a_film_decodes_whole_and_its_last_picture_leads_to_its_code(
    films: Films, wording: Wording, container: str, capfd: pytest.CaptureFixture[str]
) -> None:
    for code, plan in list(films(container).items())[:2]:
        pictures = _pictures(_content(plan))
        assert len(pictures) == _FRAMES
        assert _qr_texts(pictures[-1]) == [wording.address(code)]
        card = pictures[-_CARD_FRAMES:]
        assert all(np.array_equal(picture, card[0]) for picture in card)
        assert not np.array_equal(pictures[-_CARD_FRAMES - 1], card[0])
    assert capfd.readouterr() == ("", "")


@_containers
def test_sound_is_as_long_as_the_pictures(films: Films, container: str) -> None:
    with av.open(io.BytesIO(_content(films(container)[_CODES[0]])), "r", options=_STRICT) as film:
        samples = sum(frame.samples for frame in film.decode(audio=0))
    assert abs(samples / 48_000 - 6) < _MOST_LATE_S


@_containers
def test_an_examiner_finds_code_and_address_in_the_bytes(films: Films, wording: Wording, container: str) -> None:
    for code, plan in films(container).items():
        found = re.findall(rb'\{"code": [^{}]{1,300}\}', _content(plan))
        assert [json.loads(note) for note in found] == [{"code": code, "url": wording.address(code)}]


@_containers
def test_a_film_is_made_anew_with_the_same_bytes(
    tmp_path: Path, films: Films, wording: Wording, container: str
) -> None:
    anew = _MAKERS[container](Workshop(BaseStore(tmp_path)), wording, _CODES[1], _MAKING)
    assert _content(anew) == _content(films(container)[_CODES[1]])


@_containers
def test_a_reader_seeks_to_the_last_seconds(films: Films, wording: Wording, container: str) -> None:
    with av.open(io.BytesIO(_content(films(container)[_CODES[0]])), "r") as film:
        stream = film.streams.video[0]
        assert stream.time_base is not None
        film.seek((stream.start_time or 0) + int(3 / stream.time_base), stream=stream)
        pictures = [frame.to_ndarray().astype(np.uint8) for frame in film.decode(stream)]
    assert _CARD_FRAMES <= len(pictures) <= _CARD_FRAMES + 76
    assert _qr_texts(pictures[-1]) == [wording.address(_CODES[0])]


@pytest.mark.parametrize("container", ["mkv", "avi", "wmv", "webm"])
def test_the_index_knows_the_card_of_the_code(films: Films, container: str) -> None:
    with av.open(io.BytesIO(_content(films(container)[_CODES[0]])), "r") as film:
        stream = film.streams.video[0]
        assert stream.time_base is not None
        keys = [packet.pts for packet in film.demux(stream) if packet.is_keyframe and packet.pts is not None]
    seconds = [float(pts * stream.time_base) for pts in keys]
    assert abs(seconds[-1] - (_FRAMES - _CARD_FRAMES) / 25) < 0.02
    assert len(seconds) == 4


def test_a_right_to_left_film_shows_its_code(workshop: Workshop, message: WarningMessage) -> None:
    wording = Wording.of(dataclasses.replace(message, officer=False), Language("ar"))
    plan = make_mpg(workshop, wording, _CODES[0], Making(film_seconds=4))
    assert _qr_texts(_pictures(_content(plan))[-1]) == [wording.address(_CODES[0])]


def test_a_large_film_is_spliced_like_a_small_one(workshop: Workshop, wording: Wording) -> None:
    making = Making(film_seconds=4, film_height=1080)
    plan = make_wmv(workshop, wording, _CODES[0], making)
    last = _pictures(_content(plan))[-1]
    assert last.shape == (1080 * 3 // 2, 1920)
    assert _qr_texts(last) == [wording.address(_CODES[0])]


def test_a_note_that_is_longer_than_its_place_is_refused(workshop: Workshop, wording: Wording) -> None:
    longer = dataclasses.replace(wording, verify_url="https://p2p.police.example/" + "v" * 500)
    with pytest.raises(BadInput, match="too long"):
        make_webm(workshop, longer, _CODES[0], _MAKING)


def test_the_other_vp9_decoder_shows_the_same_pictures(films: Films) -> None:
    content = _content(films("webm")[_CODES[0]])
    decoder = av.CodecContext.create("libvpx-vp9", "r")
    assert isinstance(decoder, VideoCodecContext)
    pictures = []
    with av.open(io.BytesIO(content), "r") as film:
        for packet in film.demux(video=0):
            pictures += [frame.to_ndarray() for frame in decoder.decode(packet)]
    others = _pictures(content)
    assert len(pictures) == len(others)
    assert all(np.array_equal(one, other) for one, other in zip(pictures, others, strict=True))


@pytest.mark.peer("ffmpeg")
@_containers
def test_ffmpeg_finds_no_fault_in_a_film(films: Films, tmp_path: Path, container: str) -> None:
    path = _write(films(container)[_CODES[0]], tmp_path, container)
    strict = ("-v", "warning", "-xerror", "-err_detect", "explode", "-guess_layout_max", "0")
    ended = _run("ffmpeg", *strict, "-i", str(path), "-f", "null", "-")
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.peer("ffprobe")
@_containers
def test_ffprobe_reads_streams_and_duration(films: Films, tmp_path: Path, container: str) -> None:
    path = _write(films(container)[_CODES[0]], tmp_path, container)
    shown = "format=duration:stream=codec_name,width,height,avg_frame_rate,channels:stream_disposition=default"
    ended = _run("ffprobe", "-v", "warning", "-show_entries", shown, "-of", "json", str(path))
    assert (ended.returncode, ended.stderr) == (0, "")
    told = json.loads(ended.stdout)
    assert tuple(stream["codec_name"] for stream in told["streams"]) == _STREAMS[container]
    picture, sound, *subtitles = told["streams"]
    if container in {"mkv", "webm"}:
        assert [stream["disposition"]["default"] for stream in (picture, sound)] == [1, 1]
    assert not any(stream["disposition"]["default"] for stream in subtitles)
    assert (picture["width"], picture["height"], picture["avg_frame_rate"]) == (1280, 720, "25/1")
    assert sound["channels"] == 1
    assert abs(float(told["format"]["duration"]) - 6) < _MOST_LATE_S


@pytest.mark.peer("mpv")
@_containers
def test_mpv_plays_the_last_seconds(films: Films, tmp_path: Path, container: str) -> None:
    path = _write(films(container)[_CODES[0]], tmp_path, container)
    quiet = ("--no-config", "--hwdec=no", "--vo=null", "--ao=null", "--ao-null-untimed", "--untimed")
    said = ("--msg-level=all=warn,statusline=status", "--term-status-msg=at ${=time-pos} of ${=duration}\n")
    ended = _run("mpv", *quiet, *said, "--start=-3", str(path))
    assert ended.returncode == 0
    told = ended.stdout + ended.stderr
    if container == "mpg":  # who jumps into a program stream lands amid a piece of sound, and mpv says so
        told = told.replace("Error decoding audio.", "", 1)
    assert "error" not in told.lower()
    at, duration = re.findall(r"at ([\d.]+) of ([\d.]+)", told)[-1]
    assert 5.5 < float(at) <= float(duration) + 0.1
