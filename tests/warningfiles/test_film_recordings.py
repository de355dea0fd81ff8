# SPDX-License-Identifier: EUPL-1.2
import dataclasses
import hashlib
import io
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest
from tests.warningfiles.films import content_of, decoded, luma, qr_texts

from police2peer.campaign import Clip, FileFormat, FreeSide, Language, Recipe, Recording, WarningMessage
from police2peer.errors import BadInput
from police2peer.warningfiles import BaseStore, Making, Studio, VerifyCode, verify_address
from police2peer.warningfiles.studio import basis_of

_CODE = VerifyCode("FVPA-GSRR-NJ60")
_EN, _AR = Language("en"), Language("ar")
_SECONDS, _RATE_HZ = 4, 44_100
_BRIGHT = 170  # of the synthetic clip; everything that is laid over it is darker or whiter
_OPENING_FRAMES = 4 * 25
_SILENT, _HEARD = 0.01, 0.05  # of full scale

Sound = npt.NDArray[np.int16]


def _tone(seconds: int) -> Sound:
    """Give 440 Hz on the left and 660 Hz on the right, interleaved."""
    time = np.arange(seconds * _RATE_HZ) / _RATE_HZ
    both = [np.sin(2 * np.pi * pitch * time) * 12_000 for pitch in (440, 660)]
    return np.stack(both, axis=1).astype(np.int16)


