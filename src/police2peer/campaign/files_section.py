# SPDX-License-Identifier: EUPL-1.2
"""What a campaign file says about its files beside the words: length, size, subtitles, filler."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from police2peer.campaign.formats import FileFormat, Filler
from police2peer.campaign.language import Language
from police2peer.strict_toml import Table, nearest

__all__ = ["FileSettings", "read_file_settings"]

_FILM_SECONDS = (10, 600)
_FILM_HEIGHTS = (720, 1080)
# 64 KiB holds the smallest content of any blank; 4 GiB is the most that every network and file system takes.
_SIZE_BYTES = (64 * 1024, 4 * 1024**3 - 1)


@dataclass(frozen=True, slots=True)
class FileSettings:
    """How files are made.

    - `film_seconds`: length of a film of cards alone; `film_height`: 720 or 1080 lines.
    - `subtitles`: languages in which every film has subtitles to switch on, beside its own.
    - `blank_bytes`: size of a blank; `blank_picture`: whether it holds a small warning picture in its padding.
    - `filler`: what pads blanks and files of a fixed size.
    - `sizes`: the exact size in bytes of all files of a format.
    """

    film_seconds: int = 40
    film_height: int = 720
    subtitles: tuple[Language, ...] = ()
    blank_bytes: int = 700_000_000
    blank_picture: bool = False
    filler: Filler = Filler.ZEROS
    sizes: Mapping[FileFormat, int] = field(default_factory=dict)

    def approved(self) -> dict[str, object]:
        """Give what the approvers sign of it."""
        return {
            "film_seconds": self.film_seconds,
            "film_height": self.film_height,
            "subtitles": list(self.subtitles),
            "blank_bytes": self.blank_bytes,
            "blank_picture": self.blank_picture,
            "filler": self.filler,
            "sizes": dict(self.sizes),
        }


def read_file_settings(table: Table, formats: Sequence[FileFormat], languages: Sequence[Language]) -> FileSettings:
    """Read the tables `film`, `blank`, `sizes` and the key `filler`; faults are noted in the report."""
    film = table.table("film", required=False)
    seconds = film.integer("seconds", 40, least=_FILM_SECONDS[0], most=_FILM_SECONDS[1])
    height = film.integer("height", _FILM_HEIGHTS[0], least=_FILM_HEIGHTS[0], most=_FILM_HEIGHTS[-1])
    if height not in _FILM_HEIGHTS:
        film.problem("height", f"{height} lines are not made", "write 720 or 1080")
    subtitles = _subtitles(film, languages)
    film.finish()
    blank = table.table("blank", required=False)
    blank_bytes = blank.integer("size_bytes", 700_000_000, least=_SIZE_BYTES[0], most=_SIZE_BYTES[1])
    picture = blank.boolean("picture", default=False)
    blank.finish()
    filler = table.choice("filler", Filler, Filler.ZEROS)
    return FileSettings(seconds, height, subtitles, blank_bytes, picture, filler, _sizes(table, formats))


def _subtitles(film: Table, languages: Sequence[Language]) -> tuple[Language, ...]:
    found = tuple(Language(text) for text in film.texts("subtitles", required=False))
    for index, language in enumerate(found):
        if language not in languages:
            remedy = nearest(language, list(languages))
            film.problem("subtitles", "the campaign does not speak this language", remedy, index=index)
    return found


def _sizes(table: Table, formats: Sequence[FileFormat]) -> dict[FileFormat, int]:
    sizes = table.table("sizes", required=False)
    found = {}
    for name in sizes.values:
        size = sizes.integer(name, least=_SIZE_BYTES[0], most=_SIZE_BYTES[1])
        named = [one for one in FileFormat if one.value == name]
        if not named or not named[0].carries_text:
            known = [one.value for one in formats if one.carries_text]
            sizes.problem(name, "this is no format with text", nearest(name, known))
        else:
            found[named[0]] = size
    return found
