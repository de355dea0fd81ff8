# SPDX-License-Identifier: EUPL-1.2
"""`police2peer demand`: what is searched for, by term, network, hour or country; never a text, never a person."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

__all__ = ["demand"]

_COLUMNS = ("term", "network", "country", "hour")


@click.group()
def demand() -> None:
    """See which approved terms people search for."""


@demand.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False), default=Path())
@click.option("--by", "columns", multiple=True, type=click.Choice(_COLUMNS), help="Group by; may be given twice.")
@click.option("--days", type=click.IntRange(1), default=28, show_default=True, help="How far back.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def show(folder: Path, columns: tuple[str, ...], days: int, *, as_json: bool) -> None:
    """Print the searches that the node of FOLDER saw and answered, by term and network unless told otherwise."""
    from police2peer.contacts import DemandStore  # noqa: PLC0415 - slow to load
    from police2peer.errors import Unavailable  # noqa: PLC0415 - as above
    from police2peer.presence import DEMAND_FILE, read_settings  # noqa: PLC0415 - as above

    path = read_settings(folder).data / DEMAND_FILE
    if not path.exists():
        raise Unavailable("no node has counted searches in this folder", remedy="start one: `police2peer up`")
    grouped = tuple(dict.fromkeys(columns)) or ("term", "network")
    with DemandStore(path) as store:
        found = store.by(*grouped, since=datetime.now(UTC) - timedelta(days=days))
    if as_json:
        rows = [{**dict(zip(grouped, key, strict=True)), **asked._asdict()} for key, asked in found.items()]
        click.echo(json.dumps({"days": days, "searches": rows}))
        return
    click.echo("".join(f"{name:<16}" for name in grouped) + f"{'searches':>10}{'answered':>10}")
    for key, asked in sorted(found.items(), key=lambda item: -item[1].searches):
        click.echo("".join(f"{value:<16}" for value in key) + f"{asked.searches:>10}{asked.answered:>10}")
    if not found:
        click.echo(f"no search held an approved term in the last {days} days")
