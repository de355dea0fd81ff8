# SPDX-License-Identifier: EUPL-1.2
"""Which readers each kind of file was opened with, padded and blank; the tests open it with each of them."""

from collections.abc import Mapping

__all__ = ["READERS"]

_FILM = ("ffmpeg", "mpv", "PyAV")
_PICTURE = ("Chromium", "Pillow", "exiftool")
_ARCHIVE = ("7z", "bsdtar", "unar")

READERS: Mapping[str, tuple[str, ...]] = {
    "mp4": ("Chromium", *_FILM),
    "mkv": ("Chromium", *_FILM),
    "avi": _FILM,
    "mpg": _FILM,
    "wmv": _FILM,
    "webm": ("Chromium", *_FILM),
    "jpg": _PICTURE,
    "png": _PICTURE,
    "gif": _PICTURE,
    "webp": _PICTURE,
    "pdf": ("pdfium", "exiftool"),
    "zip": (*_ARCHIVE, "unzip"),
    "7z": _ARCHIVE,
    "rar": _ARCHIVE,
}
