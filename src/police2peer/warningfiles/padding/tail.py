# SPDX-License-Identifier: EUPL-1.2
"""Padding of jpg and gif: bytes after the marker that ends the picture, where every reader stops.

Comments inside them could not lie on the disk as a hole: a segment has at most 65,533 bytes, a sub-block 255.
Sources: ITU-T T.81, B.2.1 (EOI); GIF87a and GIF89a, the trailer.
"""

from police2peer.warningfiles.padding.filling import Filling
from police2peer.warningfiles.plan import FilePlan, Part

__all__ = ["pad_tail"]

_BEGINNINGS = {"jpg": b"\xff\xd8\xff", "gif": b"GIF8"}
_ENDS = {"jpg": b"\xff\xd9", "gif": b"\x3b"}


def pad_tail(plan: FilePlan, filling: Filling) -> list[Part]:
    """Add any number of bytes after the end of the picture."""
    kind = filling.file_format.extension
    begins, ends = _BEGINNINGS[kind], _ENDS[kind]
    if plan.read(0, len(begins)) != begins or plan.read(max(plan.size - len(ends), 0), len(ends)) != ends:
        raise filling.unreadable()
    return [*plan.parts, *filling.run(filling.room(plan, 0))]
