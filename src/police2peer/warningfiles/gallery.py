# SPDX-License-Identifier: EUPL-1.2
"""A folder with every kind of file of one message in one language, and a page that shows them.

The page is one static file: its own style, no script, nothing from elsewhere; it works from a disk or a stick. What a
browser cannot show is a link with its size. The words stand on the page too, for those who cannot see or hear a film.
"""

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from police2peer.campaign import FileFormat, FormatKind, Language, WarningMessage, direction, language_name
from police2peer.errors import BadInput
from police2peer.storage import write_whole
from police2peer.warningfiles.layout import SHEET, film_layout
from police2peer.warningfiles.makers import BLANK_MAKERS, MAKERS
from police2peer.warningfiles.settings import Making
from police2peer.warningfiles.studio import Studio
from police2peer.warningfiles.warningfile import WarningFile
from police2peer.warningfiles.workshop import SAMPLE_CODE

__all__ = ["GALLERY_FORMATS", "gallery_making", "write_gallery", "write_preview_film"]

GALLERY_FORMATS = (*MAKERS, *BLANK_MAKERS)
_PAGE = "index.html"
# Large blanks would fill a stick that the gallery is copied to.
_BLANK_BYTES = 4 * 1024**2
_PLAYED_BY_BROWSERS = frozenset({FileFormat.MP4, FileFormat.WEBM})
_STILL_NAME = "still"
_NOTES = {
    "mp4": "Film. Browsers, telephones and every common player show it.",
    "mkv": "Film in Matroska, for players on computers.",
    "avi": "Film in AVI, for older players.",
    "mpg": "Film in MPEG-2, for older players.",
    "wmv": "Film in Windows Media.",
    "webm": "Film in WebM, for browsers.",
    "jpg": "Picture: the whole message on one sheet.",
    "png": "Picture without loss.",
    "gif": "Picture in few colours, which everything shows.",
    "webp": "Picture in WebP, small.",
    "pdf": "Document with real text, for printing and for screen readers (PDF/A-2a, PDF/UA-1).",
    "zip": "Archive: the picture and a text file.",
    "7z": "Archive in 7z, stored: the picture and a text file.",
    "rar": "Archive in RAR, stored: the picture and a text file.",
}
_BLANK_NOTES = {
    FormatKind.FILM: "One second of darkness, padded.",
    FormatKind.PICTURE: "A dark picture, padded.",
    FormatKind.DOCUMENT: "An empty page, padded.",
    FormatKind.ARCHIVE: "An archive that opens, padded.",
}
_TITLES = {
    FormatKind.FILM: "Films",
    FormatKind.PICTURE: "Pictures",
    FormatKind.DOCUMENT: "Documents",
    FormatKind.ARCHIVE: "Archives",
}
_WITHOUT = "Without content"
_SMALL_HERE = "Kept small here; the campaign file says how large they become."
_NAMES = {"webm": "WebM", "webp": "WebP"}


@dataclass(frozen=True, slots=True)
class _Item:
    """One file as the page shows it."""

    title: str
    note: str
    file: str
    size: str
    is_film: bool
    still: str
    picture: str
    width: int
    height: int
    alt: str
    alt_language: str


@dataclass(slots=True)
class _Group:
    """A heading with its files."""

    title: str
    lead: str
    items: list[_Item]

    @property
    def anchor(self) -> str:
        """Give the name of its place on the page."""
        return self.title.lower().replace(" ", "-")


def gallery_making(making: Making) -> Making:
    """Give the settings for files that are only looked at: small blanks, no fixed sizes, no signature."""
    return replace(making, blank_bytes=min(making.blank_bytes, _BLANK_BYTES), sizes={}, credentials=None)


