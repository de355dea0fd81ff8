# SPDX-License-Identifier: EUPL-1.2
"""`police2peer evidence open` and `custody report`: looks at single records, each noted in the custody log."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from police2peer.cli.evidence_options import (
    CUSTODY,
    EVIDENCE_KEY,
    JSON,
    KEY,
    LEDGER,
    LEDGER_KEY,
    NAME,
    open_the_ledger,
    read_file,
)
from police2peer.cli.unlocking import unlocking

if TYPE_CHECKING:
    from police2peer.campaign import TokenUri
    from police2peer.contacts.evidence import Look, Told

__all__ = ["look", "report"]

_FILE = click.Path(path_type=Path, dir_okay=False)
_MOMENT = click.DateTime(["%Y-%m-%dT%H:%M:%SZ"])
_WHY = click.option("--why", required=True, help="Why you look; it stands in the custody log.")
_GROUND = click.option("--ground", default="", help="On which legal ground.")


def _look(name: str, key_path: "Path | TokenUri", why: str, ground: str, custody_path: Path) -> "Look":
    from police2peer.campaign import read_signing_key  # noqa: PLC0415 - loads on use
    from police2peer.contacts.evidence import Custody, Look, Officer  # noqa: PLC0415

    return Look(Officer(name, read_signing_key(key_path)), why, ground, Custody(custody_path))


@click.command("open")
@click.argument("entry", type=click.IntRange(0))
@LEDGER
@LEDGER_KEY
@EVIDENCE_KEY
@CUSTODY
@NAME
@KEY
@_WHY
@_GROUND
@JSON
@unlocking
def look(  # noqa: PLR0917 - one option each
    entry: int,
    ledger: Path,
    ledger_key: Path | None,
    evidence_key: Path,
    custody_path: Path,
    name: str,
    key_path: "Path | TokenUri",
    why: str,
    ground: str,
    *,
    as_json: bool,
) -> None:
    """Show one record of the ledger, by the number of its ENTRY; the look is noted first."""
    from police2peer.contacts.evidence import look_at, shown  # noqa: PLC0415 - loads on use

    opened = open_the_ledger(ledger, ledger_key, evidence_key)
    record = look_at(opened, entry, _look(name, key_path, why, ground, custody_path), datetime.now(UTC)).record
    plain = json.loads(record.to_bytes())
    if as_json:
        click.echo(json.dumps(plain, indent=2))
        return
    for group, value in plain.items():
        fields = value if isinstance(value, dict) else {"": value}
        for field, inner in fields.items():
            text = inner if isinstance(inner, str) else json.dumps(inner, ensure_ascii=False)
            click.echo(f"{(field or group):<20}  {shown(text, 2000)}")


@click.command()
@click.option("--visit", default="", help="The id of one visit, 32 hexadecimal digits.")
@click.option("--address-file", type=_FILE, help="A file with the person's address; it appears in no command line.")
@click.option("--from", "start", type=_MOMENT, help="From when the person had the address, 2027-03-01T00:00:00Z.")
@click.option("--until", "end", type=_MOMENT, help="Until when.")
@click.option("--staff-to", type=_FILE, help="Where the names of staff are written, for who may see them.")
@LEDGER
@LEDGER_KEY
@EVIDENCE_KEY
@CUSTODY
@NAME
@KEY
@_WHY
@_GROUND
@JSON
@unlocking
def report(  # noqa: PLR0917 - one option each
    visit: str,
    address_file: Path | None,
    start: datetime | None,
    end: datetime | None,
    staff_to: Path | None,
    ledger: Path,
    ledger_key: Path | None,
    evidence_key: Path,
    custody_path: Path,
    name: str,
    key_path: "Path | TokenUri",
    why: str,
    ground: str,
    *,
    as_json: bool,
) -> None:
    """Tell a person what is recorded of them, and who received it when and why; staff are numbered, not named."""
    from police2peer.contacts.evidence import Access, tell_person  # noqa: PLC0415 - loads on use
    from police2peer.storage import write_whole  # noqa: PLC0415

    address = read_file(address_file, 1024).decode("ascii", "replace").strip() if address_file else ""
    access = Access(visit, address, start and start.replace(tzinfo=UTC), end and end.replace(tzinfo=UTC))
    opened = open_the_ledger(ledger, ledger_key, evidence_key)
    told = tell_person(opened, access, _look(name, key_path, why, ground, custody_path), datetime.now(UTC))
    if staff_to:
        lines = "".join(f"{number} {who}\n" for number, who in enumerate(told.staff, start=1))
        write_whole(staff_to, lines.encode(), mode=0o600)
    click.echo(json.dumps(_plain(told), indent=2) if as_json else _text(told))


def _plain(told: "Told") -> dict[str, object]:
    return {
        "records": [{"entry": each.index, **json.loads(each.record.to_bytes())} for each in told.records],
        "acts": [
            {
                "at": entry.at.isoformat(),
                "act": entry.act.value,
                "who": entry.who,
                "why": entry.why,
                "ground": entry.ground,
                "to": list(entry.to),
            }
            for entry in told.acts
        ],
    }


def _text(told: "Told") -> str:
    from police2peer.contacts.evidence import shown  # noqa: PLC0415 - loads on use

    lines = [f"{len(told.records)} records are about what you gave. They say, in full:"]
    lines += [shown(each.record.to_bytes().decode(), 8000) for each in told.records]
    lines.append("What was done with them:")
    for entry in told.acts:
        to = f", to {', '.join(entry.to)}" if entry.to else ""
        ground = f" ({entry.ground})" if entry.ground else ""
        lines.append(
            shown(f"  {entry.at:%Y-%m-%d %H:%M} UTC: {entry.act.value} by {entry.who}{to}: {entry.why}{ground}", 2000)
        )
    return "\n".join(lines)
