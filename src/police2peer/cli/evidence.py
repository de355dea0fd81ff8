# SPDX-License-Identifier: EUPL-1.2
"""`police2peer evidence`: from a request that two people sign to a pack that another country verifies."""

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from police2peer.cli.evidence_looking import look
from police2peer.cli.evidence_options import (
    CUSTODY,
    EVIDENCE_KEY,
    JSON,
    KEY,
    LEDGER,
    LEDGER_KEY,
    NAME,
    ORDER,
    open_the_ledger,
    read_file,
    read_order,
)
from police2peer.cli.evidence_retention import erase, review
from police2peer.cli.unlocking import unlocking
from police2peer.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from police2peer.campaign import TokenUri
    from police2peer.catalogue import KnownFile

__all__ = ["evidence"]

_FILE = click.Path(path_type=Path, dir_okay=False)
_MOST_PACK_BYTES = 4 * 1024**3


@click.group()
def evidence() -> None:
    """Ask for records, approve, export them as a pack, verify a pack, look at one record, erase what is due."""


@evidence.command()
@click.argument("wanted", metavar="REQUEST.toml", type=_FILE)
@ORDER
@KEY
@click.option("--out", type=_FILE, help="Where the signed request is written  [default: REQUEST.json]")
@JSON
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
@NAME
@KEY
@JSON
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


@evidence.command()
@click.argument("path", metavar="REQUEST.json", type=_FILE)
@click.option("--out", required=True, type=_FILE, help="Where the pack is written; readable by you alone.")
@LEDGER
@LEDGER_KEY
@EVIDENCE_KEY
@ORDER
@click.option(
    "--trust", type=_FILE, default=Path("trust/evidence.pub"), show_default=True, help="Who may ask and approve."
)
@click.option(
    "--approvers", type=_FILE, default=Path("trust/approvers.pub"), show_default=True, help="Who may sign orders."
)
@click.option("--witness", "witnesses", multiple=True, type=_FILE, help="The .vkey of a witness of the ledger.")
@click.option(
    "--catalogue",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("catalogue"),
    show_default=True,
    help="The catalogue that proves the files; the agency's own folder, or a copy with --root.",
)
@click.option("--root", type=_FILE, help="The pinned root  [default: that of the agency's own catalogue]")
@CUSTODY
@NAME
@KEY
@JSON
@unlocking
def export(  # noqa: PLR0917 - one option each
    path: Path,
    out: Path,
    ledger: Path,
    ledger_key: Path | None,
    evidence_key: Path,
    order_path: Path,
    trust: Path,
    approvers: Path,
    witnesses: tuple[Path, ...],
    catalogue: Path,
    root: Path | None,
    custody_path: Path,
    name: str,
    key_path: "Path | TokenUri",
    *,
    as_json: bool,
) -> None:
    """Carry out an approved request: write the pack, and the disclosure into the custody log."""
    from police2peer.campaign import read_signing_key, read_trusted  # noqa: PLC0415 - loads on use
    from police2peer.contacts.evidence import (  # noqa: PLC0415
        Custody,
        Export,
        Officer,
        export_pack,
        read_request,
    )
    from police2peer.contacts.ledger import build_sha256, tool_version  # noqa: PLC0415
    from police2peer.storage import write_whole  # noqa: PLC0415

    if out.exists():
        raise BadInput(f"{out.name} is there already", remedy="give another path: a pack is never overwritten")
    now = datetime.now(UTC)
    given = Export(
        signed=read_request(path),
        order=read_order(order_path),
        ledger=open_the_ledger(ledger, ledger_key, evidence_key, witnesses),
        custody=Custody(custody_path),
        officer=Officer(name, read_signing_key(key_path)),
        trusted=read_trusted([trust]),
        approvers=read_trusted([approvers]),
        excerpt=_excerpt(catalogue, root, now),
        random_bytes=os.urandom,
        tool_version=tool_version(),
        build_sha256=build_sha256(),
    )
    made = export_pack(given, now, _tell_progress)
    write_whole(out, made.content, mode=0o600)
    told = {"file": str(out), "records": made.entries, "contacts": made.contacts, "gaps": made.gaps}
    sealed = ", sealed to its recipients" if made.is_sealed else ""
    text = f"{out}: {made.contacts} contacts in {made.entries} records, gaps among them: {made.gaps}{sealed}"
    click.echo(json.dumps({**told, "sealed": made.is_sealed}) if as_json else text)


