# SPDX-License-Identifier: EUPL-1.2
"""`police2peer catalogue`: begin, fill, publish and renew the signed register of warning files."""

import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from police2peer.cli.catalogue_log import audit, log
from police2peer.cli.ceremony import ceremony, prepare_keys
from police2peer.cli.programme import accept, agency, contribute
from police2peer.cli.unlocking import NAMED_KEY, unlocking
from police2peer.errors import BadInput

if TYPE_CHECKING:
    from police2peer.campaign import TokenUri

__all__ = ["catalogue", "progress_bar"]

_HOME = click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("catalogue"),
    show_default=True,
    help="The agency's catalogue folder; all but its public/ is private.",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


@click.group()
def catalogue() -> None:
    """Keep the signed register of warning files."""


catalogue.add_command(log)
catalogue.add_command(audit)
catalogue.add_command(ceremony)
catalogue.add_command(agency)
catalogue.add_command(contribute)
catalogue.add_command(accept)


@catalogue.command()
@click.option("--agency", help="The agency's public name  [default: the authority in campaign.toml]")
@click.option("--country", help="Its country, as NL or FR  [default: the country in campaign.toml]")
@click.option("--key", "keys", multiple=True, type=NAMED_KEY, metavar="NAME=KEY", help="Take this key, make none.")
@click.option("--encrypt", is_flag=True, help="Lock each of the offline keys that are made with a pass phrase.")
@_HOME
@_JSON
@unlocking
def init(
    agency: str | None,
    country: str | None,
    keys: "tuple[tuple[str, Path | TokenUri | None], ...]",
    home: Path,
    *,
    encrypt: bool,
    as_json: bool,
) -> None:
    """Begin a catalogue with its keys, or name one more agency in it.

    KEY is a key file, or pkcs11:... for a key in a token; NAME is root-1, targets-2, online and so on.
    """
    from police2peer.catalogue import OFFLINE_KEYS, Home, init_catalogue  # noqa: PLC0415 - python-tuf is slow to import

    if (keys or encrypt) and Home(home).exists:
        raise BadInput("there is a catalogue in this folder", remedy="replace keys with: police2peer catalogue renew")
    prepare_keys(home, (dict.fromkeys(OFFLINE_KEYS) if encrypt else {}) | dict(keys), encrypt=encrypt)
    if agency is None or country is None:
        authority, of_country = _read_authority()
        agency, country = agency or authority, country or of_country
    role = init_catalogue(home, agency=agency, country=country, now=datetime.now(UTC))
    if as_json:
        click.echo(json.dumps({"role": role, "home": str(home), "root": str(home / "root.json")}))
        return
    click.echo(f"{agency} ({country}) is named as {role}")
    click.echo(f"  verifiers pin {home / 'root.json'}; carry the keys root-* and targets-* to their keepers")


def _read_authority() -> tuple[str, str]:
    from police2peer.campaign import load_campaign  # noqa: PLC0415 - only where it is needed

    try:
        order = load_campaign(Path()).order
    except BadInput as error:
        raise BadInput(
            "the agency's name and country were not given", remedy='give --agency "NAME" --country CC'
        ) from error
    return order.authority, order.country


@catalogue.command()
@click.argument("manifest", metavar="[MANIFEST]", default=Path("files"), type=click.Path(path_type=Path))
@click.option("--agency", help="The role of the agency whose files these are, where the catalogue names several.")
@click.option(
    "--network-ids",
    type=click.Path(path_type=Path, dir_okay=False),
    help="What networks call the files  [default: network-ids.json, if there is one]",
)
@_HOME
@_JSON
def add(manifest: Path, agency: str | None, network_ids: Path | None, home: Path, *, as_json: bool) -> None:
    """Enter the files of a MANIFEST (or the folder it lies in). The same file again changes nothing."""
    from police2peer.catalogue import Registry, agencies_of, drafts_of, read_network_ids  # noqa: PLC0415 - as in init
    from police2peer.warningfiles import read_manifest  # noqa: PLC0415

    today = datetime.now(UTC).date()
    role = _choose_agency(agencies_of(home), agency)
    made = read_manifest(manifest) if manifest.is_dir() else read_manifest(manifest.parent, manifest.name)
    ids_path = network_ids or Path("network-ids.json")
    ids = read_network_ids(ids_path) if network_ids or ids_path.is_file() else {}
    drafts = drafts_of(made, agency=role, issued_on=today, network_ids=ids)
    with Registry(home) as registry, progress_bar("entering codes") as progress:
        added = registry.add(drafts, now=today, progress=progress)
        count = registry.count()
    told = {"added": added, "files": len(drafts), **count}
    text = f"{added} of {len(drafts)} files are new or changed; {count['waiting']} records wait for publication"
    click.echo(json.dumps(told) if as_json else text)