def write_gallery(
    studio: Studio,
    message: WarningMessage,
    language: Language,
    folder: Path,
    *,
    formats: Iterable[FileFormat] = GALLERY_FORMATS,
) -> tuple[Path, ...]:
    """Make the files and the page, and give their paths, the page first.

    Raises `BadInput` when the message cannot be shown, or when something else lies in the folder under these names.
    """
    page = folder / _PAGE
    if folder.is_dir() and any(folder.iterdir()) and not page.is_file():
        raise BadInput("the folder for the gallery holds other files", remedy="name a new folder")
    folder.mkdir(parents=True, exist_ok=True)
    groups: dict[str, _Group] = {}
    paths = []
    for file_format in formats:
        path = folder / _file_name(message, language, file_format)
        made = studio.make(message, language if file_format.carries_text else None, file_format, SAMPLE_CODE)
        made.plan.write(path)
        paths.append(path)
        title = _TITLES[file_format.kind] if file_format.carries_text else _WITHOUT
        lead = "" if file_format.carries_text else _SMALL_HERE
        group = groups.setdefault(title, _Group(title, lead, []))
        group.items.append(_item(studio, message, language, made, path))
    write_whole(page, _page(message, language, list(groups.values())).encode())
    return (page, *paths)


def write_preview_film(studio: Studio, message: WarningMessage, language: Language, path: Path) -> None:
    """Make the film that a downloader would see, with a code that is never issued. Raises `BadInput` as `make`."""
    studio.make(message, language, FileFormat.MP4, SAMPLE_CODE).plan.write(path)


def _file_name(message: WarningMessage, language: Language, file_format: FileFormat) -> str:
    stem = f"{message.id}-{language}" if file_format.carries_text else "blank"
    return f"{stem}.{file_format.extension}"


def _item(studio: Studio, message: WarningMessage, language: Language, made: WarningFile, path: Path) -> _Item:
    file_format = made.format
    layout = film_layout(studio.making.film_height) if file_format.kind is FormatKind.FILM else SHEET
    texts = message.texts[language]
    still = picture = ""
    if file_format.carries_text and file_format.kind is FormatKind.PICTURE:
        picture = path.name
    elif file_format.carries_text and file_format.kind is not FormatKind.ARCHIVE:
        still = f"{path.stem}-{path.suffix[1:]}-{_STILL_NAME}.png"
        write_whole(path.with_name(still), made.still_png())
    plays = file_format.carries_text and file_format in _PLAYED_BY_BROWSERS
    extension = file_format.extension
    name = _NAMES.get(extension, extension.upper())
    return _Item(
        title=name if file_format.carries_text else f"Blank {name}",
        note=_NOTES[extension] if file_format.carries_text else _BLANK_NOTES[file_format.kind],
        file=path.name,
        size=_size(made.plan.size),
        is_film=plays,
        still=still,
        picture=picture or ("" if plays else still),
        width=layout.width,
        height=layout.height,
        alt=texts.alt_card,
        alt_language=language,
    )


def _size(count: int) -> str:
    """Give a size in the unit that a reader expects."""
    for unit, name in ((10**6, "MB"), (10**3, "kB")):
        if count >= unit:
            return f"{count / unit:.1f} {name}"
    return f"{count} bytes"


def _page(message: WarningMessage, language: Language, groups: list[_Group]) -> str:
    environment = Environment(
        loader=PackageLoader("police2peer.warningfiles"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = environment.get_template("gallery.css").render()
    texts = message.texts[language]
    return environment.get_template("gallery.html").render(
        message_id=message.id,
        language=language,
        language_name=language_name(language),
        direction=direction(language),
        texts=texts,
        reviewer=texts.review.reviewer,
        code=SAMPLE_CODE,
        groups=groups,
        help_url=message.help_url,
        verify_url=message.verify_url,
        style=Markup(style),  # noqa: S704 - our own file, without markup
        policy=_policy(style),
    )


def _policy(style: str) -> str:
    """Allow this style and the files beside the page, and nothing else; `file:` is the page's own place on a disk."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    beside = "'self' file:"
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src {beside}; media-src {beside}; "
        "base-uri 'none'; form-action 'none'"
    )
