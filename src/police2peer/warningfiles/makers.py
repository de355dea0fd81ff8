# SPDX-License-Identifier: EUPL-1.2
"""Which function makes which kind of file. A new format is one module in `formats/` and one line here."""

from collections.abc import Callable, Mapping

from police2peer.campaign import FileFormat
from police2peer.warningfiles.code import VerifyCode
from police2peer.warningfiles.formats.archive import make_zip
from police2peer.warningfiles.formats.blank import make_blank
from police2peer.warningfiles.formats.document import make_pdf
from police2peer.warningfiles.formats.film import make_film
from police2peer.warningfiles.formats.picture import make_jpg, make_png
from police2peer.warningfiles.plan import FilePlan
from police2peer.warningfiles.settings import Making
from police2peer.warningfiles.wording import Wording
from police2peer.warningfiles.workshop import Workshop

__all__ = ["BLANK_MAKERS", "MAKERS", "BlankMaker", "Maker"]

Maker = Callable[[Workshop, Wording, VerifyCode, Making], FilePlan]
BlankMaker = Callable[[Workshop, VerifyCode, Making], FilePlan]

MAKERS: Mapping[FileFormat, Maker] = {
    FileFormat.MP4: make_film,
    FileFormat.JPG: lambda shop, wording, code, _: make_jpg(shop, wording, code),
    FileFormat.PNG: lambda shop, wording, code, _: make_png(shop, wording, code),
    FileFormat.PDF: lambda shop, wording, code, _: make_pdf(shop, wording, code),
    FileFormat.ZIP: lambda shop, wording, code, _: make_zip(shop, wording, code),
}
BLANK_MAKERS: Mapping[FileFormat, BlankMaker] = {
    FileFormat.BLANK_MP4: lambda shop, code, making: make_blank(shop, code, making.blank_bytes, making.blank_inside),
}
