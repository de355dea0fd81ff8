# SPDX-License-Identifier: EUPL-1.2
"""How files are made, as the campaign file says it: length, size, filler, subtitles, officer and voice."""

import hashlib
from typing import TYPE_CHECKING

import pytest

from police2peer.campaign import FileFormat, FileSettings, Filler, Language, load_campaign

if TYPE_CHECKING:
    from tests.campaign.conftest import Ready

_FILM = "[film]\nseconds = 40\n"


def test_the_example_has_the_plain_settings(ready: "Ready") -> None:
    assert load_campaign(ready.folder).files == FileSettings()


def test_every_setting_is_read_and_signed(ready: "Ready") -> None:
    plain = load_campaign(ready.folder)
    ready.change('id = "sample-campaign"\n', 'id = "sample-campaign"\nfiller = "keystream"\n')
    ready.change(_FILM, '[film]\nseconds = 30\nheight = 1080\nsubtitles = ["en", "ar"]\n')
    ready.change("[blank]\nsize_bytes = 700_000_000\n", "[blank]\nsize_bytes = 900_000\npicture = true\n")
    ready.change("[blank]\n", "[sizes]\nmp4 = 350_000_000\npdf = 5_000_000\n\n[blank]\n")
    campaign = load_campaign(ready.folder)
    assert campaign.files == FileSettings(
        film_seconds=30,
        film_height=1080,
        subtitles=(Language("en"), Language("ar")),
        blank_bytes=900_000,
        blank_picture=True,
        filler=Filler.KEYSTREAM,
        sizes={FileFormat.MP4: 350_000_000, FileFormat.PDF: 5_000_000},
    )
    assert campaign.sha256 != plain.sha256


@pytest.mark.parametrize(
    ("old", "new", "where", "told"),
    [
        (_FILM, "[film]\nheight = 900\n", "film.height", "900 lines are not made"),
        (_FILM, "[film]\nheight = 2160\n", "film.height", "out of bounds"),
        (_FILM, '[film]\nsubtitles = ["xx"]\n', "film.subtitles", "does not speak"),
        (_FILM, "[sizes]\nmp5 = 350_000_000\n", "sizes.mp5", "no format"),
        (_FILM, "[sizes]\nblank-mp4 = 350_000_000\n", "sizes.blank-mp4", "no format"),
        (_FILM, "[sizes]\nmp4 = 5_000_000_000\n", "sizes.mp4", "out of bounds"),
        (_FILM, '[sizes]\nmp4 = "large"\n', "sizes.mp4", "this is text"),
        ("production = false\n", 'production = false\nfiller = "ones"\n', "filler", "not known"),
        (
            'message = "blank"\n',
            'message = "blank"\nofficer = false\n',
            "messages[5].officer",
            "shows and says nothing",
        ),
        ('message = "blank"\n', 'message = "blank"\nmoving = true\n', "messages[5].moving", "shows and says nothing"),
    ],
)
def test_a_setting_that_cannot_be_is_told(ready: "Ready", old: str, new: str, where: str, told: str) -> None:
    ready.change(old, new)
    assert told in ready.problem(where).facts


def test_the_same_words_with_and_without_an_officer_are_two_messages(ready: "Ready") -> None:
    ready.change('message = "help"\n', 'message = "help"\n\n[[messages]]\nmessage = "help"\nofficer = false\n')
    messages = {message.id: message for message in load_campaign(ready.folder).messages}
    assert messages["help"].officer
    assert not messages["help-text"].officer
    assert messages["help"].texts == messages["help-text"].texts


def _voice(ready: "Ready") -> str:
    (ready.folder / "voice.wav").write_bytes(b"a voice")
    sha256 = hashlib.sha256(b"a voice").hexdigest()
    return (
        f'\n[[messages.audio]]\nlanguage = "en"\nfile = "voice.wav"\nsha256 = "{sha256}"\nconsent_reference = "C-7"\n'
    )


def test_words_that_stand_and_words_that_move_are_two_messages_and_both_are_signed(ready: "Ready") -> None:
    before = load_campaign(ready.folder).sha256
    ready.change('message = "help"\n', 'message = "help"\nmoving = true\nofficer = false\n')
    messages = {message.id: message for message in load_campaign(ready.folder).messages}
    assert messages["help-text-moving"].moving
    assert not messages["combined"].moving
    assert load_campaign(ready.folder).sha256 != before


def test_a_voice_comes_with_its_digest_and_consent(ready: "Ready") -> None:
    ready.change('message = "help"\n', f'message = "help"\n{_voice(ready)}')
    message = next(one for one in load_campaign(ready.folder).messages if one.id == "help")
    assert message.audio[Language("en")].consent_reference == "C-7"
    (ready.folder / "voice.wav").write_bytes(b"another voice")
    assert "another SHA-256" in ready.problem("messages[4].audio[1].file").facts
