# SPDX-License-Identifier: EUPL-1.2
"""A campaign as frozen values, and the digest to which two approvers put their names.

The digest covers everything that decides what is published: titles, words, clips, formats, networks, addresses,
the order itself. A change of any of it after signing is seen by `check_order`.
"""

import functools
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from police2peer.campaign.assignment import PlannedOffer, Recipe, assign, recipes_of
from police2peer.campaign.credentials_section import CredentialChoice
from police2peer.campaign.files_section import FileSettings
from police2peer.campaign.formats import FileFormat
from police2peer.campaign.language import Language
from police2peer.campaign.message import Clip, Recording, ReviewState, Texts, WarningMessage
from police2peer.campaign.order import OperationOrder, canonical_json
from police2peer.campaign.term import ApprovedTerm
from police2peer.campaign.title import ApprovedTitle

__all__ = ["Campaign"]

# The digest of an order that is not bound to a campaign yet; the loader replaces it.
UNBOUND = "0" * 64


@dataclass(frozen=True)
class Campaign:
    """What `load_campaign` gives: checked whole.

    `offers_per_title` says, by message id, how many of its files each title carries; `reviewers` are the people who
    may sign texts, with their public keys. `terms` are the words expected in searches.
    `files` says how files are made, `credentials` who signs inside them.
    `replication` is the number of nodes that hold each offer. With `publish_network_ids` the catalogue tells which
    network identifiers are ours.
    """

    id: str
    folder: Path
    production: bool
    order: OperationOrder
    messages: tuple[WarningMessage, ...]
    offers_per_title: Mapping[str, int]
    reviewers: Mapping[str, bytes]
    titles: tuple[ApprovedTitle, ...]
    terms: tuple[ApprovedTerm, ...]
    formats: tuple[FileFormat, ...]
    languages: tuple[Language, ...]
    networks: tuple[str, ...]
    replication: int
    files: FileSettings
    credentials: CredentialChoice | None
    publish_network_ids: bool

    def recipes(self) -> tuple[Recipe, ...]:
        """Give every file to make."""
        return tuple(recipe for message in self.messages for recipe in self._recipes_of(message))

    def planned_offers(self) -> tuple[PlannedOffer, ...]:
        """Give which file is offered under which title; the same on every machine."""
        titles = [title.id for title in self.titles]
        return tuple(
            offer
            for message in self.messages
            for offer in assign(self.id, titles, self._recipes_of(message), self.offers_per_title[message.id])
        )

    def _recipes_of(self, message: WarningMessage) -> tuple[Recipe, ...]:
        return recipes_of(message, self.languages, self.formats, self.offers_per_title[message.id])

    @property
    def offer_count(self) -> int:
        """How many offers there are on each network."""
        return len(self.titles) * sum(self.offers_per_title.values())

    def drafts(self) -> tuple[tuple[str, Language], ...]:
        """Give message id and language of all texts that no person has signed."""
        return tuple(
            (message.id, language)
            for message in self.messages
            for language, texts in message.texts.items()
            if texts.review.state is ReviewState.DRAFT
        )

    @functools.cached_property
    def sha256(self) -> str:
        """The digest (hex) of all that the order approves."""
        return hashlib.sha256(canonical_json(self._approved())).hexdigest()

    def order_payload(self) -> bytes:
        """Give the bytes that the approvers sign."""
        return self.order.to_bytes()

    def _approved(self) -> dict[str, object]:
        order = replace(self.order, campaign_sha256=UNBOUND).to_bytes()
        return {
            "id": self.id,
            "production": self.production,
            "order": order.decode(),
            "messages": [self._approved_message(message) for message in self.messages],
            "reviewers": {name: key.hex() for name, key in self.reviewers.items()},
            "titles": [[title.id, title.title.reveal()] for title in self.titles],
            **self._approved_terms(),
            "formats": self.formats,
            "languages": self.languages,
            "networks": self.networks,
            "replication": self.replication,
            "files": self.files.approved(),
            "credentials": None if self.credentials is None else self.credentials.approved(),
            "publish_network_ids": self.publish_network_ids,
        }

    def _approved_terms(self) -> dict[str, object]:
        """Give nothing where there is no term, so that digests signed before there were terms still hold."""
        terms = [[term.id, sorted(term.term.reveal())] for term in self.terms]
        return {"terms": terms} if terms else {}

    def _approved_message(self, message: WarningMessage) -> dict[str, object]:
        badge = message.badge_svg
        return {
            "id": message.id,
            "version": message.version,
            "arm": message.arm,
            "issuer": message.issuer,
            "badge_sha256": None if badge is None else hashlib.sha256(badge).hexdigest(),
            "texts": {language: _approved_texts(texts) for language, texts in message.texts.items()},
            "clips": {language: _approved_clip(clip) for language, clip in message.clips.items()},
            "audio": {language: _approved_recording(one) for language, one in message.audio.items()},
            "officer": message.officer,
            "moving": message.moving,
            "help_url": message.help_url,
            "verify_url": message.verify_url,
            "offers_per_title": self.offers_per_title[message.id],
        }


def _approved_texts(texts: Texts) -> dict[str, object]:
    review = texts.review
    reviewed_on = None if review.reviewed_on is None else review.reviewed_on.isoformat()
    return {
        "words": dict(texts.sentences()),
        "review": [review.state, review.reviewer, reviewed_on],
    }


def _approved_clip(clip: Clip) -> dict[str, object]:
    return {
        "sha256": clip.sha256,
        "consent_reference": clip.consent_reference,
        "free_side": clip.free_side,
    }


def _approved_recording(recording: Recording) -> dict[str, object]:
    return {"sha256": recording.sha256, "consent_reference": recording.consent_reference}
