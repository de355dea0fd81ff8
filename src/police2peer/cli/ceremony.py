# SPDX-License-Identifier: EUPL-1.2
"""`police2peer catalogue ceremony`: root and targets signed by keepers who stay where their keys are."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from police2peer.cli.unlocking import NAMED_KEY, SIGNING_KEY, unlocking
from police2peer.errors import BadInput, NotPermitted
from police2peer.storage import write_whole

if TYPE_CHECKING:
    from police2peer.campaign import TokenUri
    from police2peer.catalogue import CeremonyRequest

__all__ = ["ceremony", "prepare_keys"]

_HOME = click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("catalogue"),
    show_default=True,
    help="The coordinating body's catalogue folder.",
)
_FILE = click.Path(path_type=Path, dir_okay=False)
_OUT = click.option("-o", "--out", required=True, type=_FILE, help="Where to write it.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
_MOST_BYTES = 8 * 1024 * 1024


@click.group()
def ceremony() -> None:
    """Have root and targets signed by keepers who stay where their keys are."""


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as handle:
            return handle.read(_MOST_BYTES)
    except OSError as error:
        raise BadInput(
            f"{path.name} cannot be read ({error.strerror})", remedy="give the path of the file"
        ) from error


def prepare_keys(home: Path, given: "dict[str, Path | TokenUri | None]", *, encrypt: bool) -> list[str]:
    """Have the given keys wait for their places; with `encrypt`, offline keys are made with a pass phrase."""
    from police2peer.campaign import pass_phrases  # noqa: PLC0415 - cryptography is slow to import
    from police2peer.catalogue import OFFLINE_KEYS, Home, prepare_key  # noqa: PLC0415

    for name, source in given.items():
        locked = encrypt and source is None and name in OFFLINE_KEYS
        if source is not None or locked:
            prepare_key(Home(home), name, source, pass_phrase=pass_phrases().new(name) if locked else None)
    return list(given)


@ceremony.command()
@_OUT
@click.option("--replace", multiple=True, type=NAMED_KEY, metavar="NAME[=KEY]", help="Put a new key in this place.")
@click.option("--renew", is_flag=True, help="Sign root anew too, where a change of targets waits.")
@click.option("--agency", help="Begin a catalogue: the public name of its first agency.")
@click.option("--country", help="Begin a catalogue: the country of its first agency, as NL.")
@click.option("--key", "keys", multiple=True, type=NAMED_KEY, metavar="NAME=KEY", help="Begin: a keeper's .pub file.")
@_HOME
@_JSON
@unlocking
def begin(
    *,
    out: Path,
    replace: "tuple[tuple[str, Path | TokenUri | None], ...]",
    keys: "tuple[tuple[str, Path | TokenUri | None], ...]",
    agency: str | None,
    country: str | None,
    home: Path,
    renew: bool,
    as_json: bool,
) -> None:
    """Write what is to be signed: a change that waits, or root and targets for another year.

    KEY is the .pub file that the keeper handed over. Nothing of the catalogue changes before `finish`.
    """
    from police2peer.catalogue import begin_ceremony, begin_first_ceremony  # noqa: PLC0415 - python-tuf is slow

    now = datetime.now(UTC)
    first = agency is not None
    if (agency is None) != (country is None) or (first and (replace or renew)) or (keys and not first):
        raise BadInput(
            "these options do not go together",
            remedy="give --agency, --country and --key for a new catalogue, --replace and --renew for an old one",
        )
    prepare_keys(home, dict(keys if first else replace), encrypt=False)
    if agency is not None and country is not None:
        request = begin_first_ceremony(home, agency=agency, country=country, now=now)
    else:
        request = begin_ceremony(home, now=now, replace=[name for name, _ in replace], renew=renew)
    content = request.to_bytes()
    write_whole(out, content)
    _show(content, request, as_json=as_json)
    if not as_json:
        click.echo(f"{out} goes to the keepers; each compares the SHA-256, by voice, before signing")


def _show(content: bytes, request: "CeremonyRequest", *, as_json: bool) -> None:
    from police2peer.catalogue import sha256_of, summarise  # noqa: PLC0415 - as above

    lines, sha256 = summarise(request), sha256_of(content)
    if as_json:
        click.echo(json.dumps({"request_sha256": sha256, "summary": lines}))
        return
    click.echo(f"made {request.made_at:%Y-%m-%d %H:%M} UTC")
    for line in lines:
        click.echo(line)
    click.echo(f"SHA-256 of the request: {' '.join(sha256[at : at + 8] for at in range(0, 64, 8))}")


@ceremony.command()
@click.argument("request_path", metavar="REQUEST", type=_FILE)
@click.option("--full", is_flag=True, help="Print the whole of what is to be signed, as JSON.")
@_JSON
def show(request_path: Path, *, full: bool, as_json: bool) -> None:
    """Show what REQUEST asks to be signed."""
    from police2peer.catalogue import CeremonyRequest  # noqa: PLC0415 - as above

    content = _read(request_path)
    request = CeremonyRequest.from_bytes(content)
    if full:
        whole = {role: json.loads(payload) for role, payload in request.to_sign.items()}
        click.echo(json.dumps(whole, indent=2, sort_keys=True))
        return
    _show(content, request, as_json=as_json)


@ceremony.command()
@click.argument("request_path", metavar="REQUEST", type=_FILE)
@click.option("--key", required=True, type=SIGNING_KEY, help="Your private key: a file, or pkcs11:... in a token.")
@_OUT
@click.option("--sha256", help="The SHA-256 that was read to you; another request is refused.")
@click.option("--yes", is_flag=True, help="I have read the summary; ask no more.")
@unlocking
def sign(request_path: Path, key: "Path | TokenUri", out: Path, sha256: str | None, *, yes: bool) -> None:
    """Sign REQUEST with a keeper's key, on a machine without a network; carry the signature back."""
    from police2peer.campaign import read_signing_key  # noqa: PLC0415 - as above
    from police2peer.catalogue import CeremonyRequest, sha256_of, sign_request  # noqa: PLC0415

    content = _read(request_path)
    request = CeremonyRequest.from_bytes(content)
    if sha256 is not None and "".join(sha256.split()).lower() != sha256_of(content):
        raise NotPermitted(
            "this is not the request whose SHA-256 was read", remedy="sign nothing; compare both again, by voice"
        )
    _show(content, request, as_json=False)
    if not yes:
        click.confirm("Is this what was agreed, and is the SHA-256 the one that was read aloud?", abort=True)
    signature = sign_request(content, read_signing_key(key), now=datetime.now(UTC))
    write_whole(out, signature.to_bytes())
    click.echo(f"signed: {' and '.join(signature.signatures)}; {out} goes back")


@ceremony.command()
@click.argument("request_path", metavar="REQUEST", type=_FILE)
@click.argument("signatures", metavar="SIGNATURE...", nargs=-1, type=_FILE)
@_HOME
@_JSON
def finish(request_path: Path, signatures: tuple[Path, ...], home: Path, *, as_json: bool) -> None:
    """Check the keepers' SIGNATUREs and install what they signed, whole or not at all."""
    from police2peer.catalogue import finish_ceremony  # noqa: PLC0415 - as above

    done = finish_ceremony(home, _read(request_path), [_read(path) for path in signatures], now=datetime.now(UTC))
    if as_json:
        click.echo(json.dumps({"versions": dict(done.versions), "signed_by": done.signed_by}))
        return
    what = " and ".join(f"{role} version {version}" for role, version in done.versions.items())
    click.echo(f"{what} in force, once published; signed by {', '.join(done.signed_by)}")