def _choose_agency(known: dict[str, tuple[str, str]], wanted: str | None) -> str:
    if wanted is None and len(known) == 1:
        return next(iter(known))
    if wanted in known:
        return str(wanted)
    roles = ", ".join(f"{role} ({name}, {country})" for role, (name, country) in sorted(known.items()))
    raise BadInput("it is not clear whose files these are", remedy=f"give --agency with one of: {roles}")


@catalogue.command()
@click.argument("what", metavar="ID|CODE|SHA256...", nargs=-1, required=True)
@_HOME
@_JSON
def withdraw(what: tuple[str, ...], home: Path, *, as_json: bool) -> None:
    """Withdraw files; whoever checks them after the next publication is told so."""
    from police2peer.catalogue import Registry  # noqa: PLC0415 - as in init

    today = datetime.now(UTC).date()
    with Registry(home) as registry:
        ids = [registry.withdraw(_as_entered(each), now=today) for each in what]
    click.echo(json.dumps({"withdrawn": ids}) if as_json else f"withdrawn, once published: {', '.join(ids)}")


def _as_entered(what: str) -> str:
    """Read a code as people type it; leave ids and hashes as they are."""
    from police2peer.warningfiles import parse_code  # noqa: PLC0415 - as in init

    try:
        return parse_code(what)
    except BadInput:
        return what


@catalogue.command()
@click.option(
    "--to",
    "out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the public catalogue lies  [default: public/ in the catalogue folder]",
)
@_HOME
@_JSON
@unlocking
def publish(out: Path | None, home: Path, *, as_json: bool) -> None:
    """Publish what waits, and make the catalogue fresh for another day. Run it every few hours."""
    from police2peer.catalogue import publish_catalogue  # noqa: PLC0415 - as in init

    with progress_bar("signing records") as progress:
        done = publish_catalogue(home, out, now=datetime.now(UTC), progress=progress)
    told = {"at": done.at.isoformat(), "version": done.version, "records": done.records, "entries": done.entries}
    text = f"published {done.records} records; version {done.version}, {done.entries} entries in all"
    click.echo(json.dumps(told) if as_json else text)


@catalogue.command()
@click.option("--replace", multiple=True, type=NAMED_KEY, metavar="NAME[=KEY]", help="Put a new key in this place.")
@click.option("--encrypt", is_flag=True, help="Lock each of the offline keys that are made with a pass phrase.")
@_HOME
@_JSON
@unlocking
def renew(
    replace: "tuple[tuple[str, Path | TokenUri | None], ...]", home: Path, *, encrypt: bool, as_json: bool
) -> None:
    """Sign root and targets for another year; needs two of the three root keys and of the three targets keys.

    KEY is a key file, or pkcs11:... for a key in a token; without it a key is made.
    """
    from police2peer.catalogue import Home, renew_trust  # noqa: PLC0415 - as in init

    Home(home).check_coordinates()
    names = prepare_keys(home, dict(replace), encrypt=encrypt)
    renew_trust(home, now=datetime.now(UTC), replace=names)
    text = "root and targets hold for another year, once published"
    click.echo(json.dumps({"replaced": names}) if as_json else text)


@contextlib.contextmanager
def progress_bar(text: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar when somebody is looking."""
    if not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    from rich.console import Console  # noqa: PLC0415 - slow to import
    from rich.progress import Progress  # noqa: PLC0415

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(text)
        yield lambda done, total: bar.update(task, completed=done, total=total)
