# SPDX-License-Identifier: EUPL-1.2
"""A release: the signed list of what a node shall offer, and under which order.

The agency plans it from a campaign and the files made for it, signs the exact bytes, and any node that pins the
release key can check it without asking anyone. A node offers what stands in a release and nothing else.

The file form is one JSON object `{"payload": base64, "signature": base64}`; the signature (Ed25519, RFC 8032)
is over a fixed prefix and the payload's bytes as they are, so nothing is ever re-serialised to be checked.
"""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from police2peer.campaign import ApprovedTerm, Arm, Campaign, Language, SignedOrder, Term, TermId, Title, TitleId
from police2peer.errors import BadInput, NotAuthentic
from police2peer.networks import OfferId
from police2peer.storage import write_whole
from police2peer.warningfiles import Manifest, WarningFileId

_PREFIX = b"p2p-release-v1\n"
_REMEDY = "ask the agency for the release again, and compare its key with the one pinned in trust/release.pub"


@dataclass(frozen=True, slots=True)
class ReleasedOffer:
    """One warning file under one title on one network."""

    id: OfferId
    network: str
    title_id: TitleId
    title: Title
    extension: str
    file_id: WarningFileId
    file_sha256: str
    arm: Arm
    language: Language | None


@dataclass(frozen=True, slots=True)
class Release:
    """What a node shall offer: `number` rises with each release of a campaign; `order` is the signed order.

    `terms` are the words by which networks with a search let the offers be found; without any, no search is answered.
    """

    campaign_id: str
    campaign_sha256: str
    number: int
    made_at: datetime
    order: SignedOrder
    offers: tuple[ReleasedOffer, ...]
    terms: tuple[ApprovedTerm, ...] = ()


def plan_offers(campaign: Campaign, manifest: Manifest) -> tuple[ReleasedOffer, ...]:
    """Join the campaign's planned offers with the files made for it, for each network in turn.

    Raises `BadInput` when a file of the plan was not made.
    """
    titles = {approved.id: approved.title for approved in campaign.titles}
    planned = [(offer, manifest.file_for(offer.recipe)) for offer in campaign.planned_offers()]
    return tuple(
        ReleasedOffer(
            id=OfferId(f"{network}-{number:06d}"),
            network=network,
            title_id=offer.title_id,
            title=titles[offer.title_id],
            extension=file.format.extension,
            file_id=file.id,
            file_sha256=file.hashes.sha256,
            arm=file.arm,
            language=file.language,
        )
        for network in campaign.networks
        for number, (offer, file) in enumerate(planned, start=1)
    )


def plan_release(
    campaign: Campaign, manifest: Manifest, order: SignedOrder, *, now: datetime, previous: Release | None
) -> Release:
    """Make the next release of a campaign; its number follows that of `previous`."""
    return Release(
        campaign_id=campaign.id,
        campaign_sha256=campaign.sha256,
        number=1 if previous is None else previous.number + 1,
        made_at=now,
        order=order,
        offers=plan_offers(campaign, manifest),
        terms=campaign.terms,
    )


def write_release(path: Path, release: Release, key: Ed25519PrivateKey) -> None:
    """Sign `release` and write it to `path`, whole or not at all; readable by its owner alone, it holds titles."""
    payload = json.dumps(_to_plain(release), ensure_ascii=False, separators=(",", ":")).encode()
    signature = key.sign(_PREFIX + payload)
    envelope = {
        "payload": base64.b64encode(payload).decode(),
        "signature": base64.b64encode(signature).decode(),
    }
    write_whole(path, json.dumps(envelope).encode(), mode=0o600)


def read_release(path: Path, *, trusted: bytes) -> Release:
    """Read a release and hold it against the pinned public key (32 bytes, raw Ed25519).

    Raises `BadInput` when there is no such file, `NotAuthentic` for anything but what that key signed.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise BadInput(f"cannot read the release {path.name}", remedy="run `police2peer release sign`") from error
    return parse_release(raw, trusted=trusted)


def parse_release(raw: bytes, *, trusted: bytes) -> Release:
    """Check the bytes of a release against the pinned public key and read them; see `read_release`."""
    try:
        envelope = json.loads(raw)
        payload = base64.b64decode(envelope["payload"], validate=True)
        signature = base64.b64decode(envelope["signature"], validate=True)
        Ed25519PublicKey.from_public_bytes(trusted).verify(signature, _PREFIX + payload)
        return _from_plain(json.loads(payload))
    except InvalidSignature as error:
        raise NotAuthentic("the release was not signed by the pinned key", remedy=_REMEDY) from error
    except (BadInput, ValueError, KeyError, TypeError, RecursionError, binascii.Error) as error:
        raise NotAuthentic("the release is not in its form", remedy=_REMEDY) from error


def _to_plain(release: Release) -> dict[str, Any]:
    return {
        "campaign": release.campaign_id,
        "campaign_sha256": release.campaign_sha256,
        "number": release.number,
        "made_at": release.made_at.isoformat(),
        "order": base64.b64encode(release.order.to_bytes()).decode(),
        "offers": [
            [
                o.id,
                o.network,
                o.title_id,
                o.title.reveal(),
                o.extension,
                o.file_id,
                o.file_sha256,
                o.arm.value,
                o.language,
            ]
            for o in release.offers
        ],
        "terms": [[term.id, " ".join(sorted(term.term.reveal()))] for term in release.terms],
    }


def _from_plain(plain: dict[str, Any]) -> Release:
    made_at = datetime.fromisoformat(plain["made_at"])
    if made_at.tzinfo is None:
        raise ValueError("naive time")
    return Release(
        campaign_id=str(plain["campaign"]),
        campaign_sha256=str(plain["campaign_sha256"]),
        number=int(plain["number"]),
        made_at=made_at,
        order=SignedOrder.from_bytes(base64.b64decode(plain["order"], validate=True)),
        offers=tuple(
            ReleasedOffer(
                id=OfferId(offer_id),
                network=network,
                title_id=TitleId(title_id),
                title=Title.parse(title),
                extension=extension,
                file_id=WarningFileId(file_id),
                file_sha256=sha256,
                arm=Arm(arm),
                language=None if language is None else Language(language),
            )
            for offer_id, network, title_id, title, extension, file_id, sha256, arm, language in plain["offers"]
        ),
        terms=tuple(ApprovedTerm(TermId(term_id), Term.parse(words)) for term_id, words in plain.get("terms", ())),
    )
