# SPDX-License-Identifier: EUPL-1.2
"""`police2peer release sign` joins titles with files and signs the list that a node follows."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from police2peer.cli.unlocking import SIGNING_KEY, unlocking

if TYPE_CHECKING:
    from police2peer.campaign import TokenUri
    from police2peer.fleet import Release
    from police2peer.presence import Settings

__all__ = ["release"]


@click.group()
def release() -> None:
    """Join titles with files, and sign the list that a node follows."""


@release.command()
@click.argument("campaign_path", metavar="CAMPAIGN", type=click.Path(path_type=Path), default=Path())
@click.option("--key", "key_path", required=True, type=SIGNING_KEY, help="The release key: a file, or pkcs11:...")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@unlocking
def sign(campaign_path: Path, key_path: "Path | TokenUri", *, as_json: bool) -> None:
    """Plan the offers of CAMPAIGN and sign them as release.json.

    Needs the files (`police2peer make`) and an order in force. Writes network-ids.json beside it, for the
    catalogue, when the campaign publishes network identifiers.
    """
    from police2peer.campaign import load_campaign, permitted, read_signed_order, read_signing_key  # noqa: PLC0415
    from police2peer.fleet import (  # noqa: PLC0415 - loads the networks
        NETWORK_IDS_FILE,
        network_ids,
        plan_release,
        write_network_ids,
        write_release,
    )
    from police2peer.presence import read_settings  # noqa: PLC0415
    from police2peer.warningfiles import read_manifest  # noqa: PLC0415

    now = datetime.now(UTC)
    campaign = load_campaign(campaign_path)
    settings = read_settings(campaign.folder)
    key = read_signing_key(key_path)
    permitted(campaign, now=now, trusted=settings.trusted_approvers())
    manifest = read_manifest(settings.files)
    previous = _previous(settings)
    planned = plan_release(campaign, manifest, read_signed_order(campaign), now=now, previous=previous)
    write_release(settings.release, planned, key)
    ids = network_ids(planned, manifest) if campaign.publish_network_ids else {}
    write_network_ids(campaign.folder / NETWORK_IDS_FILE, ids)
    told = {"campaign": planned.campaign_id, "release": planned.number, "offers": len(planned.offers)}
    click.echo(json.dumps(told) if as_json else f"release {planned.number} is signed: {len(planned.offers)} offers")


def _previous(settings: "Settings") -> "Release | None":
    """Read the release there is, to count on from it; one by another key is refused rather than replaced."""
    from police2peer.fleet import read_release  # noqa: PLC0415

    return (
        read_release(settings.release, trusted=settings.trusted_release_key()) if settings.release.exists() else None
    )
