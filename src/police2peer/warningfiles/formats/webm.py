# SPDX-License-Identifier: EUPL-1.2
"""WebM: VP9 and Opus. The pictures have no room for a note, so it is the last element of the film, a void.

A void element is what readers of Matroska pass over. Source: RFC 8794 (EBML), 11.3.2; RFC 9559, 5.1 (Segment).
"""

from police2peer.errors import BadInput
from police2peer.warningfiles.code import VerifyCode
from police2peer.warningfiles.codecs import OPUS, VP9
from police2peer.warningfiles.formats.container import Container, make
from police2peer.warningfiles.formats.slot import note_bytes
from police2peer.warningfiles.plan import FilePlan, Literal
from police2peer.warningfiles.settings import Making
from police2peer.warningfiles.wording import Wording
from police2peer.warningfiles.workshop import Workshop

__all__ = ["make_webm"]

_SEGMENT = bytes.fromhex("18538067")
_LENGTH_BYTES, _LENGTH_OF_EIGHT = 8, 1 << 56  # a length in eight bytes, and the bit that says so
_VOID, _VOID_HEADER_BYTES, _LENGTH_OF_TWO = b"\xec", 3, 1 << 14
_NOTE_BYTES = 512  # the same for all, so that the segment can say how long it is


def make_webm(workshop: Workshop, wording: Wording, code: VerifyCode, making: Making) -> FilePlan:
    """Plan the film with this code. Raises `BadInput` when a text does not fit its card."""
    note = note_bytes(wording, code).ljust(_NOTE_BYTES)
    if len(note) > _NOTE_BYTES:
        raise BadInput("the verify address is too long for a note", remedy="use a shorter verify address")
    void = _VOID + (_LENGTH_OF_TWO | len(note)).to_bytes(2, "big") + note
    film = make(_WEBM, workshop, wording, code, making)
    return FilePlan([*film.parts, Literal(void)], workshop.store)


def _with_room(film: bytes) -> bytes:
    """Lengthen the segment by the void element that each film gets at its end."""
    place = film.index(_SEGMENT) + len(_SEGMENT)
    length = int.from_bytes(film[place : place + _LENGTH_BYTES], "big")
    if length != _LENGTH_OF_EIGHT | len(film) - place - _LENGTH_BYTES:
        raise BadInput("the muxer did not write the length of a film", remedy="use the locked version of av")
    longer = (length + _VOID_HEADER_BYTES + _NOTE_BYTES).to_bytes(_LENGTH_BYTES, "big")
    return film[:place] + longer + film[place + _LENGTH_BYTES :]


# A sum over the pictures would undo the splice.
_WEBM = Container("webm", VP9, OPUS, {"write_crc32": "0"}, _with_room)
