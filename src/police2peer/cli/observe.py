# SPDX-License-Identifier: EUPL-1.2
"""`police2peer observe`: how many announce the hashes of a list that the police supplied. The list is never shown."""

import json
import os
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import click

from police2peer.cli.unlocking import unlocking

__all__ = ["observe"]

_FOLDER = click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False), default=Path())
_JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
_NAME = "observed"


@click.group()
def observe() -> None:
    """Count who announces given hashes on BitTorrent; nobody is connected to, nothing is fetched."""


@observe.command("import")
@click.argument("hashes", type=click.File("rb"))
@_FOLDER
@unlocking
def import_(hashes: BinaryIO, folder: Path) -> None:
    """Take HASHES, one infohash of 40 hex digits a line (- reads the input), and keep them sealed in FOLDER.

    The pass phrase is asked for, or read from --passphrase-file. What was imported before is replaced.
    """
    from police2peer.campaign import pass_phrases  # noqa: PLC0415 - slow to load
    from police2peer.networks.observation import parse_hashes, seal_list  # noqa: PLC0415 - as above
    from police2peer.presence import read_settings  # noqa: PLC0415 - as above

    path = read_settings(folder).observed_list
    found = parse_hashes(hashes.read())
    seal_list(path, found, pass_phrases().new(_NAME), os.urandom)
    click.echo(f"{len(found)} hashes are sealed in {path.name}; erase the list you gave, it is not needed any more")


@observe.command()
@_FOLDER
@_JSON
@unlocking
def run(folder: Path, *, as_json: bool) -> None:
    """Ask the DHT and the trackers of the settings once, and keep the counts; exit code 1 when nothing is known.

    Needs an order on BitTorrent in force, and our own node up: it is found first, so that silence can be told
    from an empty swarm.
    """
    from police2peer.campaign import pass_phrases  # noqa: PLC0415 - slow to load
    from police2peer.contacts import ObservationStore, RegistryCountries  # noqa: PLC0415 - as above
    from police2peer.networks.observation import open_list  # noqa: PLC0415 - as above
    from police2peer.presence import (  # noqa: PLC0415 - as above
        OBSERVED_FILE,
        keep_memory_private,
        permitted_canaries,
        read_settings,
    )
    from police2peer.presence import observe as ask  # noqa: PLC0415 - as above

    keep_memory_private()
    settings = read_settings(folder)
    canaries = permitted_canaries(settings, _now())
    hashes = open_list(settings.observed_list, pass_phrases().of(_NAME, "pass phrase of the list of hashes"))
    found = ask(settings, hashes, canaries, country_of=RegistryCountries().country_of, clock=_now)
    with ObservationStore(settings.data / OBSERVED_FILE) as store:
        store.add(found)
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], default=datetime.isoformat))
    for one in found if not as_json else ():
        told = f"{one.peers} announce {one.alive} of {one.hashes} hashes" if one.known else f"unknown: {one.note}"
        click.echo(f"{one.source:<40}{told}")
    if not any(one.known for one in found):
        sys.exit(1)


@observe.command()
@_FOLDER
@click.option("--countries", is_flag=True, help="By country as well.")
@_JSON
def show(folder: Path, *, countries: bool, as_json: bool) -> None:
    """Print the series by day and source; a day on which nothing is known says so and is no zero."""
    from police2peer.contacts import ObservationStore  # noqa: PLC0415 - slow to load
    from police2peer.errors import Unavailable  # noqa: PLC0415 - as above
    from police2peer.presence import OBSERVED_FILE, read_settings  # noqa: PLC0415 - as above

    path = read_settings(folder).data / OBSERVED_FILE
    if not path.exists():
        raise Unavailable("nothing was observed in this folder", remedy="run `police2peer observe run`")
    with ObservationStore(path) as store:
        days = store.days()
    if as_json:
        click.echo(json.dumps([asdict(day) for day in days]))
        return
    click.echo(f"{'day':<12}{'source':<40}{'announce':>10}{'hashes':>8}  runs")
    for day in days:
        peers, alive = ("unknown", "") if day.peers is None else (f"{day.peers:.1f}", f"{day.alive:.1f}")
        unknown = f", {day.unknown} unknown" if day.unknown else ""
        click.echo(f"{day.day:<12}{day.source:<40}{peers:>10}{alive:>8}  {day.runs}{unknown}")
        for country, mean in day.by_country.items() if countries else ():
            click.echo(f"{'':<12}  {country:<38}{mean:>10.1f}")


def _now() -> datetime:
    return datetime.now(UTC)
