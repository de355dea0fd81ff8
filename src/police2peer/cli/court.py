# SPDX-License-Identifier: EUPL-1.2
"""`police2peer lab court`: how a contact is recorded, replayed and held against the wire."""

import json
import os
import sys
from pathlib import Path

import click

__all__ = ["court"]


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path("court"))
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def court(folder: Path, *, as_json: bool) -> None:
    """Replay in FOLDER how a contact is recorded, compare it with the wire, and write FOLDER/court.html.

    It moves into a network namespace without a way out. aria2 takes part when it is installed.
    """
    from police2peer.errors import Unavailable  # noqa: PLC0415 - nothing else needs them
    from police2peer.lab import inside, is_closed, is_usable, run_court, write_court_page  # noqa: PLC0415

    if not is_closed():
        if not is_usable():
            raise Unavailable(
                "this system lets nobody make a network namespace, and the listener needs one",
                remedy="run it as root, or where user namespaces are permitted",
            )
        flags = ["--json"] if as_json else []
        command = inside([sys.executable, "-m", "police2peer", "lab", "court", str(folder), *flags])
        os.execv(command[0], command)  # noqa: S606 - becoming the namespace's program is the purpose
    report = run_court(folder, lambda text: click.echo(f"  {text}", err=as_json))
    page = folder / "court.html"
    write_court_page(page, report)
    lines = [line for each in report.comparisons for line in each.lines]
    told = {
        "holds": report.holds,
        "seconds": round(report.seconds, 1),
        "records": len(report.comparisons),
        "compared": len(lines),
        "agree": sum(line.agrees for line in lines),
        "unrecorded": list(report.unrecorded),
        "recorded_without_asking": report.unexplained,
        "page": str(page),
    }
    if as_json:
        click.echo(json.dumps(told))
    else:
        for each in report.errors:
            click.echo(f"  known errors: {each.wrong} of {each.trials:,}: {each.question}")
        verdict = "everything agrees" if report.holds else "NOT everything agrees"
        click.echo(f"{verdict}: {told['agree']} of {told['compared']} numbers, {page} ({report.seconds:.0f} s)")
    if not report.holds:
        raise SystemExit(1)
