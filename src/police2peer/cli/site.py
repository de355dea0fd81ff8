# SPDX-License-Identifier: EUPL-1.2
"""`police2peer site`: build the public site, and look at it on this machine."""

import json
import sys
import threading
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from police2peer.catalogue import Home
from police2peer.cli.unlocking import unlocking
from police2peer.errors import BadInput

if TYPE_CHECKING:
    from police2peer.site import SiteReport

__all__ = ["site"]


@click.group()
def site() -> None:
    """Build the public site: verify, what this is, help."""


_FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)
_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@site.command()
@click.argument("out", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--catalogue", "folder", type=_FOLDER, help="The published catalogue, or the agency's own catalogue folder."
)
@click.option("--root", type=_FILE, help="The pinned root; the agency's own folder has it as root.json.")
@click.option("--agency", required=True, help="Who publishes the site, as it stands in its texts.")
@click.option("--contact", default="", help="How the publisher is reached, for the foot of each page.")
@click.option("--address", default="", help="Where the site will be: saved pages then ask there.")
@click.option("--data-authority", default="", help="The data protection authority, for the page on complaints.")
@click.option("--oversight", default="", help="Who oversees the police, for the page on complaints.")
@click.option("--language", "languages", multiple=True, help="A language to build; all that ship when left out.")
@click.option("--files", "warning_files", type=_FOLDER, help="What `police2peer make` filled, for pictures.")
@click.option("--never-key", type=_FILE, help="The private key that signs the list of what police never do.")
@click.option("--help-services", type=_FILE, help="A help directory of your own, in place of the one that ships.")
@click.option("--only", type=click.Choice(["help"]), help="Build the help list alone, for a domain of its own.")
@click.option("--final", is_flag=True, help="Refuse texts that no second person has signed.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@unlocking
def build(out: Path, *, only: str | None, as_json: bool, **given: Any) -> None:  # noqa: ANN401 - click's options
    """Build the public site into the folder OUT, the catalogue beside the pages."""
    report = _build_help(out, **given) if only else _build_whole(out, **given)
    click.echo(json.dumps(asdict(report), default=str, indent=2) if as_json else _as_text(report, whole=not only))


def _shared(given: dict[str, Any]) -> dict[str, Any]:
    """Give what both parts are built from."""
    from police2peer.campaign import Language  # noqa: PLC0415 - templates are slow to import
    from police2peer.site import SITE_LANGUAGES, read_directory  # noqa: PLC0415

    services = given["help_services"]
    return {
        "agency": given["agency"],
        "contact": given["contact"],
        "today": datetime.now(UTC).date(),
        "languages": tuple(map(Language, given["languages"])) or SITE_LANGUAGES,
        "directory": read_directory(services.read_bytes(), services) if services else None,
        "final": given["final"],
    }


def _build_whole(out: Path, **given: Any) -> "SiteReport":  # noqa: ANN401 - as above
    from police2peer.campaign import read_signing_key  # noqa: PLC0415 - as above
    from police2peer.site import build_site  # noqa: PLC0415

    if given["folder"] is None:
        raise BadInput("no catalogue was given", remedy="name its folder with --catalogue, or build with --only help")
    catalogue, pinned = _find_catalogue(given["folder"], given["root"])
    return build_site(
        out,
        catalogue=catalogue,
        root=pinned.read_bytes(),
        address=given["address"],
        data_authority=given["data_authority"],
        oversight=given["oversight"],
        warning_files=given["warning_files"],
        never_key=read_signing_key(given["never_key"]) if given["never_key"] else None,
        **_shared(given),
    )


def _build_help(out: Path, **given: Any) -> "SiteReport":  # noqa: ANN401 - as above
    from police2peer.site import build_help_site  # noqa: PLC0415 - as above

    odd = [name for name in ("folder", "root", "address", "warning_files", "never_key") if given[name]]
    if odd:
        raise BadInput(
            "the help part holds nothing of the catalogue or the warning files",
            remedy="leave out --catalogue, --root, --address, --files and --never-key",
        )
    return build_help_site(out, **_shared(given))


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


@site.command()
@click.argument("target")
@click.option("--only", type=click.Choice(["help"]), help="It is the help list alone, on a domain of its own.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def scan(target: str, *, only: str | None, as_json: bool) -> None:
    """Check a partner's page: TARGET is its address (https://HOST/PATH/) or the folder of a built site.

    Asks for the pages of that site and for nothing else. Ends with 1 when there is something to mend.
    """
    from police2peer.site import scan_site  # noqa: PLC0415 - as in build

    report = scan_site(target, help_part=only == "help")
    if as_json:
        click.echo(json.dumps(asdict(report), default=str, indent=2))
    else:
        click.echo(f"{len(report.pages)} pages, {len(report.languages)} languages, {len(report.findings)} to mend")
        for finding in report.findings:
            click.echo(str(finding))
        for each in report.not_checked:
            click.echo(f"not checked: {each}")
    if report.findings:
        raise SystemExit(1)


def _find_catalogue(folder: Path, root: Path | None) -> tuple[Path, Path]:
    """Give the public folder and the pinned root; an agency's own folder brings both."""
    home = Home(folder)
    if home.exists and home.public.is_dir():
        return home.public, root or home.pinned_root
    if root is None:
        raise BadInput("no pinned root was given", remedy="name the root.json of the catalogue with --root")
    return folder, root


def _as_text(report: "SiteReport", *, whole: bool) -> str:
    lines = [
        f"{len(report.pages)} pages, {len(report.languages)} languages, none over {report.largest_page_bytes} bytes"
    ]
    if whole:
        lines += [
            f"  key file  {report.root_sha256}",
            f"  check     {report.script_sha256}",
            f"  never     {report.never_key_sha256 or 'NOT SIGNED: the list of what police never do (--never-key)'}",
            "  publish these fingerprints where the public can compare them (docs/site.md)",
        ]
    if whole and report.without_pictures:
        lines.append(f"  pictures  {', '.join(report.without_pictures)}: described in words only (--files)")
    if report.drafts:
        lines.append(f"  drafts    {', '.join(report.drafts)}: no second person has signed these texts")
    if report.unverified_services:
        lines.append(f"  help      {report.unverified_services} services are shown as not yet checked")
    return "\n".join(lines)
