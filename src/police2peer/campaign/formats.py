# SPDX-License-Identifier: EUPL-1.2
"""The kinds of file a warning can be, and the arms of a trial.

Closed sets: a new file format is one member here and one module in `warningfiles`.
"""

from enum import StrEnum

__all__ = ["Arm", "FileFormat", "NetworkName"]


class Arm(StrEnum):
    """A variant of the message in a trial; `BLANK` is the control, a file without text."""

    TRACEABILITY = "traceability"
    LEGALITY = "legality"
    HELP = "help"
    COMBINED = "combined"
    BLANK = "blank"


class NetworkName(StrEnum):
    """The networks on which an order can permit presence."""

    BITTORRENT = "bittorrent"


class FileFormat(StrEnum):
    """What is made; the value is the name used in campaign files and manifests."""

    MP4 = "mp4"
    JPG = "jpg"
    PNG = "png"
    PDF = "pdf"
    ZIP = "zip"
    BLANK_MP4 = "blank-mp4"

    @property
    def extension(self) -> str:
        """The ending of the file's name on a network, without the dot."""
        return "mp4" if self is FileFormat.BLANK_MP4 else self.value

    @property
    def carries_text(self) -> bool:
        """Whether the format shows a message; the blank does not."""
        return self is not FileFormat.BLANK_MP4
