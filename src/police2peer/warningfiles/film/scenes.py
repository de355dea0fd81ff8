# SPDX-License-Identifier: EUPL-1.2
"""From a message's words to the scenes of its film, in the order in which they are shown.

The card of the code stands last and no longer than 12 seconds, so that unique films share all that comes before it
and that card is coded as one picture. `timeline_digest` names a film without drawing it.
"""

from police2peer.errors import BadInput
from police2peer.warningfiles.colour import Planes, planes_of
from police2peer.warningfiles.film.timeline import FRAMES_PER_S, Still, Timeline
from police2peer.warningfiles.layout import film_layout
from police2peer.warningfiles.settings import Making
from police2peer.warningfiles.typesetting import template_digest
from police2peer.warningfiles.wording import Wording
from police2peer.warningfiles.workshop import FILM_CARDS, Workshop, digest_of

__all__ = ["LONGEST_CODE_CARD", "code_card", "timeline_digest", "timeline_of"]

LONGEST_CODE_CARD = 300  # pictures
_FEWEST_SECONDS = 4


def timeline_digest(wording: Wording, making: Making) -> str:
    """Name everything that the film shows and says, but its code, by one SHA-256 (hex)."""
    return digest_of(
        kind="timeline",
        wording=wording.digest(),
        template=template_digest(),
        seconds=making.film_seconds,
        height=making.film_height,
    )


def timeline_of(workshop: Workshop, wording: Wording, making: Making) -> Timeline:
    """Draw the film. Raises `BadInput` when a text does not fit or the film is too short."""
    if making.film_seconds < _FEWEST_SECONDS:
        raise BadInput("a film is shorter than 4 seconds", remedy="set film_seconds to 4 or more")
    layout = film_layout(making.film_height)
    spans = _spans(making.film_seconds, len(FILM_CARDS))
    pictures = [planes_of(workshop.film_card(wording, kind, layout)) for kind in FILM_CARDS[:-1]]
    pictures.append(code_card(workshop, wording, making))
    scenes = tuple(Still(picture, span) for picture, span in zip(pictures, spans, strict=True))
    return Timeline(layout, scenes, timeline_digest(wording, making))


def code_card(workshop: Workshop, wording: Wording, making: Making) -> Planes:
    """Draw the last card alone, for a maker that has the rest of the film in store."""
    layout = film_layout(making.film_height)
    key = ("code card", wording.digest(), str(layout.height))
    return workshop.keep(key, Planes, lambda: planes_of(workshop.film_card(wording, FILM_CARDS[-1], layout)))


def _spans(seconds: int, cards: int) -> list[int]:
    """Share the pictures of a film among its cards."""
    total = seconds * FRAMES_PER_S
    last = min(LONGEST_CODE_CARD, total // cards)
    others = cards - 1
    return [(total - last) * (n + 1) // others - (total - last) * n // others for n in range(others)] + [last]
