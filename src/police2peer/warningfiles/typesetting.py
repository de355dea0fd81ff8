# SPDX-License-Identifier: EUPL-1.2
"""Sets warnings with typst: one template, one pinned font, no system fonts, nothing fetched.

Promise: the same wording gives the same picture. A letter that the font lacks and a text that does not fit are
errors here, never boxes on a card. A `Typesetter` belongs to one thread.
"""

import datetime as dt
import hashlib
import json
import re
import threading
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import pymupdf_fonts  # type: ignore[import-untyped]  # it ships fonts and no types
import typst

from police2peer.errors import BadInput
from police2peer.storage import write_whole

__all__ = ["Typesetter", "officer_svg", "template_digest"]

_TEMPLATES = Path(__file__).parent / "templates"
_TEMPLATE = _TEMPLATES / "warning.typ"
_OFFICER = _TEMPLATES / "officer.svg"
# FiraGO (OFL-1.1) as pymupdf-fonts names it: regular and bold.
_FONT_KEYS = ("figo", "figbo")
_PIXELS_PER_INCH = 72  # typst sets 72 points an inch: one unit of the layout becomes one pixel
# A PDF/A names the day it was made; a fixed one keeps the bytes the same.
_DOCUMENT_DATE = int(dt.datetime(2026, 1, 1, tzinfo=dt.UTC).timestamp())
_PDF_STANDARDS: tuple[Literal["a-2a"], Literal["ua-1"]] = ("a-2a", "ua-1")
_MISSING_GLYPH = re.compile(r'the text `"(?P<glyph>.*)"` could not be displayed')
_TOO_LONG = re.compile(r"too long: (?P<field>\w+)")


@cache
def officer_svg() -> str:
    """Give the drawn officer who stands in for a clip."""
    return _OFFICER.read_text("utf-8")


@cache
def template_digest() -> str:
    """Name template, drawing, fonts and typst version by one SHA-256 (hex)."""
    digest = hashlib.sha256(version("typst").encode())
    for content in (_TEMPLATE.read_bytes(), _OFFICER.read_bytes(), *map(pymupdf_fonts.myfont, _FONT_KEYS)):
        digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()


class Typesetter:
    """The template with its fonts, which it keeps in `folder` for typst to read."""

    def __init__(self, folder: Path) -> None:
        for key in _FONT_KEYS:
            path = folder / f"{key}.ttf"
            if not path.is_file():
                write_whole(path, pymupdf_fonts.myfont(key))
        fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(folder)])
        self._compiler = typst.Compiler(str(_TEMPLATE), root=str(_TEMPLATES), font_paths=fonts)
        self._thread = threading.get_ident()

    def png(self, card: Mapping[str, object]) -> bytes:
        """Set one picture. Raises `BadInput` when a text does not fit."""
        return self._compile(card, "png")

    def pdf(self, card: Mapping[str, object]) -> bytes:
        """Set an A4 page as PDF/A-2a and PDF/UA-1. Raises `BadInput` for a letter the font lacks."""
        return self._compile(card, "pdf")

    def missing_letters(self, card: Mapping[str, object], strings: list[tuple[str, str]]) -> Iterator[str]:
        """Say for each named string which letter of it the font lacks."""
        proof = {**card, "kind": "proof", "unit_pt": 1, "width": 1280, "height": 720}
        if self._lacks({**proof, "strings": [text for _, text in strings]}) is None:
            return
        for name, text in strings:
            glyph = self._lacks({**proof, "strings": [text]})
            if glyph is not None:
                yield f"{name} has {glyph!r}, which FiraGO does not have"

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
        inputs = {"card": json.dumps(_COMPLETE | dict(card))}
        if kind == "pdf":
            made = self._compiler.compile(
                format="pdf", sys_inputs=inputs, pdf_standards=[*_PDF_STANDARDS], timestamp=_DOCUMENT_DATE
            )
        else:
            made = self._compiler.compile(format="png", sys_inputs=inputs, ppi=_PIXELS_PER_INCH)
        if not isinstance(made, bytes):
            raise BadInput("a card runs over its page", remedy="shorten the texts of this message")
        return made


# What a card may leave out.
_COMPLETE: dict[str, object] = {"unit_pt": 1, "badge": None, "officer": None, "qr_svg": None, "code": None}


def _explain(card: Mapping[str, object], said: str) -> BadInput:
    language = card.get("language", "?")
    if found := _TOO_LONG.search(said):
        return BadInput(
            f"the text {found['field']} in {language!r} is too long for the {card.get('kind')}",
            remedy="shorten it",
        )
    if found := _MISSING_GLYPH.search(said):
        return BadInput(
            f"a text in {language!r} has {found['glyph']!r}, which FiraGO does not have",
            remedy="write it with other letters",
        )
    if "SVG" in said:
        return BadInput("the badge is no picture that can be drawn", remedy="give the badge as a plain SVG file")
    return BadInput(f"a card cannot be set: {said[:200]}", remedy="run `police2peer message check` on it")
