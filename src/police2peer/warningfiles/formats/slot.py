# SPDX-License-Identifier: EUPL-1.2
"""The fixed room in a film in which its code card stands, filled to the byte whatever the picture's size.

A note with code and address (SEI, user data unregistered) padded with blanks, then the freshly coded picture: both
are units of H.264 with their lengths before them, as MP4 and Matroska hold them.
"""

import json
from collections.abc import Sequence

from police2peer.errors import BadInput
from police2peer.warningfiles.code import VerifyCode
from police2peer.warningfiles.colour import Planes
from police2peer.warningfiles.h264 import ParameterSets, encode_still
from police2peer.warningfiles.h264_note import blanks_for, note_around
from police2peer.warningfiles.plan import Literal, Part, StoredRange
from police2peer.warningfiles.wording import Wording
from police2peer.warningfiles.workshop import Workshop

__all__ = ["CARD_CRF", "filled_slot", "note_bytes", "slot_size"]

CARD_CRF = 18  # text stays sharp; a coarser one is tried when a picture does not fit its slot
_CRF_STEP, _COARSEST_CRF = 3, 34
_SLOT_ROUND_BYTES = 4096
_SLOT_SPARE_PERCENT = 20  # QR codes differ by a few percent in how well they compress


def note_bytes(wording: Wording, code: VerifyCode) -> bytes:
    """Give code and address as they stand beside the picture, for examiners who look into the file."""
    return json.dumps({"code": code, "url": wording.address(code)}).encode()


def slot_size(picture: Planes) -> int:
    """Tell how large the slot must be for pictures like this one."""
    wanted = len(encode_still(picture.all(), CARD_CRF).sample) * (100 + _SLOT_SPARE_PERCENT) // 100
    return -(-(wanted + _SLOT_ROUND_BYTES // 2) // _SLOT_ROUND_BYTES) * _SLOT_ROUND_BYTES


def filled_slot(
    workshop: Workshop, picture: Planes, note: bytes, slot_bytes: int, sets: ParameterSets
) -> Sequence[Part]:
    """Code the picture and give the parts that fill the slot.

    Raises `BadInput` when it does not fit, and when its parameter sets are not those of the film around it.
    """
    for crf in range(CARD_CRF, _COARSEST_CRF, _CRF_STEP):
        still = encode_still(picture.all(), crf)
        blanks = blanks_for(slot_bytes, len(note), len(still.sample))
        if blanks is not None:
            break
    else:
        raise BadInput("the code card is too rich for its slot", remedy="use a plainer badge")
    if still.sets != sets:
        raise BadInput("the stored film was made by another encoder", remedy="remove the store and make anew")
    head, tail = note_around(note, blanks)
    pad = workshop.stored(b" " * slot_bytes)
    return (
        Literal(head),
        StoredRange(pad.sha256, 0, blanks.count),
        Literal(tail),
        workshop.stored(still.sample),
    )
