# SPDX-License-Identifier: EUPL-1.2
"""The kinds of file a warning can be, and the arms of a trial.

Closed sets: a new file format is one member here and one module in `warningfiles`.
"""

from enum import StrEnum

__all__ = ["Arm", "FileFormat", "Filler", "FormatKind", "NetworkName"]


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
    DIRECTCONNECT = "directconnect"
    ED2K = "ed2k"


class Filler(StrEnum):
    """What pads a file: zeros, which lie as a hole on the disk, or a keystream that no two files share."""

    ZEROS = "zeros"
    KEYSTREAM = "keystream"


class FormatKind(StrEnum):
    """What a reader sees: a film, a picture, a document, or an archive to be opened."""

    FILM = "film"
    PICTURE = "picture"
    DOCUMENT = "document"
    ARCHIVE = "archive"


class FileFormat(StrEnum):
    """What is made; the value is the name used in campaign files and manifests."""

    MP4 = "mp4"
    MKV = "mkv"
    AVI = "avi"
    MPG = "mpg"
    WMV = "wmv"
    WEBM = "webm"
    JPG = "jpg"
    PNG = "png"
    GIF = "gif"
    WEBP = "webp"
    PDF = "pdf"
    ZIP = "zip"
    SEVEN_ZIP = "7z"
    RAR = "rar"
    BLANK_MP4 = "blank-mp4"
    BLANK_MKV = "blank-mkv"
    BLANK_AVI = "blank-avi"
    BLANK_MPG = "blank-mpg"
    BLANK_WMV = "blank-wmv"
    BLANK_WEBM = "blank-webm"
    BLANK_JPG = "blank-jpg"
    BLANK_PNG = "blank-png"
    BLANK_GIF = "blank-gif"
    BLANK_WEBP = "blank-webp"
    BLANK_PDF = "blank-pdf"
    BLANK_ZIP = "blank-zip"
    BLANK_SEVEN_ZIP = "blank-7z"
    BLANK_RAR = "blank-rar"

    @property
    def extension(self) -> str:
        """The ending of the file's name on a network, without the dot."""
        return self.value.removeprefix(_BLANK)

    @property
    def carries_text(self) -> bool:
        """Whether the format shows a message; a blank does not."""
        return not self.value.startswith(_BLANK)

    @property
    def kind(self) -> FormatKind:
        """What a reader sees."""
        return _KINDS[self.extension]


_BLANK = "blank-"
_KINDS = {
    **dict.fromkeys(("mp4", "mkv", "avi", "mpg", "wmv", "webm"), FormatKind.FILM),
    **dict.fromkeys(("jpg", "png", "gif", "webp"), FormatKind.PICTURE),
    "pdf": FormatKind.DOCUMENT,
    **dict.fromkeys(("zip", "7z", "rar"), FormatKind.ARCHIVE),
}
