# SPDX-License-Identifier: EUPL-1.2
"""`police2peer site`: build the public site, and look at it on this machine."""

import json
import sys
import threading
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from police2peer.catalogue import Home
from police2peer.errors import BadInput

if TYPE_CHECKING:
    from police2peer.site import SiteReport

__all__ = ["site"]


@click.group()
def site() -> None:
    """Build the public site: verify, what this is, help."""


@site.command()
@click.argument("out", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--catalogue",
    "folder",
    required=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="The published catalogue, or the agency's own catalogue folder.",
)
@click.option(
    "--root",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The pinned root; the agency's own folder has it as root.json.",
)
@click.option("--agency", required=True, help="Who publishes the site, as it stands in its texts.")
@click.option("--contact", default="", help="How the publisher is reached, for the foot of each page.")
@click.option("--language", "languages", multiple=True, help="A language to build; all that ship when left out.")
@click.option(
    "--help-services",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A help directory of your own, in place of the one that ships.",
)
@click.option("--final", is_flag=True, help="Refuse texts that no second person has signed.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def build(
    out: Path,
    *,
    folder: Path,
    root: Path | None,
    agency: str,
    contact: str,
    languages: tuple[str, ...],
    help_services: Path | None,
    final: bool,
    as_json: bool,
) -> None:
    """Build the public site into the folder OUT, the catalogue beside the pages."""
    from police2peer.campaign import Language  # noqa: PLC0415 - templates are slow to import
    from police2peer.site import SITE_LANGUAGES, build_site, read_directory  # noqa: PLC0415

    catalogue, pinned = _find_catalogue(folder, root)
    report = build_site(
        out,
        catalogue=catalogue,
        root=pinned.read_bytes(),
        agency=agency,
        contact=contact,
        today=datetime.now(UTC).date(),
        languages=tuple(map(Language, languages)) or SITE_LANGUAGES,
        directory=read_directory(help_services.read_bytes(), help_services) if help_services else None,
        final=final,
    )
    click.echo(json.dumps(asdict(report), default=str, indent=2) if as_json else _as_text(report))


@site.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="0 takes any free one.")
def serve(folder: Path, port: int) -> None:
    """Serve a built site on this machine alone (127.0.0.1), until Ctrl-C."""
    from police2peer.site import serve_site  # noqa: PLC0415 - as in build

    with serve_site(folder, port=port) as server:
        click.echo(f"{server.url}  (this machine alone; Ctrl-C ends it)")
        sys.stdout.flush()
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            click.echo()


def _find_catalogue(folder: Path, root: Path | None) -> tuple[Path, Path]:
    """Give the public folder and the pinned root; an agency's own folder brings both."""
    home = Home(folder)
    if home.exists and home.public.is_dir():
        return home.public, root or home.pinned_root
    if root is None:
        raise BadInput("no pinned root was given", remedy="name the root.json of the catalogue with --root")
    return folder, root


def _as_text(report: "SiteReport") -> str:
    lines = [
        f"{len(report.pages)} pages, {len(report.languages)} languages, none over {report.largest_page_bytes} bytes",
        f"  key file  {report.root_sha256}",
        f"  check     {report.script_sha256}",
        "  publish both fingerprints where the public can compare them (docs/site.md)",
    ]
    if report.drafts:
        lines.append(f"  drafts    {', '.join(report.drafts)}: no second person has signed these texts")
    if report.unverified_services:
        lines.append(f"  help      {report.unverified_services} services are shown as not yet checked")
    return "\n".join(lines)
