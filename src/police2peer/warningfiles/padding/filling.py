# SPDX-License-Identifier: EUPL-1.2
"""What padding is filled with.

Promise: nothing here reads content; a filling of any length is at most three parts.
"""

from dataclasses import dataclass
from typing import assert_never

from police2peer.campaign import FileFormat, Filler
from police2peer.errors import BadInput
from police2peer.warningfiles.plan import FilePlan, Keystream, Literal, Part, Zeros

__all__ = ["Filling"]


@dataclass(frozen=True, slots=True)
class Filling:
    """A wish: this exact size in bytes for a file of this format, and what the padding consists of.

    `inside` stands first in the padding, `serial` last; the filler runs between them.
    """

    file_format: FileFormat
    size: int
    filler: Filler
    seed: bytes | None = None
    inside: bytes = b""
    serial: bytes = b""

    def room(self, plan: FilePlan, frame: int) -> int:
        """Tell how many bytes are left for `run` beside the content and a frame of `frame` bytes.

        Raises `BadInput` with the smallest size that can be had.
        """
        needed = len(self.inside) + len(self.serial)
        room = self.size - plan.size - frame
        if room < needed:
            raise BadInput(
                f"{self.size} bytes are too few for this {self.file_format} of {plan.size} bytes and its padding",
                remedy=f"give {plan.size + frame + needed} bytes or more",
            )
        return room

    def run(self, room: int) -> list[Part]:
        """Give parts of `room` bytes: what lies inside, the filler, the serial."""
        length = room - len(self.inside) - len(self.serial)
        return [Literal(self.inside), *self._filler(length), Literal(self.serial)]

    def _filler(self, length: int) -> list[Part]:
        match self.filler:
            case Filler.ZEROS:
                return [Zeros(length)]
            case Filler.KEYSTREAM:
                if self.seed is None:
                    raise BadInput(
                        "a keystream is asked for without a seed", remedy="give a seed, or fill with zeros"
                    )
                return [Keystream(self.seed, 0, length)]
            case _:
                assert_never(self.filler)

    def at_most(self, limit: int, remedy: str) -> None:
        """Refuse (`BadInput`) a size beyond what the format can say."""
        if self.size > limit:
            raise BadInput(f"a {self.file_format} has at most {limit} bytes, not {self.size}", remedy=remedy)

    def unreadable(self) -> BadInput:
        """Give the error for content that is not what its format says."""
        return BadInput(f"the content is no {self.file_format} as it is made here", remedy="make the file anew")
