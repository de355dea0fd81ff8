# SPDX-License-Identifier: EUPL-1.2
"""MPG: an MPEG-2 program stream of MPEG-2 pictures and MP2 sound (ISO/IEC 13818-1, 2 and 11172-3)."""

from police2peer.warningfiles.code import VerifyCode
from police2peer.warningfiles.codecs import MP2, MPEG2
from police2peer.warningfiles.formats.container import Container, make
from police2peer.warningfiles.plan import FilePlan
from police2peer.warningfiles.settings import Making
from police2peer.warningfiles.wording import Wording
from police2peer.warningfiles.workshop import Workshop

__all__ = ["make_mpg"]

_MPG = Container("vob", MPEG2, MP2)


def make_mpg(workshop: Workshop, wording: Wording, code: VerifyCode, making: Making) -> FilePlan:
    """Plan the film with this code. Raises `BadInput` when a text does not fit its card."""
    return make(_MPG, workshop, wording, code, making)
