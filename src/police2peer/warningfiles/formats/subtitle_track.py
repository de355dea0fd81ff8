# SPDX-License-Identifier: EUPL-1.2
"""Subtitles that a viewer can switch on, as a track of an MP4.

Off until chosen, for the sentences in the film's own language are in the picture already. Between two cues stands
an empty sample. Source: 3GPP TS 26.245, 5.2 to 5.17 (timed text, `tx3g`).
"""

import struct
from collections.abc import Sequence

from police2peer.campaign import Language
from police2peer.warningfiles.film.language_codes import iso_639_2
from police2peer.warningfiles.film.timeline import Cue
from police2peer.warningfiles.layout import Layout
from police2peer.warningfiles.mp4_boxes import Track, box

__all__ = ["subtitle_track"]

_TIMESCALE = 1000  # cues are told in milliseconds
_ALTERNATIVES = 2  # tracks of one group take each other's place: one language is shown at a time
_BAND = 6  # the text stands in the lowest sixth of the picture
_CENTRED, _AT_BOTTOM = 1, -1
_FONT, _FONT_NAME, _LETTERS_A_BAND = 1, b"Sans-Serif", 3
_WHITE, _CLEAR = b"\xff\xff\xff\xff", b"\0\0\0\0"
_EMPTY = b"\0\0"


def subtitle_track(cues: Sequence[Cue], language: Language, layout: Layout, film_ms: int) -> Track:
    """Give the cues of one language as a track as long as the film."""
    samples: list[bytes] = []
    durations: list[int] = []
    shown_ms = 0
    for cue in cues:
        if cue.start_ms > shown_ms:
            samples.append(_EMPTY)
            durations.append(cue.start_ms - shown_ms)
        text = cue.text.encode()
        samples.append(struct.pack(">H", len(text)) + text)
        durations.append(cue.end_ms - cue.start_ms)
        shown_ms = cue.end_ms
    if film_ms > shown_ms:
        samples.append(_EMPTY)
        durations.append(film_ms - shown_ms)
    height = layout.height // _BAND
    return Track(
        handler=b"sbtl",
        timescale=_TIMESCALE,
        sample_duration=1,
        samples=samples,
        entry=_entry(layout.width, height),
        width=layout.width,
        height=height,
        durations=durations,
        language=iso_639_2(language),
        is_on=False,
        alternatives=_ALTERNATIVES,
        top=layout.height - height,
    )


def _entry(width: int, height: int) -> bytes:
    """Say how text looks where a player has no wish of its own; no flag is set, so nothing is forced on a viewer."""
    place = struct.pack(">4h", 0, 0, height, width)
    style = struct.pack(">HHHBB", 0, 0, _FONT, 0, height // _LETTERS_A_BAND) + _WHITE
    fonts = box(b"ftab", struct.pack(">HHB", 1, _FONT, len(_FONT_NAME)) + _FONT_NAME)
    look = struct.pack(">6xHIbb", 1, 0, _CENTRED, _AT_BOTTOM) + _CLEAR
    return box(b"tx3g", look, place, style, fonts)
