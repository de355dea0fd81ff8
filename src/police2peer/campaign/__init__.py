# SPDX-License-Identifier: EUPL-1.2
"""What is wanted: the operation order, messages, titles and arms of a campaign, as frozen values."""

from police2peer.campaign.assignment import PlannedOffer, Recipe
from police2peer.campaign.campaign import Campaign
from police2peer.campaign.campaign_file import CAMPAIGN_NAME, campaign_path, load_campaign
from police2peer.campaign.countries import COUNTRIES, is_country
from police2peer.campaign.formats import Arm, FileFormat, NetworkName
from police2peer.campaign.keys import (
    new_key_pair,
    new_signing_key,
    parse_public_key,
    public_bytes,
    read_public_key,
    read_public_keys,
    read_signing_key,
    read_trusted,
    write_public_key,
)
from police2peer.campaign.language import SHIPPED_LANGUAGES, Language, direction, language_name
from police2peer.campaign.message import Clip, FreeSide, Review, ReviewState, Texts, WarningMessage
from police2peer.campaign.message_file import SHIPPED_MESSAGES, MessageWords, read_message, shipped_message
from police2peer.campaign.order import Approver, EvidenceMode, NetworkSpace, OperationOrder
from police2peer.campaign.order_file import ORDER_NAME, permitted, read_signed_order, sign_campaign, withdraw_campaign
from police2peer.campaign.review import REVIEWS_NAME, SignedReview, read_reviews, sign_review, write_reviews
from police2peer.campaign.sample import new_campaign
from police2peer.campaign.scam_lint import LintFinding, ScamKind, has_scam_rules, scam_lint
from police2peer.campaign.signed_order import (
    OrderSignature,
    SignedOrder,
    Withdrawal,
    check_order,
    sign_order,
    withdraw_order,
)
from police2peer.campaign.title import ApprovedTitle, Title, TitleId
from police2peer.campaign.titles_file import read_titles

__all__ = [
    "CAMPAIGN_NAME",
    "COUNTRIES",
    "ORDER_NAME",
    "REVIEWS_NAME",
    "SHIPPED_LANGUAGES",
    "SHIPPED_MESSAGES",
    "ApprovedTitle",
    "Approver",
    "Arm",
    "Campaign",
    "Clip",
    "EvidenceMode",
    "FileFormat",
    "FreeSide",
    "Language",
    "LintFinding",
    "MessageWords",
    "NetworkName",
    "NetworkSpace",
    "OperationOrder",
    "OrderSignature",
    "PlannedOffer",
    "Recipe",
    "Review",
    "ReviewState",
    "ScamKind",
    "SignedOrder",
    "SignedReview",
    "Texts",
    "Title",
    "TitleId",
    "WarningMessage",
    "Withdrawal",
    "campaign_path",
    "check_order",
    "direction",
    "has_scam_rules",
    "is_country",
    "language_name",
    "load_campaign",
    "new_campaign",
    "new_key_pair",
    "new_signing_key",
    "parse_public_key",
    "permitted",
    "public_bytes",
    "read_message",
    "read_public_key",
    "read_public_keys",
    "read_reviews",
    "read_signed_order",
    "read_signing_key",
    "read_titles",
    "read_trusted",
    "scam_lint",
    "shipped_message",
    "sign_campaign",
    "sign_order",
    "sign_review",
    "withdraw_campaign",
    "withdraw_order",
    "write_public_key",
    "write_reviews",
]
