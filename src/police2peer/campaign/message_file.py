# SPDX-License-Identifier: EUPL-1.2
"""Messages from TOML: the shipped arms, or a file that a campaign brings.

A message file has `id`, `version`, `arm` and one table a language. The shipped arms lie in one file a language, a
table an arm; what an arm leaves out is taken from the table `shared` of that language, also by a campaign's own
file. What is then missing makes the language incomplete, and an incomplete language is refused. Every text passes
the scam lint.
"""

import dataclasses
import functools
import importlib.resources
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from police2peer.campaign.formats import Arm
from police2peer.campaign.language import SHIPPED_LANGUAGES, Language
from police2peer.campaign.lint import scam_lint
from police2peer.campaign.message import Texts
from police2peer.campaign.order import NAME_REMEDY, is_name
from police2peer.errors import BadInput
from police2peer.strict_toml import Report, Table, nearest, parse_document, read_document

__all__ = ["SHIPPED_MESSAGES", "MessageWords", "read_message", "shipped_message"]

_SHIPPED = importlib.resources.files("police2peer.campaign") / "messages"
_SHIPPED_VERSION = 1
SHIPPED_MESSAGES: tuple[str, ...] = (Arm.TRACEABILITY, Arm.LEGALITY, Arm.HELP, Arm.COMBINED, Arm.BLANK)

_LISTS = frozenset({"points", "subtitles"})
_COMPOSED = frozenset({"body", "readme"})
_FIELDS = tuple(
    field.name for field in dataclasses.fields(Texts) if field.name not in {"language", "issuer", "review"}
)
# A card holds no more; the maker checks what fits in fact.
MAX_TEXT_LENGTH = 600
MAX_README_LENGTH = 4000
_POINTS = range(3, 6)
# Chinese and Japanese sentences follow one another without a space: their full stop has the room.
_NO_SPACES = frozenset({"ja", "zh"})
_MAX_SUBTITLES = 20


@dataclass(frozen=True, slots=True)
class MessageWords:
    """What a message file holds: the words in each language that was asked for."""

    id: str
    version: int
    arm: Arm
    texts: Mapping[Language, Texts]


@functools.cache
def _language_file(language: Language) -> Mapping[str, Mapping[str, object]]:
    """Give the shipped words of a language, by arm and `shared`; empty for one that is not shipped."""
    if language not in SHIPPED_LANGUAGES:
        return {}
    values = parse_document((_SHIPPED / f"{language}.toml").read_bytes(), Path(f"messages/{language}.toml")).values
    return {arm: words for arm, words in values.items() if isinstance(words, dict)}


def _shipped(name: str, languages: Sequence[Language]) -> Table:
    """Give a shipped arm in the form of a message file."""
    values: dict[str, object] = {"id": name, "version": _SHIPPED_VERSION, "arm": name}
    for language in languages:
        words = _language_file(language).get(name)
        if words is not None:
            values[language] = dict(words)
    return Table(Report(Path(f"messages/{name}")), (), values, {})


def shipped_message(
    name: str, languages: Sequence[Language], issuers: Mapping[Language, str], *, addresses: Iterable[str] = ()
) -> MessageWords:
    """Read a shipped arm; raises `BadInput` for an unknown one."""
    if name not in SHIPPED_MESSAGES:
        raise BadInput("no such message is shipped", remedy=nearest(name, list(SHIPPED_MESSAGES)))
    if name == Arm.BLANK:
        return MessageWords("blank", 1, Arm.BLANK, {})
    return _words(_shipped(name, languages), languages, issuers, addresses)


def read_message(
    path: Path, languages: Sequence[Language], issuers: Mapping[Language, str], *, addresses: Iterable[str] = ()
) -> MessageWords:
    """Read a message file of a campaign; raises `Problems` with everything that is wrong."""
    return _words(read_document(path), languages, issuers, addresses)


