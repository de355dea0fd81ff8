# SPDX-License-Identifier: EUPL-1.2
"""`police2peer lab demo`: the whole mission on this machine's loopback network."""

import os
import sys
from pathlib import Path

import click

__all__ = ["demo"]


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path("demo"))
@click.option("--here", is_flag=True, help="Stay in this network; programs of others are then left out.")
def demo(folder: Path, *, here: bool) -> None:
    """Go through the whole mission in FOLDER, and end with FOLDER/report.html.

    Where the system allows it, the demo moves into a network namespace without a way out, so that aria2,
    Transmission and qBittorrent can take part when they are installed.
    """
    from police2peer.lab import inside, is_closed, is_usable  # noqa: PLC0415 - nothing else needs it

    if not here and not is_closed() and is_usable():
        command = inside([sys.executable, "-m", "police2peer", "lab", "demo", str(folder), "--here"])
        os.execv(command[0], command)  # noqa: S606 - becoming the namespace's program is the purpose
    from rich.console import Console  # noqa: PLC0415

    from police2peer.lab import print_summary, run_demo  # noqa: PLC0415 - loads every part

    console = Console(highlight=False)
    report = run_demo(folder, console)
    print_summary(console, report, folder)
    if not report.is_as_it_should_be:
        raise SystemExit(1)
