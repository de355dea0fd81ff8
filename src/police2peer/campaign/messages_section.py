# SPDX-License-Identifier: EUPL-1.2
"""The messages of a campaign file: which arms, how often, with which recordings."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from police2peer.campaign.formats import Arm
from police2peer.campaign.language import Language
from police2peer.campaign.message import MOVING, TEXT_ONLY, Clip, FreeSide, Recording, WarningMessage
from police2peer.campaign.message_file import MessageWords, read_message, shipped_message
from police2peer.errors import BadInput
from police2peer.strict_toml import Table

__all__ = ["MessageSettings", "PlacedMessage", "read_messages"]

_SHA256 = re.compile(r"[0-9a-f]{64}")
_MAX_OFFERS_PER_TITLE = 1000


@dataclass(frozen=True, slots=True)
class MessageSettings:
    """What all messages of a campaign share."""

    folder: Path
    languages: Sequence[Language]
    issuers: Mapping[Language, str]
    issuer: str
    badge_svg: bytes | None
    help_url: str
    verify_url: str


@dataclass(frozen=True, slots=True)
class PlacedMessage:
    """A message, how often each title carries it, and where the campaign file says so."""

    message: WarningMessage
    offers_per_title: int
    table: Table


def read_messages(tables: Sequence[Table], settings: MessageSettings) -> list[PlacedMessage]:
    """Read all messages; those with a fault are noted and left out."""
    placed: list[PlacedMessage] = []
    for table in tables:
        words = _read_words(table, settings)
        offers = table.integer("offers_per_title", 1, least=1, most=_MAX_OFFERS_PER_TITLE)
        officer = table.boolean("officer", default=True)
        moving = table.boolean("moving", default=False)
        clips, audio = _read_clips(table, settings), _read_audio(table, settings)
        table.finish()
        if words is None:
            continue
        message_id = f"{words.id}{'' if officer else TEXT_ONLY}{MOVING if moving else ''}"
        if message_id in {one.message.id for one in placed}:
            table.problem("message" if "message" in table else "file", "this message is there twice", "keep one")
        _check_officer(table, words, clips, audio, officer=officer)
        if moving and words.arm is Arm.BLANK:
            table.problem("moving", "a blank shows and says nothing", "take moving out")
        message = WarningMessage(
            message_id,
            words.version,
            words.arm,
            settings.issuer,
            settings.badge_svg,
            words.texts,
            clips,
            settings.help_url,
            settings.verify_url,
            officer,
            audio,
            moving,
        )
        placed.append(PlacedMessage(message, offers, table))
    return placed


def _read_words(table: Table, settings: MessageSettings) -> MessageWords | None:
    shipped, file = table.text("message", ""), table.text("file", "")
    if bool(shipped) is bool(file):
        table.problem("message", "give either message or file", 'as in message = "combined"')
        return None
    addresses = [address for address in (settings.help_url, settings.verify_url) if address]
    with table.catch("message" if shipped else "file"):
        if shipped:
            return shipped_message(shipped, settings.languages, settings.issuers, addresses=addresses)
        return read_message(settings.folder / file, settings.languages, settings.issuers, addresses=addresses)
    return None


def _check_officer(
    table: Table,
    words: MessageWords,
    clips: Mapping[Language, Clip],
    audio: Mapping[Language, Recording],
    *,
    officer: bool,
) -> None:
    blank = words.arm is Arm.BLANK
    if blank and (clips or audio or not officer):
        key = "clips" if clips else "audio" if audio else "officer"
        table.problem(key, "a blank shows and says nothing", f"take {key} out")
    elif clips and not officer:
        table.problem("officer", "a clip shows an officer, and officer is false", "take out the clip or the line")
    for language in clips.keys() & audio.keys():
        table.problem("audio", f"the clip in {language} has a voice of its own", "keep the clip or the voice")


def _read_clips(table: Table, settings: MessageSettings) -> dict[Language, Clip]:
    clips: dict[Language, Clip] = {}
    for language, recording, one in _recordings(table, "clips", settings):
        free_side = one.choice("free_side", FreeSide)
        one.finish()
        clips[language] = Clip(recording.path, recording.sha256, recording.consent_reference, free_side)
    return clips


def _read_audio(table: Table, settings: MessageSettings) -> dict[Language, Recording]:
    audio = {}
    for language, recording, one in _recordings(table, "audio", settings):
        one.finish()
        audio[language] = recording
    return audio


def _recordings(table: Table, key: str, settings: MessageSettings) -> Iterator[tuple[Language, Recording, Table]]:
    """Give the recordings of a list, one a language, with their tables, which may hold more."""
    seen = set()
    for one in table.tables(key):
        language = Language(one.text("language"))
        file, sha256 = one.text("file"), one.text("sha256").lower()
        consent_reference = one.text("consent_reference")
        if language and language not in settings.languages:
            one.problem("language", "the campaign does not speak this language", "add it to languages")
        if language in seen:
            one.problem("language", "there are two recordings in this language", "keep one")
        seen.add(language)
        path = settings.folder / file
        if file and sha256:
            with one.catch("file"):
                _check_file(path, sha256)
        yield language, Recording(path, sha256, consent_reference), one


def _check_file(path: Path, sha256: str) -> None:
    if not _SHA256.fullmatch(sha256):
        raise BadInput("sha256 is not 64 hexadecimal digits", remedy="write what `sha256sum` prints for the file")
    try:
        with path.open("rb") as recording:
            found = hashlib.file_digest(recording, "sha256").hexdigest()
    except OSError as error:
        raise BadInput(
            f"the recording cannot be read ({error.strerror})", remedy="put the file there, or correct its path"
        ) from error
    if found != sha256:
        raise BadInput(
            "the recording has another SHA-256",
            remedy="use the clip to which the person consented, or record consent to this one and correct sha256",
        )
