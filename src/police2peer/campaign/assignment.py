# SPDX-License-Identifier: EUPL-1.2
"""Which warning files are made, and which of them is offered under which title.

Every title carries every message, each as often as the campaign says, so that titles cannot confound the arms
of a trial (a complete block design, facts of DESIGN.md "Measure"). Within a message, languages and formats rotate
over the titles in an order drawn by SHA-256 from the campaign's id: the same campaign gives the same offers on
every machine, and nobody chooses which file meets which title.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from police2peer.campaign.formats import Arm, FileFormat
from police2peer.campaign.language import Language
from police2peer.campaign.message import WarningMessage
from police2peer.campaign.title import TitleId

__all__ = ["PlannedOffer", "Recipe", "assign", "recipes_of"]

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, order=True)
class Recipe:
    """One file to make; `language` is None for a blank, `variant` counts files that differ in their code only."""

    message_id: str
    arm: Arm
    language: Language | None
    format: FileFormat
    variant: int = 0

    @property
    def name(self) -> str:
        """A plain name that no other recipe of the campaign has."""
        parts = (self.message_id, self.language or "none", self.format.value, str(self.variant))
        return "-".join(parts)


@dataclass(frozen=True, slots=True)
class PlannedOffer:
    """One file under one title."""

    title_id: TitleId
    recipe: Recipe


def recipes_of(
    message: WarningMessage,
    languages: Sequence[Language],
    formats: Sequence[FileFormat],
    offers_per_title: int,
) -> tuple[Recipe, ...]:
    """Give the files of one message; enough variants that no title needs the same file twice."""
    is_blank = message.arm is Arm.BLANK
    kinds: list[tuple[Language | None, FileFormat]] = [
        (language, format_)
        for language in ([None] if is_blank else languages)
        for format_ in formats
        if format_.carries_text is not is_blank
    ]
    variants = -(-offers_per_title // len(kinds)) if kinds else 0
    return tuple(
        Recipe(message.id, message.arm, language, format_, variant)
        for variant in range(variants)
        for language, format_ in kinds
    )


def _drawn(seed: str, items: Sequence[Item], names: Sequence[str]) -> list[Item]:
    """Put items in an order that nobody chose, the same for the same seed and names."""
    keys = [hashlib.sha256(f"{seed}\n{name}".encode()).digest() for name in names]
    return [item for _, item in sorted(zip(keys, items, strict=True), key=lambda pair: pair[0])]


def assign(
    campaign_id: str, titles: Sequence[TitleId], recipes: Sequence[Recipe], offers_per_title: int
) -> tuple[PlannedOffer, ...]:
    """Give the offers of one message: `offers_per_title` different files under each title, all files in turn."""
    if not recipes:
        return ()
    seed = f"{campaign_id}\n{recipes[0].message_id}"
    files = _drawn(f"{seed}\nfiles", recipes, [recipe.name for recipe in recipes])
    slots = [title for title in _drawn(f"{seed}\ntitles", titles, titles) for _ in range(offers_per_title)]
    return tuple(PlannedOffer(title, files[place % len(files)]) for place, title in enumerate(slots))
