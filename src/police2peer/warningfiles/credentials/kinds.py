# SPDX-License-Identifier: EUPL-1.2
"""Which kinds of file take content credentials; Matroska, ASF, MPEG, PDF and archives take none."""

from collections.abc import Mapping

from police2peer.campaign import CredentialChoice, FileFormat

__all__ = ["MIME_TYPES", "SIGNED_FORMATS", "is_signed"]

MIME_TYPES: Mapping[str, str] = {
    "mp4": "video/mp4",
    "avi": "video/avi",
    "jpg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "webp": "image/webp",
}
SIGNED_FORMATS: frozenset[FileFormat] = frozenset(one for one in FileFormat if one.extension in MIME_TYPES)


def is_signed(choice: CredentialChoice | None, file_format: FileFormat) -> bool:
    """Whether files of this format get credentials; blanks only when asked for, since a signature tells the maker."""
    return choice is not None and file_format in SIGNED_FORMATS and (file_format.carries_text or choice.blanks)
