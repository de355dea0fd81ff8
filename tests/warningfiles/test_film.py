# SPDX-License-Identifier: EUPL-1.2
import dataclasses
import json
import subprocess
from collections.abc import Callable
from itertools import accumulate, islice, pairwise
from pathlib import Path

import numpy as np
import pytest
from tests.warningfiles.films import content_of, decoded, luma, qr_texts

from police2peer.campaign import SHIPPED_LANGUAGES, FileFormat, Language, WarningMessage
from police2peer.errors import BadInput
from police2peer.warningfiles import BaseStore, Making, Studio, VerifyCode, verify_address
from police2peer.warningfiles.film.scenes import timeline_of
from police2peer.warningfiles.film.timeline import Still, Timeline
from police2peer.warningfiles.h264_note import NOTE_UUID
from police2peer.warningfiles.wording import Wording

_CODE = VerifyCode("FVPA-GSRR-NJ60")
_EN, _AR, _DE = Language("en"), Language("ar"), Language("de")
_MP4 = FileFormat.MP4


def _words_alone(message: WarningMessage) -> WarningMessage:
    return dataclasses.replace(message, officer=False)


def _note(content: bytes) -> dict[str, str]:
    begin = content.index(NOTE_UUID.bytes) + 16
    note: dict[str, str] = json.loads(content[begin : content.index(b"}", begin) + 1])
    return note


