# SPDX-License-Identifier: EUPL-1.2
"""Unique films by exchange: one muxed film is stored, and the bytes of one picture in it are replaced.

A container scatters a picture over packs and packets. Where its bytes came to lie is not guessed: the film is muxed
twice, once with a real picture and once with all its bits turned, and what differs is the slot. A muxer that reads,
sums or moves what it packs is found out, for then other bytes differ too.
Promise: a spliced film is to the byte what the muxer would have made of the other picture.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from police2peer.errors import BadInput
from police2peer.warningfiles.plan import FilePlan, Part, StoredRange
from police2peer.warningfiles.store import BaseStore

__all__ = ["Slot", "Splice", "find_slot", "turned"]


@dataclass(frozen=True, slots=True)
class Slot:
    """The runs of a film, as (offset, length) in bytes and in order, that together hold what is exchanged."""

    runs: tuple[tuple[int, int], ...]

    def __post_init__(self) -> None:
        """Refuse (`BadInput`) runs that are empty or overlap."""
        in_order = all(offset + length <= following for (offset, length), (following, _) in pairwise(self.runs))
        if not self.runs or self.runs[0][0] < 0 or not in_order or min(length for _, length in self.runs) < 1:
            raise _bad_slot()

    @property
    def begin(self) -> int:
        """Where the first run begins."""
        return self.runs[0][0]

    @property
    def end(self) -> int:
        """Where the last run ends."""
        offset, length = self.runs[-1]
        return offset + length

    @property
    def size(self) -> int:
        """How many bytes the slot takes."""
        return sum(length for _, length in self.runs)


def turned(picture: bytes, kept: int) -> bytes:
    """Give the picture with every bit turned, but for the first `kept` bytes."""
    return picture[:kept] + (~np.frombuffer(picture[kept:], np.uint8)).tobytes()


def find_slot(
    mux: Callable[[Sequence[bytes]], bytes], pictures: Sequence[bytes], kept: int = 0
) -> tuple[bytes, Slot]:
    """Mux a film around these pictures, and find them in it.

    `kept`: how many first bytes of each the muxer must be able to read; they may not be parted from the next.
    Raises `BadInput` when anything but the pictures depends on the pictures.
    """
    film, other = mux(pictures), mux([turned(picture, kept) for picture in pictures])
    if len(film) != len(other):
        raise _read_by_muxer()
    whole = np.frombuffer(film, np.uint8)
    differing = np.flatnonzero(whole != np.frombuffer(other, np.uint8))
    lengths = [len(picture) - kept for picture in pictures]
    if len(differing) != sum(lengths) or min(lengths) < 1:
        raise _read_by_muxer()
    rests = np.split(differing, np.cumsum(lengths)[:-1])
    places = np.concatenate([np.concatenate([np.arange(rest[0] - kept, rest[0]), rest]) for rest in rests])
    if places[0] < 0 or whole[places].tobytes() != b"".join(pictures):
        raise _read_by_muxer()
    breaks = np.flatnonzero(np.diff(places) != 1) + 1
    return film, Slot(tuple((int(run[0]), len(run)) for run in np.split(places, breaks)))


@dataclass(frozen=True)
class Splice:
    """A stored film and the slot in it; what lies between the runs of the slot is at hand."""

    film_sha256: str
    film_bytes: int
    slot: Slot
    stretch: bytes

    @classmethod
    def keep(cls, store: BaseStore, film: bytes, slot: Slot) -> dict[str, object]:
        """Store a film; gives what `recall` needs to find it."""
        return {"film": store.put(film), "runs": [list(run) for run in slot.runs]}

    @classmethod
    def recall(cls, store: BaseStore, film_sha256: str, runs: object) -> "Splice":
        """Find a stored film. Raises `BadInput` when the note about it cannot be read."""
        if not isinstance(runs, Sequence):
            raise _bad_slot()
        try:
            slot = Slot(tuple((int(offset), int(length)) for offset, length in runs))
        except (TypeError, ValueError) as error:
            raise _bad_slot() from error
        stretch = store.read(film_sha256, slot.begin, slot.end - slot.begin)
        return cls(film_sha256, store.size(film_sha256), slot, stretch)

    def plan(self, store: BaseStore, content: bytes) -> FilePlan:
        """Give the film with other bytes in its slot: all before it, the stretch anew, all after it."""
        if len(content) != self.slot.size:
            raise BadInput("a picture does not have the size of its slot", remedy="make the files anew")
        stretch, taken = bytearray(self.stretch), 0
        for offset, length in self.slot.runs:
            begin = offset - self.slot.begin
            stretch[begin : begin + length] = content[taken : taken + length]
            taken += length
        return self._around(store, [StoredRange(store.put(bytes(stretch)), 0, len(stretch))])

    def around(self, store: BaseStore, parts: Sequence[Part]) -> FilePlan:
        """Give the film with these parts in its slot, which lies in one run."""
        if len(self.slot.runs) != 1 or sum(part.length for part in parts) != self.slot.size:
            raise BadInput("a picture does not have the size of its slot", remedy="make the files anew")
        return self._around(store, parts)

    def _around(self, store: BaseStore, parts: Sequence[Part]) -> FilePlan:
        before = StoredRange(self.film_sha256, 0, self.slot.begin)
        after = StoredRange(self.film_sha256, self.slot.end, self.film_bytes - self.slot.end)
        return FilePlan([before, *parts, after], store)


def _bad_slot() -> BadInput:
    return BadInput("the note about a stored film cannot be read", remedy="remove the store and make anew")


def _read_by_muxer() -> BadInput:
    return BadInput(
        "the muxer reads the pictures that it packs, so films cannot be spliced",
        remedy="use the locked version of av, or another format",
    )