def _words(
    table: Table, languages: Sequence[Language], issuers: Mapping[Language, str], addresses: Iterable[str]
) -> MessageWords:
    message_id = table.text("id")
    if message_id and not is_name(message_id):
        table.problem("id", "this is not a plain name", NAME_REMEDY)
    version = table.integer("version", least=1)
    arm = table.choice("arm", Arm)
    if arm is Arm.BLANK:
        table.problem("arm", "a blank has no text", 'write message = "blank" in the campaign file instead')
    told = tuple(addresses)
    texts = {}
    for language in languages:
        if language not in table:
            remedy = f"write a table [{language}], or take the language out of the campaign"
            table.report.add(None, language, "the language is missing", remedy)
            continue
        texts[language] = _texts(table.table(language), language, issuers.get(language, ""), told)
    for key, value in table.values.items():
        if isinstance(value, dict):  # a language that this campaign does not use
            table.table(key)
    table.finish()
    table.report.raise_if_any()
    return MessageWords(message_id, version, arm, texts)


def _texts(table: Table, language: Language, issuer: str, addresses: tuple[str, ...]) -> Texts:
    shared = _language_file(language).get("shared", {})
    values: dict[str, str | tuple[str, ...]] = {}
    for name in _FIELDS:
        fallback = shared.get(name)
        default = fallback if isinstance(fallback, str) else "" if name in _COMPOSED else None
        if name in _LISTS:
            values[name] = table.texts(name)
        else:
            values[name] = table.text(name, default)
    table.finish()
    _check_counts(table, values)
    filled = {name: _filled(value, issuer) for name, value in values.items()}
    texts = Texts(language=language, issuer=issuer, **filled)  # type: ignore[arg-type] # _FIELDS are Texts' own
    between = "" if language.split("-", maxsplit=1)[0] in _NO_SPACES else " "
    texts = dataclasses.replace(texts, body=texts.body or between.join(texts.points))
    texts = dataclasses.replace(texts, readme=texts.readme or _readme(texts))
    _check_words(table, texts, addresses)
    return texts


def _filled(value: str | tuple[str, ...], issuer: str) -> str | tuple[str, ...]:
    if isinstance(value, tuple):
        return tuple(text.replace("{issuer}", issuer) for text in value)
    return value.replace("{issuer}", issuer)


def _readme(texts: Texts) -> str:
    paragraphs = (texts.title, texts.who, texts.lead, texts.body, texts.help, texts.verify, texts.scam_note)
    return "\n\n".join(paragraphs)


def _check_counts(table: Table, values: Mapping[str, str | tuple[str, ...]]) -> None:
    points = table.values.get("points")
    if isinstance(points, list) and len(points) not in _POINTS:
        table.problem("points", f"{len(points)} points", "write three to five")
    if len(values["subtitles"]) > _MAX_SUBTITLES:
        table.problem("subtitles", "too many for a film", f"write {_MAX_SUBTITLES} or fewer")


def _check_words(table: Table, texts: Texts, addresses: tuple[str, ...]) -> None:
    """Check every text that is shown: length, characters, placeholders, and the scam lint."""
    for name, text in texts.sentences():
        key, _, rest = name.partition("[")
        index = int(rest.rstrip("]")) if rest else None
        most = MAX_README_LENGTH if key == "readme" else MAX_TEXT_LENGTH
        if len(text) > most:
            table.problem(key, f"{len(text)} characters", f"shorten it to {most} or fewer", index=index)
        elif _has_control(text, allow_lines=key == "readme"):
            table.problem(key, "a control or direction character", "type the text anew by hand", index=index)
        elif {"{", "}"} & set(text):
            table.problem(key, "an unknown placeholder", "the only one is {issuer}", index=index)
        if key == "issuer" or (key in _COMPOSED and key not in table):
            continue  # checked where it was written
        with table.catch(key, index=index):
            for finding in scam_lint(text[:most], texts.language, addresses=addresses):
                facts = f"a swindler would write this ({finding.kind}: {finding.words!r})"
                table.problem(key, facts, finding.kind.remedy, index=index)


def _has_control(text: str, *, allow_lines: bool) -> bool:
    joiners_and_lines = "\u200c\u200d\n" if allow_lines else "\u200c\u200d"
    return any(
        unicodedata.category(symbol) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} and symbol not in joiners_and_lines
        for symbol in text
    )
