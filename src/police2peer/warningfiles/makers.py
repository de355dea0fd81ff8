# SPDX-License-Identifier: EUPL-1.2
"""Which function makes which kind of file. A new format is one module in `formats/` and one line here."""

from collections.abc import Callable, Mapping
from functools import partial

from police2peer.campaign import FileFormat
from police2peer.warningfiles.code import VerifyCode
from police2peer.warningfiles.formats.archive import make_zip
from police2peer.warningfiles.formats.asf import make_wmv
from police2peer.warningfiles.formats.avi import make_avi
from police2peer.warningfiles.formats.blank import make_blank
from police2peer.warningfiles.formats.document import make_pdf
from police2peer.warningfiles.formats.film import make_film
from police2peer.warningfiles.formats.matroska import make_mkv
from police2peer.warningfiles.formats.mpeg import make_mpg
from police2peer.warningfiles.formats.picture import make_gif, make_jpg, make_png, make_webp
from police2peer.warningfiles.formats.rar import make_rar
from police2peer.warningfiles.formats.seven_zip import make_seven_zip
from police2peer.warningfiles.formats.webm import make_webm
from police2peer.warningfiles.plan import FilePlan
from police2peer.warningfiles.settings import Making
from police2peer.warningfiles.wording import Wording
from police2peer.warningfiles.workshop import Workshop

__all__ = ["BLANK_MAKERS", "MAKERS", "BlankMaker", "Maker"]

Maker = Callable[[Workshop, Wording, VerifyCode, Making], FilePlan]
BlankMaker = Callable[[Workshop, VerifyCode, Making], FilePlan]

MAKERS: Mapping[FileFormat, Maker] = {
    FileFormat.MP4: make_film,
    FileFormat.MKV: make_mkv,
    FileFormat.AVI: make_avi,
    FileFormat.MPG: make_mpg,
    FileFormat.WMV: make_wmv,
    FileFormat.WEBM: make_webm,
    FileFormat.JPG: lambda shop, wording, code, _: make_jpg(shop, wording, code),
    FileFormat.PNG: lambda shop, wording, code, _: make_png(shop, wording, code),
    FileFormat.GIF: lambda shop, wording, code, _: make_gif(shop, wording, code),
    FileFormat.WEBP: lambda shop, wording, code, _: make_webp(shop, wording, code),
    FileFormat.PDF: lambda shop, wording, code, _: make_pdf(shop, wording, code),
    FileFormat.ZIP: lambda shop, wording, code, _: make_zip(shop, wording, code),
    FileFormat.SEVEN_ZIP: lambda shop, wording, code, _: make_seven_zip(shop, wording, code),
    FileFormat.RAR: lambda shop, wording, code, _: make_rar(shop, wording, code),
}
BLANK_MAKERS: Mapping[FileFormat, BlankMaker] = {
    one: partial(make_blank, file_format=one) for one in FileFormat if not one.carries_text
}
