# SPDX-License-Identifier: EUPL-1.2
"""`police2peer catalogue log`: the public log of what was issued; `catalogue audit`: its check from outside."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from police2peer.cli.unlocking import unlocking
from police2peer.errors import BadInput

if TYPE_CHECKING:
    from police2peer.catalogue import NoteKey

__all__ = ["audit", "log"]

_HOME = click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("catalogue"),
    show_default=True,
    help="The catalogue's own folder.",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
_FILE = click.Path(path_type=Path, dir_okay=False)
_MOST_BYTES = 64 * 1024  # of a checkpoint with its signatures


@click.group()
def log() -> None:
    """Keep the public log of everything that was issued, and name who watches it."""


@log.command()
@click.argument("name", metavar="NAME")
@_HOME
@_JSON
@unlocking
def init(name: str, home: Path, *, as_json: bool) -> None:
    """Begin a log called NAME, an address without https://, as example.org/warning-files."""
    from police2peer.catalogue import Home, Registry, agencies_of, begin_log  # noqa: PLC0415 - slow to import
    from police2peer.storage import write_whole  # noqa: PLC0415

    policy = begin_log(Home(home), name, now=datetime.now(UTC))
    with Registry(home) as registry:
        registry.sign_again(agencies_of(home))
    text = policy.keys[0].text()
    write_whole(home / "log.vkey", f"{text}\n".encode())
    told = {"name": policy.origin, "key": text, "key_file": str(home / "log.vkey")}
    click.echo(
        json.dumps(told)
        if as_json
        else f"the log {policy.origin} begins with the next publication, which seals every record anew\n"
        f"  hand {home / 'log.vkey'} to the witnesses in person: {text}"
    )


@log.command()
@click.option("--key-to", type=_FILE, help="Write the log's present public key to this file, for the witnesses.")
@_HOME
@_JSON
def show(key_to: Path | None, home: Path, *, as_json: bool) -> None:
    """Say how long the log is, and what each witness confirmed last."""
    from police2peer.catalogue import Home, describe_log  # noqa: PLC0415 - as in init
    from police2peer.storage import write_whole  # noqa: PLC0415

    told = describe_log(Home(home))
    if key_to:
        write_whole(key_to, f"{told['key']}\n".encode())
    if as_json:
        click.echo(json.dumps(told, indent=2))
        return
    click.echo(f"{told['name']}: {told['size']} entries, root {told['root']}")
    click.echo(f"  {told['needed']} of {len(told['witnesses'])} witnesses are asked for")
    for each in told["witnesses"]:
        done = f"confirmed {each['size']} entries on {each['at']}" if each["at"] else "has confirmed nothing yet"
        click.echo(f"  {each['name']} {done}")


@log.command()
@click.argument("keys", metavar="WITNESS.vkey...", nargs=-1, required=True, type=_FILE)
@click.option(
    "--needed", type=click.IntRange(1), required=True, help="How many of them must have confirmed a record."
)
@_HOME
@_JSON
@unlocking
def witnesses(keys: tuple[Path, ...], needed: int, home: Path, *, as_json: bool) -> None:
    """Name the witnesses of the log; needs two of the three targets keys, and their confirmations."""
    from police2peer.catalogue import Home, name_witnesses  # noqa: PLC0415 - as in init

    policy = name_witnesses(Home(home), _read_keys(keys), needed, now=datetime.now(UTC))
    names = [each.name for each in policy.witnesses]
    text = f"{needed} of {len(names)} witnesses are asked for, once published: {', '.join(names)}"
    click.echo(json.dumps({"needed": needed, "witnesses": names}) if as_json else text)


def _read_keys(paths: tuple[Path, ...]) -> "list[NoteKey]":
    from police2peer.catalogue import read_key_file  # noqa: PLC0415 - as in init

    return [read_key_file(path) for path in paths]


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as handle:
            return handle.read(_MOST_BYTES + 1)
    except OSError as error:
        raise BadInput(f"{path.name} cannot be read ({error.strerror})", remedy="give a checkpoint file") from error


@log.command("add-cosignature")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=_FILE)
@click.option("--key", "keys", multiple=True, type=_FILE, help="The .vkey of a witness that is not named yet.")
@_HOME
@_JSON
@unlocking
def add_cosignature(files: tuple[Path, ...], keys: tuple[Path, ...], home: Path, *, as_json: bool) -> None:
    """Take in what witnesses sent back, and lay it beside the published checkpoint."""
    from police2peer.catalogue import Home, add_cosignatures  # noqa: PLC0415 - as in init

    more, found = _read_keys(keys), []
    for path in files:
        found += add_cosignatures(Home(home), _read(path), more=more)
    told = [{"witness": each.witness.name, "at": each.at.isoformat()} for each in found]
    lines = [f"{each.witness.name} confirmed on {each.at:%Y-%m-%d %H:%M} UTC" for each in found]
    click.echo(json.dumps(told) if as_json else "\n".join(lines))


@click.command()
@click.argument("folder", metavar="FOLDER", type=click.Path(path_type=Path, file_okay=False))
@click.option("--root", type=_FILE, help="The pinned root: the log's key is then the one that the programme names.")
@click.option("--log-key", type=_FILE, help="Or the log's own key, log.vkey.")
@click.option("--since", type=_FILE, help="A checkpoint that was kept from before.")
@_JSON
def audit(folder: Path, root: Path | None, log_key: Path | None, since: Path | None, *, as_json: bool) -> None:
    """Check the whole log in FOLDER, a copy of a public catalogue: its tree, its growth, every record in it."""
    from police2peer.catalogue import audit_log, named_log_keys  # noqa: PLC0415 - as in init

    if (root is None) == (log_key is None):
        raise BadInput("the log's key is not known", remedy="give either --root root.json or --log-key log.vkey")
    keys = _read_keys((log_key,)) if log_key else named_log_keys(folder, _read_root(root), datetime.now(UTC))
    done = audit_log(folder, keys, since=_read(since) if since else None, progress=_tell_progress)
    told = {
        "name": done.signed.checkpoint.origin,
        "size": done.signed.size,
        "root": done.signed.root.hex(),
        "packs": done.packs,
        "records": done.records,
        "since": done.since,
        "entries_without_a_pack": done.without_pack,
        "packs_without_an_entry": list(done.unlogged),
    }
    if as_json:
        click.echo(json.dumps(told, indent=2))
        return
    click.echo(f"{told['name']} holds: {done.size_text()}")
    for line in done.remarks():
        click.echo(f"  {line}")


def _tell_progress(done: int, total: int) -> None:
    """Count on one line while somebody is looking."""
    if sys.stderr.isatty() and (done == total or done % 4096 == 0):
        click.echo(f"\r{done} of {total}", nl=done == total, err=True)


def _read_root(path: Path | None) -> bytes:
    if path is None:
        raise TypeError("asked before")
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"the pinned root cannot be read ({error.strerror})", remedy="name the root.json") from error