def _encode(output: av.container.OutputContainer, tone: Sound, *, with_picture: bool) -> None:
    sound = output.add_stream("aac" if with_picture else "pcm_s16le", rate=_RATE_HZ)
    assert isinstance(sound, av.AudioStream)
    sound.layout = "stereo"
    if with_picture:
        picture = output.add_stream("libx264", rate=25)
        assert isinstance(picture, av.VideoStream)
        picture.width, picture.height, picture.pix_fmt = 960, 540, "yuv420p"
        for number in range(_SECONDS * 25):
            shown = np.full((540, 960, 3), _BRIGHT, dtype=np.uint8)
            shown[200:300, number * 4 : number * 4 + 60] = 90
            output.mux(picture.encode(av.VideoFrame.from_ndarray(shown, format="rgb24")))
        output.mux(picture.encode(None))
    for begin in range(0, len(tone), 1024):
        frame = av.AudioFrame.from_ndarray(tone[begin : begin + 1024].reshape(1, -1), format="s16", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = _RATE_HZ, begin, Fraction(1, _RATE_HZ)
        output.mux(sound.encode(frame))
    output.mux(sound.encode(None))


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    """Give four bright seconds in which a dark square moves, with a tone."""
    path = tmp_path_factory.mktemp("clips") / "sample-clip-07.mp4"
    with av.open(str(path), "w") as output:
        _encode(output, _tone(_SECONDS), with_picture=True)
    return Clip(path, hashlib.sha256(path.read_bytes()).hexdigest(), "consent-1", FreeSide.RIGHT)


@pytest.fixture(scope="module")
def voice(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    path = tmp_path_factory.mktemp("voices") / "sample-file-07.wav"
    with av.open(str(path), "w") as output:
        _encode(output, _tone(9), with_picture=False)
    return Recording(path, hashlib.sha256(path.read_bytes()).hexdigest(), "consent-2")


def _short(message: WarningMessage, language: Language, sentences: int = 2, **changed: object) -> WarningMessage:
    texts = message.texts[language]
    texts = dataclasses.replace(texts, subtitles=texts.subtitles[:sentences])
    return dataclasses.replace(message, texts={language: texts}, **changed)  # type: ignore[arg-type]  # fields by name


def _loudness(content: bytes) -> list[float]:
    """Give the mean level of each tenth of a second."""
    with av.open(io.BytesIO(content), "r", format="mp4") as film:
        samples = np.concatenate([frame.to_ndarray()[0] for frame in film.decode(audio=0)])
    pieces = samples[: len(samples) // 4800 * 4800].reshape(-1, 4800)
    return [float(np.abs(piece).mean()) for piece in pieces]


@pytest.mark.parametrize(("language", "side"), [(_EN, FreeSide.RIGHT), (_AR, FreeSide.RIGHT), (_AR, FreeSide.LEFT)])
def test_text_stands_on_the_free_side_of_a_clip_in_every_direction_of_writing(
    store: BaseStore, message: WarningMessage, clip: Clip, language: Language, side: FreeSide
) -> None:
    spoken = _short(message, language, clips={language: dataclasses.replace(clip, free_side=side)})
    content = content_of(Studio(store, Making(film_seconds=4)).make(spoken, language, FileFormat.MP4, _CODE))
    pictures = list(luma(content))
    # Opening, the clip whole, help, verify.
    assert len(pictures) == _OPENING_FRAMES + _SECONDS * 25 + 6 * 25 + 8 * 25
    assert qr_texts(pictures[-1]) == [verify_address(message.verify_url, _CODE)]
    shown = [pictures[_OPENING_FRAMES + number].astype(int) for number in (10, 80)]
    free, taken = (slice(640, 1280), slice(0, 500)) if side is FreeSide.RIGHT else (slice(0, 640), slice(780, 1280))
    for picture in shown:
        mark, sentence = picture[40:92, free], picture[460:680, free]
        for layer in (mark, sentence):
            assert layer.min() < 60
            assert layer.max() > 200
        # Where the officer stands nothing is laid over the clip.
        assert picture[400:720, taken].max() < 200
        assert picture[400:720, taken].min() > 100
    assert np.abs(shown[0][460:680, free] - shown[1][460:680, free]).max() > 100
    assert np.abs(shown[0][40:92, free] - shown[1][40:92, free]).max() < 40


def test_a_clip_is_heard_with_its_pictures_and_not_before(
    store: BaseStore, message: WarningMessage, clip: Clip
) -> None:
    spoken = _short(message, _EN, clips={_EN: clip})
    levels = _loudness(content_of(Studio(store, Making(film_seconds=4)).make(spoken, _EN, FileFormat.MP4, _CODE)))
    assert max(levels[:39] + levels[82:]) < _SILENT
    assert min(levels[41:79]) > _HEARD


def test_a_drawn_officer_with_a_voice_stands_until_the_voice_has_ended(
    store: BaseStore, message: WarningMessage, voice: Recording
) -> None:
    spoken = _short(message, _EN, audio={_EN: voice})
    content = content_of(Studio(store, Making(film_seconds=4)).make(spoken, _EN, FileFormat.MP4, _CODE))
    assert decoded(content).pictures == (4 + 9 + 6 + 8) * 25
    levels = _loudness(content)
    assert max(levels[:39]) < _SILENT
    assert min(levels[41:129]) > _HEARD


def test_words_read_aloud_stand_until_the_voice_has_ended(
    store: BaseStore, message: WarningMessage, voice: Recording
) -> None:
    spoken = _short(message, _EN, audio={_EN: voice}, officer=False)
    content = content_of(Studio(store, Making(film_seconds=4)).make(spoken, _EN, FileFormat.MP4, _CODE))
    assert decoded(content).pictures == 9 * 25
    assert min(_loudness(content)[1:88]) > _HEARD


def test_a_clip_much_shorter_than_its_subtitles_is_refused(
    store: BaseStore, message: WarningMessage, clip: Clip
) -> None:
    spoken = _short(message, _EN, sentences=7, clips={_EN: clip})
    with pytest.raises(BadInput, match="lasts 4 s, and its subtitles take"):
        Studio(store).make(spoken, _EN, FileFormat.MP4, _CODE)


def test_a_recording_that_is_not_taken_is_found_beforehand_with_its_message_and_language(
    studio: Studio, message: WarningMessage, clip: Clip, tmp_path: Path
) -> None:
    path = tmp_path / "sample-clip-07.mp4"
    path.write_bytes(clip.path.read_bytes()[:20_000])
    broken = dataclasses.replace(clip, path=path, sha256=hashlib.sha256(path.read_bytes()).hexdigest())
    worded = dataclasses.replace(message, texts={_EN: message.texts[_EN]})
    for shown in (
        dataclasses.replace(worded, clips={_EN: broken}),
        dataclasses.replace(worded, audio={_EN: Recording(broken.path, broken.sha256, "C-1")}),
    ):
        (finding,) = studio.check(shown)
        assert (finding.message_id, finding.language) == ("combined", "en")
        assert "its end is missing" in finding.facts
        with pytest.raises(BadInput, match="message combined in 'en': the clip has no index"):
            studio.make(shown, _EN, FileFormat.MKV, _CODE)


def test_another_clip_or_side_makes_the_film_anew(message: WarningMessage, clip: Clip) -> None:
    recipe = Recipe(message.id, message.arm, _EN, FileFormat.MP4, 0)
    sides = {_EN: clip}, {_EN: dataclasses.replace(clip, free_side=FreeSide.LEFT)}
    bases = {basis_of(_short(message, _EN, clips=clips), recipe, Making()) for clips in ({}, *sides)}
    assert len(bases) == 3
