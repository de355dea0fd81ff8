# SPDX-License-Identifier: EUPL-1.2
"""`police2peer evidence review` and `erase`, `police2peer custody follow`: how long records are kept."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from police2peer.cli.evidence_options import CUSTODY, JSON, KEY, LEDGER, LEDGER_KEY, NAME
from police2peer.cli.unlocking import unlocking

if TYPE_CHECKING:
    from police2peer.campaign import TokenUri
    from police2peer.contacts.evidence import CustodyEntry
    from police2peer.contacts.ledger import LedgerReader

__all__ = ["erase", "follow", "review"]


def _reader(ledger: Path, ledger_key: Path | None) -> "LedgerReader":
    from police2peer.catalogue import read_key_file  # noqa: PLC0415 - loads on use
    from police2peer.contacts.ledger import LedgerReader  # noqa: PLC0415

    return LedgerReader(ledger, read_key_file(ledger_key) if ledger_key else None)


def _follow(
    reader: "LedgerReader", custody_path: Path, name: str, key_path: "Path | TokenUri"
) -> "list[CustodyEntry]":
    from police2peer.campaign import read_signing_key  # noqa: PLC0415 - loads on use
    from police2peer.contacts.evidence import Custody, Officer, follow_ledger  # noqa: PLC0415

    officer = Officer(name, read_signing_key(key_path))
    return follow_ledger(Custody(custody_path), reader, officer, datetime.now(UTC))


@click.command()
@LEDGER
@LEDGER_KEY
@JSON
def review(ledger: Path, ledger_key: Path | None, *, as_json: bool) -> None:
    """List until when the records of each segment may be kept; opens nothing."""
    from police2peer.contacts.evidence import review_ledger  # noqa: PLC0415 - loads on use

    for each in review_ledger(_reader(ledger, ledger_key), datetime.now(UTC).date()):
        if as_json:
            told = {
                "segment": each.segment,
                "opened_at": each.opened_at.isoformat(),
                "order": each.order_id,
                "entries": each.entries,
                "erase_by": each.erase_by.isoformat(),
                "erased": each.erased,
            }
            click.echo(json.dumps(told))
            continue
        state = "erased" if each.erased else "DUE" if each.days_left <= 0 else f"{each.days_left} days left"
        when = f"{each.opened_at:%Y-%m-%d %H:%M} UTC"
        click.echo(
            f"{each.segment:>6}  {when}  {each.entries:>7} entries  order {each.order_id}  {each.erase_by}  {state}"
        )


@click.command()
@LEDGER
@LEDGER_KEY
@CUSTODY
@NAME
@KEY
@JSON
@unlocking
def follow(
    ledger: Path,
    ledger_key: Path | None,
    custody_path: Path,
    name: str,
    key_path: "Path | TokenUri",
    *,
    as_json: bool,
) -> None:
    """Note in the custody log what a ledger tells of itself since the last time: collected, erased."""
    _tell(_follow(_reader(ledger, ledger_key), custody_path, name, key_path), as_json=as_json)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False), default=Path())
@click.option("--due", is_flag=True, required=True, help="Every segment whose erase-by date has come.")
@CUSTODY
@NAME
@KEY
@JSON
@unlocking
def erase(
    folder: Path, custody_path: Path, name: str, key_path: "Path | TokenUri", *, due: bool, as_json: bool
) -> None:
    """Destroy the keys of what is due in the ledger of the unit in FOLDER, and note the proof in the custody log."""
    from police2peer.presence import erase_from_ledger, read_settings  # noqa: PLC0415 - loads on use

    if not due:
        raise click.UsageError("--due is missing")
    settings = read_settings(folder)
    erase_from_ledger(settings, (), why=None, by=name, now=datetime.now(UTC))
    _tell(_follow(_reader(settings.ledger, None), custody_path, name, key_path), as_json=as_json)


def _tell(lines: "list[CustodyEntry]", *, as_json: bool) -> None:
    if as_json:
        told = [{"act": each.act.value, "entries": each.count, "note": each.note} for each in lines]
        click.echo(json.dumps(told))
        return
    if not lines:
        click.echo("nothing is new in the ledger")
    for each in lines:
        click.echo(f"{each.act.value}: {each.count} entries" + (f" ({each.note})" if each.note else ""))
