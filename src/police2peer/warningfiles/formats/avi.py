# SPDX-License-Identifier: EUPL-1.2
"""AVI: MPEG-4 Part 2 and MP3, the pair that players of the last twenty-five years expect in it."""

from police2peer.warningfiles.code import VerifyCode
from police2peer.warningfiles.codecs import MP3, MPEG4
from police2peer.warningfiles.formats.container import Container, make
from police2peer.warningfiles.plan import FilePlan
from police2peer.warningfiles.settings import Making
from police2peer.warningfiles.wording import Wording
from police2peer.warningfiles.workshop import Workshop

__all__ = ["make_avi"]

_AVI = Container("avi", MPEG4, MP3)


def make_avi(workshop: Workshop, wording: Wording, code: VerifyCode, making: Making) -> FilePlan:
    """Plan the film with this code. Raises `BadInput` when a text does not fit its card."""
    return make(_AVI, workshop, wording, code, making)
