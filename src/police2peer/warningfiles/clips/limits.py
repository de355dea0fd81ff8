# SPDX-License-Identifier: EUPL-1.2
"""What a clip may be and what its decoding may cost; the decoder and its watcher read the same numbers."""

from dataclasses import dataclass

__all__ = ["BOXES", "PCM_RATE_HZ", "PICTURES_PER_S", "SAMPLES_PER_PICTURE", "DecoderTask", "Limits"]

PICTURES_PER_S = 25
PCM_RATE_HZ = 48_000
SAMPLES_PER_PICTURE = PCM_RATE_HZ // PICTURES_PER_S
# The room that a clip is fitted into, by the height of the film.
BOXES = {720: (1280, 720), 1080: (1920, 1080)}


@dataclass(frozen=True, slots=True)
class Limits:
    """Where a clip is refused or its decoder is ended.

    A clip is a person speaking: ten minutes, what a telephone or a camera records (4K in either direction),
    2 GiB. The decoder's share is enough for 4K HEVC in 10 bits of that length on one slow core.
    """

    file_bytes: int = 2 << 30
    longest_s: int = 600
    shortest_s: int = 1
    long_side_px: int = 4096
    short_side_px: int = 2304
    least_side_px: int = 64
    standstill_s: int = 10  # between two pictures, and a hole in the sound
    pictures_per_s: int = 120  # taken in; of those, 25 are kept
    memory_bytes: int = 2 << 30  # address space, of which the program itself takes a quarter of a GiB
    computing_s: int = 1800
    waiting_s: int = 3600  # from start to end, by the clock on the wall


@dataclass(frozen=True, slots=True)
class DecoderTask:
    """What the decoder is asked for: pictures that fit a box and their sound, or sound alone (a box of 0)."""

    box_width: int
    box_height: int
    limits: Limits

    @property
    def wants_pictures(self) -> bool:
        """Whether this is a clip and no sound file."""
        return self.box_width > 0

    @property
    def most_pictures(self) -> int:
        """How many pictures at most come out."""
        return self.limits.longest_s * PICTURES_PER_S if self.wants_pictures else 0

    @property
    def most_samples(self) -> int:
        """How many samples of sound at most come out."""
        return self.limits.longest_s * PCM_RATE_HZ
