# SPDX-License-Identifier: EUPL-1.2
"""`police2peer make`: every warning file of a campaign."""

import json
import os
import secrets
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import ExitStack
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.progress import Progress

    from police2peer.warningfiles import Manifest

__all__ = ["make"]

_WORTH_PROCESSES = 24  # files; below, starting workers takes longer than they save


@click.command()
@click.argument("campaign", metavar="[CAMPAIGN]", default=Path(), type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Where to [default: files/ beside it].")
@click.option("--jobs", type=click.IntRange(1), default=None, help="How many processes [default: one a core].")
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Make on a Dask cluster (tcp://HOST:PORT) whose machines share the folder of the files.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def make(campaign: Path, out: Path | None, jobs: int | None, scheduler: str | None, *, as_json: bool) -> None:
    """Make the warning files of the campaign at CAMPAIGN (a folder or its campaign.toml).

    Can be stopped and run again: what was made stays, with its code, unless the words behind it changed.
    """
    from rich.console import Console  # noqa: PLC0415 - slow to import
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    from police2peer.campaign import load_campaign  # noqa: PLC0415
    from police2peer.warningfiles import make_campaign, new_code  # noqa: PLC0415

    found = load_campaign(campaign)
    folder = out or found.folder / "files"
    workers = jobs or os.cpu_count() or 1
    columns = (TextColumn("making warning files"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with ExitStack() as stack:
        console = Console(stderr=True)
        bar = stack.enter_context(
            Progress(*columns, console=console, transient=True, disable=not console.is_terminal or as_json)
        )
        task = bar.add_task("making", total=None)
        executor = _executor(stack, scheduler, workers, len(found.recipes()))
        manifest = make_campaign(
            found,
            folder,
            new_code=lambda: new_code(secrets.token_bytes),
            progress=lambda done, total: bar.update(task, completed=done, total=total),
            executor=executor,
        )
        _stretch_codes(manifest, bar)
    count: dict[str, int] = {}
    for file in manifest.files:
        count[file.format] = count.get(file.format, 0) + 1
    told = {"campaign": manifest.campaign_id, "files": len(manifest.files), "formats": count, "folder": str(folder)}
    if as_json:
        click.echo(json.dumps(told))
    else:
        kinds = ", ".join(f"{number} {kind}" for kind, number in sorted(count.items()))
        click.echo(f"{len(manifest.files)} warning files in {folder}: {kinds}")


def _stretch_codes(manifest: "Manifest", bar: "Progress") -> None:
    """Stretch the new codes where a catalogue is here already, so that entering the files takes no time."""
    from police2peer.catalogue import Home, Registry  # noqa: PLC0415 - only where there is one

    home = Home(Path("catalogue"))
    if not home.exists:
        return
    task = bar.add_task("stretching codes", total=None)
    with Registry(home.folder) as registry:
        codes = registry.not_entered([file.code for file in manifest.files if file.code])
        registry.stretch_ahead(codes, lambda done, total: bar.update(task, completed=done, total=total))


def _executor(stack: ExitStack, scheduler: str | None, workers: int, files: int) -> Executor | None:
    """Give what makes files side by side: a cluster, processes of this machine, or nothing for a few files."""
    if scheduler is not None:
        from police2peer.warningfiles.cluster import cluster_executor  # noqa: PLC0415 - an extra

        return stack.enter_context(cluster_executor(scheduler))
    if workers > 1 and files >= _WORTH_PROCESSES:
        pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_end_with_parent)
        return stack.enter_context(pool)
    return None


def _end_with_parent() -> None:
    """End this worker when the command is killed: workers hold each other's pipes open and would wait for ever."""
    parent = parent_process()
    if parent is not None:
        Thread(target=_end_after, args=(parent.join,), daemon=True).start()


def _end_after(wait: Callable[[], None]) -> None:
    wait()
    os._exit(1)
