# SPDX-License-Identifier: EUPL-1.2
"""The mp4 film: four cards and silence; every film shares all bytes with the others but those of its code card.

The base (everything before and after the first picture of the last card) is made once and stored. A film is
that base with one sample of fixed size exchanged: a note with code and address (SEI, user data unregistered)
padded with blanks, and the freshly coded picture. So the index never changes and the film stays valid.
"""

import json
import uuid
from dataclasses import dataclass
from functools import partial

import av

from police2peer.errors import BadInput
from police2peer.warningfiles.code import VerifyCode
from police2peer.warningfiles.colour import Planes, paint_planes, planes_of
from police2peer.warningfiles.formats import moving
from police2peer.warningfiles.h264 import FRAMES_PER_S, LONGEST_STILL, EncodedStill, ParameterSets, encode_still
from police2peer.warningfiles.layout import FILM
from police2peer.warningfiles.mp4_boxes import write_mp4
from police2peer.warningfiles.plan import FilePlan, Literal, Part, StoredRange
from police2peer.warningfiles.typesetting import template_digest
from police2peer.warningfiles.wording import Wording
from police2peer.warningfiles.workshop import FILM_CARDS, SAMPLE_CODE, Workshop, digest_of

__all__ = ["NOTE_UUID", "make_film"]

# Names our note among the user data of a picture; drawn once at random (RFC 9562, version 4).
NOTE_UUID = uuid.UUID("6f1d2c8e-94b7-4d5a-b3f6-87d1e95c4a72")
_CRF = 16  # text stays sharp; a coarser one is tried when a picture does not fit its slot
_CRF_STEP, _COARSEST_CRF = 3, 34
_SLOT_ROUND_BYTES = 4096
_SLOT_SPARE_PERCENT = 20  # QR codes differ by a few percent in how well they compress
_SEI, _USER_DATA, _FILLER = 6, 5, 3
_FEWEST_SECONDS = 4


@dataclass(frozen=True)
class _Base:
    """The stored film around its slot, and the code card still without its code."""

    prefix: StoredRange
    suffix: StoredRange
    slot_bytes: int
    sets: ParameterSets
    code_card: Planes


def make_film(workshop: Workshop, wording: Wording, code: VerifyCode, film_seconds: int) -> FilePlan:
    """Plan the film with this code. Raises `BadInput` when a text does not fit its card."""
    if film_seconds < _FEWEST_SECONDS:
        raise BadInput("a film is shorter than 4 seconds", remedy="set film_seconds to 4 or more")
    key = ("film", wording.digest(), str(film_seconds))
    base = workshop.keep(key, _Base, partial(_base, workshop, wording, film_seconds))
    tile = workshop.tile(wording, code, FILM)
    card = paint_planes(base.code_card, FILM, tile, rtl=wording.is_rtl)
    note = json.dumps({"code": code, "url": wording.address(code)}).encode()
    for crf in range(_CRF, _COARSEST_CRF, _CRF_STEP):
        still = encode_still(card.all(), crf)
        blanks = _blanks(base.slot_bytes, len(note), len(still.sample))
        if blanks is not None:
            break
    else:
        raise BadInput("the code card is too rich for its slot", remedy="use a plainer badge")
    if still.sets != base.sets:
        raise BadInput("the stored film was made by another encoder", remedy="remove the store and make anew")
    head, tail = _note_around(note, blanks)
    pad = workshop.stored(b" " * base.slot_bytes)
    parts: list[Part] = [
        base.prefix,
        Literal(head),
        StoredRange(pad.sha256, 0, blanks.count),
        Literal(tail),
        workshop.stored(still.sample),
        base.suffix,
    ]
    return FilePlan(parts, workshop.store)


@dataclass(frozen=True, slots=True)
class _Blanks:
    """How many blanks fill a slot, and whether an empty second message is needed to meet its size."""

    count: int
    with_filler: bool


