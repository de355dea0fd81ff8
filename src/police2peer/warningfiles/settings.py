# SPDX-License-Identifier: EUPL-1.2
"""What a campaign says about its files, beside the words."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from police2peer.campaign import CredentialChoice, FileFormat, Filler, Language, WarningMessage

__all__ = ["Making"]


@dataclass(frozen=True, slots=True)
class Making:
    """What all files of a campaign share.

    - `film_seconds`: the length of a film that is made of cards alone; `film_height`: 720 or 1080 lines.
    - `subtitles`: the languages of the soft subtitles, beside those burned into the picture.
    - `blank_bytes`: the size of a blank; `filler`: what pads it, and files of a fixed size.
    - `blank_holds`: a message in one language; its picture, with the blank's own code, lies hidden in the padding of
      every blank. Without it a blank is pure, or holds the bytes `blank_inside`.
    - `sizes`: the exact size in bytes to which files of a format are padded.
    - `credentials`: who signs content credentials (C2PA) in the formats that take them.
    """

    film_seconds: int = 40
    film_height: int = 720
    subtitles: tuple[Language, ...] = ()
    blank_bytes: int = 700_000_000
    filler: Filler = Filler.ZEROS
    blank_holds: WarningMessage | None = None
    blank_inside: bytes = b""
    sizes: Mapping[FileFormat, int] = field(default_factory=dict)
    credentials: CredentialChoice | None = None
