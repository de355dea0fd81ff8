# SPDX-License-Identifier: EUPL-1.2
"""What the makers of all formats share: the store, the typesetter, and what was set once and is used again.

A workshop belongs to one thread; several threads or processes each have one over the same store.
"""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable
from itertools import groupby
from typing import TypeVar

import numpy as np

from police2peer.warningfiles.code import VerifyCode
from police2peer.warningfiles.layout import A4_WIDTH_PT, FILM, SHEET, Layout
from police2peer.warningfiles.painting import INK, Pixels, SymbolSet, code_tile, paint, picture_pixels
from police2peer.warningfiles.plan import FilePlan, MidStates, StoredRange
from police2peer.warningfiles.qr import qr_matrix, qr_shape
from police2peer.warningfiles.store import BaseStore
from police2peer.warningfiles.typesetting import Typesetter, officer_svg
from police2peer.warningfiles.wording import Wording

__all__ = ["FILM_CARDS", "SAMPLE_CODE", "Workshop", "digest_of"]

# The order of a film; the card of the code stands last, so that unique films share all that comes before it.
FILM_CARDS = ("opening", "points", "help", "verify")
_WITH_OFFICER = frozenset({"opening", "spoken"})
SAMPLE_CODE = VerifyCode("0000-0000-0000")  # as long as any other: stands in previews, is never issued
_MOST_KEPT = 24  # pictures of 3 MB each

_Kept = TypeVar("_Kept")


class Workshop:
    """Store, typesetter and memory for making files one after another."""

    def __init__(self, store: BaseStore) -> None:
        self.store = store
        self.mid_states = MidStates()
        self._typesetter = Typesetter(store.folder / "fonts")
        self._kept: OrderedDict[tuple[str, ...], object] = OrderedDict()

    @property
    def typesetter(self) -> Typesetter:
        """The typesetter of this thread."""
        return self._typesetter

    def keep(self, key: tuple[str, ...], kind: type[_Kept], make: Callable[[], _Kept]) -> _Kept:
        """Give what was made under this key before, or make it; the latest few are kept."""
        found = self._kept.get(key)
        if not isinstance(found, kind):
            found = make()
            self._kept[key] = found
        self._kept.move_to_end(key)
        while len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)
        return found

    def stored(self, content: bytes) -> StoredRange:
        """Put bytes into the store and give the part of a plan that stands for them."""
        return StoredRange(self.store.put(content), 0, len(content))

    def plan(self, content: bytes) -> FilePlan:
        """Give the plan of a file that is all its own."""
        return FilePlan([self.stored(content)], self.store)

    def film_card(self, wording: Wording, kind: str, layout: Layout = FILM, **shown: object) -> Pixels:
        """Set one card of the film; the card of the code still without it. `shown` is what else the card needs."""
        return picture_pixels(self._typesetter.png(_card(wording, kind, layout) | shown))

    def film_layer(
        self, wording: Wording, kind: str, layout: Layout, *, width: int, height: int, **shown: object
    ) -> bytes:
        """Set what is laid over a film, as a PNG on a clear ground; its size is told as on a film 720 lines high."""
        size = {"width": width, "height": height}
        return self._typesetter.png(_card(wording, kind, layout) | size | shown)

    def check_fit(self, wording: Wording, kind: str) -> None:
        """Raise `BadInput` when a text does not fit this card of the film, or the sheet."""
        self._typesetter.check_fit(_card(wording, kind, SHEET if kind == "sheet" else FILM))

    def sheet(self, wording: Wording) -> Pixels:
        """Set the sheet, still without its code."""
        return self.keep(
            ("sheet", wording.digest()),
            np.ndarray,
            lambda: picture_pixels(self._typesetter.png(_card(wording, "sheet", SHEET))),
        )

    def document(self, wording: Wording, code: VerifyCode) -> bytes:
        """Set the sheet as a PDF, with its code."""
        card = _card(wording, "sheet", SHEET)
        return self._typesetter.pdf(
            card | {"unit_pt": A4_WIDTH_PT / SHEET.width, "qr_svg": _qr_svg(wording, code), "code": code}
        )

    def tile(self, wording: Wording, code: VerifyCode, layout: Layout) -> Pixels:
        """Paint QR code and symbols for the panel of this layout."""
        symbols = self.keep(
            ("symbols", str(layout.panel.code_size)),
            SymbolSet,
            lambda: SymbolSet.set_for(self._typesetter, layout.panel),
        )
        shape = qr_shape(wording.address(SAMPLE_CODE))
        return code_tile(layout.panel, symbols, wording.address(code), shape, code)

    def painted(self, wording: Wording, code: VerifyCode, picture: Pixels, layout: Layout) -> Pixels:
        """Give a copy of a picture with its code."""
        return paint(picture, layout, self.tile(wording, code, layout), rtl=wording.is_rtl)


def _card(wording: Wording, kind: str, layout: Layout) -> dict[str, object]:
    shape = qr_shape(wording.address(SAMPLE_CODE))
    qr_width = shape.modules * shape.module_px(layout.panel.qr_room)
    officer = officer_svg() if wording.officer and kind in _WITH_OFFICER else None
    return wording.card() | layout.card(qr_width) | {"kind": kind, "officer": officer}


def _qr_svg(wording: Wording, code: VerifyCode) -> str:
    """Draw the QR code as one path, a run of dark modules a stroke."""
    rows = qr_matrix(wording.address(code), qr_shape(wording.address(SAMPLE_CODE)))
    strokes = []
    for y, row in enumerate(rows):
        x = 0
        for dark, run in groupby(row):
            length = len(list(run))
            if dark:
                strokes.append(f"M{x} {y}h{length}v1h-{length}z")
            x += length
    size = len(rows)
    colour = "#{:02x}{:02x}{:02x}".format(*INK)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}">'
        f'<path fill="{colour}" d="{"".join(strokes)}"/></svg>'
    )


def digest_of(**inputs: object) -> str:
    """Name the inputs of something slow by one SHA-256 (hex)."""
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()
