# SPDX-License-Identifier: EUPL-1.2
"""Subtitles as a file of their own. Source: W3C WebVTT, 4 (syntax)."""

from collections.abc import Iterable

from police2peer.warningfiles.film.timeline import Cue

__all__ = ["captions_vtt"]

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def captions_vtt(cues: Iterable[Cue]) -> str:
    """Give the cues as WebVTT; whatever a text holds is shown and never read as markup."""
    blocks = [f"{_time(cue.start_ms)} --> {_time(cue.end_ms)}\n{_line(cue.text)}\n" for cue in cues]
    return "\n".join(["WEBVTT\n", *blocks])


def _line(text: str) -> str:
    """Put a text on one line, for an empty line would end its cue."""
    return " ".join(text.split()).translate(_ESCAPES)


def _time(milliseconds: int) -> str:
    seconds, milliseconds = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}.{milliseconds:03}"
