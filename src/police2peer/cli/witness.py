# SPDX-License-Identifier: EUPL-1.2
"""`police2peer witness`: what a partner runs to confirm that a programme's log only grows."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from police2peer.cli.unlocking import unlocking
from police2peer.errors import BadInput

if TYPE_CHECKING:
    from police2peer.catalogue import Confirmed

__all__ = ["witness"]

_HOME = click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("witness"),
    show_default=True,
    help="The witness's own folder; private but for witness.vkey.",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


@click.group()
def witness() -> None:
    """Confirm, as a partner, that the public log of a programme only grows."""


@witness.command()
@click.option("--name", required=True, help="Yours: an address without https://, as police.example/witness.")
@click.option(
    "--log-key",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="The programme's log.vkey, received in person.",
)
@_HOME
@_JSON
def init(name: str, log_key: Path, home: Path, *, as_json: bool) -> None:
    """Make the witness's key for one log."""
    from police2peer.catalogue import begin_witness, read_key_file  # noqa: PLC0415 - loads on use

    log = read_key_file(log_key)
    public = begin_witness(home, name, log)
    told = {"name": name, "key": public.text(), "key_file": str(home / "witness.vkey"), "log": log.name}
    text = f"witness of {log.name}; hand {home / 'witness.vkey'} to the programme in person: {public.text()}"
    click.echo(json.dumps(told) if as_json else text)


@witness.command()
@click.argument("log_key", metavar="LOG.vkey", type=click.Path(path_type=Path, dir_okay=False))
@_HOME
@_JSON
def follow(log_key: Path, home: Path, *, as_json: bool) -> None:
    """Go on with a new key of the log, received in person; what was confirmed before stays known."""
    from police2peer.catalogue import Witness, read_key_file  # noqa: PLC0415 - as in init

    log = read_key_file(log_key)
    Witness(home).follow(log)
    click.echo(json.dumps({"log": log.name, "key": log.text()}) if as_json else f"follows {log.text()}")


@witness.command()
@click.argument("request", metavar="REQUEST", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--to",
    "out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where the answer is written  [default: confirmations/SIZE in the witness's folder]",
)
@_HOME
@_JSON
@unlocking
def answer(request: Path, out: Path | None, home: Path, *, as_json: bool) -> None:
    """Confirm a sealed ledger from REQUEST, which its node made; nothing that is in the ledger is needed or seen."""
    from police2peer.catalogue import Witness  # noqa: PLC0415 - as in init

    try:
        raw = request.read_bytes()
    except OSError as error:
        raise BadInput(f"{request.name} cannot be read", remedy="give the file that the node made") from error
    _keep(Witness(home).answer(raw, now := datetime.now(UTC)), out, home, now, as_json=as_json)


def _keep(done: "Confirmed", out: Path | None, home: Path, now: datetime, *, as_json: bool) -> None:
    """Write a confirmation and say where it is."""
    from police2peer.storage import write_whole  # noqa: PLC0415 - as in init

    path = out or home / "confirmations" / str(done.size)
    write_whole(path, done.note.to_bytes())
    told = {"size": done.size, "size_before": done.size_before, "file": str(path), "at": now.isoformat()}
    since = "seen for the first time" if done.size_before is None else f"{done.size_before} confirmed before"
    text = f"confirmed: {done.size} entries ({since}); send back {path}"
    click.echo(json.dumps(told) if as_json else text)


@witness.command()
@click.argument("folder", metavar="FOLDER", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--to",
    "out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where the confirmation is written  [default: confirmations/SIZE in the witness's folder]",
)
@_HOME
@_JSON
@unlocking
def cosign(folder: Path, out: Path | None, home: Path, *, as_json: bool) -> None:
    """Confirm the log in FOLDER, a copy of the public catalogue or of its log/, if it only grew."""
    from police2peer.catalogue import Witness  # noqa: PLC0415 - as in init

    now = datetime.now(UTC)
    _keep(Witness(home).confirm(folder, now), out, home, now, as_json=as_json)
