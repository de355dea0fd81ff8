# SPDX-License-Identifier: EUPL-1.2
"""`campaign.toml` -> `Campaign`; what is wrong in it, and in the files it names, is told at once.

The keys are described one by one in docs/campaign.md; a test holds that page against this reader.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from police2peer.campaign.addresses_section import read_addresses
from police2peer.campaign.badge import check_badge
from police2peer.campaign.campaign import Campaign
from police2peer.campaign.credentials_section import read_credentials
from police2peer.campaign.files_section import read_file_settings
from police2peer.campaign.formats import Arm, FileFormat, NetworkName
from police2peer.campaign.language import SHIPPED_LANGUAGES, Language
from police2peer.campaign.lint import has_scam_rules, scam_lint
from police2peer.campaign.messages_section import MessageSettings, PlacedMessage, read_messages
from police2peer.campaign.order import NAME_REMEDY, is_name
from police2peer.campaign.order_section import read_key, read_order
from police2peer.campaign.review import REVIEWS_NAME, read_reviews, reviewed
from police2peer.campaign.term import ApprovedTerm
from police2peer.campaign.terms_file import read_terms
from police2peer.campaign.title import ApprovedTitle
from police2peer.campaign.titles_file import read_titles
from police2peer.errors import BadInput, NotAuthentic
from police2peer.strict_toml import Table, nearest, read_document

__all__ = ["CAMPAIGN_NAME", "campaign_path", "load_campaign", "read_campaign"]

CAMPAIGN_NAME = "campaign.toml"
_MAX_REPLICATION = 100


def campaign_path(path: Path) -> Path:
    """Give the campaign file for a file or its folder."""
    return path / CAMPAIGN_NAME if path.is_dir() else path


def load_campaign(path: Path, *, for_review: bool = False) -> Campaign:
    """Read a campaign file, or the one in a folder; raises `Problems` with everything that is wrong.

    `for_review` lets drafts pass in a production campaign, for the person who is about to read and sign them.
    """
    return read_campaign(read_document(campaign_path(path)), for_review=for_review)


def read_campaign(table: Table, *, for_review: bool = False) -> Campaign:
    """Read a parsed campaign file; the files it names lie beside it."""
    report, folder = table.report, table.report.path.parent
    campaign_id = table.text("id")
    if campaign_id and not is_name(campaign_id):
        table.problem("id", "this is not a plain name", NAME_REMEDY)
    production = table.boolean("production", default=True)
    formats = table.choices("formats", FileFormat)
    languages = _languages(table)
    networks = table.choices("networks", NetworkName)
    replication = table.integer("replication", 1, least=1, most=_MAX_REPLICATION)
    publish_network_ids = table.boolean("publish_network_ids", default=True)
    titles = _titles(table, folder)
    terms = _terms(table, folder)
    files = read_file_settings(table, formats, languages)
    credentials = read_credentials(table, folder)
    order = read_order(table.table("order"), folder, networks)
    settings = _message_settings(table, folder, languages, production=production)
    placed = read_messages(table.tables("messages"), settings)
    reviewers = _reviewers(table, folder)
    placed = _with_reviews(table, folder, reviewers, placed)
    _check_formats(table, formats, placed)
    if production and not for_review:
        _refuse_drafts(placed)
    table.finish()
    report.raise_if_any()
    if order is None:  # a fault of the order is noted whenever it is None
        raise RuntimeError("an order without problems is missing")
    draft = Campaign(
        id=campaign_id,
        folder=folder,
        production=production,
        order=order,
        messages=tuple(one.message for one in placed),
        offers_per_title={one.message.id: one.offers_per_title for one in placed},
        reviewers=reviewers,
        titles=titles,
        terms=terms,
        formats=formats,
        languages=languages,
        networks=networks,
        replication=replication,
        files=files,
        credentials=credentials,
        publish_network_ids=publish_network_ids,
    )
    return replace(draft, order=replace(order, campaign_sha256=draft.sha256))


def _languages(table: Table) -> tuple[Language, ...]:
    found = []
    for index, text in enumerate(table.texts("languages")):
        language = Language(text)
        if has_scam_rules(language):
            found.append(language)
        else:
            facts = "there are no rules to check messages in this language"
            table.problem("languages", facts, nearest(text, list(SHIPPED_LANGUAGES)), index=index)
    return tuple(found)


def _titles(table: Table, folder: Path) -> tuple[ApprovedTitle, ...]:
    file = table.text("titles")
    if file:
        with table.catch("titles"):
            return read_titles(folder / file)
    return ()


def _terms(table: Table, folder: Path) -> tuple[ApprovedTerm, ...]:
    file = table.text("terms", "")
    if file:
        with table.catch("terms"):
            return read_terms(folder / file)
    return ()


def _message_settings(
    table: Table, folder: Path, languages: Sequence[Language], *, production: bool
) -> MessageSettings:
    help_url, verify_url = read_addresses(table.table("addresses"), production=production)
    issuers = _issuers(table.table("issuer"), languages)
    issuer = next(iter(issuers.values()), "")
    badge = _badge(table, folder)
    return MessageSettings(folder, languages, issuers, issuer, badge, help_url, verify_url)


def _issuers(table: Table, languages: Sequence[Language]) -> dict[Language, str]:
    issuers = {}
    for language in languages:
        name, before = table.text(language), len(table.report.problems)
        for finding in scam_lint(name[:200], language):
            facts = f"a swindler would write this ({finding.kind})"
            table.problem(language, facts, "write the plain name of the authority")
        if len(name) > 80 or {"{", "}"} & set(name) or not name.isprintable():  # noqa: PLR2004 - one line of a card
            table.problem(language, "this cannot be shown on a card", "write a name of 80 characters or fewer")
        issuers[language] = name if len(table.report.problems) == before else ""
    for key in table.values:
        if has_scam_rules(Language(key)):  # a language that is not spoken now may keep its name
            table.text(key)
    table.finish()
    return issuers


def _badge(table: Table, folder: Path) -> bytes | None:
    file = table.text("badge", "")
    if not file:
        return None
    try:
        content = (folder / file).read_bytes()
    except OSError as error:
        table.problem("badge", f"it cannot be read ({error.strerror})", "put the SVG there, or take the line out")
        return None
    with table.catch("badge"):
        check_badge(content)
    return content


def _reviewers(table: Table, folder: Path) -> dict[str, bytes]:
    reviewers: dict[str, bytes] = {}
    for one in table.tables("reviewers"):
        name = one.text("name")
        if name in reviewers:
            one.problem("name", "this reviewer is named twice", "keep one")
        reviewers[name] = read_key(one, folder)
        one.finish()
    return reviewers


def _with_reviews(
    table: Table, folder: Path, reviewers: Mapping[str, bytes], placed: list[PlacedMessage]
) -> list[PlacedMessage]:
    """Mark the texts that a reviewer of this campaign has signed."""
    marked = []
    try:
        reviews = read_reviews(folder / REVIEWS_NAME)
        for place in placed:
            message = place.message
            texts = {
                language: reviewed(message.words_id, words, reviews, reviewers)
                for language, words in message.texts.items()
            }
            marked.append(replace(place, message=replace(message, texts=texts)))
    except (BadInput, NotAuthentic) as error:
        table.report.add(None, REVIEWS_NAME, error.facts, error.remedy)
        return placed
    return marked


def _check_formats(table: Table, formats: Sequence[FileFormat], placed: Sequence[PlacedMessage]) -> None:
    arms = {one.message.arm for one in placed}
    if "messages" not in table:
        table.problem("messages", "there is no message", 'write [[messages]] with message = "combined"')
    has_blank = any(not format_.carries_text for format_ in formats)
    if Arm.BLANK in arms and not has_blank:
        table.problem("formats", "the blank message has no format", 'add "blank-mp4"')
    if arms - {Arm.BLANK} and not any(format_.carries_text for format_ in formats):
        table.problem("formats", "no format can show the messages", 'add "mp4", "jpg", "pdf" or another')
    if placed and Arm.BLANK not in arms and has_blank:
        remedy = 'write [[messages]] with message = "blank", or take the blank formats out'
        table.problem("formats", "no message is blank", remedy)


def _refuse_drafts(placed: Sequence[PlacedMessage]) -> None:
    for place in placed:
        for language, texts in place.message.texts.items():
            if texts.review.reviewer is None:
                place.table.problem(
                    "message" if "message" in place.table else "file",
                    f"the texts in {language} are a draft, and this is a production campaign",
                    f"have a reviewer run `police2peer message review` for {place.message.words_id} in {language}",
                )
