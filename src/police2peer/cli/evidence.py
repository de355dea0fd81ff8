# SPDX-License-Identifier: EUPL-1.2
"""`police2peer evidence`: from a request that two people sign to a pack that another country verifies."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from police2peer.cli.unlocking import SIGNING_KEY, unlocking
from police2peer.errors import BadInput

if TYPE_CHECKING:
    from police2peer.campaign import SignedOrder, TokenUri

__all__ = ["evidence"]

_FILE = click.Path(path_type=Path, dir_okay=False)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
_ORDER = click.option(
    "--order", "order_path", type=_FILE, default=Path("order.json"), show_default=True, help="The operation order."
)
_KEY = click.option(
    "--key",
    "key_path",
    required=True,
    type=SIGNING_KEY,
    help="Your private key: a file, or pkcs11:... for a key in a token.",
)
_MOST_BYTES = 2 * 1024 * 1024


@click.group()
def evidence() -> None:
    """Ask for records, approve, export them as a pack, verify a pack, look at one record, erase what is due."""


def read_order(path: Path) -> "SignedOrder":
    """Read a signed order from a file. Raises `BadInput`."""
    from police2peer.campaign import SignedOrder  # noqa: PLC0415 - loads on use

    return SignedOrder.from_bytes(read_file(path, _MOST_BYTES))


def read_file(path: Path, most_bytes: int) -> bytes:
    """Read a file. Raises `BadInput`."""
    try:
        with path.open("rb") as handle:
            content = handle.read(most_bytes + 1)
    except OSError as error:
        raise BadInput(f"{path.name} cannot be read ({error.strerror})", remedy="give another file") from error
    if len(content) > most_bytes:
        raise BadInput(f"{path.name} is far too long", remedy="give another file")
    return content


@evidence.command()
@click.argument("wanted", metavar="REQUEST.toml", type=_FILE)
@_ORDER
@_KEY
@click.option("--out", type=_FILE, help="Where the signed request is written  [default: REQUEST.json]")
@_JSON
@unlocking
def request(wanted: Path, order_path: Path, key_path: "Path | TokenUri", out: Path | None, *, as_json: bool) -> None:
    """Sign what REQUEST.toml asks for, as who asks; it must stay inside the order."""
    from police2peer.campaign import read_signing_key  # noqa: PLC0415 - as in read_order
    from police2peer.contacts.evidence import (  # noqa: PLC0415
        check_inside,
        read_request_file,
        sign_request,
        write_request,
    )

    order = read_order(order_path).order
    asked = read_request_file(wanted, order, datetime.now(UTC))
    check_inside(asked, order)
    path = out or wanted.with_suffix(".json")
    write_request(path, sign_request(asked, read_signing_key(key_path)))
    text = f"{path} asks for records, signed by {asked.requester}; now a second person approves it"
    click.echo(json.dumps({"request": asked.id, "file": str(path)}) if as_json else text)


@evidence.command()
@click.argument("path", metavar="REQUEST.json", type=_FILE)
@click.option("--name", required=True, help="Your name, as it shall stand in the pack.")
@_KEY
@_JSON
@unlocking
def approve(path: Path, name: str, key_path: "Path | TokenUri", *, as_json: bool) -> None:
    """Approve a request as the second person, after reading it."""
    from police2peer.campaign import read_signing_key  # noqa: PLC0415 - as in read_order
    from police2peer.contacts.evidence import approve_request, read_request, shown, write_request  # noqa: PLC0415

    signed = approve_request(read_request(path), name, read_signing_key(key_path), datetime.now(UTC))
    write_request(path, signed)
    asked = signed.request
    if as_json:
        click.echo(json.dumps({"request": asked.id, "approved_by": name}))
        return
    chosen = asked.selection
    click.echo(f"{asked.id} is approved by {name}")
    click.echo(f"  asked by    {shown(asked.requester)}: {shown(asked.reason)}")
    click.echo(f"  ground      {shown(asked.legal_ground)}")
    click.echo(f"  recipients  {'; '.join(f'{shown(each.agency)} ({each.country})' for each in asked.recipients)}")
    period = f"{chosen.start:%Y-%m-%d %H:%M} to {chosen.end:%Y-%m-%d %H:%M} UTC"
    click.echo(f"  selected    {period}, {', '.join(chosen.networks)}, {', '.join(chosen.countries)}")
