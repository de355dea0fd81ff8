# SPDX-License-Identifier: EUPL-1.2
"""What a catalogue says of its log: its name and key, its witnesses, how many of them must have confirmed it.

It stands in `targets.json`, in a delegated role called `log`, so that neither the machine that publishes nor a thief
of its keys can put another log or other witnesses in the place of the right ones.
Source: docs/transparency.md, "In the catalogue".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from police2peer.catalogue.log.note import KeyType, NoteKey
from police2peer.errors import BadInput

__all__ = ["GRACE_DAYS", "LOG_ROLE", "LogPolicy"]

LOG_ROLE = "log"
GRACE_DAYS = 14  # witnesses carry files by hand; a fortnight bridges a holiday
_MOST_WITNESSES = 32
_MOST_DAYS = 366


@dataclass(frozen=True, slots=True)
class LogPolicy:
    """The log's key (by its present name), its witnesses, and how many of them are needed, how lately."""

    keys: tuple[NoteKey, ...]
    witnesses: tuple[NoteKey, ...] = ()
    needed: int = 0
    grace: timedelta = timedelta(days=GRACE_DAYS)

    def __post_init__(self) -> None:
        publics = {witness.public for witness in self.witnesses} | {key.public for key in self.keys}
        if not self.keys or len(publics) != len(self.witnesses) + len(self.keys):
            raise BadInput("the log or two of its witnesses have one key", remedy="give each a key of its own")
        if not 0 <= self.needed <= len(self.witnesses) or (self.witnesses and not self.needed):
            raise BadInput(
                f"{self.needed} of {len(self.witnesses)} witnesses cannot be asked for",
                remedy="ask for at least one and at most all of them",
            )

    @property
    def origin(self) -> str:
        """The log's name."""
        return self.keys[0].name

    def to_json(self) -> dict[str, object]:
        """Write the field that stands in the role; the log's keys stand in the role itself."""
        return {
            "origin": self.origin,
            "needed": self.needed,
            "grace_days": self.grace.days,
            "witnesses": [{"name": each.name, "key": each.public.hex()} for each in self.witnesses],
        }

    @classmethod
    def read(cls, value: object, log_keys: Mapping[str, bytes]) -> "LogPolicy":
        """Read the field of the role; to be used inside `distrusting`."""
        if not isinstance(value, dict) or not isinstance(value["witnesses"], list):
            raise TypeError("not a log")
        listed = value["witnesses"]
        if len(listed) > _MOST_WITNESSES or not log_keys:
            raise ValueError("too many witnesses, or no key")
        try:
            return cls(
                tuple(NoteKey(_text(value["origin"]), KeyType.ED25519, public) for public in log_keys.values()),
                tuple(
                    NoteKey(_text(each["name"]), KeyType.COSIGNATURE, bytes.fromhex(each["key"])) for each in listed
                ),
                _count(value["needed"], len(listed)),
                timedelta(days=_count(value["grace_days"], _MOST_DAYS)),
            )
        except BadInput as error:
            raise ValueError("not a log") from error


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not text")
    return value


def _count(value: object, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise ValueError("not a count")
    return value
