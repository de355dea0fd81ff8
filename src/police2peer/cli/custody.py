# SPDX-License-Identifier: EUPL-1.2
"""`police2peer custody`: the log of what was done with records, for who keeps it and for who supervises."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from police2peer.cli.evidence_looking import report
from police2peer.cli.evidence_options import CUSTODY
from police2peer.cli.evidence_retention import follow
from police2peer.cli.unlocking import unlocking

if TYPE_CHECKING:
    from police2peer.contacts.evidence import CustodyEntry

__all__ = ["custody"]

_JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


@click.group()
def custody() -> None:
    """Keep and check the log of every collection, look, disclosure and erasure (LED Art. 25)."""


@custody.command()
@click.argument("name", metavar="NAME")
@CUSTODY
@_JSON
def init(name: str, custody_path: Path, *, as_json: bool) -> None:
    """Begin a log called NAME, an address without https://, as police.example/custody."""
    from police2peer.contacts.evidence import begin_custody  # noqa: PLC0415 - loads on use

    key = begin_custody(custody_path, name)
    text = f"the custody log {name} begins; hand {custody_path / 'custody.vkey'} to the supervisory authority: "
    click.echo(json.dumps({"name": name, "key": key.text()}) if as_json else text + key.text())


@custody.command()
@CUSTODY
@_JSON
@unlocking
def show(custody_path: Path, *, as_json: bool) -> None:
    """Print every entry, oldest first, after checking it."""
    from police2peer.contacts.evidence import Custody  # noqa: PLC0415 - as in init

    for entry in Custody(custody_path).entries():
        click.echo(entry.to_bytes().decode() if as_json else _line(entry))


def _line(entry: "CustodyEntry") -> str:
    from police2peer.contacts.evidence import shown  # noqa: PLC0415 - as in init

    to = f" to {', '.join(entry.to)}" if entry.to else ""
    about = f" [{entry.count} entries of {entry.ledger}]" if entry.count else ""
    request = f" request {entry.request}" if entry.request else ""
    why = f"{entry.why}; {entry.ground}" if entry.ground else entry.why
    said = f"{entry.number:>5}  {entry.at:%Y-%m-%d %H:%M:%S} UTC  {entry.act.value:<12}  {entry.who}{to}: {why}"
    return shown(f"{said}{request}{about}", 2000)


@custody.command()
@click.option(
    "--since",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="A checkpoint that was kept from before (custody/log/checkpoint).",
)
@CUSTODY
@_JSON
def verify(since: Path | None, custody_path: Path, *, as_json: bool) -> None:
    """Check the whole log: its chain, its tree, every signature, and that it only grew."""
    from police2peer.contacts.evidence import Custody  # noqa: PLC0415 - as in init

    log = Custody(custody_path)
    count = sum(1 for _ in log.entries())
    old = log.check_since(since.read_bytes()) if since else None
    told = {
        "name": log.key.name,
        "entries": count,
        "root": log.checkpoint().root.hex(),
        "since": None if old is None else old.size,
    }
    if as_json:
        click.echo(json.dumps(told))
        return
    grew = "" if old is None else f"; it begins with the {old.size} entries of the older checkpoint"
    click.echo(f"{log.key.name} holds: {count} entries, root {told['root']}{grew}")


custody.add_command(report)
custody.add_command(follow)
