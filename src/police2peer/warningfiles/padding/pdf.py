# SPDX-License-Identifier: EUPL-1.2
"""Padding of pdf: a stream that nothing refers to, then once more where the table of objects lies.

The table stays where it is, near the beginning, and knows nothing of the stream. Source: ISO 32000-2,
7.3.8 and 7.5.5.
"""

import re

from police2peer.warningfiles.padding.filling import Filling
from police2peer.warningfiles.plan import FilePlan, Literal, Part

__all__ = ["pad_pdf"]

_TAIL_BYTES = 1024  # where a reader looks for the last lines
_LAST_LINES = re.compile(rb"startxref\s+(\d{1,10})\s+%%EOF\s*\Z")
_LENGTH_DIGITS = 10
_STREAM_END = b"\nendstream\nendobj\n"


def pad_pdf(plan: FilePlan, filling: Filling) -> list[Part]:
    """Add an object that holds the filling, and the last lines anew."""
    found = _LAST_LINES.search(plan.read(max(plan.size - _TAIL_BYTES, 0), _TAIL_BYTES))
    if plan.read(0, 5) != b"%PDF-" or found is None:
        raise filling.unreadable()
    end = _STREAM_END + b"startxref\n%d\n%%%%EOF\n" % int(found[1])
    room = filling.room(plan, len(_stream_start(0)) + len(end))
    return [*plan.parts, Literal(_stream_start(room)), *filling.run(room), Literal(end)]


def _stream_start(length: int) -> bytes:
    """Begin an object under a number that no document of ours has."""
    return b"\n999999 0 obj\n<</Length %0*d>>\nstream\n" % (_LENGTH_DIGITS, length)
