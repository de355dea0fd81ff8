# SPDX-License-Identifier: EUPL-1.2
"""Where things stand on cards and sheets, in pixels of the finished picture.

The template sets the words; this says how large the pictures are and where the white panel of the code is, for
the painter puts QR code and symbols there without setting the card again.
"""

from dataclasses import asdict, astuple, dataclass
from fractions import Fraction
from functools import cache

from police2peer.errors import BadInput

__all__ = ["A4_WIDTH_PT", "FILM", "SHEET", "Layout", "Panel", "film_layout"]

A4_WIDTH_PT = 210 / 25.4 * 72


@dataclass(frozen=True, slots=True)
class Panel:
    """The white panel: its place, and in it QR code, label and symbols. All even, for 4:2:0 video."""

    x: int
    y: int
    width: int
    height: int
    qr_y: int
    qr_room: int
    label_y: int
    label_height: int
    code_y: int
    code_height: int
    code_size: int


@dataclass(frozen=True, slots=True)
class Layout:
    """A picture's size and its panel; a layout that was scaled names the one it was `drawn_as`."""

    width: int
    height: int
    panel: Panel
    drawn_as: "Layout | None" = None

    def card(self, qr_width: int) -> dict[str, object]:
        """Give what the template needs to know: the layout as it was drawn, and how many pixels one unit of it is."""
        drawn = self.drawn_as or self
        return {
            "width": drawn.width,
            "height": drawn.height,
            "unit_pt": self.height / drawn.height,
            "panel": {**asdict(drawn.panel), "qr_width": qr_width},
        }

    def panel_left(self, *, rtl: bool) -> int:
        """Give the panel's left edge; it changes sides with the direction of the writing."""
        return self.width - self.panel.x - self.panel.width if rtl else self.panel.x


FILM = Layout(
    width=1280,
    height=720,
    panel=Panel(
        x=780,
        y=132,
        width=420,
        height=494,
        qr_y=40,
        qr_room=340,
        label_y=388,
        label_height=36,
        code_y=424,
        code_height=50,
        code_size=36,
    ),
)
_FILM_HEIGHTS = (720, 1080)


@cache
def film_layout(height: int) -> Layout:
    """Give the layout of films this high; everything keeps its place. Raises `BadInput` for a height not made."""
    if height not in _FILM_HEIGHTS:
        raise BadInput(f"films are not made {height} lines high", remedy="choose 720 or 1080")
    if height == FILM.height:
        return FILM
    scale = Fraction(height, FILM.height)
    panel = Panel(*(int(length * scale) // 2 * 2 for length in astuple(FILM.panel)))
    return Layout(int(FILM.width * scale), height, panel, drawn_as=FILM)


SHEET = Layout(
    width=1080,
    height=1528,
    panel=Panel(
        x=680,
        y=1116,
        width=320,
        height=334,
        qr_y=22,
        qr_room=232,
        label_y=258,
        label_height=28,
        code_y=284,
        code_height=40,
        code_size=27,
    ),
)
