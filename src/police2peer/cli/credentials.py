# SPDX-License-Identifier: EUPL-1.2
"""`police2peer credentials`: content credentials (C2PA) inside warning files."""

import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click

__all__ = ["credentials"]


@click.group()
def credentials() -> None:
    """Content credentials (C2PA) inside warning files."""


@credentials.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--agency", required=True, help="The name that stands in the certificates.")
def new(folder: Path, agency: str) -> None:
    """Make a root and a signer in FOLDER; keep root.key offline, hand root.pem to whoever checks."""
    from police2peer.warningfiles.credentials import new_identity  # noqa: PLC0415 - cryptography is slow to import

    new_identity(folder, agency, now=datetime.now(UTC))
    click.echo(f"root.pem, root.key, signer.pem and signer.key are in {folder}; now take root.key off this machine")
    click.echo("In campaign.toml:")
    click.echo('\n[credentials]\nchain = "…/signer.pem"\nkey = "…/signer.key"')


@credentials.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--root",
    "roots",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    multiple=True,
    required=True,
    help="A root that counts (PEM); of the signer, and of the time-stamping authority.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def check(file: Path, roots: tuple[Path, ...], *, as_json: bool) -> None:
    """Check the credentials in FILE; exit code 0 when they are trusted, 1 when not.

    A file without them may well be genuine: `police2peer verify` asks the catalogue.
    """
    from police2peer.warningfiles.credentials import CredentialState, check_credentials  # noqa: PLC0415 - as above

    found = check_credentials(file, [root.read_bytes() for root in roots])
    if as_json:
        click.echo(json.dumps(asdict(found)))
    elif found.state is CredentialState.TRUSTED:
        stamped = ", time-stamped" if found.time_stamped else ""
        click.echo(f"trusted: signed by {found.issuer}{stamped}; code {found.code or 'none'}")
    elif found.state is CredentialState.NONE:
        click.echo("none: this file holds no credentials, which says nothing either way")
    else:
        click.echo("not trusted: there are credentials, and nobody whom you named signed them")
    if found.state is not CredentialState.TRUSTED:
        sys.exit(1)
