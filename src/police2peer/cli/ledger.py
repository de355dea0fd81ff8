# SPDX-License-Identifier: EUPL-1.2
"""`police2peer ledger`: the sealed ledger from outside; no command here opens a record."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from police2peer.errors import BadInput

if TYPE_CHECKING:
    from police2peer.catalogue import NoteKey
    from police2peer.contacts.ledger import Inspection, LedgerReader
    from police2peer.presence import Settings

__all__ = ["ledger"]

_FILE = click.Path(path_type=Path, dir_okay=False)
_PLACE = click.argument(
    "place", metavar="PLACE", type=click.Path(path_type=Path, exists=True, file_okay=False), default=Path()
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
_KEY = click.option("--key", "key_path", type=_FILE, help="The ledger's ledger.vkey, received in person.")
_AUTHORITY = click.option("--authority", type=_FILE, help="Root certificates (PEM) of time-stamping services.")


@click.group()
def ledger() -> None:
    """Verify the sealed ledger, have it confirmed and stamped, erase from it.

    PLACE is a ledger, a copy of one, or the folder of a unit that has one.
    """


def _is_ledger(place: Path) -> bool:
    return (place / "segments").is_dir()


def _settings(place: Path) -> "Settings":
    from police2peer.presence import read_settings  # noqa: PLC0415 - slow to load

    return read_settings(place)


def _open(place: Path, key_path: Path | None = None) -> "LedgerReader":
    from police2peer.catalogue import read_key_file  # noqa: PLC0415 - slow to load
    from police2peer.contacts.ledger import LedgerReader  # noqa: PLC0415

    path = place if _is_ledger(place) else _settings(place).ledger
    return LedgerReader(path, None if key_path is None else read_key_file(key_path))


def _witnesses(place: Path, given: tuple[Path, ...], needed: int | None) -> "tuple[tuple[NoteKey, ...], int]":
    from police2peer.catalogue import read_key_file  # noqa: PLC0415 - as above

    settings = None if given or _is_ledger(place) else _settings(place)
    paths = given if settings is None else settings.witnesses
    most = len(paths) if settings is None else settings.witnesses_needed
    if needed is not None and needed > len(paths):
        raise BadInput(f"{needed} of {len(paths)} witnesses cannot be asked for", remedy="name them with --witness")
    return tuple(map(read_key_file, paths)), most if needed is None else needed


@ledger.command()
@_PLACE
@_KEY
@click.option("--witness", "witness_paths", multiple=True, type=_FILE, help="A partner's witness.vkey; repeat it.")
@click.option("--needed", type=click.IntRange(min=0), help="How many witnesses must have confirmed  [default: all]")
@_AUTHORITY
@_JSON
def verify(
    place: Path,
    key_path: Path | None,
    witness_paths: tuple[Path, ...],
    needed: int | None,
    authority: Path | None,
    *,
    as_json: bool,
) -> None:
    """Check every byte of the ledger in PLACE, its witnesses and time stamps; no key to open it is needed.

    Exit code 1 when something does not hold, or too few witnesses have confirmed.
    """
    from police2peer.contacts.ledger import inspect_ledger, read_authorities  # noqa: PLC0415 - as above

    reader = _open(place, key_path)
    witnesses, most = _witnesses(place, witness_paths, needed)
    authorities = () if authority is None else read_authorities(authority)
    found = inspect_ledger(reader, witnesses=witnesses, needed=most, authorities=authorities)
    if as_json:
        click.echo(json.dumps(_plain(found), indent=1))
    else:
        _print(found, most)
    if most and not found.confirmed:
        raise SystemExit(1)


def _plain(found: "Inspection") -> dict[str, object]:
    return {
        "origin": found.origin,
        "entries": found.size,
        "segments": found.segments,
        "signed_at": found.signed_at.isoformat(),
        "closed": found.closed,
        "bytes_behind_the_last_commit": found.rest_bytes,
        "confirmed_entries": found.confirmed,
        "confirmations": [
            {"witness": each.witness.name, "entries": each.size, "at": each.at.isoformat()}
            for each in found.confirmations
        ],
        "stamps": [{"entries": each.size, "at": each.at.isoformat()} for each in found.stamps],
        "erased_segments": found.erased_segments,
        "erased_records": found.erased_records,
        "orders": found.orders,
        "recipients": found.recipients,
        "warnings": found.warnings,
    }


def _print(found: "Inspection", needed: int) -> None:
    click.echo(f"{found.origin}: {found.size} entries in {found.segments} segments hold")
    click.echo(f"  orders      {', '.join(found.orders)}")
    click.echo(f"  sealed to   {', '.join(found.recipients)}")
    how = "closed" if found.closed else "open: being written, or it ended without being closed"
    click.echo(f"  signed      {found.signed_at:%Y-%m-%d %H:%M:%S} UTC, {how}")
    for each in found.confirmations:
        click.echo(f"  witness     {each.witness.name}: {each.size} entries at {each.at:%Y-%m-%d %H:%M:%S} UTC")
    if needed:
        rest = found.size - found.confirmed
        click.echo(f"  confirmed   {found.confirmed} entries by {needed}; {rest} newer ones only by the node's key")
    else:
        click.echo("  confirmed   by nobody: whoever has the node's key could have rewritten it")
    for stamp in found.stamps:
        click.echo(f"  stamped     {stamp.size} entries were there at {stamp.at:%Y-%m-%d %H:%M:%S} UTC")
    if found.erased_segments or found.erased_records:
        click.echo(f"  erased      {len(found.erased_segments)} segments, {found.erased_records} single records")
    for warning in found.warnings:
        click.echo(click.style(f"  look        {warning}", fg="yellow"))


@ledger.command()
@_PLACE
@_JSON
def status(place: Path, *, as_json: bool) -> None:
    """Say quickly how the ledger in PLACE stands, without checking what lies in it."""
    reader = _open(place)
    newest, numbers = reader.folder.newest_state(reader.key), reader.folder.segment_numbers()
    taken = sum(reader.folder.segment_file(number).stat().st_size for number in numbers)
    keys = sum(reader.folder.keys_file(number).exists() for number in numbers)
    told = {
        "origin": reader.origin,
        "key": reader.key.text(),
        "entries": 0 if newest is None else newest.size,
        "signed_at": None if newest is None else newest.at.isoformat(),
        "closed": None if newest is None else newest.closed,
        "segments": len(numbers),
        "segments_with_keys": keys,
        "bytes": taken,
    }
    if as_json:
        click.echo(json.dumps(told))
        return
    click.echo(f"{reader.origin}: {told['entries']} entries, {len(numbers)} segments, {taken / 1e6:.1f} MB")
    click.echo(f"  key         {reader.key.text()}")
    click.echo(f"  with keys   {keys} segments; the others were erased")
    if newest is not None:
        end = "closed" if newest.closed else "open"
        click.echo(f"  signed      {newest.at:%Y-%m-%d %H:%M:%S} UTC, {end}")


@ledger.command("ask-witness")
@_PLACE
@click.option("--witness", "witness_path", required=True, type=_FILE, help="The partner's witness.vkey.")
@click.option("--to", "out", required=True, type=_FILE, help="Where the request is written.")
def ask_witness(place: Path, witness_path: Path, out: Path) -> None:
    """Make a request that a partner can confirm; it holds a signed state and hashes, nothing of what is sealed."""
    from police2peer.catalogue import read_key_file  # noqa: PLC0415 - as above
    from police2peer.contacts import ledger as sealed  # noqa: PLC0415
    from police2peer.storage import write_whole  # noqa: PLC0415

    reader = _open(place)
    write_whole(out, sealed.ask_witness(reader, read_key_file(witness_path)))
    click.echo(f"{len(reader)} entries to confirm; the partner runs `police2peer witness answer {out.name}`")


@ledger.command("add-confirmation")
@_PLACE
@click.option("--witness", "witness_paths", multiple=True, type=_FILE, help="The partner's witness.vkey.")
@click.option("--answer", required=True, type=_FILE, help="What the partner sent back.")
@_JSON
def add_confirmation(place: Path, witness_paths: tuple[Path, ...], answer: Path, *, as_json: bool) -> None:
    """Keep the answer of a witness with the ledger in PLACE."""
    from police2peer.contacts import ledger as sealed  # noqa: PLC0415 - as above

    witnesses, _ = _witnesses(place, witness_paths, None)
    found = sealed.add_confirmation(_open(place), _read(answer), witnesses)
    told = {"witness": found.witness.name, "entries": found.size, "at": found.at.isoformat()}
    text = f"{found.witness.name} confirmed {found.size} entries at {found.at:%Y-%m-%d %H:%M:%S} UTC"
    click.echo(json.dumps(told) if as_json else text)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(
            f"{path.name} cannot be read ({error.strerror})", remedy="give a file that is there"
        ) from error


@ledger.command("ask-stamp")
@_PLACE
@click.option("--to", "out", required=True, type=_FILE, help="Where the request (RFC 3161) is written.")
def ask_stamp(place: Path, out: Path) -> None:
    """Make a request to a time-stamping service for the newest state of the ledger in PLACE."""
    from police2peer.contacts import ledger as sealed  # noqa: PLC0415 - as above
    from police2peer.storage import write_whole  # noqa: PLC0415

    size, request = sealed.ask_stamp(_open(place))
    write_whole(out, request)
    click.echo(f"{size} entries to stamp; send {out.name} to the service as application/timestamp-query")


@ledger.command("add-stamp")
@_PLACE
@click.option("--reply", required=True, type=_FILE, help="What the service sent back.")
@click.option("--authority", required=True, type=_FILE, help="Root certificates (PEM) of the service.")
@_JSON
def add_stamp(place: Path, reply: Path, authority: Path, *, as_json: bool) -> None:
    """Check the reply of a time-stamping service and keep it with the ledger in PLACE."""
    from police2peer.contacts import ledger as sealed  # noqa: PLC0415 - as above

    found = sealed.add_stamp(_open(place), _read(reply), sealed.read_authorities(authority))
    told = {"entries": found.size, "at": found.at.isoformat()}
    text = f"{found.size} entries were there at {found.at:%Y-%m-%d %H:%M:%S} UTC"
    click.echo(json.dumps(told) if as_json else text)


@ledger.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False), default=Path())
@click.option("--due", is_flag=True, help="Every segment whose erase-by date has come.")
@click.option("--segment", "segments", multiple=True, type=click.IntRange(min=1), help="A segment; repeat it.")
@click.option("--why", help="The reason, for the notice; needed with --segment.")
@click.option("--by", required=True, help="Who orders the erasure, for the notice.")
@_JSON
def erase(folder: Path, segments: tuple[int, ...], why: str | None, by: str, *, due: bool, as_json: bool) -> None:
    """Destroy keys of the ledger of the unit in FOLDER for ever, and leave a notice that says so.

    A running node erases by itself what is due; stop it before running this.
    """
    if due == bool(segments) or bool(segments) != bool(why):
        raise BadInput("say which: --due, or --segment with --why", remedy="give one of the two")
    from police2peer.presence import erase_from_ledger  # noqa: PLC0415 - as above

    done = erase_from_ledger(_settings(folder), segments, why=why, by=by, now=datetime.now(UTC))
    text = f"the keys of {len(done)} segments are destroyed" if done else "nothing is due"
    click.echo(json.dumps({"erased_segments": done}) if as_json else text)
