# SPDX-License-Identifier: EUPL-1.2
# ruff: noqa: INP001 - a script beside the documents, no package
"""Draws docs/picture.svg: the way of one datum, and the way the downloader is led.

    .venv/bin/python docs/draw_picture.py

The same text gives the same bytes, so a test can hold the picture against this script. Colours follow the reader's
choice of light or dark; a viewer that knows no such choice shows the light one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

_WIDTH, _HEIGHT = 1080, 600
_BOX_WIDTH, _BOX_HEIGHT = 204, 104
_COLUMNS = (30, 292, 554, 816)
_ROWS = (72, 256, 452)

_OPENING = (
    f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
    f'width="{_WIDTH}" height="{_HEIGHT}" role="img" aria-labelledby="t d">'
)
_DESCRIPTION = (
    "A campaign and its order, signed by two people, go to the Studio, which makes warning files; the catalogue "
    "signs them; the node offers them on file-sharing networks; a downloader asks for one; the contact is counted "
    "without an address; the tally becomes the report. The code in the file leads the downloader to the public page, "
    "which answers from the same catalogue and shows help."
)
_STYLE = """
  svg { --ground:#f6f8fb; --ink:#16233a; --soft:#4a5870; --line:#5b6b85; --box:#ffffff; --edge:#b9c4d6;
        --ours:#1f5fae; --public:#0d7361; --street:#7a4b12; --badge:#ffffff; }
  @media (prefers-color-scheme: dark) {
    svg { --ground:#10182a; --ink:#eef3fb; --soft:#b4c1d6; --line:#91a2bd; --box:#1a2540; --edge:#3b4a6a;
          --ours:#7db4f5; --public:#63d3bb; --street:#efb36c; --badge:#10182a; }
  }
  text { font-family: "Fira Sans", "Segoe UI", "Noto Sans", "DejaVu Sans", system-ui, sans-serif; fill:var(--ink); }
  .name { font-size:18px; font-weight:600; }
  .note { font-size:14px; fill:var(--soft); }
  .label { font-size:14px; font-style:italic; fill:var(--soft); }
  .number { font-size:14px; font-weight:700; fill:var(--badge); text-anchor:middle; }
  .box { fill:var(--box); stroke:var(--edge); stroke-width:1.5; }
  .way { fill:none; stroke:var(--line); stroke-width:2; }
  .help { fill:none; stroke:var(--public); stroke-width:3; stroke-dasharray:7 5; }
  .ours { fill:var(--ours); } .public { fill:var(--public); } .street { fill:var(--street); }
  .line-head { fill:var(--line); } .help-head { fill:var(--public); }
"""


@dataclass(frozen=True, slots=True)
class _Box:
    """A station of the way: where it stands, whose it is, its name and two short lines."""

    column: int
    row: int
    owner: str
    number: int
    name: str
    notes: tuple[str, str]

    @property
    def left(self) -> int:
        """Distance of its left edge from the left."""
        return _COLUMNS[self.column]

    @property
    def top(self) -> int:
        """Distance of its upper edge from the top."""
        return _ROWS[self.row]


_BOXES = (
    _Box(0, 0, "ours", 1, "Campaign", ("texts, titles, an order", "that two people signed")),
    _Box(1, 0, "ours", 2, "Studio", ("makes warning files:", "films, pictures, blanks")),
    _Box(2, 0, "ours", 3, "Catalogue", ("signed register of what", "is ours, or withdrawn")),
    _Box(3, 0, "public", 10, "Public page", ("is this file genuine?", "where can I get help?")),
    _Box(2, 1, "ours", 4, "Node", ("offers what is ours,", "fetches nothing")),
    _Box(3, 1, "street", 5, "Networks", ("for sharing files, as", "named in the order")),
    _Box(3, 2, "street", 6, "Downloader", ("looked for other things,", "opens a warning file")),
    _Box(2, 2, "ours", 7, "Contact", ("someone asked us for", "bytes of our file")),
    _Box(1, 2, "ours", 8, "Tally", ("counts by country, arm", "and hour; no address")),
    _Box(0, 2, "ours", 9, "Report", ("what was offered, asked", "for and verified")),
)


def _boxes() -> Iterator[str]:
    for box in _BOXES:
        yield f'<rect class="box" x="{box.left}" y="{box.top}" width="{_BOX_WIDTH}" height="{_BOX_HEIGHT}" rx="10"/>'
        bar = f"M{box.left + 10} {box.top}h{_BOX_WIDTH - 20}a10 10 0 0 1 9 6h-{_BOX_WIDTH - 2}a10 10 0 0 1 9 -6z"
        yield f'<path class="{box.owner}" d="{bar}"/>'
        yield f'<circle class="{box.owner}" cx="{box.left + 22}" cy="{box.top + 32}" r="12"/>'
        yield f'<text class="number" x="{box.left + 22}" y="{box.top + 37}">{box.number}</text>'
        yield f'<text class="name" x="{box.left + 41}" y="{box.top + 38}">{escape(box.name)}</text>'
        for line, note in enumerate(box.notes):
            yield f'<text class="note" x="{box.left + 14}" y="{box.top + 66 + 20 * line}">{escape(note)}</text>'


def _right(column: int) -> int:
    return _COLUMNS[column] + _BOX_WIDTH


def _middle(row: int) -> int:
    return _ROWS[row] + _BOX_HEIGHT // 2


def _centre(column: int) -> int:
    return _COLUMNS[column] + _BOX_WIDTH // 2


def _across(row: int, start: int, end: int, label: str, kind: str = "way") -> Iterator[str]:
    """Draw an arrow along a row, from the edge of one column's box to the edge of the next."""
    forward = start < end
    x1 = _right(start) if forward else _COLUMNS[start]
    x2 = _COLUMNS[end] if forward else _right(end)
    y = _middle(row)
    yield f'<path class="{kind}" marker-end="url(#{kind})" d="M{x1} {y}H{x2 - 2 if forward else x2 + 2}"/>'
    yield f'<text class="label" text-anchor="middle" x="{(x1 + x2) // 2}" y="{y - 10}">{escape(label)}</text>'


def _down(column: int, start: int, label: str) -> Iterator[str]:
    """Draw an arrow from a box to the one below it, with its label beside it."""
    x, y1, y2 = _centre(column), _ROWS[start] + _BOX_HEIGHT, _ROWS[start + 1]
    yield f'<path class="way" marker-end="url(#way)" d="M{x} {y1}V{y2 - 2}"/>'
    yield f'<text class="label" x="{x + 12}" y="{(y1 + y2) // 2 + 5}">{escape(label)}</text>'


def _home() -> Iterator[str]:
    """Draw the way back: from the downloader round the right to the public page."""
    x, margin = _right(3), _WIDTH - 22
    yield (
        f'<path class="help" marker-end="url(#help)" d="M{x} {_middle(2)}H{margin - 10}q10 0 10 -10'
        f'V{_middle(0) + 10}q0 -10 -10 -10H{x + 2}"/>'
    )
    y = (_ROWS[0] + _BOX_HEIGHT + _ROWS[1]) // 2
    yield f'<text class="label" text-anchor="end" x="{margin - 10}" y="{y - 5}">the code in the file leads</text>'
    yield f'<text class="label" text-anchor="end" x="{margin - 10}" y="{y + 13}">to the proof and to help</text>'


def _words() -> Iterator[str]:
    """Draw the heading, the colours' meaning, and what is never kept."""
    yield '<text class="name" x="30" y="40">The way of one warning file</text>'
    x = 554
    for owner, meaning in (("ours", "the police unit"), ("street", "others"), ("public", "for everyone")):
        yield f'<rect class="{owner}" x="{x}" y="28" width="14" height="14" rx="3"/>'
        yield f'<text class="note" x="{x + 22}" y="40">{meaning}</text>'
        x += 150 if owner == "ours" else 112
    yield f'<text class="name" x="30" y="{_ROWS[1] + 24}">What is never done</text>'
    lines = (
        "Nobody is asked for their content, and nobody is written to.",
        "Nothing is published without an order in force.",
        "By default, no address is written down.",
    )
    for line, text in enumerate(lines):
        yield f'<text class="note" x="30" y="{_ROWS[1] + 52 + 22 * line}">{text}</text>'


def draw() -> str:
    """Give the picture as SVG text."""
    heads = "".join(
        f'<marker id="{kind}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="{size}" markerHeight="{size}" '
        f'orient="auto-start-reverse"><path class="{head}" d="M0 0L10 5L0 10z"/></marker>'
        for kind, head, size in (("way", "line-head", 7), ("help", "help-head", 5))
    )
    parts = [
        "<!-- SPDX-License-Identifier: EUPL-1.2 - drawn by docs/draw_picture.py -->",
        _OPENING,
        '<title id="t">The way of one warning file</title>',
        f'<desc id="d">{_DESCRIPTION}</desc>',
        f"<style>{_STYLE}</style>",
        f"<defs>{heads}</defs>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" rx="16" style="fill:var(--ground)"/>',
        *_words(),
        *_across(0, 0, 1, "plan"),
        *_across(0, 1, 2, "record"),
        *_across(0, 2, 3, "proof"),
        *_down(2, 0, "release"),
        *_across(1, 2, 3, "offers"),
        *_down(3, 1, "found, fetched"),
        *_down(2, 1, "sees what is asked"),
        *_across(2, 2, 1, "count"),
        *_across(2, 1, 0, "sums"),
        *_home(),
        *_boxes(),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    Path(__file__).with_name("picture.svg").write_text(draw(), encoding="utf-8")
