# SPDX-License-Identifier: EUPL-1.2
"""What a campaign says about its files, beside the words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from police2peer.campaign import FileFormat, Language

__all__ = ["Filler", "Making"]


class Filler(StrEnum):
    """What a blank is filled with: zeros, which lie as a hole on the disk, or a keystream that no two files share."""

    ZEROS = "zeros"
    KEYSTREAM = "keystream"


@dataclass(frozen=True, slots=True)
class Making:
    """What all files of a campaign share.

    - `film_seconds`: the length of a film that is made of cards alone; `film_height`: 720 or 1080 lines.
    - `subtitles`: the languages of the soft subtitles, beside those burned into the picture.
    - `blank_bytes`, `blank_filler`: size and filler of a blank. With `blank_inside`, those bytes (a picture, say) lie
      hidden in its padding; a blank is pure without.
    - `sizes`: the exact size in bytes to which files of a format are padded.
    """

    film_seconds: int = 40
    film_height: int = 720
    subtitles: tuple[Language, ...] = ()
    blank_bytes: int = 700_000_000
    blank_filler: Filler = Filler.ZEROS
    blank_inside: bytes = b""
    sizes: Mapping[FileFormat, int] = field(default_factory=dict)