@pytest.mark.parametrize("language", SHIPPED_LANGUAGES)
def test_every_film_of_words_decodes_whole_and_its_last_picture_leads_to_its_code(
    store: BaseStore, everywhere: WarningMessage, language: Language, capfd: pytest.CaptureFixture[str]
) -> None:
    studio = Studio(store, Making(film_seconds=4))
    content = content_of(studio.make(_words_alone(everywhere), language, _MP4, _CODE))
    film = decoded(content)
    assert film.pictures == 4 * 25
    assert film.sounds == 4 * 48_000 // 1024
    assert qr_texts(film.last) == [verify_address(everywhere.verify_url, _CODE)]
    assert _note(content) == {"code": _CODE, "url": verify_address(everywhere.verify_url, _CODE)}
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("language", "height"), [(_EN, 1080), (_AR, 720)])
def test_a_drawn_officer_says_every_sentence_and_the_film_decodes_whole(
    store: BaseStore, message: WarningMessage, language: Language, height: int
) -> None:
    studio = Studio(store, Making(film_seconds=8, film_height=height))
    content = content_of(studio.make(message, language, _MP4, _CODE))
    brightness = [picture[::4, ::4].astype(int) for picture in luma(content)]
    cuts = [number for number, (one, other) in enumerate(pairwise(brightness)) if abs(one - other).max() > 60]
    # Opening, one still a sentence, help, verify.
    assert len(cuts) == len(message.texts[language].subtitles) + 2
    film = decoded(content)
    assert film.last.shape == (height, height * 16 // 9, 3)
    assert qr_texts(film.last) == [verify_address(message.verify_url, _CODE)]


@pytest.mark.parametrize(("language", "officer"), [(_EN, False), (_AR, False), (_AR, True)])
def test_words_that_move_come_one_after_another_and_end_as_the_words_that_stand(
    studio: Studio, message: WarningMessage, language: Language, *, officer: bool
) -> None:
    """At the end of each card the moving film shows to the point what the standing one does."""
    standing = dataclasses.replace(message, officer=officer)
    still, moving = (
        timeline_of(studio._workshop, Wording.of(each, language), studio.making)
        for each in (standing, dataclasses.replace(standing, moving=True))
    )
    assert (moving.frames, moving.subtitles) == (still.frames, still.subtitles)
    assert moving.digest != still.digest
    ends = {end: scene for end, scene in zip(_ends(moving), moving.scenes, strict=True) if isinstance(scene, Still)}
    for end, scene in zip(_ends(still), still.scenes, strict=True):
        assert isinstance(scene, Still)
        assert all(map(np.array_equal, ends[end].picture.all(), scene.picture.all()))
    assert len(ends) >= len(still.scenes) + 3
    _assert_only_adds([scene for scene in moving.scenes if isinstance(scene, Still)][:2])


def _ends(timeline: Timeline) -> list[int]:
    return list(accumulate(scene.frames for scene in timeline.scenes))


def _assert_only_adds(pictures: list[Still]) -> None:
    """What is brighter than the ground in the first picture is the same in the second, which has more of it."""
    first, second = (scene.picture.y.astype(int) for scene in pictures)
    seen = first > 120
    assert np.array_equal(first[seen], second[seen])
    assert (second > 120).sum() > seen.sum()


def test_a_moving_film_fades_evenly_and_decodes_whole(studio: Studio, message: WarningMessage) -> None:
    moving = dataclasses.replace(_words_alone(message), moving=True)
    content = content_of(studio.make(moving, _EN, _MP4, _CODE))
    film = decoded(content)
    assert film.pictures == 8 * 25
    assert qr_texts(film.last) == [verify_address(message.verify_url, _CODE)]
    title = [float(picture[150:400, 80:1080].mean()) for picture in islice(luma(content), 9)]
    assert all(before < after for before, after in pairwise(title))


def test_a_long_film_shows_each_card_and_ends_with_the_code(store: BaseStore, message: WarningMessage) -> None:
    film = Studio(store, Making(film_seconds=61)).make(_words_alone(message), _EN, _MP4, _CODE)
    whole = decoded(content_of(film))
    assert whole.pictures == 61 * 25
    assert qr_texts(whole.last) == [verify_address(message.verify_url, _CODE)]


def test_fifty_films_differ_in_every_hash_and_share_all_but_their_slot(
    studio: Studio, message: WarningMessage, draw_code: Callable[[], VerifyCode]
) -> None:
    films = [studio.make(message, _EN, _MP4, draw_code()) for _ in range(50)]
    for name in ("sha256", "sha1", "md5", "bt_pieces", "bt2_root"):
        assert len({getattr(film.hashes, name) for film in films}) == 50
    assert len({film.plan.size for film in films}) == 1
    assert len({(film.plan.parts[0], film.plan.parts[-1]) for film in films}) == 1
    for film in films[:3]:
        assert qr_texts(decoded(content_of(film)).last) == [verify_address(message.verify_url, film.code or _CODE)]


def test_the_slot_is_met_to_the_byte_whatever_the_address(store: BaseStore, message: WarningMessage) -> None:
    studio = Studio(store, Making(film_seconds=4))
    for length in range(1, 40, 13):
        longer = dataclasses.replace(_words_alone(message), verify_url=f"https://p2p.police.example/{'v' * length}")
        film = decoded(content_of(studio.make(longer, _EN, _MP4, _CODE)))
        assert qr_texts(film.last) == [verify_address(longer.verify_url, _CODE)]


def test_every_scene_names_the_verify_address(studio: Studio, message: WarningMessage) -> None:
    """Another address changes every picture of the film, there where it stands in small type."""
    other = dataclasses.replace(message, verify_url="https://p2p.police.example/other")
    shown, changed = (
        timeline_of(studio._workshop, Wording.of(each, _EN), studio.making).scenes for each in (message, other)
    )
    for scene, another in zip(shown, changed, strict=True):
        foot = (slice(650, 720), slice(640, 1280))
        assert np.any(scene.picture.y[foot] != another.picture.y[foot])  # type: ignore[union-attr]  # no clip here


def test_a_film_without_time_to_read_it_is_refused(store: BaseStore, message: WarningMessage) -> None:
    with pytest.raises(BadInput, match="shorter than 4 seconds"):
        Studio(store, Making(film_seconds=3)).make(message, _EN, _MP4, _CODE)
    with pytest.raises(BadInput, match="480 lines"):
        Studio(store, Making(film_height=480)).make(message, _EN, _MP4, _CODE)


def test_subtitles_in_a_language_that_the_message_lacks_are_refused(
    store: BaseStore, message: WarningMessage
) -> None:
    with pytest.raises(BadInput, match="no subtitles in 'xx'"):
        Studio(store, Making(subtitles=(Language("xx"),))).make(message, _EN, _MP4, _CODE)


def test_a_sentence_too_long_to_be_burned_in_is_found_beforehand(store: BaseStore, message: WarningMessage) -> None:
    texts = dataclasses.replace(message.texts[_EN], subtitles=("Short.", "A sentence that goes on. " * 40))
    spoken = dataclasses.replace(message, texts={_EN: texts})
    assert [finding.facts for finding in Studio(store).check(spoken)] == [
        "the text subtitles in 'en' is too long for the sentence"
    ]
    assert Studio(store).check(_words_alone(spoken)) == ()


@pytest.mark.peer("ffprobe")
@pytest.mark.peer("ffmpeg")
def test_subtitles_in_several_languages_are_there_off_and_word_for_word(
    store: BaseStore, message: WarningMessage, tmp_path: Path
) -> None:
    studio = Studio(store, Making(film_seconds=8, subtitles=(_DE, _AR)))
    path = tmp_path / "film.mp4"
    studio.make(message, _EN, _MP4, _CODE).plan.write(path)
    shown = "stream=codec_name,codec_type,duration:stream_tags=language:stream_disposition=default,forced"
    command = ["ffprobe", "-v", "warning", "-show_entries", shown, "-of", "json", str(path)]
    ended = subprocess.run(command, check=True, capture_output=True, text=True)
    streams = json.loads(ended.stdout)["streams"]
    assert ended.stderr == ""
    assert [stream["tags"]["language"] for stream in streams[2:]] == ["eng", "deu", "ara"]
    assert {stream["codec_name"] for stream in streams[2:]} == {"mov_text"}
    assert all(stream["disposition"] == {"default": 0, "forced": 0} for stream in streams[2:])
    assert {stream["duration"] for stream in streams[2:]} == {streams[0]["duration"]}
    for number, language in enumerate((_EN, _DE, _AR)):
        command = ["ffmpeg", "-v", "error", "-xerror", "-i", str(path), "-map", f"0:s:{number}", "-f", "webvtt", "-"]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        blocks = [block.split("\n", 1) for block in text.strip().split("\n\n")[1:]]
        assert tuple(block[1] for block in blocks) == message.texts[language].subtitles
        assert blocks[0][0].startswith("00:04.000 --> ")


@pytest.mark.peer("ffmpeg")
def test_ffmpeg_finds_no_fault_in_a_film(studio: Studio, message: WarningMessage, tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    studio.make(message, _AR, _MP4, _CODE).plan.write(path)
    command = ["ffmpeg", "-v", "warning", "-xerror", "-err_detect", "explode", "-i", str(path), "-f", "null", "-"]
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")
