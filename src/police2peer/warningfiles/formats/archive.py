# SPDX-License-Identifier: EUPL-1.2
"""The zip: a readme, the PDF and the picture, stored without compression under fixed dates and plain names."""

import io
import zipfile

from police2peer.warningfiles.code import VerifyCode
from police2peer.warningfiles.formats.picture import jpeg_bytes
from police2peer.warningfiles.plan import FilePlan
from police2peer.warningfiles.wording import Wording
from police2peer.warningfiles.workshop import Workshop

__all__ = ["make_zip", "readme_bytes"]

_DATE = (2026, 1, 1, 0, 0, 0)  # the day a zip names is part of its bytes
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


def make_zip(workshop: Workshop, wording: Wording, code: VerifyCode) -> FilePlan:
    """Plan the archive with this code."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in (
            ("README.txt", readme_bytes(wording, code)),
            ("message.pdf", workshop.document(wording, code)),
            ("message.jpg", jpeg_bytes(workshop, wording, code)),
        ):
            entry = zipfile.ZipInfo(name, date_time=_DATE)
            entry.create_system, entry.external_attr = _UNIX, _PLAIN_FILE
            archive.writestr(entry, content)
    return workshop.plan(buffer.getvalue())
