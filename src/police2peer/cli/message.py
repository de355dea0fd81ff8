# SPDX-License-Identifier: EUPL-1.2
"""`police2peer message`: see, check and review the messages of a campaign before anything is made."""

import json
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from police2peer.cli.unlocking import SIGNING_KEY, unlocking
from police2peer.errors import BadInput
from police2peer.storage import write_whole

if TYPE_CHECKING:
    from police2peer.campaign import Campaign, Language, Texts, TokenUri, WarningMessage
    from police2peer.warningfiles import Studio

__all__ = ["message"]

Item = TypeVar("Item")

_FILE = click.Path(path_type=Path, dir_okay=False)
_FOLDER = click.Path(path_type=Path, file_okay=False)
_CAMPAIGN = click.argument("campaign", metavar="[CAMPAIGN]", default=Path(), type=click.Path(path_type=Path))


@click.group()
def message() -> None:
    """See, check and review the messages of a campaign."""


@contextmanager
def _opened(path: Path) -> Iterator[tuple["Campaign", "Studio"]]:
    from police2peer.campaign import load_campaign  # noqa: PLC0415 - slow to import
    from police2peer.warningfiles import BaseStore, Studio, gallery_making, making_of  # noqa: PLC0415

    found = load_campaign(path)
    with tempfile.TemporaryDirectory(prefix="police2peer-") as folder:
        yield found, Studio(BaseStore(Path(folder)), gallery_making(making_of(found)))


def _tracked(items: Sequence[Item], what: str) -> Iterable[Item]:
    """Show how far we are, on a terminal only."""
    from rich.console import Console  # noqa: PLC0415 - slow to import
    from rich.progress import track  # noqa: PLC0415

    console = Console(stderr=True)
    return track(items, what, console=console, transient=True, disable=not console.is_terminal)


@message.command()
@_CAMPAIGN
@click.option("-o", "--out", type=_FILE, help="The contact sheet; messages.png when nothing else is asked for.")
@click.option("--film", type=_FILE, help="Make the film of one message in one language here (mp4).")
@click.option("--gallery", type=_FOLDER, help="Put every kind of file, and a page that shows them, into this folder.")
@click.option("--message", "only_message", help="Only the message with this id.")
@click.option("--language", "only_language", help="Only this language.")
def preview(
    campaign: Path,
    *,
    out: Path | None,
    film: Path | None,
    gallery: Path | None,
    only_message: str | None,
    only_language: str | None,
) -> None:
    """Show the messages before anything is published: a contact sheet, a film, or a gallery of every kind of file.

    The contact sheet has every card of every message and language. Film and gallery are those of one message in one
    language: the first that the options leave. Their code is never issued.
    """
    with _opened(campaign) as (found, studio):
        shown = [
            (one, language)
            for one in found.messages
            for language in one.texts
            if only_message in {None, one.id} and only_language in {None, language}
        ]
        if out is not None or (film is None and gallery is None):
            _draw_sheet(studio, shown, out or Path("messages.png"))
        if film is not None:
            _make_film(studio, *_first(shown), film)
        if gallery is not None:
            _make_gallery(studio, *_first(shown), gallery)


_Shown = tuple["WarningMessage", "Language"]


def _first(shown: Sequence[_Shown]) -> _Shown:
    if not shown:
        raise BadInput("there is no message with text to show", remedy="name a message and language of the campaign")
    return shown[0]


def _draw_sheet(studio: "Studio", shown: Sequence[_Shown], out: Path) -> None:
    from police2peer.warningfiles import draw_contact_sheet  # noqa: PLC0415 - as above

    write_whole(out, draw_contact_sheet(studio, _tracked(shown, "drawing")))
    rows = "row" if len(shown) == 1 else "rows"
    click.echo(f"{len(shown)} {rows} in {out}")


def _make_film(studio: "Studio", one: "WarningMessage", language: "Language", path: Path) -> None:
    from police2peer.warningfiles import write_preview_film  # noqa: PLC0415 - as above

    write_preview_film(studio, one, language, path)
    click.echo(f"film of {one.id} in {language}: {path}")


