# SPDX-License-Identifier: EUPL-1.2
"""`police2peer key`: make and show the keys of approvers and reviewers."""

import json
from pathlib import Path

import click

from police2peer.errors import BadInput

__all__ = ["key"]


@click.group()
def key() -> None:
    """Make and show signing keys."""


@key.command()
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def new(path: Path, *, as_json: bool) -> None:
    """Make a private key at PATH, for your eyes only, and its public key beside it (.pub)."""
    from police2peer.campaign import new_key_pair, public_bytes  # noqa: PLC0415 - cryptography is slow to import

    public = public_bytes(new_key_pair(path)).hex()
    public_path = path.with_suffix(".pub")
    if as_json:
        click.echo(json.dumps({"private": str(path), "public": str(public_path), "public_key": public}))
        return
    click.echo(f"private key  {path}  (keep it, and keep it to yourself)")
    click.echo(f"public key   {public_path}  (hand this one over)")
    click.echo(f"             {public}")


@key.command()
@click.argument("path", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def show(path: Path, *, as_json: bool) -> None:
    """Print the public key of PATH, a private or a public key file."""
    from police2peer.campaign import public_bytes, read_public_key, read_signing_key  # noqa: PLC0415 - as in new

    try:
        public = read_public_key(path).hex()
    except BadInput:
        public = public_bytes(read_signing_key(path)).hex()
    click.echo(json.dumps({"public_key": public}) if as_json else public)
