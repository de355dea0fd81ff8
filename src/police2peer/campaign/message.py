# SPDX-License-Identifier: EUPL-1.2
"""What a warning file says, as reviewed data without code.

`Texts` is everything one arm says in one language, complete: cards of a film, a picture, a PDF, an archive's
readme and the subtitles of a spoken part. `WarningMessage` joins the languages with issuer, badge, clips and
the two addresses. The texts never hold an address: makers print it from `help_url` and `verify_url`.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path

from police2peer.campaign.formats import Arm
from police2peer.campaign.language import Language

__all__ = ["MOVING", "TEXT_ONLY", "Clip", "FreeSide", "Recording", "Review", "ReviewState", "Texts", "WarningMessage"]

# What the id of a message says beside the name of its words.
TEXT_ONLY, MOVING = "-text", "-moving"


class ReviewState(StrEnum):
    """`DRAFT` until a named person has signed exactly these words."""

    DRAFT = "draft"
    SIGNED = "signed"


@dataclass(frozen=True, slots=True)
class Review:
    """Who stands for the words of one language, and since when."""

    state: ReviewState = ReviewState.DRAFT
    reviewer: str | None = None
    reviewed_on: date | None = None


class FreeSide(StrEnum):
    """The side of a clip's picture that holds nobody, where text may stand."""

    LEFT = "left"
    RIGHT = "right"


@dataclass(frozen=True, slots=True)
class Clip:
    """A recorded officer: the file, its SHA-256 (hex), the consent on record, the side free for text."""

    path: Path
    sha256: str
    consent_reference: str
    free_side: FreeSide


@dataclass(frozen=True, slots=True)
class Recording:
    """A recorded voice that speaks the subtitles: the file, its SHA-256 (hex), the consent on record."""

    path: Path
    sha256: str
    consent_reference: str


@dataclass(frozen=True, slots=True)
class Texts:
    """All words of one arm in one language.

    - Opening card: `title`, `who`, `lead`.
    - Body card: `body_title`, `points` (3 to 5 short sentences); `body` says the same in running text, for
      pictures and PDF.
    - Spoken part: `subtitles`, one sentence each, in order.
    - Help card: `help_title`, `help`, `help_label` (stands before the help address).
    - Verify card: `verify_title`, `verify`, `verify_label` (before the verify address), `code_label` (before
      the code), `scam_note`.
    - `footer`: one line that may stand under anything.
    - Alternative texts: `alt_card` (a whole picture), `alt_badge`, `alt_qr`, `alt_officer`.
    - `document_title` names a PDF; `readme` is the text file of an archive, paragraphs parted by an empty
      line, the addresses to be printed under it.
    """

    language: Language
    issuer: str
    who: str
    title: str
    lead: str
    body_title: str
    points: tuple[str, ...]
    body: str
    subtitles: tuple[str, ...]
    help_title: str
    help: str
    help_label: str
    verify_title: str
    verify: str
    verify_label: str
    code_label: str
    scam_note: str
    footer: str
    alt_card: str
    alt_badge: str
    alt_qr: str
    alt_officer: str
    document_title: str
    readme: str
    review: Review = Review()

    def sentences(self) -> Iterator[tuple[str, str]]:
        """Give each text with the name of its field (`points[2]`), for checks of every word shown."""
        for shown in dataclasses.fields(self):
            value = getattr(self, shown.name)
            if shown.name in {"language", "review"}:
                continue
            if isinstance(value, tuple):
                yield from ((f"{shown.name}[{index}]", text) for index, text in enumerate(value))
            else:
                yield shown.name, value


@dataclass(frozen=True, slots=True)
class WarningMessage:
    """A message of a campaign: signed, reviewed data.

    `texts` is empty for the blank arm and complete otherwise. `badge_svg` is the issuer's mark or None.
    `verify_url` and `help_url` are addresses without a fragment; the verify address printed in a file is
    `verify_url + "#" + code`, and a fragment never reaches a server. With `officer`, films and cards show an officer,
    recorded in a clip or drawn; without, words alone. `audio` is a voice for films without a clip. With `moving`, the
    words of films come in one after another.
    """

    id: str
    version: int
    arm: Arm
    issuer: str
    badge_svg: bytes | None
    texts: Mapping[Language, Texts]
    clips: Mapping[Language, Clip]
    help_url: str
    verify_url: str
    officer: bool = True
    audio: Mapping[Language, Recording] = field(default_factory=dict)
    moving: bool = False

    @property
    def words_id(self) -> str:
        """Name the words alone: the same with and without an officer, standing and moving. Reviews are under it."""
        words = self.id.removesuffix(MOVING) if self.moving else self.id
        return words if self.officer else words.removesuffix(TEXT_ONLY)