def _excerpt(
    catalogue: Path, root: Path | None, now: datetime
) -> "Callable[[Sequence[KnownFile]], Mapping[str, bytes]]":
    """Give what takes the part of the catalogue that proves some files; without a catalogue it takes nothing."""

    def take(files: "Sequence[KnownFile]") -> "Mapping[str, bytes]":
        from police2peer.catalogue import Home, Outcome, take_excerpt  # noqa: PLC0415 - loads on use

        home = Home(catalogue)
        snapshot = home.public if home.public.is_dir() else catalogue
        pinned = root or (home.pinned_root if home.exists else None)
        if pinned is None or not snapshot.is_dir():
            click.echo("no catalogue here: the pack will not prove that the files are ours", err=True)
            return {}
        excerpt, verdicts = take_excerpt(snapshot, read_file(pinned, 1024 * 1024), files, now)
        for verdict in verdicts:
            if verdict.outcome not in {Outcome.GENUINE, Outcome.WITHDRAWN}:
                click.echo(
                    f"the catalogue does not prove a file: {verdict.outcome.value}, {verdict.reason}", err=True
                )
        return excerpt

    return take


def _tell_progress(count: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{count:,} records opened", nl=False, err=True)


@evidence.command()
@click.argument("pack", metavar="PACK", type=_FILE)
@click.option("--trust", "trust", multiple=True, type=_FILE, help="Keys of the sending agency's people, one a line.")
@click.option("--ledger-key", "ledger_keys", multiple=True, type=_FILE, help="The ledger's .vkey.")
@click.option("--witness", "witnesses", multiple=True, type=_FILE, help="A witness's .vkey.")
@click.option("--tsa", type=_FILE, help="Root certificate (PEM) of a time-stamping service that you trust.")
@click.option("--root", type=_FILE, help="The programme's pinned root, to prove that the files are warning files.")
@click.option("--evidence-key", type=_FILE, help="Your private evidence key, where the pack was sealed to it.")
@JSON
@unlocking
def verify(  # noqa: PLR0917 - one option each
    pack: Path,
    trust: tuple[Path, ...],
    ledger_keys: tuple[Path, ...],
    witnesses: tuple[Path, ...],
    tsa: Path | None,
    root: Path | None,
    evidence_key: Path | None,
    *,
    as_json: bool,
) -> None:
    """Check a pack, offline: every byte, signature, proof and key of it. Shows no record."""
    from police2peer.contacts.evidence import as_json as plain  # noqa: PLC0415 - loads on use
    from police2peer.contacts.evidence import check_received, summary  # noqa: PLC0415
    from police2peer.contacts.ledger import read_authorities, tool_version  # noqa: PLC0415

    raw = read_pack(pack, evidence_key)
    received = check_received(
        raw,
        tool_version=tool_version(),
        root=read_file(root, 1024 * 1024) if root else None,
        trust=_lines(trust),
        ledgers=_lines(ledger_keys),
        witnesses=_lines(witnesses),
        authorities=read_authorities(tsa) if tsa else (),
    )
    told = plain(received)
    if as_json:
        click.echo(json.dumps(told, indent=2))
    else:
        compared = "made again and the same" if received.is_made_again else "not compared: made by another version"
        click.echo("\n".join([*summary(received.checked), f"  graph and table are {compared}"]))
        for stamp in received.stamps:
            click.echo(
                f"  the first {stamp.size} entries were there at {stamp.at:%Y-%m-%d %H:%M:%S} UTC, by the time stamp"
            )
        for file, verdict in received.catalogue:
            click.echo(f"  file {file.sha256[:16]}…: {verdict.outcome.value}")
        if root is None:
            click.echo("  whether the files are warning files was not asked: give --root")
    if received.catalogue and not received.is_proved_ours:
        sys.exit(1)


def read_pack(path: Path, evidence_key: Path | None) -> bytes:
    """Read a pack, out of its envelope where it has one. Raises `BadInput`."""
    from police2peer.campaign import read_evidence_key  # noqa: PLC0415 - loads on use
    from police2peer.contacts.evidence import is_sealed, open_envelope  # noqa: PLC0415

    raw = read_file(path, _MOST_PACK_BYTES)
    if not is_sealed(raw):
        return raw
    if evidence_key is None:
        raise BadInput("this pack is sealed to its recipients", remedy="give your private key with --evidence-key")
    return open_envelope(raw, read_evidence_key(evidence_key))


def _lines(paths: tuple[Path, ...]) -> list[str]:
    text = "\n".join(read_file(path, 1024 * 1024).decode("utf-8", "replace") for path in paths)
    return [line for raw in text.splitlines() if (line := raw.partition("#")[0].strip())]


evidence.add_command(look)
evidence.add_command(review)
evidence.add_command(erase)
