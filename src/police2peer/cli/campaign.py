# SPDX-License-Identifier: EUPL-1.2
"""`police2peer campaign`: begin a campaign from the example, and check it."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from police2peer.strict_toml import Problems

if TYPE_CHECKING:
    from police2peer.campaign import Campaign

__all__ = ["campaign"]

_PATH = click.argument("path", metavar="[PATH]", default=Path(), type=click.Path(path_type=Path), required=False)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


@click.group()
def campaign() -> None:
    """Check a campaign file, or begin one from the example."""


@campaign.command()
@click.argument("folder", type=click.Path(path_type=Path))
def new(folder: Path) -> None:
    """Copy the example campaign into FOLDER; no key and no secret is made."""
    from police2peer.campaign import new_campaign  # noqa: PLC0415 - cryptography is slow to import

    path = new_campaign(folder, now=datetime.now(UTC))
    click.echo(f"written: {path}")
    click.echo("next:")
    click.echo("  1. change it to your campaign; docs/campaign.md tells each key")
    click.echo(f"  2. each approver: police2peer key new {folder}/approvers/first.key  (and second.key)")
    click.echo(f"  3. police2peer campaign check {folder}")
    click.echo(f"  4. each approver: police2peer order sign {folder} --key {folder}/approvers/first.key")


def _summary(found: "Campaign") -> dict[str, object]:
    from police2peer.campaign import ReviewState  # noqa: PLC0415 - as in new

    order = found.order
    recipes = found.recipes()
    return {
        "id": found.id,
        "production": found.production,
        "sha256": found.sha256,
        "order": {
            "id": order.id,
            "authority": order.authority,
            "country": order.country,
            "start": order.start.isoformat(),
            "end": order.end.isoformat(),
            "evidence": order.evidence,
            "approvers": [one.name for one in order.approvers],
        },
        "titles": len(found.titles),
        "terms": len(found.terms),
        "messages": [one.id for one in found.messages],
        "languages": list(found.languages),
        "formats": list(found.formats),
        "networks": list(found.networks),
        "files": len(recipes),
        "offers": found.offer_count,
        "drafts": [f"{message_id}/{language}" for message_id, language in found.drafts()],
        "reviewed": sum(
            texts.review.state is ReviewState.SIGNED for message in found.messages for texts in message.texts.values()
        ),
    }


@campaign.command()
@_PATH
@_JSON
def check(path: Path, *, as_json: bool) -> None:
    """Tell everything that is wrong with the campaign at PATH, with line and remedy."""
    from police2peer.campaign import load_campaign  # noqa: PLC0415 - as in new

    try:
        found = load_campaign(path)
    except Problems as error:
        if not as_json:
            raise
        problems = [
            {
                "file": (one.path or error.path).name,
                "line": one.line,
                "where": one.where,
                "facts": one.facts,
                "remedy": one.remedy,
            }
            for one in error.problems
        ]
        click.echo(json.dumps({"ok": False, "problems": problems}, ensure_ascii=False))
        sys.exit(2)
    if as_json:
        click.echo(json.dumps({"ok": True, **_summary(found)}, ensure_ascii=False))
    else:
        _print(found)


def _print(found: "Campaign") -> None:
    order, drafts = found.order, len(found.drafts())
    shape = "production" if found.production else "trial, not production"
    click.echo(f"campaign {found.id} is in order ({shape})")
    click.echo(f"  order      {order.id}: {order.authority} ({order.country})")
    click.echo(
        f"  period     {order.start:%Y-%m-%d %H:%M} to {order.end:%Y-%m-%d %H:%M} UTC, evidence {order.evidence}"
    )
    click.echo(f"  approvers  {', '.join(one.name for one in order.approvers)}")
    click.echo(f"  messages   {', '.join(one.id for one in found.messages)}")
    click.echo(f"  languages  {', '.join(found.languages)}")
    click.echo(f"  files      {len(found.recipes())} to make ({', '.join(found.formats)})")
    click.echo(f"  offers     {found.offer_count} under {len(found.titles)} titles on {', '.join(found.networks)}")
    if drafts:
        click.echo(f"  drafts     {drafts} texts that nobody has reviewed; production would refuse them")
