# SPDX-License-Identifier: EUPL-1.2
"""Sets warnings with typst: one set of templates, pinned fonts, no system fonts, nothing fetched.

Promise: the same wording gives the same picture. A letter that the font lacks and a text that does not fit are
errors here, never boxes on a card. A `Typesetter` belongs to one thread.
"""

import datetime as dt
import hashlib
import json
import os
import re
import shutil
import tempfile
import threading
import weakref
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import typst

from police2peer.campaign import Language
from police2peer.errors import BadInput
from police2peer.warningfiles.fonts import Face, face_of, fonts_for, versions_of

__all__ = ["Typesetter", "officer_svg", "template_digest"]

_TEMPLATES = Path(__file__).parent / "templates"
_MAIN = "warning.typ"
_OFFICER = _TEMPLATES / "officer.svg"
_PIXELS_PER_INCH = 72  # typst sets 72 points an inch: one unit of the layout becomes one pixel
# A PDF/A names the day it was made; a fixed one keeps the bytes the same.
_DOCUMENT_DATE = int(dt.datetime(2026, 1, 1, tzinfo=dt.UTC).timestamp())
_PDF_STANDARDS: tuple[Literal["a-2a"], Literal["ua-1"]] = ("a-2a", "ua-1")
_MISSING_GLYPH = re.compile(r'the text `"(?P<glyph>.*)"` could not be displayed')
_TOO_LONG = re.compile(r"too long: (?P<field>\w+)")
# What one file has and no other; all else of a card is shared by many.
_UNIQUE = ("qr_svg", "code")


@cache
def officer_svg() -> str:
    """Give the drawn officer who stands in for a clip."""
    return _OFFICER.read_text("utf-8")


@cache
def template_digest(language: Language) -> str:
    """Name templates, drawing, fonts and typst version by one SHA-256 (hex)."""
    used = [f"typst {version('typst')}", *versions_of(face_of(language))]
    digest = hashlib.sha256("; ".join(used).encode())
    for path in (*sorted(_TEMPLATES.glob("*.typ")), _OFFICER):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


class Typesetter:
    """The templates with their fonts, which it keeps in `fonts_folder` for typst to read.

    Cards reach typst as two files beside a copy of the templates, in a folder of its own that is removed with it:
    typst keeps what it has laid out for as long as the files it read stay the same, so a PDF that differs by its
    code only is five times as fast as one told through `sys.inputs`, which makes it forget everything.
    """

    def __init__(self, fonts_folder: Path) -> None:
        self._fonts_folder = fonts_folder
        self.folder = Path(tempfile.mkdtemp(prefix="police2peer-"))
        weakref.finalize(self, _remove, self.folder, os.getpid())
        for path in _TEMPLATES.glob("*.typ"):
            shutil.copyfile(path, self.folder / path.name)
        self._compilers: dict[tuple[str, ...], typst.Compiler] = {}
        self._written: dict[str, str] = {}
        self._thread = threading.get_ident()

    def png(self, card: Mapping[str, object]) -> bytes:
        """Set one picture. Raises `BadInput` when a text does not fit."""
        return self._compile(card, "png")

    def pdf(self, card: Mapping[str, object]) -> bytes:
        """Set an A4 page as PDF/A-2a and PDF/UA-1. Raises `BadInput` for a letter the font lacks."""
        return self._compile(card, "pdf")

    def check_fit(self, card: Mapping[str, object]) -> None:
        """Set a picture without drawing it, in a quarter of the time. Raises `BadInput` when a text does not fit."""
        self._compile(card, "svg")

    def missing_letters(self, card: Mapping[str, object], strings: list[tuple[str, str]]) -> Iterator[str]:
        """Say for each named string which letter of it the fonts of the language lack."""
        proof = {**card, "kind": "proof", "unit_pt": 1, "width": 1280, "height": 720}
        if self._lacks({**proof, "strings": [text for _, text in strings]}) is None:
            return
        for name, text in strings:
            glyph = self._lacks({**proof, "strings": [text]})
            if glyph is not None:
                yield f"{name} has {glyph!r}, which {_face(card).lacking}"

    def _lacks(self, card: Mapping[str, object]) -> str | None:
        try:
            self._run(card, "pdf")
        except typst.TypstError as error:
            found = _MISSING_GLYPH.search(str(error.args[0]))
            if found:
                return found["glyph"]
            raise
        return None

    def _compile(self, card: Mapping[str, object], kind: str) -> bytes:
        try:
            return self._run(card, kind)
        except typst.TypstError as error:
            raise _explain(card, str(error.args[0])) from error

    def _run(self, card: Mapping[str, object], kind: str) -> bytes:
        if threading.get_ident() != self._thread:
            raise RuntimeError("a typesetter belongs to the thread that made it")
        face = _face(card)
        compiler = self._compiler(face)
        complete = {**_COMPLETE, **face.card(), **card}
        self._write("unique.json", {name: complete.pop(name) for name in _UNIQUE})
        self._write("card.json", complete)
        if kind == "pdf":
            made = compiler.compile(format="pdf", pdf_standards=[*_PDF_STANDARDS], timestamp=_DOCUMENT_DATE)
        elif kind == "png":
            made = compiler.compile(format="png", ppi=_PIXELS_PER_INCH)
        else:
            made = compiler.compile(format="svg")
        if not isinstance(made, bytes):
            raise BadInput("a card runs over its page", remedy="shorten the texts of this message")
        return made

    def _compiler(self, face: Face) -> typst.Compiler:
        if face.families not in self._compilers:
            fonts = fonts_for(face, self._fonts_folder)
            main = str(self.folder / _MAIN)
            self._compilers[face.families] = typst.Compiler(main, root=str(self.folder), font_paths=fonts)
        return self._compilers[face.families]

    def _write(self, name: str, values: Mapping[str, object]) -> None:
        text = json.dumps(values)
        if self._written.get(name) != text:
            (self.folder / name).write_text(text, "ascii")
            self._written[name] = text


def _remove(folder: Path, owner: int) -> None:
    """Remove the folder, but not in a process that was forked from its owner."""
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)


def _face(card: Mapping[str, object]) -> Face:
    return face_of(Language(str(card["language"])))


# What a card may leave out.
_COMPLETE: dict[str, object] = {
    "unit_pt": 1,
    "badge": None,
    "officer": None,
    "step": None,
    "help_url": "",
    "verify_url": "",
    "qr_svg": None,
    "code": None,
}


def _explain(card: Mapping[str, object], said: str) -> BadInput:
    language = card["language"]
    if found := _TOO_LONG.search(said):
        return BadInput(
            f"the text {found['field']} in {language!r} is too long for the {card.get('kind')}",
            remedy="shorten it",
        )
    if found := _MISSING_GLYPH.search(said):
        return BadInput(
            f"a text in {language!r} has {found['glyph']!r}, which {_face(card).lacking}",
            remedy="write it with other letters",
        )
    if "SVG" in said:
        return BadInput("the badge is no picture that can be drawn", remedy="give the badge as a plain SVG file")
    return BadInput(f"a card cannot be set: {said[:200]}", remedy="run `police2peer message check` on it")