def _make_gallery(studio: "Studio", one: "WarningMessage", language: "Language", folder: Path) -> None:
    from police2peer.warningfiles import GALLERY_FORMATS, write_gallery  # noqa: PLC0415 - as above

    paths = write_gallery(studio, one, language, folder, formats=_tracked(GALLERY_FORMATS, "making"))
    click.echo(f"{len(paths) - 1} files of {one.id} in {language}; open {paths[0]}")


@message.command()
@_CAMPAIGN
@click.option("-o", "--out", type=_FOLDER, default=Path("captions"), show_default=True, help="Where to.")
def captions(campaign: Path, out: Path) -> None:
    """Write what each film says, with times, as a captions file (WebVTT) for each message and language."""
    with _opened(campaign) as (found, studio):
        spoken = [(one, language) for one in found.messages for language in one.texts]
        out.mkdir(parents=True, exist_ok=True)
        for one, language in _tracked(spoken, "timing"):
            write_whole(out / f"{one.id}-{language}.vtt", studio.captions(one, language).encode())
    click.echo(f"{len(spoken)} captions files in {out}")


@message.command()
@_CAMPAIGN
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def check(campaign: Path, *, as_json: bool) -> None:
    """Tell every letter that the font lacks, every text that does not fit, and every recording that is not taken.

    The exit code is 1 when there is one.

    What a fraudster would write is refused before that, when the campaign is read.
    """
    with _opened(campaign) as (found, studio):
        texts = [(one, language) for one in found.messages for language in one.texts]
        findings = [
            finding
            for one, language in _tracked(texts, "checking")
            for finding in studio.check(replace(one, texts={language: one.texts[language]}))
        ]
    if as_json:
        click.echo(json.dumps({"checked": len(texts), "findings": [asdict(finding) for finding in findings]}))
    else:
        for finding in findings:
            click.echo(str(finding))
        click.echo(f"{len(texts)} texts checked, {len(findings)} findings")
    if findings:
        sys.exit(1)


@message.command()
@_CAMPAIGN
@click.option("--message", "message_id", required=True, help="The message to review, as in combined.")
@click.option("--language", required=True, help="The language to review, as in de.")
@click.option("--reviewer", required=True, help="Your name, as it stands under [[reviewers]].")
@click.option("--key", "key_path", required=True, type=SIGNING_KEY, help="Your private key: a file, or pkcs11:...")
@click.option("--yes", is_flag=True, help="I have read these words and stand for them; ask no more.")
@unlocking
def review(
    campaign: Path, message_id: str, language: str, reviewer: str, key_path: "Path | TokenUri", *, yes: bool
) -> None:
    """Read the words of one message in one language, and put your name to them."""
    from police2peer.campaign import (  # noqa: PLC0415 - as above
        REVIEWS_NAME,
        load_campaign,
        public_bytes,
        read_reviews,
        read_signing_key,
        sign_review,
        write_reviews,
    )

    key = read_signing_key(key_path)
    found = load_campaign(campaign, for_review=True)
    if found.reviewers.get(reviewer) != public_bytes(key):
        raise BadInput(
            "the campaign names no such reviewer with this key",
            remedy="add [[reviewers]] with name and public_key to the campaign file",
        )
    words_id, texts = _words(found, message_id, language)
    for name, text in texts.sentences():
        click.echo(f"{name:16} {text}")
    if not yes:
        click.confirm("Do you stand for these words?", abort=True)
    signed = sign_review(words_id, texts, reviewer=reviewer, reviewed_on=datetime.now(UTC).date(), key=key)
    reviews_path = found.folder / REVIEWS_NAME
    write_reviews(reviews_path, (*read_reviews(reviews_path), signed))
    click.echo(f"{words_id} in {language} is reviewed by {reviewer}")


def _words(found: "Campaign", message_id: str, language: str) -> tuple[str, "Texts"]:
    """Give the name of the words that a reviewer signs, and the words."""
    for message in found.messages:
        for spoken, texts in message.texts.items():
            if message_id in {message.id, message.words_id} and spoken == language:
                return message.words_id, texts
    messages = ", ".join(dict.fromkeys(one.words_id for one in found.messages))
    raise BadInput(
        "the campaign has no such message in this language",
        remedy=f"messages: {messages}; languages: {', '.join(found.languages)}",
    )
