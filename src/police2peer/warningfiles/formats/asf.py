# SPDX-License-Identifier: EUPL-1.2
"""WMV: Windows Media Video 8 and Windows Media Audio 2 in ASF."""

from police2peer.warningfiles.code import VerifyCode
from police2peer.warningfiles.codecs import WMA, WMV2
from police2peer.warningfiles.formats.container import Container, make
from police2peer.warningfiles.plan import FilePlan
from police2peer.warningfiles.settings import Making
from police2peer.warningfiles.wording import Wording
from police2peer.warningfiles.workshop import Workshop

__all__ = ["make_wmv"]

_WMV = Container("asf", WMV2, WMA)


def make_wmv(workshop: Workshop, wording: Wording, code: VerifyCode, making: Making) -> FilePlan:
    """Plan the film with this code. Raises `BadInput` when a text does not fit its card."""
    return make(_WMV, workshop, wording, code, making)
