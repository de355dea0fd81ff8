# SPDX-License-Identifier: EUPL-1.2
import contextlib
import os
import random
import shutil
import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.container import OutputContainer
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream
from tests.warningfiles.foreign_clips import Decoded, Pixels, corners, grey, tone, write_clip, write_sound

from police2peer.errors import BadInput
from police2peer.warningfiles.clips.limits import BOXES, DecoderTask, Limits
from police2peer.warningfiles.clips.refusals import Refusal, RefusedError
from police2peer.warningfiles.clips.watching import copy_of, decode, sha256_of

_CONCAT = "ffconcat version 1.0\nfile sibling.mp4\n"
_PLAYLIST = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nsibling.mp4\n#EXT-X-ENDLIST\n"


def _pictures(count: int = 50) -> list[Pixels]:
    chance = np.random.default_rng(5)
    return [chance.integers(0, 255, (72, 128, 3), np.uint8) for _ in range(count)]


def _why(path: Path, limits: Limits | None = None) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        Decoded(path, (128, 72), limits)
    return caught.value


def _cut(path: Path, share: float) -> Path:
    os.truncate(path, round(path.stat().st_size * share))
    return path


@pytest.mark.parametrize("text", [_CONCAT, _PLAYLIST, "<MPD></MPD>", "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\n"])
def test_a_text_that_names_other_files_is_no_clip_even_with_its_sibling_there(tmp_path: Path, text: str) -> None:
    write_clip(tmp_path / "sibling.mp4", _pictures())
    (tmp_path / "clip.mp4").write_text(text, "utf-8")
    assert _why(tmp_path / "clip.mp4").refusal is Refusal.NOT_MEDIA