def _payload_length(length: int) -> bytes:
    """Write a length as SEI does: 255 as often as it goes, then the rest (H.264 7.3.2.3.1)."""
    return b"\xff" * (length // 255) + bytes([length % 255])


def _note_bytes(payload: int, *, with_filler: bool) -> int:
    return 4 + 2 + len(_payload_length(payload)) + payload + 2 * with_filler + 1


def _blanks(slot: int, note: int, picture: int) -> _Blanks | None:
    """Find the blanks that make note and picture fill the slot exactly; None when they do not fit."""
    room = slot - picture
    shortest = 16 + note
    for with_filler in (False, True):
        payload = room - _note_bytes(0, with_filler=with_filler)
        payload -= payload // 255 + 1
        for tried in range(max(payload, shortest), payload + 4):
            if _note_bytes(tried, with_filler=with_filler) == room:
                return _Blanks(tried - shortest, with_filler=with_filler)
    return None


def _note_around(note: bytes, blanks: _Blanks) -> tuple[bytes, bytes]:
    """Give the bytes before and after the blanks. No emulation prevention is needed: ASCII and a chosen UUID."""
    payload = 16 + len(note) + blanks.count
    unit = _note_bytes(payload, with_filler=blanks.with_filler) - 4
    head = unit.to_bytes(4, "big") + bytes([_SEI, _USER_DATA]) + _payload_length(payload) + NOTE_UUID.bytes + note
    return head, (bytes([_FILLER, 0]) if blanks.with_filler else b"") + b"\x80"


def _spans(film_seconds: int) -> list[int]:
    """Share the pictures of a film among its cards; the last has at most one IDR picture."""
    total = film_seconds * FRAMES_PER_S
    last = min(LONGEST_STILL, total // len(FILM_CARDS))
    others = len(FILM_CARDS) - 1
    return [(total - last) * (n + 1) // others - (total - last) * n // others for n in range(others)] + [last]


def _base(workshop: Workshop, wording: Wording, film_seconds: int) -> _Base:
    code_card = planes_of(workshop.film_card(wording, FILM_CARDS[-1]))
    key = digest_of(
        kind="film",
        wording=wording.digest(),
        template=template_digest(),
        seconds=film_seconds,
        encoder=f"av {av.__version__}",
        crf=_CRF,
    )
    note = workshop.store.recall(key)
    if note is None:
        note = _make_base(workshop, wording, film_seconds, code_card)
        workshop.store.remember(key, note, stored=[str(note[name]) for name in ("prefix", "suffix")])
    prefix, suffix = (_whole(workshop, str(note[name])) for name in ("prefix", "suffix"))
    sets = ParameterSets(bytes.fromhex(str(note["sps"])), bytes.fromhex(str(note["pps"])))
    return _Base(prefix, suffix, int(str(note["slot_bytes"])), sets, code_card)


def _whole(workshop: Workshop, sha256: str) -> StoredRange:
    return StoredRange(sha256, 0, workshop.store.size(sha256))


def _make_base(workshop: Workshop, wording: Wording, film_seconds: int, code_card: Planes) -> dict[str, object]:
    tile = workshop.tile(wording, SAMPLE_CODE, FILM)
    cards = [planes_of(workshop.film_card(wording, kind)) for kind in FILM_CARDS[:-1]]
    stills = [
        encode_still(card.all(), _CRF) for card in [*cards, paint_planes(code_card, FILM, tile, rtl=wording.is_rtl)]
    ]
    slot_bytes = _slot_size(stills[-1])
    skips = moving.skips(workshop, FILM.width, FILM.height)
    if any(still.sets != skips.sets for still in stills):
        raise BadInput("the encoder changed between two cards", remedy="make the files anew")
    stills[-1] = EncodedStill(bytes(slot_bytes), stills[-1].sets)
    picture = moving.picture_track([still.sample for still in stills], _spans(film_seconds), skips, FILM)
    film = write_mp4([picture, moving.silence(workshop, film_seconds)])
    slot = film.offsets[len(film.offsets) - _spans(film_seconds)[-1]]
    return {
        "prefix": workshop.store.put(film.content[:slot]),
        "suffix": workshop.store.put(film.content[slot + slot_bytes :]),
        "slot_bytes": slot_bytes,
        "sps": skips.sets.sps.hex(),
        "pps": skips.sets.pps.hex(),
    }


def _slot_size(still: EncodedStill) -> int:
    wanted = len(still.sample) * (100 + _SLOT_SPARE_PERCENT) // 100 + _SLOT_ROUND_BYTES // 2
    return -(-wanted // _SLOT_ROUND_BYTES) * _SLOT_ROUND_BYTES
