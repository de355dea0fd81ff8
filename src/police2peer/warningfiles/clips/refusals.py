# SPDX-License-Identifier: EUPL-1.2
"""Why a clip is not taken, in the words that its sender needs.

The decoder names a reason by its number and gives two numbers with it; every word stands here, so that nothing
a clip says about itself reaches an error text or a log.
"""

from enum import IntEnum

from police2peer.errors import BadInput

__all__ = ["Refusal", "RefusedError", "refuse"]


class Refusal(IntEnum):
    """The reasons, as they cross the pipe."""

    NOT_MEDIA = 1
    NO_INDEX = 2
    NO_PICTURES = 3
    NO_SOUND = 4
    CODEC = 5
    ENCRYPTED = 6
    TOO_LARGE = 7
    TOO_SMALL = 8
    TOO_LONG = 9
    TOO_SHORT = 10
    TRUNCATED = 11
    DAMAGED = 12
    STANDSTILL = 13
    TIMES = 14
    TOO_MANY = 15
    SHAPE_CHANGES = 16
    ODD_SHAPE = 17
    ODD_SOUND = 18
    MEMORY = 19
    NOT_CONFINED = 20


class RefusedError(Exception):
    """Inside the decoder: the clip is not taken. Times are milliseconds, sizes pixels."""

    def __init__(self, refusal: Refusal, first: int = 0, second: int = 0) -> None:
        super().__init__(refusal.name)
        self.refusal = refusal
        self.first = first
        self.second = second


_AGAIN = "ask the sender for the file once more"
_PLAIN = "ask for MP4 (H.264 and AAC), as a telephone or a camera records it"
_SPEAK = "ask for a clip in which the officer speaks, uncut, as it was recorded"
# Facts with the two numbers (a, b) and the same in seconds (s, t), and what to do.
_WORDS: dict[Refusal, tuple[str, str]] = {
    Refusal.NOT_MEDIA: ("the clip is no film or sound file of a kind that is taken", _PLAIN),
    Refusal.NO_INDEX: ("the clip has no index; most likely its end is missing", _AGAIN),
    Refusal.NO_PICTURES: ("the clip holds no moving picture", _SPEAK),
    Refusal.NO_SOUND: ("the file holds no sound", "ask for WAV, FLAC, MP3 or M4A"),
    Refusal.CODEC: ("the clip is coded in a way that is not taken", _PLAIN),
    Refusal.ENCRYPTED: ("the clip is encrypted", "ask for a file without copy protection"),
    Refusal.TOO_LARGE: (
        "the clip's picture is {a} x {b}, larger than is taken",
        "ask for 1920 x 1080 or 3840 x 2160",
    ),
    Refusal.TOO_SMALL: ("the clip's picture is only {a} x {b}", "ask for 1280 x 720 or larger"),
    Refusal.TOO_LONG: ("the clip is longer than the {s:.0f} s that are taken", "ask for the spoken part only"),
    Refusal.TOO_SHORT: ("the clip has pictures for {s:.1f} s only", _SPEAK),
    Refusal.TRUNCATED: ("the clip ends after {s:.1f} s of {t:.1f} s; the rest is missing", _AGAIN),
    Refusal.DAMAGED: ("the clip cannot be decoded from {s:.1f} s on", _AGAIN),
    Refusal.STANDSTILL: ("nothing comes in the clip for {t:.0f} s after {s:.1f} s", _SPEAK),
    Refusal.TIMES: ("the clip's time stamps make no sense after {s:.1f} s", _PLAIN),
    Refusal.TOO_MANY: ("the clip has more than {a} pictures in {s:.0f} s", "ask for 25 to 60 pictures a second"),
    Refusal.SHAPE_CHANGES: ("the clip's picture changes its shape after {s:.1f} s", _SPEAK),
    Refusal.ODD_SHAPE: ("the clip's pixels or its turning are of a kind that is not taken", _PLAIN),
    Refusal.ODD_SOUND: (
        "the sound has {a} channels at {b} Hz, which is not taken",
        "ask for 48 kHz, one or two channels",
    ),
    Refusal.MEMORY: ("decoding the clip took more memory than it is given", _PLAIN),
    Refusal.NOT_CONFINED: ("this machine cannot keep the decoder within limits", "use Linux 4.5 or later"),
}


def refuse(refusal: Refusal, first: int, second: int) -> BadInput:
    """Give the error that tells the user this reason."""
    facts, remedy = _WORDS[refusal]
    return BadInput(facts.format(a=first, b=second, s=first / 1000, t=second / 1000), remedy=remedy)
