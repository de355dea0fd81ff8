# SPDX-License-Identifier: EUPL-1.2
"""What is wanted: the operation order, messages, titles and arms of a campaign, as frozen values."""

from police2peer.campaign.formats import Arm, FileFormat
from police2peer.campaign.language import SHIPPED_LANGUAGES, Language, direction, language_name
from police2peer.campaign.message import Clip, FreeSide, Review, ReviewState, Texts, WarningMessage
from police2peer.campaign.title import ApprovedTitle, Title, TitleId

__all__ = [
    "SHIPPED_LANGUAGES",
    "ApprovedTitle",
    "Arm",
    "Clip",
    "FileFormat",
    "FreeSide",
    "Language",
    "Review",
    "ReviewState",
    "Texts",
    "Title",
    "TitleId",
    "WarningMessage",
    "direction",
    "language_name",
]
