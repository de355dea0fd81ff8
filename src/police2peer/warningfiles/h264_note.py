# SPDX-License-Identifier: EUPL-1.2
"""The note that goes before an H.264 picture, and the blanks that make both fill a slot of fixed size.

The note is a message for examiners that players pass over (SEI, user data unregistered). Source: ITU-T H.264 7.3.2.3
and Annex D.
"""

import uuid
from dataclasses import dataclass

__all__ = ["NOTE_UUID", "Blanks", "blanks_for", "note_around"]

# Names our note among the user data of a picture; drawn once at random (RFC 9562, version 4).
NOTE_UUID = uuid.UUID("6f1d2c8e-94b7-4d5a-b3f6-87d1e95c4a72")
_SEI, _USER_DATA, _FILLER = 6, 5, 3


@dataclass(frozen=True, slots=True)
class Blanks:
    """How many blanks fill a slot, and whether an empty second message is needed to meet its size."""

    count: int
    with_filler: bool


def _payload_length(length: int) -> bytes:
    """Write a length as SEI does: 255 as often as it goes, then the rest (H.264 7.3.2.3.1)."""
    return b"\xff" * (length // 255) + bytes([length % 255])


def _note_bytes(payload: int, *, with_filler: bool) -> int:
    return 4 + 2 + len(_payload_length(payload)) + payload + 2 * with_filler + 1


def blanks_for(slot: int, note: int, picture: int) -> Blanks | None:
    """Find the blanks that make note and picture fill the slot exactly; None when they do not fit."""
    room = slot - picture
    shortest = 16 + note
    for with_filler in (False, True):
        payload = room - _note_bytes(0, with_filler=with_filler)
        payload -= payload // 255 + 1
        for tried in range(max(payload, shortest), payload + 4):
            if _note_bytes(tried, with_filler=with_filler) == room:
                return Blanks(tried - shortest, with_filler=with_filler)
    return None


def note_around(note: bytes, blanks: Blanks) -> tuple[bytes, bytes]:
    """Give the bytes before and after the blanks. No emulation prevention is needed: ASCII and a chosen UUID."""
    payload = 16 + len(note) + blanks.count
    unit = _note_bytes(payload, with_filler=blanks.with_filler) - 4
    head = unit.to_bytes(4, "big") + bytes([_SEI, _USER_DATA]) + _payload_length(payload) + NOTE_UUID.bytes + note
    return head, (bytes([_FILLER, 0]) if blanks.with_filler else b"") + b"\x80"