def test_noise_is_no_clip(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(random.Random(3).randbytes(100_000))
    assert _why(tmp_path / "clip.mp4").refusal is Refusal.NOT_MEDIA


@pytest.mark.parametrize(("suffix", "share"), [(".mp4", 0.6), (".mp4", 0.98), (".mkv", 0.6), (".mov", 0.6)])
def test_a_truncated_clip_is_refused_with_what_is_lost(tmp_path: Path, suffix: str, share: float) -> None:
    clip = _cut(write_clip(tmp_path / f"a{suffix}", _pictures(), sound=tone(2)), share)
    error = _why(clip)
    if suffix == ".mov":  # its index stands at the end
        assert error.refusal is Refusal.NO_INDEX
    else:
        assert error.refusal is Refusal.TRUNCATED
        assert 2000 * (share - 0.2) < error.first < error.second
        assert 1950 < error.second < 2100


def test_a_truncated_transport_stream_is_refused_at_its_broken_picture(tmp_path: Path) -> None:
    error = _why(_cut(write_clip(tmp_path / "a.ts", _pictures()), 0.6))
    assert error.refusal is Refusal.DAMAGED
    assert 800 < error.first < 1400


def test_a_clip_damaged_inside_is_refused(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", _pictures())
    content = bytearray(clip.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 4000] = bytes(4000)
    clip.write_bytes(content)
    assert _why(clip).refusal is Refusal.DAMAGED


def test_a_clip_that_goes_on_too_long_is_refused_by_what_it_tells_or_by_what_comes(tmp_path: Path) -> None:
    limits = Limits(longest_s=1)
    told = write_clip(tmp_path / "a.mp4", [grey(90, 128, 72)] * 75)
    untold = write_clip(tmp_path / "a.ts", [grey(90, 128, 72)] * 40)
    for clip in (told, untold):
        error = _why(clip, limits)
        assert (error.refusal, error.first) == (Refusal.TOO_LONG, 1000)


def test_a_picture_that_is_too_large_or_too_small_is_refused(tmp_path: Path) -> None:
    wide = write_clip(tmp_path / "wide.mp4", [grey(90, 4352, 64)] * 2)
    high = write_clip(tmp_path / "high.mp4", [grey(90, 2432, 2432)] * 2)
    small = write_clip(tmp_path / "small.mp4", [grey(90, 48, 48)] * 30)
    assert [_why(clip).refusal for clip in (wide, high, small)] == [Refusal.TOO_LARGE] * 2 + [Refusal.TOO_SMALL]


def test_a_picture_that_grows_after_its_beginning_is_refused(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "bomb.ts"), "w") as film:
        stream = film.add_stream("libx264", rate=25)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = 128, 72, "yuv420p"
        for begin, (width, height) in ((0, (128, 72)), (30, (256, 144))):
            encoder = av.CodecContext.create("libx264", "w")
            assert isinstance(encoder, VideoCodecContext)
            encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
            encoder.time_base, encoder.options = Fraction(1, 25), {"bf": "0"}
            for number in range(begin, begin + 30):
                frame = av.VideoFrame.from_ndarray(grey(number, width, height), format="rgb24").reformat(
                    format="yuv420p"
                )
                frame.pts, frame.time_base = number, encoder.time_base
                _mux(film, stream, encoder.encode(frame))
            _mux(film, stream, encoder.encode(None))
    error = _why(tmp_path / "bomb.ts")
    assert (error.refusal, error.first) == (Refusal.SHAPE_CHANGES, 29 * 40)


def _mux(film: OutputContainer, stream: VideoStream, packets: "list[Packet[VideoStream]]") -> None:
    for packet in packets:
        packet.stream = stream
        film.mux(packet)


def test_sound_alone_is_no_clip_and_pictures_alone_are_no_sound(tmp_path: Path) -> None:
    sound = write_sound(tmp_path / "a.m4a", tone(2), "aac")
    assert _why(sound).refusal is Refusal.NO_PICTURES
    wave = write_sound(tmp_path / "a.wav", tone(2), "pcm_s16le")
    assert _why(wave).refusal is Refusal.NOT_MEDIA
    silent = write_clip(tmp_path / "a.mp4", _pictures(30))
    with pytest.raises(RefusedError, match="NO_SOUND"):
        Decoded(silent, (0, 0))


@pytest.mark.parametrize("codec", ["mjpeg", "ffv1"])
def test_a_coding_that_cameras_do_not_use_is_refused(tmp_path: Path, codec: str) -> None:
    pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    clip = write_clip(tmp_path / "a.mkv", _pictures(30), codec=codec, pix_fmt=pix_fmt, options={"strict": "-1"})
    assert _why(clip).refusal is Refusal.CODEC


@pytest.mark.peer("ffmpeg")
def test_an_encrypted_clip_is_refused_as_such(tmp_path: Path) -> None:
    plain = write_clip(tmp_path / "a.mp4", _pictures(30))
    key = "00112233445566778899aabbccddeeff"
    lock = ["-encryption_scheme", "cenc-aes-ctr", "-encryption_key", key, "-encryption_kid", key]
    command = [
        str(shutil.which("ffmpeg")),
        "-v",
        "error",
        "-i",
        str(plain),
        "-c",
        "copy",
        *lock,
        str(tmp_path / "b.mp4"),
    ]
    subprocess.run(command, check=True, timeout=60)
    assert _why(tmp_path / "b.mp4").refusal is Refusal.ENCRYPTED


@pytest.mark.parametrize(
    ("times", "why"),
    [
        ([0], Refusal.TOO_SHORT),
        ([0, 0.04, 0.08], Refusal.TOO_SHORT),
        ([0, 0.04, 40], Refusal.STANDSTILL),
        ([0, 0.04, 36_000_000], Refusal.TOO_LONG),
        ([number / 1000 for number in range(1500)], Refusal.TOO_MANY),
    ],
)
def test_time_stamps_that_no_camera_makes_are_refused(tmp_path: Path, times: list[float], why: Refusal) -> None:
    clip = write_clip(tmp_path / "a.mkv", [grey(90, 128, 72)] * len(times), times_s=times)
    assert _why(clip).refusal is why


def test_a_first_picture_that_never_changes_for_an_hour_is_refused(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", [grey(90, 128, 72)] * 2, times_s=[0, 500])
    assert _why(clip).refusal is Refusal.STANDSTILL


def test_time_stamps_below_zero_only_move_the_beginning(tmp_path: Path) -> None:
    times = [number / 25 - 0.4 for number in range(50)]
    clip = write_clip(tmp_path / "a.mkv", [grey(90, 128, 72)] * 50, times_s=times)
    assert len(Decoded(clip, (128, 72)).pictures) == 50


def test_a_display_matrix_that_turns_by_halves_is_refused(tmp_path: Path) -> None:
    half = [46341, 46341, 0, -46341, 46341, 0, 0, 0, 1 << 30]
    clip = write_clip(tmp_path / "a.mp4", [corners(128, 72)] * 30, set_up=lambda s: s.set_display_matrix(half))
    assert _why(clip).refusal is Refusal.ODD_SHAPE


@pytest.mark.parametrize("seed", range(4))
def test_clips_with_bytes_flipped_are_taken_or_refused_and_nothing_else(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    clip = write_clip(tmp_path / "a.mp4", _pictures(30), sound=tone(1.2))
    content = bytearray(clip.read_bytes())
    for _ in range(12):
        content[chance.randrange(len(content) if seed % 2 else 4000)] ^= 1 << chance.randrange(8)
    clip.write_bytes(content)
    with contextlib.suppress(BadInput):
        assert _through_the_process(clip, tmp_path) > 30


def _through_the_process(
    clip: Path, folder: Path, limits: Limits | None = None, clock: Callable[[], float] = lambda: 0.0
) -> int:
    limits = limits or Limits()
    task = DecoderTask(*BOXES[720], limits=limits)
    with copy_of(clip, sha256_of(clip, limits), folder / "incoming", limits) as copy:
        return sum(1 for _ in decode(copy, task, clock))


def test_an_empty_file_a_folder_and_a_pipe_are_refused_unread(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    os.mkfifo(tmp_path / "pipe.mp4")
    for name, facts in (("empty.mp4", "0 bytes"), (".", "no file"), ("pipe.mp4", "no file"), ("none.mp4", "read")):
        with pytest.raises(BadInput, match=facts):
            sha256_of(tmp_path / name, Limits())


def test_ten_gigabytes_of_holes_are_refused_before_they_are_read(tmp_path: Path) -> None:
    with (tmp_path / "clip.mp4").open("wb") as hollow:
        hollow.truncate(10 << 30)
    with pytest.raises(BadInput, match="10,737,418,240 bytes"):
        sha256_of(tmp_path / "clip.mp4", Limits())


def test_a_decoder_that_wants_too_much_memory_is_refused(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", [grey(90, 3840, 2160)] * 6, times_s=[n / 5 for n in range(6)])
    with pytest.raises(BadInput, match="memory"):
        _through_the_process(clip, tmp_path, Limits(memory_bytes=300 << 20))


def test_a_decoder_that_computes_too_long_is_ended(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", [grey(90, 128, 72)] * 1500)
    with pytest.raises(BadInput, match="1 s of computing"):
        _through_the_process(clip, tmp_path, Limits(computing_s=1))


def test_a_decoder_that_is_waited_for_too_long_is_ended(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", [grey(90, 128, 72)] * 250)
    beats = iter(range(1000))
    with pytest.raises(BadInput, match="longer than 20 s"):
        _through_the_process(clip, tmp_path, Limits(waiting_s=20), lambda: float(next(beats)))
