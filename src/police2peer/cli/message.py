# SPDX-License-Identifier: EUPL-1.2
"""`police2peer message`: see and check the messages of a campaign before anything is made."""

import json
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from police2peer.storage import write_whole

if TYPE_CHECKING:
    from police2peer.campaign import Campaign
    from police2peer.warningfiles import Studio

__all__ = ["message"]

Item = TypeVar("Item")

_CAMPAIGN = click.argument("campaign", metavar="[CAMPAIGN]", default=Path(), type=click.Path(path_type=Path))


@click.group()
def message() -> None:
    """See and check the messages of a campaign."""


@contextmanager
def _opened(path: Path) -> Iterator[tuple["Campaign", "Studio"]]:
    from police2peer.campaign import load_campaign  # noqa: PLC0415 - slow to import
    from police2peer.warningfiles import BaseStore, Studio, making_of  # noqa: PLC0415

    found = load_campaign(path)
    with tempfile.TemporaryDirectory(prefix="police2peer-") as folder:
        yield found, Studio(BaseStore(Path(folder)), making_of(found))


def _tracked(items: Sequence[Item], what: str) -> Iterable[Item]:
    """Show how far we are, on a terminal only."""
    from rich.console import Console  # noqa: PLC0415 - slow to import
    from rich.progress import track  # noqa: PLC0415

    console = Console(stderr=True)
    return track(items, what, console=console, transient=True, disable=not console.is_terminal)


@message.command()
@_CAMPAIGN
@click.option("-o", "--out", type=click.Path(path_type=Path, dir_okay=False), default=Path("messages.png"))
@click.option("--message", "only_message", help="Only the message with this id.")
@click.option("--language", "only_language", help="Only this language.")
def preview(campaign: Path, out: Path, only_message: str | None, only_language: str | None) -> None:
    """Draw one picture with every card of every message and language."""
    from police2peer.warningfiles import draw_contact_sheet  # noqa: PLC0415 - as above

    with _opened(campaign) as (found, studio):
        shown = [
            (one, language)
            for one in found.messages
            for language in one.texts
            if only_message in {None, one.id} and only_language in {None, language}
        ]
        write_whole(out, draw_contact_sheet(studio, _tracked(shown, "drawing")))
    rows = "row" if len(shown) == 1 else "rows"
    click.echo(f"{len(shown)} {rows} in {out}")


@message.command()
@_CAMPAIGN
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def check(campaign: Path, *, as_json: bool) -> None:
    """Tell every letter that the font lacks and every text that does not fit; exit code 1 when there is one.

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
