# SPDX-License-Identifier: EUPL-1.2
"""What is wanted: the operation order, messages, titles and arms of a campaign, as frozen values.

Titles, texts and the closed sets are light. What signs, checks or reads campaign files is imported when it is first
asked for, so that a node or a verifier that needs a title starts quickly.
"""

import importlib
from typing import TYPE_CHECKING

from police2peer.campaign.formats import Arm, FileFormat, Filler, FormatKind, NetworkName
from police2peer.campaign.language import SHIPPED_LANGUAGES, Language, direction, language_name
from police2peer.campaign.message import Clip, FreeSide, Recording, Review, ReviewState, Texts, WarningMessage
from police2peer.campaign.term import ApprovedTerm, Term, TermId, words_of
from police2peer.campaign.title import ApprovedTitle, Title, TitleId

if TYPE_CHECKING:
    from police2peer.campaign.assignment import PlannedOffer, Recipe
    from police2peer.campaign.campaign import Campaign
    from police2peer.campaign.campaign_file import CAMPAIGN_NAME, campaign_path, load_campaign
    from police2peer.campaign.countries import COUNTRIES, is_country
    from police2peer.campaign.credentials_section import CredentialChoice
    from police2peer.campaign.evidence_key import (
        EvidenceKey,
        EvidenceKeyKind,
        EvidencePublicKey,
        new_evidence_key,
        read_evidence_key,
    )
    from police2peer.campaign.files_section import FileSettings
    from police2peer.campaign.keys import (
        change_pass_phrase,
        name_token_key,
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
    from police2peer.campaign.lint import LintFinding, ScamKind, has_scam_rules, scam_lint
    from police2peer.campaign.message_file import SHIPPED_MESSAGES, MessageWords, read_message, shipped_message
    from police2peer.campaign.order import Approver, EvidenceMode, NetworkSpace, OperationOrder
    from police2peer.campaign.order_file import (
        ORDER_NAME,
        permitted,
        read_signed_order,
        sign_campaign,
        withdraw_campaign,
    )
    from police2peer.campaign.passphrase import PassPhrases, pass_phrases, using
    from police2peer.campaign.review import REVIEWS_NAME, SignedReview, read_reviews, sign_review, write_reviews
    from police2peer.campaign.sample import new_campaign
    from police2peer.campaign.signed_order import (
        OrderSignature,
        SignedOrder,
        Withdrawal,
        check_order,
        sign_order,
        withdraw_order,
    )
    from police2peer.campaign.terms_file import read_terms
    from police2peer.campaign.titles_file import read_titles
    from police2peer.campaign.token_uri import TokenUri

__all__ = [
    "CAMPAIGN_NAME",
    "COUNTRIES",
    "ORDER_NAME",
    "REVIEWS_NAME",
    "SHIPPED_LANGUAGES",
    "SHIPPED_MESSAGES",
    "ApprovedTerm",
    "ApprovedTitle",
    "Approver",
    "Arm",
    "Campaign",
    "Clip",
    "CredentialChoice",
    "EvidenceKey",
    "EvidenceKeyKind",
    "EvidenceMode",
    "EvidencePublicKey",
    "FileFormat",
    "FileSettings",
    "Filler",
    "FormatKind",
    "FreeSide",
    "Language",
    "LintFinding",
    "MessageWords",
    "NetworkName",
    "NetworkSpace",
    "OperationOrder",
    "OrderSignature",
    "PassPhrases",
    "PlannedOffer",
    "Recipe",
    "Recording",
    "Review",
    "ReviewState",
    "ScamKind",
    "SignedOrder",
    "SignedReview",
    "Term",
    "TermId",
    "Texts",
    "Title",
    "TitleId",
    "TokenUri",
    "WarningMessage",
    "Withdrawal",
    "campaign_path",
    "change_pass_phrase",
    "check_order",
    "direction",
    "has_scam_rules",
    "is_country",
    "language_name",
    "load_campaign",
    "name_token_key",
    "new_campaign",
    "new_evidence_key",
    "new_key_pair",
    "new_signing_key",
    "parse_public_key",
    "pass_phrases",
    "permitted",
    "public_bytes",
    "read_evidence_key",
    "read_message",
    "read_public_key",
    "read_public_keys",
    "read_reviews",
    "read_signed_order",
    "read_signing_key",
    "read_terms",
    "read_titles",
    "read_trusted",
    "scam_lint",
    "shipped_message",
    "sign_campaign",
    "sign_order",
    "sign_review",
    "using",
    "withdraw_campaign",
    "withdraw_order",
    "words_of",
    "write_public_key",
    "write_reviews",
]

# In which module each of the other names lives.
_HOMES = {
    "PlannedOffer": "assignment",
    "Recipe": "assignment",
    "Campaign": "campaign",
    "CAMPAIGN_NAME": "campaign_file",
    "campaign_path": "campaign_file",
    "load_campaign": "campaign_file",
    "COUNTRIES": "countries",
    "is_country": "countries",
    "CredentialChoice": "credentials_section",
    "EvidenceKey": "evidence_key",
    "EvidenceKeyKind": "evidence_key",
    "EvidencePublicKey": "evidence_key",
    "new_evidence_key": "evidence_key",
    "read_evidence_key": "evidence_key",
    "FileSettings": "files_section",
    "change_pass_phrase": "keys",
    "name_token_key": "keys",
    "new_key_pair": "keys",
    "new_signing_key": "keys",
    "parse_public_key": "keys",
    "public_bytes": "keys",
    "read_public_key": "keys",
    "read_public_keys": "keys",
    "read_signing_key": "keys",
    "read_trusted": "keys",
    "write_public_key": "keys",
    "SHIPPED_MESSAGES": "message_file",
    "MessageWords": "message_file",
    "read_message": "message_file",
    "shipped_message": "message_file",
    "Approver": "order",
    "EvidenceMode": "order",
    "NetworkSpace": "order",
    "OperationOrder": "order",
    "ORDER_NAME": "order_file",
    "permitted": "order_file",
    "read_signed_order": "order_file",
    "sign_campaign": "order_file",
    "withdraw_campaign": "order_file",
    "PassPhrases": "passphrase",
    "pass_phrases": "passphrase",
    "using": "passphrase",
    "REVIEWS_NAME": "review",
    "SignedReview": "review",
    "read_reviews": "review",
    "sign_review": "review",
    "write_reviews": "review",
    "new_campaign": "sample",
    "LintFinding": "lint",
    "ScamKind": "lint",
    "has_scam_rules": "lint",
    "scam_lint": "lint",
    "OrderSignature": "signed_order",
    "SignedOrder": "signed_order",
    "Withdrawal": "signed_order",
    "check_order": "signed_order",
    "sign_order": "signed_order",
    "withdraw_order": "signed_order",
    "read_terms": "terms_file",
    "read_titles": "titles_file",
    "TokenUri": "token_uri",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(name)
    return getattr(importlib.import_module(f"police2peer.campaign.{_HOMES[name]}"), name)
