# SPDX-License-Identifier: EUPL-1.2
"""A catalogue of many agencies: what an agency hands over, and what the coordinating body does with it."""

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from police2peer.cli.unlocking import unlocking
from police2peer.errors import BadInput

__all__ = ["accept", "agency", "contribute"]

_FILE = click.Path(path_type=Path, dir_okay=False)
_FOLDER = click.Path(path_type=Path, file_okay=False)
_AGENCY_HOME = click.option(
    "--home", type=_FOLDER, default=Path("catalogue"), show_default=True, help="The agency's own folder."
)
_HOME = click.option(
    "--home", type=_FOLDER, default=Path("catalogue"), show_default=True, help="The coordinating body's folder."
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


@click.group()
def agency() -> None:
    """Take part in a catalogue as an agency (new, join, new-key), or name those who do (add, key, leave, list)."""


# The agency's side


@agency.command()
@_AGENCY_HOME
@_JSON
@unlocking
def new(home: Path, *, as_json: bool) -> None:
    """Make the key of an agency that takes part in another body's catalogue."""
    from police2peer.catalogue import begin_agency  # noqa: PLC0415 - python-tuf is slow to import

    _tell_public_key(begin_agency(home), as_json=as_json)


@agency.command("new-key")
@_AGENCY_HOME
@_JSON
@unlocking
def new_key(home: Path, *, as_json: bool) -> None:
    """Make a new key; the next contribution signs every record with it."""
    from police2peer.catalogue import replace_own_key  # noqa: PLC0415 - as in new

    _tell_public_key(replace_own_key(home, now=datetime.now(UTC)), as_json=as_json)


def _tell_public_key(path: Path, *, as_json: bool) -> None:
    from police2peer.campaign import read_public_key  # noqa: PLC0415 - as in new

    key = read_public_key(path).hex()
    text = f"{key}\n  hand {path} to the coordinating body, and read the key to them over another way"
    click.echo(json.dumps({"public": str(path), "key": key}) if as_json else text)


@agency.command()
@click.argument("published", metavar="CATALOGUE", type=_FOLDER)
@click.option(
    "--root", type=_FILE, required=True, help="The pinned root, obtained from the coordinating body by hand."
)
@_AGENCY_HOME
@_JSON
def join(published: Path, root: Path, home: Path, *, as_json: bool) -> None:
    """Begin the agency's register, for the CATALOGUE (a fresh copy of its public folder) that names its key."""
    from police2peer.catalogue import join_catalogue  # noqa: PLC0415 - as in new

    try:
        pinned = root.read_bytes()
    except OSError as error:
        raise BadInput(f"{root.name} cannot be read", remedy="give the root that verifiers pin") from error
    joined = join_catalogue(home, published, pinned, now=datetime.now(UTC))
    told = {"role": joined.role, "name": joined.name, "country": joined.country}
    click.echo(json.dumps(told) if as_json else f"{joined.name} ({joined.country}) takes part as {joined.role}")


@click.command()
@click.option("-o", "--out", type=_FILE, required=True, help="Where the contribution is written to.")
@click.option("--everything", is_flag=True, help="All records, in the place of all that was handed over before.")
@click.option(
    "--after", type=click.IntRange(0), default=0, help="The number that was accepted last, if it is higher."
)
@click.option("--again", type=click.IntRange(1), metavar="NUMBER", help="One that was made before, once more.")
@_AGENCY_HOME
@_JSON
@unlocking
def contribute(out: Path, after: int, again: int | None, home: Path, *, everything: bool, as_json: bool) -> None:
    """Write what waits, sealed and signed, into a file for the body that coordinates the catalogue."""
    from police2peer.catalogue import contribute as make  # noqa: PLC0415 - as in new
    from police2peer.catalogue import contribute_again  # noqa: PLC0415
    from police2peer.cli.catalogue import progress_bar  # noqa: PLC0415 - that module imports this one

    if again is not None:
        contribute_again(home, again, out)
        click.echo(json.dumps({"sequence": again}) if as_json else f"contribution {again} is in {out.name} again")
        return
    with progress_bar("sealing records") as progress:
        now = datetime.now(UTC)
        done = make(home, out, now=now, everything=everything, after=after, progress=progress)
    told = {"sequence": done.sequence if done else None, "records": done.records if done else 0}
    text = (
        f"contribution {done.sequence} with {done.records} records" if done else "nothing waits; no file was written"
    )
    click.echo(json.dumps(told) if as_json else text)


# The coordinating body's side


@agency.command()
@click.option("--key", type=_FILE, required=True, help="The agency's public key, compared with the agency by voice.")
@click.option("--agency", "name", required=True, help="The agency's public name.")
@click.option("--country", required=True, help="Its country, as NL or FR.")
@_HOME
@_JSON
@unlocking
def add(key: Path, name: str, country: str, home: Path, *, as_json: bool) -> None:
    """Name an agency that keeps its key itself; needs two of the three targets keys."""
    from police2peer.campaign import read_public_key  # noqa: PLC0415 - as in new
    from police2peer.catalogue import add_agency  # noqa: PLC0415

    role = add_agency(home, read_public_key(key), agency=name, country=country, now=datetime.now(UTC))
    text = f"{name} ({country}) is named as {role}, once published"
    click.echo(json.dumps({"role": role}) if as_json else text)


@agency.command()
@click.argument("role")
@click.option(
    "--key", "keys", type=_FILE, required=True, multiple=True, help="A public key; any one of several signs."
)
@_HOME
@_JSON
@unlocking
def key(role: str, keys: tuple[Path, ...], home: Path, *, as_json: bool) -> None:
    """Let exactly these keys sign the records of ROLE; needs two of the three targets keys."""
    from police2peer.campaign import read_public_key  # noqa: PLC0415 - as in new
    from police2peer.catalogue import set_agency_keys  # noqa: PLC0415

    set_agency_keys(home, role, [read_public_key(path) for path in keys], now=datetime.now(UTC))
    text = f"{role} signs with {len(keys)} {'key' if len(keys) == 1 else 'keys'}, once published"
    click.echo(json.dumps({"role": role, "keys": len(keys)}) if as_json else text)


@agency.command()
@click.argument("role")
@_HOME
@_JSON
@unlocking
def leave(role: str, home: Path, *, as_json: bool) -> None:
    """Name ROLE no more; needs two of the three targets keys. Its files are answered by *cannot tell* then."""
    from police2peer.catalogue import leave_agency  # noqa: PLC0415 - as in new

    leave_agency(home, role, now=datetime.now(UTC))
    text = f"{role} is named no more, once published; nothing that it signed is genuine then"
    click.echo(json.dumps({"left": role}) if as_json else text)


@agency.command("list")
@_HOME
@_JSON
def list_agencies(home: Path, *, as_json: bool) -> None:
    """List the agencies that the catalogue names."""
    from police2peer.catalogue import agencies_of  # noqa: PLC0415 - as in new

    found = sorted(agencies_of(home).items())
    if as_json:
        click.echo(json.dumps({role: {"name": name, "country": country} for role, (name, country) in found}))
        return
    for role, (name, country) in found:
        click.echo(f"{role}  {name} ({country})")


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=_FILE)
@_HOME
@_JSON
def accept(files: tuple[Path, ...], home: Path, *, as_json: bool) -> None:
    """Check contributions of agencies, and merge them at the next publication."""
    from police2peer.catalogue import accept_contribution  # noqa: PLC0415 - as in new

    found = [accept_contribution(home, path) for path in files]
    if as_json:
        told = [{"agency": each.agency, "sequence": each.sequence, "records": each.records} for each in found]
        click.echo(json.dumps(told))
        return
    for each in found:
        click.echo(f"{each.agency}: contribution {each.sequence} with {each.records} records, once published")
