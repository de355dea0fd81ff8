# SPDX-License-Identifier: EUPL-1.2
"""Paints QR code and symbols of a code into the white panel of a picture, in whole numbers.

A tile holds how much ink stands on each pixel (0 to 255). Setting a card takes 30 ms, painting a tile one.
"""

from dataclasses import dataclass

import av
import numpy as np
from numpy.typing import NDArray

from police2peer.warningfiles.code import CODE_ALPHABET, VerifyCode
from police2peer.warningfiles.layout import Layout, Panel
from police2peer.warningfiles.qr import QrShape, qr_matrix
from police2peer.warningfiles.typesetting import Typesetter

__all__ = ["INK", "Pixels", "SymbolSet", "code_tile", "paint", "picture_pixels"]

Pixels = NDArray[np.uint8]
INK = (0x0C, 0x23, 0x40)  # navy; 14.7 to 1 on white
_INK_RED = INK[0]
_GAP_SHARE = 9  # between two symbols: a ninth of the letter size


def picture_pixels(png: bytes) -> Pixels:
    """Read a PNG that typst drew, without clear parts, as height x width x RGB; in half of Pillow's time."""
    decoder = av.CodecContext.create("png", "r")
    frames = [*decoder.decode(av.Packet(png)), *decoder.decode(None)]
    if len(frames) != 1 or not isinstance(frames[0], av.VideoFrame) or frames[0].format.name != "rgba":
        raise ValueError("not a PNG of typst")
    # The change of format only leaves out the fourth byte of each pixel.
    return np.asarray(frames[0].to_ndarray(format="rgb24"), dtype=np.uint8)


@dataclass(frozen=True)
class SymbolSet:
    """The ink of each symbol of a code at one size, cut to its width."""

    ink: dict[str, Pixels]
    gap: int

    @classmethod
    def set_for(cls, typesetter: Typesetter, panel: Panel) -> "SymbolSet":
        """Set all symbols at the size of this panel."""
        symbols = [*CODE_ALPHABET, "-"]
        cell = panel.code_size * 2
        card = {
            "kind": "symbols",
            "symbols": symbols,
            "cell": cell,
            "code_size": panel.code_size,
            "width": cell * len(symbols),
            "height": panel.code_height,
            "language": "en",
            "direction": "ltr",
            "words": {"document_title": "", "issuer": "", "body": ""},
        }
        red = picture_pixels(typesetter.png(card))[:, :, 0].astype(np.uint32)
        ink = ((255 - red) * 255 // (255 - _INK_RED)).astype(np.uint8)
        cells = {symbol: ink[:, at * cell : (at + 1) * cell] for at, symbol in enumerate(symbols)}
        return cls({symbol: _cut(cell) for symbol, cell in cells.items()}, gap=panel.code_size // _GAP_SHARE)

    def line(self, code: VerifyCode) -> Pixels:
        """Give the ink of a whole code."""
        blank = np.zeros((self.ink["-"].shape[0], self.gap), dtype=np.uint8)
        pieces = [piece for symbol in code for piece in (self.ink[symbol], blank)]
        return np.hstack(pieces[:-1])


def _cut(ink: Pixels) -> Pixels:
    columns = np.flatnonzero(ink.max(axis=0))
    return ink[:, columns[0] : columns[-1] + 1]


def code_tile(panel: Panel, symbols: SymbolSet, address: str, shape: QrShape, code: VerifyCode) -> Pixels:
    """Give the ink that belongs on the panel for this code; 0 where the panel stays as it is."""
    tile = np.zeros((panel.height, panel.width), dtype=np.uint8)
    module = shape.module_px(panel.qr_room)
    rows = qr_matrix(address, shape) * np.uint8(255)
    square = rows.repeat(module, axis=0).repeat(module, axis=1)
    left = (panel.width - square.shape[1]) // 2
    tile[panel.qr_y : panel.qr_y + square.shape[0], left : left + square.shape[1]] = square
    line = symbols.line(code)
    left = (panel.width - line.shape[1]) // 2
    tile[panel.code_y : panel.code_y + line.shape[0], left : left + line.shape[1]] = line
    return tile


def blend(plane: Pixels, tile: Pixels, ink: int) -> Pixels:
    """Lay ink of one value over a plane, rounding to the nearest whole number."""
    share = tile.astype(np.uint32)
    mixed = plane.astype(np.uint32) * (255 - share) + ink * share
    return ((mixed + 127) // 255).astype(np.uint8)


def paint(picture: Pixels, layout: Layout, tile: Pixels, *, rtl: bool) -> Pixels:
    """Give a copy of an RGB picture with the tile on its panel."""
    painted = picture.copy()
    left, top = layout.panel_left(rtl=rtl), layout.panel.y
    place = (slice(top, top + tile.shape[0]), slice(left, left + tile.shape[1]))
    for channel, ink in enumerate(INK):
        painted[(*place, channel)] = blend(painted[(*place, channel)], tile, ink)
    return painted
