# SPDX-License-Identifier: EUPL-1.2
"""The zip: a readme, the PDF and the picture, stored without compression under fixed dates and plain names.

The other archives hold the same members.
"""

import io
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime

from police2peer.warningfiles.code import VerifyCode
from police2peer.warningfiles.formats.picture import jpeg_bytes
from police2peer.warningfiles.plan import FilePlan
from police2peer.warningfiles.wording import Wording
from police2peer.warningfiles.workshop import Workshop

__all__ = ["MEMBERS_AT", "Member", "make_zip", "members_of", "readme_bytes", "zip_bytes"]

Member = tuple[str, bytes]  # name and content
MEMBERS_AT = datetime(2026, 1, 1, tzinfo=UTC)  # the moment that an archive names is part of its bytes

_UNIX = 3
_PLAIN_FILE = 0o100644 << 16
_BOM = b"\xef\xbb\xbf"  # so that old Windows editors read UTF-8


def readme_bytes(wording: Wording, code: VerifyCode) -> bytes:
    """Give the readme: the reviewed paragraphs, then the addresses and the code."""
    texts = wording.texts
    parts = [
        texts.title,
        texts.who,
        texts.readme,
        f"{texts.help_label}\n{wording.help_url}",
        f"{texts.verify_label}\n{wording.address(code)}",
        f"{texts.code_label}\n{code}",
        texts.scam_note,
        texts.footer,
    ]
    return _BOM + ("\n\n".join(part.strip() for part in parts) + "\n").replace("\n", "\r\n").encode()


def members_of(workshop: Workshop, wording: Wording, code: VerifyCode) -> tuple[Member, ...]:
    """Give what every archive holds."""
    return (
        ("README.txt", readme_bytes(wording, code)),
        ("message.pdf", workshop.document(wording, code)),
        ("message.jpg", jpeg_bytes(workshop, wording, code)),
    )


def zip_bytes(members: Sequence[Member]) -> bytes:
    """Write a zip of stored members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members:
            entry = zipfile.ZipInfo(name, date_time=MEMBERS_AT.timetuple()[:6])
            entry.create_system, entry.external_attr = _UNIX, _PLAIN_FILE
            archive.writestr(entry, content)
    return buffer.getvalue()


def make_zip(workshop: Workshop, wording: Wording, code: VerifyCode) -> FilePlan:
    """Plan the archive with this code."""
    return workshop.plan(zip_bytes(members_of(workshop, wording, code)))
