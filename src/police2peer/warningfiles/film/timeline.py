# SPDX-License-Identifier: EUPL-1.2
"""A film before it is encoded: scenes in order, sound and subtitles.

Every container's maker takes the same timeline, so that an AVI shows what an MP4 shows. The last scene is the card
of the code, still without its code: makers paint that in, for each file anew.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from police2peer.campaign import Language
from police2peer.warningfiles.colour import Planes
from police2peer.warningfiles.layout import Layout

__all__ = ["FRAMES_PER_S", "PCM_RATE_HZ", "Cue", "Moving", "Scene", "Still", "Timeline"]

FRAMES_PER_S = 25
PCM_RATE_HZ = 48_000


@dataclass(frozen=True)
class Still:
    """A picture that stands for a number of frames."""

    picture: Planes
    frames: int


@dataclass(frozen=True)
class Moving:
    """Pictures that change with every frame; each call of `pictures` gives all of them anew."""

    pictures: Callable[[], Iterator[Planes]]
    frames: int


Scene = Still | Moving


@dataclass(frozen=True, slots=True)
class Cue:
    """A subtitle: one text from `start_ms` to `end_ms` of the film."""

    start_ms: int
    end_ms: int
    text: str


@dataclass(frozen=True)
class Timeline:
    """A whole film at 25 pictures a second.

    `sound` is PCM, signed 16 bits little-endian, one channel, 48 kHz, as long as the film; None is silence.
    `subtitles` are those that a player can switch on, by language. `digest` (SHA-256 hex) names everything here.
    """

    layout: Layout
    scenes: tuple[Scene, ...]
    digest: str
    sound: bytes | None = None
    subtitles: Mapping[Language, tuple[Cue, ...]] = field(default_factory=dict)

    @property
    def frames(self) -> int:
        """How many pictures the film has."""
        return sum(scene.frames for scene in self.scenes)
