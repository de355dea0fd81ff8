# SPDX-License-Identifier: EUPL-1.2
"""`police2peer key`: make, lock and show the keys of approvers, reviewers and keepers."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from police2peer.cli.unlocking import SIGNING_KEY, TOKEN_KEY, unlocking
from police2peer.errors import BadInput

if TYPE_CHECKING:
    from police2peer.campaign import TokenUri

__all__ = ["key"]


@click.group()
def key() -> None:
    """Make, lock and show signing keys."""


@key.command()
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--encrypt", is_flag=True, help="Lock the key with a pass phrase.")
@click.option("--token", type=TOKEN_KEY, help="Make the key inside a token, as pkcs11:token=ceremony;object=root-1.")
@click.option("--existing", is_flag=True, help="Name a key that the token has already.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@unlocking
def new(path: Path, token: "TokenUri | None", *, encrypt: bool, existing: bool, as_json: bool) -> None:
    """Make a private key at PATH, for your eyes only, and its public key beside it (.pub).

    With --token the key is in the token, and PATH holds its address alone.
    """
    from police2peer.campaign import (  # noqa: PLC0415 - cryptography is slow to import
        name_token_key,
        new_key_pair,
        pass_phrases,
        public_bytes,
    )

    if (token is None and existing) or (token is not None and encrypt):
        raise BadInput("these options do not go together", remedy="a token has a PIN; only files have a pass phrase")
    if token is not None:
        made = name_token_key(path, token, make=not existing)
    else:
        made = new_key_pair(path, pass_phrases().new(path.stem) if encrypt else None)
    public, public_path = public_bytes(made).hex(), path.with_suffix(".pub")
    if as_json:
        click.echo(json.dumps({"private": str(path), "public": str(public_path), "public_key": public}))
        return
    note = "names the key in the token" if token else "keep it, and keep it to yourself"
    click.echo(f"private key  {path}  ({note})")
    click.echo(f"public key   {public_path}  (hand this one over)")
    click.echo(f"             {public}")


@key.command()
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--encrypt", is_flag=True, help="Lock the key with a pass phrase.")
@click.option("--classic", is_flag=True, help="X25519 alone, where ML-KEM may not be used.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@unlocking
def evidence(path: Path, *, encrypt: bool, classic: bool, as_json: bool) -> None:
    """Make the key that opens sealed records at PATH, and its public key beside it (.pub), on a machine kept offline.

    Make two and keep them apart: what is sealed to a lost key stays sealed.
    """
    from police2peer.campaign import EvidenceKeyKind, new_evidence_key, pass_phrases  # noqa: PLC0415 - as in new

    kind = EvidenceKeyKind.CLASSIC if classic else EvidenceKeyKind.HYBRID
    made = new_evidence_key(path, kind, pass_phrases().new(path.stem) if encrypt else None).public
    public_path = path.with_suffix(".pub")
    if as_json:
        click.echo(json.dumps({"private": str(path), "public": str(public_path), "kind": kind, "id": made.id}))
        return
    click.echo(f"private key  {path}  (keep it offline; it alone opens the records)")
    click.echo(f"public key   {public_path}  (for evidence_keys in the order)")
    click.echo(f"             {made.id}, {kind}")


@key.command()
@click.argument("path", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--new-passphrase-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where the new pass phrase stands; else you are asked.",
)
@unlocking
def encrypt(path: Path, new_passphrase_file: Path | None) -> None:
    """Lock the key file PATH with a pass phrase, or with another one.

    The bytes that stood there before may be left on the carrier: a new key is safer than one that was long unlocked.
    """
    from police2peer.campaign import PassPhrases, change_pass_phrase, pass_phrases, read_signing_key  # noqa: PLC0415

    read_signing_key(path)
    source = PassPhrases({"": new_passphrase_file}) if new_passphrase_file else pass_phrases().typed()
    change_pass_phrase(path, source.new(path.stem))
    click.echo(f"{path} is locked with the new pass phrase")


@key.command()
@click.argument("path", metavar="PATH|ADDRESS", type=SIGNING_KEY)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@unlocking
def show(path: "Path | TokenUri", *, as_json: bool) -> None:
    """Print the public key of PATH, a private or a public key file, or of a key in a token."""
    from police2peer.campaign import public_bytes, read_signing_key  # noqa: PLC0415 - as in new

    public = _read_public(path) if isinstance(path, Path) else None
    found = public or public_bytes(read_signing_key(path))
    click.echo(json.dumps({"public_key": found.hex()}) if as_json else found.hex())


def _read_public(path: Path) -> bytes | None:
    from police2peer.campaign import read_public_key  # noqa: PLC0415 - as in new

    try:
        return read_public_key(path)
    except BadInput:
        return None
