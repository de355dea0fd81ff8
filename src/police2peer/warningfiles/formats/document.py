# SPDX-License-Identifier: EUPL-1.2
"""The PDF: the sheet with real text, for everybody and for screen readers (PDF/A-2a, PDF/UA-1).

It holds no script, no form and no link that could be followed unseen.
"""

from police2peer.warningfiles.code import VerifyCode
from police2peer.warningfiles.plan import FilePlan
from police2peer.warningfiles.wording import Wording
from police2peer.warningfiles.workshop import Workshop

__all__ = ["make_pdf"]


def make_pdf(workshop: Workshop, wording: Wording, code: VerifyCode) -> FilePlan:
    """Plan the PDF with this code."""
    return workshop.plan(workshop.document(wording, code))
