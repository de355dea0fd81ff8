# SPDX-License-Identifier: EUPL-1.2
"""`police2peer up` runs the node and the public page; `police2peer status` says how they do."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from police2peer.presence import NodeStatus, Settings

__all__ = ["status", "up"]

_FOLDER = click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False), default=Path())

_RUNGS = {
    "1": "shook hands",
    "2": "read the description",
    "3": "asked for data",
    "4": "received a whole piece",
    "5": "received everything",
    "6": "came back",
}
_FIRST_CONTACT = 3  # docs/contacts.md, the ladder


def _now() -> datetime:
    return datetime.now(UTC)


@click.command()
@_FOLDER
def up(folder: Path) -> None:
    """Run the node of FOLDER, and the public page, until Ctrl-C.

    Needs a signed order in force, release.json and the files. After a crash, run it again: nothing is hashed
    anew and the counts go on.
    """
    from police2peer.presence import (  # noqa: PLC0415 - slow to load
        assemble_node,
        read_settings,
        run_until_signalled,
        start_anew_wiping,
    )

    start_anew_wiping()
    settings = read_settings(folder)
    with (
        _page(settings),
        assemble_node(settings, clock=_now, random_bytes=os.urandom) as (node, assignment),
    ):
        run_until_signalled(
            node, ready=lambda: click.echo(f"present with {len(assignment.offers)} offers; Ctrl-C ends it")
        )
    click.echo(f"all offers are withdrawn ({node.state})")


@contextmanager
def _page(settings: "Settings") -> Iterator[None]:
    """Serve the public page while the block runs, when the settings say so and the page was built."""
    if not settings.page_enabled or not (settings.public / "index.html").exists():
        click.echo("the public page is not served here")
        yield
        return
    from police2peer.site import serve_site  # noqa: PLC0415 - only when it is served

    server = serve_site(settings.public, host=settings.page_host, port=settings.page_port)
    try:
        click.echo(f"public page: {server.url}")
        yield
    finally:
        server.close()


@click.command()
@_FOLDER
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def status(folder: Path, *, as_json: bool) -> None:
    """Say how the node of FOLDER does: offers, networks, contacts by rung, alarms.

    Exit code 1 when no node is running or an alarm stands.
    """
    from police2peer.presence import STATUS_FILE, is_stale, read_settings, read_status  # noqa: PLC0415

    settings = read_settings(folder)
    found = read_status(settings.data / STATUS_FILE)
    running = not is_stale(found, _now()) and found.state == "present"
    if as_json:
        click.echo(json.dumps({**asdict(found), "running": running}, default=datetime.isoformat, indent=1))
    else:
        _print(found, running=running)
    if not running or found.alarms:
        raise SystemExit(1)


def _print(found: "NodeStatus", *, running: bool) -> None:
    state = click.style("running", fg="green") if running else click.style(f"not running ({found.state})", fg="red")
    click.echo(f"{found.node}: {state}, release {found.release_number} of {found.campaign_id}")
    click.echo(f"  order {found.order_id}, in force until {found.order_ends_at:%Y-%m-%d %H:%M} UTC")
    click.echo(f"  last word {found.written_at:%Y-%m-%d %H:%M:%S} UTC")
    for network in found.networks:
        mark = click.style("well", fg="green") if network.ok else click.style("look", fg="yellow")
        click.echo(f"  {network.name:<14} {mark}  {network.offers_up} offers; {network.detail}")
    click.echo("  came at least this far:")
    for rung, count in sorted(found.contacts_by_rung.items()):
        alone = "" if int(rung) >= _FIRST_CONTACT else " (this alone is no contact)"
        click.echo(f"  {count:>8}  {_RUNGS.get(rung, 'rung ' + rung)}{alone}")
    click.echo(f"  {found.crawlers:>8}  crawlers and others who asked for nothing")
    if found.gaps:
        click.echo(f"  {found.gaps:>8}  gaps: counts of those hours are a lower bound")
    for alarm in found.alarms:
        click.echo(click.style(f"  alarm: {alarm}", fg="red", bold=True))
