# SPDX-License-Identifier: EUPL-1.2
"""What one warning file says: a message in one language, ready to be set.

Everything operators wrote leaves here as one JSON value; templates show it and never run it.
"""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from police2peer.campaign import Arm, Clip, Language, Recording, Texts, WarningMessage, direction
from police2peer.errors import BadInput
from police2peer.warningfiles.code import VerifyCode

__all__ = ["Wording", "verify_address"]


def verify_address(verify_url: str, code: VerifyCode) -> str:
    """Give the address to print: the code stands behind `#`, so that no server is ever sent it."""
    return f"{verify_url}#{code}"


@dataclass(frozen=True, slots=True)
class Wording:
    """One message in one language.

    `spoken` are the subtitles in every language of the message, for players that show them; `clip` and `voice`
    are the recordings in this language. Without `officer` nobody is shown; with `moving` the words of films come in
    one after another.
    """

    message_id: str
    arm: Arm
    language: Language
    texts: Texts
    badge_svg: str | None
    help_url: str
    verify_url: str
    officer: bool = True
    moving: bool = False
    clip: Clip | None = None
    voice: Recording | None = None
    spoken: Mapping[Language, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, message: WarningMessage, language: Language) -> "Wording":
        """Take one language out of a message. Raises `BadInput` when it is not there."""
        if language not in message.texts:
            raise BadInput(
                f"message {message.id} has no texts in {language!r}",
                remedy=f"write them, or choose among: {', '.join(message.texts) or 'none'}",
            )
        badge = message.badge_svg.decode("utf-8", "strict") if message.badge_svg is not None else None
        return cls(
            message_id=message.id,
            arm=message.arm,
            language=language,
            texts=message.texts[language],
            badge_svg=badge,
            help_url=message.help_url,
            verify_url=message.verify_url,
            officer=message.officer,
            moving=message.moving,
            clip=message.clips.get(language),
            voice=message.audio.get(language),
            spoken={spoken: texts.subtitles for spoken, texts in message.texts.items()},
        )

    @property
    def is_rtl(self) -> bool:
        """Whether the language is written from right to left."""
        return direction(self.language) == "rtl"

    def card(self) -> dict[str, object]:
        """Give what the template needs to know of this wording."""
        words = {
            field.name: getattr(self.texts, field.name)
            for field in dataclasses.fields(self.texts)
            if field.name not in {"language", "review"}
        }
        return {
            "words": words,
            "language": self.language,
            "direction": direction(self.language),
            "badge": self.badge_svg,
            "help_url": self.help_url,
            "verify_url": self.verify_url,
            "has_officer": self.officer,
        }

    def address(self, code: VerifyCode) -> str:
        """Give the verify address of the file with this code."""
        return verify_address(self.verify_url, code)

    def digest(self) -> str:
        """Name everything said here by one SHA-256 (hex)."""
        return hashlib.sha256(json.dumps(self.card(), sort_keys=True).encode()).hexdigest()
