# SPDX-License-Identifier: EUPL-1.2
r"""Sets documents of other parts of the house, such as the paper of an evidence pack: PDF/A-2a and PDF/UA-1.

Promise: only the template and the values given are read, nothing of the machine; the same input gives the same bytes.
A letter that the fonts lack is written as its number (`\u{4E2D}`), so that no text of others stops a document.
"""

import json
import re
import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import typst

from police2peer.campaign import Language
from police2peer.errors import BadInput
from police2peer.warningfiles.fonts import face_of, fonts_for

__all__ = ["set_document"]

_MISSING: Final = re.compile(r'the text `"(?P<glyph>.*)"` could not be displayed', re.DOTALL)
_MOST_TURNS: Final = 20  # letters that are replaced one by one, before all unusual ones are at once


def set_document(template: str, values: Mapping[str, object], at: datetime) -> bytes:
    """Set a typst template, which reads `values.json`, as a PDF dated `at`. Raises `BadInput`."""
    with tempfile.TemporaryDirectory(prefix="police2peer-") as place:
        folder = Path(place)
        fonts = fonts_for(face_of(Language("en")), folder / "fonts")
        main = folder / "main.typ"
        main.write_text(template, encoding="utf-8")
        text = json.dumps(values, ensure_ascii=False)
        for turn in range(_MOST_TURNS + 1):
            (folder / "values.json").write_text(text, encoding="utf-8")
            try:
                made = typst.Compiler(str(main), root=place, font_paths=fonts).compile(
                    format="pdf", pdf_standards=["a-2a", "ua-1"], timestamp=int(at.timestamp())
                )
            except typst.TypstError as error:
                text = _without_missing(text, error, everything=turn == _MOST_TURNS - 1)
                continue
            if isinstance(made, bytes):
                return made
            break
    raise BadInput("the document cannot be set", remedy="report this, with the template's name")


def _without_missing(text: str, error: typst.TypstError, *, everything: bool) -> str:
    """Write the letter that the fonts lack as its number, in every value."""
    found = _MISSING.search(str(error.args[0]))
    if found is None:
        raise BadInput(f"the document cannot be set: {str(error.args[0])[:200]}", remedy="report this") from error
    values: Any = json.loads(text)
    lacking = frozenset(found["glyph"])
    return json.dumps(_replaced(values, lacking, everything=everything), ensure_ascii=False)


def _replaced(value: Any, lacking: frozenset[str], *, everything: bool) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, str):
        return "".join(
            f"\\u{{{ord(sign):X}}}" if sign in lacking or (everything and not sign.isascii()) else sign
            for sign in value
        )
    if isinstance(value, list):
        return [_replaced(each, lacking, everything=everything) for each in value]
    if isinstance(value, dict):
        return {name: _replaced(each, lacking, everything=everything) for name, each in value.items()}
    return value
