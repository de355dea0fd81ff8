# SPDX-License-Identifier: EUPL-1.2
"""The issuer's badge: an SVG that is nothing but a drawing.

Promise: what passes draws shapes that stand in the file itself. It runs nothing, reads no other file, asks no host,
needs no font, and cannot grow while it is read. Only what is listed here is let through, so that a kind of active
content that nobody has thought of is refused as well.

Source: SVG 1.1 (second edition) for elements and attributes; XML 1.0 for entities.
"""

import re
from xml.parsers import expat

from police2peer.errors import BadInput

__all__ = ["MAX_BADGE_BYTES", "check_badge"]

MAX_BADGE_BYTES = 256 * 1024
_DEEPEST = 32
_MOST_ELEMENTS = 5000
_SVG = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"
_XML = "http://www.w3.org/XML/1998/namespace"
_SHAPES = frozenset({"path", "rect", "circle", "ellipse", "line", "polyline", "polygon"})
_AROUND_SHAPES = frozenset({"svg", "g", "defs", "clipPath", "linearGradient", "radialGradient", "stop"})
_WORDS = frozenset({"title", "desc"})  # read by people only
_DRAWING = _SHAPES | _AROUND_SHAPES | _WORDS
_REFERENCES = frozenset({"href", "src"})
_FUNCTION = re.compile(r"(?P<name>[\w-]+)\s*\(")
_FUNCTIONS = frozenset({"translate", "scale", "rotate", "skewx", "skewy", "matrix", "rgb", "rgba", "hsl", "hsla"})
_HIDING = ("\\", "@", "/*")
_OWN_PART = re.compile(r"#[\w.-]+")
_WRITING_PROGRAMS = "save it as plain SVG: drawing programs write notes, styles and links of their own into others"


def check_badge(content: bytes) -> None:
    """Refuse everything but a drawing, with `BadInput`.

    1. at most 256 KiB of UTF-8;
    2. well-formed XML without document type, entities and processing instructions;
    3. only elements that draw, at most 5,000 of them, 32 deep;
    4. only attributes that describe: none that runs something, none that leads out of the file.
    """
    if len(content) > MAX_BADGE_BYTES:
        raise BadInput("this is no SVG picture of up to 256 KiB", remedy="simplify its paths")
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadInput("this is no SVG picture in UTF-8", remedy=_WRITING_PROGRAMS) from error
    reader = expat.ParserCreate("utf-8", " ")
    reader.StartDoctypeDeclHandler = _refuse_doctype
    reader.ProcessingInstructionHandler = _refuse_instruction
    elements = _Elements()
    reader.StartElementHandler = elements.open
    reader.EndElementHandler = elements.close
    try:
        reader.Parse(content, True)  # noqa: FBT003 - expat takes it by place only
    except expat.ExpatError as error:
        raise BadInput(f"this is no SVG picture: line {error.lineno} is not XML", remedy=_WRITING_PROGRAMS) from error


def _refuse_doctype(*_: object) -> None:
    raise BadInput("it has a document type, which can hold entities", remedy="take the <!DOCTYPE ...> out")


def _refuse_instruction(*_: object) -> None:
    raise BadInput("it has a processing instruction, which can load a style sheet", remedy="take the <?...?> out")


class _Elements:
    """Looks at each element as it comes."""

    def __init__(self) -> None:
        self._depth = 0
        self._seen = 0

    def open(self, name: str, attributes: dict[str, str]) -> None:
        """Refuse an element that is more than a shape."""
        namespace, _, local = name.rpartition(" ")
        if self._seen == 0 and (namespace, local) != (_SVG, "svg"):
            raise BadInput("this is no SVG picture", remedy="give a file that begins with <svg xmlns=...>")
        self._depth += 1
        self._seen += 1
        if self._depth > _DEEPEST or self._seen > _MOST_ELEMENTS:
            raise BadInput("it has too many parts", remedy="simplify the drawing")
        if namespace != _SVG or local not in _DRAWING:
            facts = f"it has <{_shown(local)}>, and a badge may only draw shapes"
            raise BadInput(facts, remedy=_REMEDIES.get(local, _WRITING_PROGRAMS))
        for key, value in attributes.items():
            _check_attribute(key, value)

    def close(self, _: str) -> None:
        """Come back out of an element."""
        self._depth -= 1


_REMEDIES = {
    "script": "take the script out",
    "foreignObject": "take the foreign object out",
    "image": "trace the picture into paths",
    "style": "write colours as attributes of the shapes (in Inkscape: save as optimized SVG, CSS to XML)",
    "text": "convert the letters to paths",
    "use": "unlink the clones, so that each stands for itself",
    "a": "take the link out",
}


def _check_attribute(key: str, value: str) -> None:
    namespace, _, local = key.rpartition(" ")
    if namespace not in {"", _XLINK, _XML} or local == "base":
        raise BadInput(f"it has the attribute {_shown(local)} of another program", remedy=_WRITING_PROGRAMS)
    if local.lower().startswith("on"):
        raise BadInput(f"it runs something ({_shown(local)})", remedy="take the event handler out")
    if any(sign in value for sign in _HIDING):
        raise BadInput(
            f"the attribute {_shown(local)} hides what it says", remedy="write it without \\, @ and comments"
        )
    if local.lower() in _REFERENCES:
        _check_target(value, local)
    for found in _FUNCTION.finditer(value):
        if found["name"].lower() == "url":
            _check_target(value[found.end() :].partition(")")[0].strip(" \t\r\n'\""), local)
        elif found["name"].lower() not in _FUNCTIONS:
            raise BadInput(f"the attribute {_shown(local)} calls something", remedy="write a plain value")


def _check_target(target: str, attribute: str) -> None:
    if not _OWN_PART.fullmatch(target):
        raise BadInput(
            f"it refers to something outside itself ({_shown(attribute)})",
            remedy="keep all of the drawing in the one file",
        )


def _shown(name: str) -> str:
    """Give a foreign name in a form that a terminal and a log can take."""
    return ascii(name[:40])[1:-1]
