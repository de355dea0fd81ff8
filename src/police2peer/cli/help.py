# SPDX-License-Identifier: EUPL-1.2
"""`police2peer help`: the directory of help services, for its editors."""

import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

import click

__all__ = ["help"]


@click.group()
def help() -> None:  # noqa: A001 - the noun of the command line
    """Keep the directory of help services."""


@help.command()
@click.argument("directory", required=False, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--on", "day", type=click.DateTime(["%Y-%m-%d"]), help="As of this day  [default: today]")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def check(directory: Path | None, day: datetime | None, *, as_json: bool) -> None:
    """Tell what is to be done: entries to verify, checks due, facts missing; exit code 1 when an entry is hidden.

    DIRECTORY is your own file, or what ships with the program. Nothing is fetched.
    """
    from police2peer.site import HelpTask, check_directory, read_directory, shipped_directory  # noqa: PLC0415 - slow

    known = read_directory(directory.read_bytes(), directory) if directory else shipped_directory()
    today = (day or datetime.now(UTC)).date()
    found = check_directory(known, today)
    if as_json:
        click.echo(json.dumps({"services": len(known.services), "tasks": [asdict(finding) for finding in found]}))
    else:
        for task, findings in groupby(found, key=lambda finding: finding.task):
            click.echo(f"{task}:")
            for finding in findings:
                click.echo(f"  {finding.entry}: {finding.facts}\n    {finding.remedy}")
        click.echo(f"{len(known.services)} services, {len(found)} tasks")
    if any(finding.task is HelpTask.HIDDEN for finding in found):
        sys.exit(1)
