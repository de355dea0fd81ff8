# SPDX-License-Identifier: EUPL-1.2
"""`police2peer order`: sign, check and withdraw the operation order of a campaign."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from police2peer.cli.unlocking import SIGNING_KEY, unlocking

if TYPE_CHECKING:
    from police2peer.campaign import Campaign, SignedOrder, TokenUri

__all__ = ["DEFAULT_TRUST", "order"]

# Where one machine keeps the public keys of the approvers it trusts, inside the campaign's folder.
DEFAULT_TRUST = Path("trust/approvers.pub")

_CAMPAIGN = click.argument(
    "campaign_path", metavar="[CAMPAIGN]", default=Path(), type=click.Path(path_type=Path), required=False
)
_KEY = click.option(
    "--key",
    "key_path",
    required=True,
    type=SIGNING_KEY,
    help="Your private key: a file, or pkcs11:... for a key in a token.",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


@click.group()
def order() -> None:
    """Sign and check the operation order: without it nothing is published."""


def _signers(signed: "SignedOrder") -> list[str]:
    keys = {one.public_key for one in signed.signatures}
    return [approver.name for approver in signed.order.approvers if approver.public_key in keys]


@order.command()
@_CAMPAIGN
@_KEY
@click.option("--anew", is_flag=True, help="Put away the signatures for the campaign as it was before.")
@_JSON
@unlocking
def sign(campaign_path: Path, key_path: "Path | TokenUri", *, anew: bool, as_json: bool) -> None:
    """Sign the order of CAMPAIGN, as one of its two approvers; writes order.json beside it."""
    from police2peer.campaign import ORDER_NAME, load_campaign, read_signing_key, sign_campaign  # noqa: PLC0415

    key = read_signing_key(key_path)
    campaign = load_campaign(campaign_path)
    signed = sign_campaign(campaign, key, anew=anew)
    signers = _signers(signed)
    missing = [one.name for one in signed.order.approvers if one.name not in signers]
    if as_json:
        click.echo(json.dumps({"signed_by": signers, "missing": missing, "campaign_sha256": campaign.sha256}))
        return
    click.echo(f"{ORDER_NAME} is signed by {' and '.join(signers)}")
    if missing:
        click.echo(f"still to sign: {' and '.join(missing)}")


def _trusted(campaign: "Campaign", trust: tuple[Path, ...]) -> frozenset[bytes]:
    from police2peer.campaign import read_trusted  # noqa: PLC0415 - as in sign

    default = campaign.folder / DEFAULT_TRUST
    return read_trusted(trust or ([default] if default.exists() else []))


@order.command()
@_CAMPAIGN
@click.option(
    "--trust",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="Public keys that this machine trusts, one a line; may be given again. Default: trust/approvers.pub.",
)
@_JSON
def check(campaign_path: Path, trust: tuple[Path, ...], *, as_json: bool) -> None:
    """Tell whether CAMPAIGN may be published now."""
    from police2peer.campaign import load_campaign, permitted  # noqa: PLC0415 - as in sign

    campaign = load_campaign(campaign_path)
    now = datetime.now(UTC)
    found = permitted(campaign, now=now, trusted=_trusted(campaign, trust))
    approvers = [one.name for one in found.approvers]
    if as_json:
        told = {
            "permitted": True,
            "order": found.id,
            "authority": found.authority,
            "country": found.country,
            "approvers": approvers,
            "start": found.start.isoformat(),
            "end": found.end.isoformat(),
            "evidence": found.evidence,
            "evidence_recipients": [one.id for one in found.evidence_recipients],
            "evidence_keep_days": found.evidence_keep_days,
            "campaign_sha256": found.campaign_sha256,
        }
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    click.echo(f"order {found.id} permits this campaign until {found.end:%Y-%m-%d %H:%M} UTC")
    click.echo(f"  authority  {found.authority} ({found.country})")
    click.echo(f"  approved   {' and '.join(approvers)}")
    click.echo(f"  evidence   {found.evidence}")
    for one in found.evidence_recipients:
        click.echo(f"  sealed to  {one.id} ({one.kind}), each record kept {found.evidence_keep_days} days")


@order.command()
@_CAMPAIGN
@_KEY
@click.option("--reason", required=True, help="Why; it stands in order.json.")
@_JSON
@unlocking
def withdraw(campaign_path: Path, key_path: "Path | TokenUri", reason: str, *, as_json: bool) -> None:
    """End the order of CAMPAIGN now; one approver suffices."""
    from police2peer.campaign import load_campaign, read_signing_key, withdraw_campaign  # noqa: PLC0415 - as in sign

    key = read_signing_key(key_path)
    campaign = load_campaign(campaign_path)
    signed = withdraw_campaign(campaign, key, at=datetime.now(UTC), reason=reason)
    if as_json:
        click.echo(json.dumps({"withdrawn": True, "order": signed.order.id, "reason": reason}))
    else:
        click.echo(f"order {signed.order.id} is withdrawn: nothing may be published under it any more")
