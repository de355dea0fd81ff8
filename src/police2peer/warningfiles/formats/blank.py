# SPDX-License-Identifier: EUPL-1.2
"""The blank: a film of one dark second, padded with nothing to the size asked for. It shows and says nothing.

It is the control arm of a trial. On disk it is a hole; every blank differs in its last 32 bytes, so that each
has its own hashes. The campaign may ask for the message's picture inside the padding, where an examiner
finds it and a player does not; by default a blank is pure.
"""

import hashlib

import av

from police2peer.errors import BadInput
from police2peer.warningfiles.code import VerifyCode
from police2peer.warningfiles.colour import plain_planes
from police2peer.warningfiles.formats import moving
from police2peer.warningfiles.h264 import FRAMES_PER_S, encode_still
from police2peer.warningfiles.layout import FILM, Layout
from police2peer.warningfiles.mp4_boxes import free_box_header, write_mp4
from police2peer.warningfiles.plan import FilePlan, Literal, Zeros
from police2peer.warningfiles.workshop import Workshop, digest_of

__all__ = ["make_blank"]

_DARK = (12, 12, 12)
_CRF = 23
_SERIAL_BYTES = 32
_SIZE = Layout(width=640, height=360, panel=FILM.panel)


def make_blank(workshop: Workshop, code: VerifyCode, blank_bytes: int, inside: bytes = b"") -> FilePlan:
    """Plan a blank of exactly `blank_bytes`, its serial drawn from `code`; `inside` is hidden in the padding.

    Raises `BadInput` when the size is too small to hold the dark second.
    """
    film = workshop.keep(("blank",), bytes, lambda: _dark_second(workshop))
    header = free_box_header(0)
    room = blank_bytes - len(film) - len(header) - _SERIAL_BYTES - len(inside)
    if room < 0:
        raise BadInput("blank_bytes is too small for a film", remedy="give at least 100000")
    padding = room + len(inside) + _SERIAL_BYTES
    serial = hashlib.sha256(b"police2peer blank " + code.encode()).digest()
    beginning = Literal(film + free_box_header(padding) + inside)
    return FilePlan([beginning, Zeros(room), Literal(serial)], workshop.store)


def _dark_second(workshop: Workshop) -> bytes:
    key = digest_of(kind="blank", encoder=f"av {av.__version__}")
    note = workshop.store.recall(key)
    if note is None:
        still = encode_still(plain_planes(_SIZE.width, _SIZE.height, _DARK).all(), _CRF)
        skips = moving.skips(workshop, _SIZE.width, _SIZE.height)
        samples = [still.sample, *skips.samples[: FRAMES_PER_S - 1]]
        track = moving.picture_track(samples, [0], skips.sets, _SIZE)
        note = {"film": workshop.store.put(write_mp4([track]).content)}
        workshop.store.remember(key, note, stored=[str(note["film"])])
    return workshop.store.read(str(note["film"]))
