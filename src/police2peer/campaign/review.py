# SPDX-License-Identifier: EUPL-1.2
"""Reviews: a named person puts their signature under exactly these words.

A review holds for the words it was given for; change one and the texts are a draft again. Reviews are kept in
`reviews.json` beside the campaign, signatures are Ed25519 behind a prefix of their own. Machine-written
translations are drafts until a native speaker with knowledge of the law has signed them.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from police2peer.campaign.keys import parse_public_key, public_bytes
from police2peer.campaign.language import Language
from police2peer.campaign.message import Review, ReviewState, Texts
from police2peer.campaign.order import canonical_json
from police2peer.errors import BadInput, NotAuthentic
from police2peer.storage import write_whole

__all__ = ["REVIEWS_NAME", "SignedReview", "read_reviews", "reviewed", "sign_review", "write_reviews"]

REVIEWS_NAME = "reviews.json"
_PREFIX = b"p2p-review-v1\n"


@dataclass(frozen=True, slots=True)
class SignedReview:
    """One person's signature under the words of one message in one language."""

    message_id: str
    language: Language
    words_sha256: str
    reviewer: str
    reviewed_on: date
    public_key: bytes
    signature: bytes

    def signed_bytes(self) -> bytes:
        """Give the bytes that are signed."""
        told = {
            "message_id": self.message_id,
            "language": self.language,
            "words_sha256": self.words_sha256,
            "reviewer": self.reviewer,
            "reviewed_on": self.reviewed_on.isoformat(),
        }
        return _PREFIX + canonical_json(told)


def words_sha256(texts: Texts) -> str:
    """Give the digest (hex) of all words of the texts."""
    return hashlib.sha256(canonical_json(dict(texts.sentences()))).hexdigest()


def sign_review(
    message_id: str, texts: Texts, *, reviewer: str, reviewed_on: date, key: Ed25519PrivateKey
) -> SignedReview:
    """Sign the words as they are now."""
    unsigned = SignedReview(
        message_id, texts.language, words_sha256(texts), reviewer, reviewed_on, public_bytes(key), b""
    )
    return replace(unsigned, signature=key.sign(unsigned.signed_bytes()))


def reviewed(message_id: str, texts: Texts, reviews: Iterable[SignedReview], reviewers: Mapping[str, bytes]) -> Texts:
    """Give the texts marked as signed when a review by a known reviewer covers these words, as drafts otherwise.

    Raises `NotAuthentic` when a review that should cover them does not hold.
    """
    digest = words_sha256(texts)
    for review in reviews:
        if (review.message_id, review.language, review.words_sha256) != (message_id, texts.language, digest):
            continue
        if reviewers.get(review.reviewer) != review.public_key:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(review.public_key).verify(review.signature, review.signed_bytes())
        except (InvalidSignature, ValueError) as error:
            raise NotAuthentic(
                f"the review of {message_id} ({texts.language}) does not hold",
                remedy="find out who changed reviews.json, and have the texts reviewed anew",
            ) from error
        return replace(texts, review=Review(ReviewState.SIGNED, review.reviewer, review.reviewed_on))
    return replace(texts, review=Review())


def write_reviews(path: Path, reviews: Iterable[SignedReview]) -> None:
    """Write reviews.json, whole or not at all."""
    document = [
        {
            "message_id": one.message_id,
            "language": one.language,
            "words_sha256": one.words_sha256,
            "reviewer": one.reviewer,
            "reviewed_on": one.reviewed_on.isoformat(),
            "public_key": one.public_key.hex(),
            "signature": one.signature.hex(),
        }
        for one in reviews
    ]
    write_whole(path, (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode())


def read_reviews(path: Path) -> tuple[SignedReview, ...]:
    """Read reviews.json; none when it is not there. Raises `BadInput` on anything else than reviews."""
    if not path.exists():
        return ()
    try:
        return tuple(
            SignedReview(
                message_id=str(one["message_id"]),
                language=Language(str(one["language"])),
                words_sha256=str(one["words_sha256"]),
                reviewer=str(one["reviewer"]),
                reviewed_on=date.fromisoformat(one["reviewed_on"]),
                public_key=parse_public_key(one["public_key"]),
                signature=bytes.fromhex(one["signature"]),
            )
            for one in json.loads(path.read_bytes())
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, BadInput) as error:
        raise BadInput(
            f"{path.name} does not hold reviews", remedy="take the file away and have the texts reviewed anew"
        ) from error
