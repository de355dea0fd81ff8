# SPDX-License-Identifier: EUPL-1.2
"""Small pictures of real warning files, for the page that says what they look like.

Promise: a page shows files of its own language, or none; no picture holds a code that can be read or bytes of a
film. Source: the stills of the manifest that `police2peer make` wrote.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from police2peer.campaign import FormatKind, Language
from police2peer.warningfiles import WarningFile, public_picture, read_manifest

__all__ = ["PICTURE_FOLDER", "Picture", "pictures_of"]

PICTURE_FOLDER = "pictures"
_BLANK = "blank"


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: `kind` names its words in the texts (looks.film, looks.sheet, looks.blank)."""

    kind: str
    name: str
    content: bytes
    width: int
    height: int


def pictures_of(folder: Path, languages: Iterable[Language]) -> Mapping[Language, tuple[Picture, ...]]:
    """Take the first film and the first sheet of each language, and the first blank film for all.

    Raises `BadInput` when the folder holds no manifest.
    """
    files = read_manifest(folder).files
    chosen: dict[tuple[Language | None, str], WarningFile] = {}
    for file in files:
        if kind := _kind(file):
            chosen.setdefault((file.language, kind), file)
    made: dict[str, Picture] = {}

    def picture(language: Language | None, kind: str) -> Picture | None:
        file = chosen.get((language, kind))
        if file is None:
            return None
        name = f"{PICTURE_FOLDER}/{language}-{kind}.webp" if language else f"{PICTURE_FOLDER}/{kind}.webp"
        if name not in made:
            made[name] = Picture(kind, name, *public_picture(file))
        return made[name]

    found = {}
    for language in languages:
        own = [one for kind in ("film", "sheet") if (one := picture(language, kind))]
        blank = picture(None, _BLANK)
        found[language] = (*own, blank) if own and blank else tuple(own)
    return found


def _kind(file: WarningFile) -> str:
    """Name what a file shows; empty for what is not shown here."""
    is_film = file.format.kind is FormatKind.FILM
    if file.format.carries_text:
        return "film" if is_film else "sheet"
    return _BLANK if is_film else ""
