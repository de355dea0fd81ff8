# SPDX-License-Identifier: EUPL-1.2
"""Charts as SVG text: no script, no font file, nothing from outside; they print, and follow dark mode by CSS.

Each chart carries `role="img"`, a title and a description, and its numbers stand as text beside the bars
(WCAG 2.2, 1.1.1 and 1.4.1: nothing is told by colour alone).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

_ROW_PX = 34
_LABEL_PX = 210
_VALUE_PX = 90
_BAR_PX = 18


@dataclass(frozen=True, slots=True)
class Bar:
    """One row: its label, its count, and whether it is drawn as the quieter kind."""

    label: str
    count: int
    quiet: bool = False


def bar_chart(title: str, description: str, bars: Sequence[Bar], *, width_px: int = 720) -> str:
    """Draw horizontal bars, one a row, on a common linear scale from zero; return an `<svg>` element.

    Colours come from the CSS classes `bar`, `quiet` and `track` of the page that holds it.
    """
    most = max((bar.count for bar in bars), default=0)
    room_px = width_px - _LABEL_PX - _VALUE_PX
    rows = [_row(index, bar, most, room_px) for index, bar in enumerate(bars)]
    height_px = _ROW_PX * len(bars) + 8
    return (
        f'<svg class="chart" role="img" viewBox="0 0 {width_px} {height_px}" xmlns="http://www.w3.org/2000/svg" '
        f"aria-label={quoteattr(title)}><title>{escape(title)}</title><desc>{escape(description)}</desc>"
        + "".join(rows)
        + "</svg>"
    )


def _row(index: int, bar: Bar, most: int, room_px: int) -> str:
    top = index * _ROW_PX + 4
    middle = top + _ROW_PX / 2
    length = round(room_px * bar.count / most, 1) if most else 0
    bar_top = middle - _BAR_PX / 2
    kind = "bar quiet" if bar.quiet else "bar"
    return (
        f'<text x="{_LABEL_PX - 12}" y="{middle}" text-anchor="end" dominant-baseline="central">'
        f"{escape(bar.label)}</text>"
        f'<rect class="track" x="{_LABEL_PX}" y="{bar_top}" width="{room_px}" height="{_BAR_PX}" rx="3"/>'
        f'<rect class="{kind}" x="{_LABEL_PX}" y="{bar_top}" width="{length}" height="{_BAR_PX}" rx="3"/>'
        f'<text class="value" x="{_LABEL_PX + room_px + 12}" y="{middle}" dominant-baseline="central">'
        f"{bar.count:,}</text>"
    )
